"""The decisions that the sample portal's procedures follow: what each does to which procedure, and when.

Two of them tell it in an attached file only; four more make up the whole life of one procedure, told on their pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sample.records import Head, head

Change = Literal["new", "amended", "replaced", "abolished"]
WORDS: dict[Change, str] = {
    "new": "mới ban hành",
    "amended": "được sửa đổi, bổ sung",
    "replaced": "được thay thế",
    "abolished": "bị bãi bỏ",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision of the province's chairman. Days are ISO dates; `changes` names procedures by code.

    `instead` gives for a replaced procedure the code of the one that takes its place.
    """

    number: str
    signed: str
    effective: str
    changes: dict[Change, tuple[str, ...]]
    instead: dict[str, str]

    def parts(self) -> list[tuple[Change, list[Head]]]:
        """What it does, with the procedures that it does it to."""
        return [(change, [head(code) for code in codes]) for change, codes in self.changes.items()]

    @property
    def title(self) -> str:
        """The decision's title, as portals print it."""
        done = ", ".join(WORDS[change] for change in self.changes)
        return f"Quyết định số {self.number} công bố danh mục thủ tục hành chính {done} thuộc thẩm quyền cấp tỉnh"


def _decision(
    number: str, signed: str, effective: str, *, instead: dict[str, str] | None = None, **changes: str
) -> Decision:
    named: dict[Change, tuple[str, ...]] = {
        change: tuple(changes[change].split()) for change in WORDS if change in changes
    }
    return Decision(number=number, signed=signed, effective=effective, changes=named, instead=instead or {})


IN_DOCX = _decision(
    "2150/QĐ-UBND",
    "2025-07-15",
    "2025-08-01",
    new="1.013803 1.013804 1.013830",
    amended="1.002079 1.008928 2.000840 1.008907 1.008885",
    abolished="1.000588 2.001225",
)
SCANNED = _decision(
    "3021/QĐ-UBND",
    "2025-10-20",
    "2025-11-01",
    new="1.014466 1.014295 1.014280",
    amended="1.013799 1.012501 3.000160 3.000152 3.000496",
    abolished="1.005400 3.000436",
)
LIFE = (
    _decision("2151/QĐ-UBND", "2025-07-15", "2025-07-15", new="1.013436"),
    _decision("2890/QĐ-UBND", "2025-10-01", "2025-10-15", amended="1.013436"),
    _decision("312/QĐ-UBND", "2026-02-10", "2026-03-01", replaced="1.013436", instead={"1.013436": "1.013437"}),
    _decision("1405/QĐ-UBND", "2026-06-01", "2026-06-01", abolished="1.013437"),
)
