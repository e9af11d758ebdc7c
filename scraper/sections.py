"""Headings of lists of procedures, above a table or across it: what they say of the rows below. Pure.

A decision's annex goes by what is done ("A. Thủ tục hành chính mới ban hành"), by level of government and by field
("I. Lĩnh vực Thi đua - Khen thưởng"), each with or without numbering (Decree 63/2010/NĐ-CP, art. 14 and 15).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scraper import announcements, values
from scraper.text import clean, fold

if TYPE_CHECKING:
    from scraper.items import Change, Level

NUMBERED = re.compile(r"(?:[IVXLC]{1,7}|[A-HĐ]|\d{1,2}(?:\.\d{1,2}){0,2})\s*[.)/:-]\s*(?=\S)")
_FIELD = re.compile(r"(?:thuoc |trong |ve |theo )?(?:cac )?linh vuc\s*[:.-]?\s*")
_AFTER_FIELD = re.compile(
    r"\s*(?:[(;]|thuoc (?:tham quyen|pham vi|chuc nang)|ap dung|\d+ (?:thu tuc|tthc)|tren dia ban|tai cac"
    r"|cap (?:tinh|xa|huyen|bo))"
)
PART = re.compile(
    r"(?:cac |danh muc )*(?:thu tuc hanh chinh|tthc|linh vuc|cap (?:tinh|huyen|xa|bo|trung uong))\b(?! cap\b)"
)
_LONGEST_SECTION = 300
LONGEST_FIELD = 120


@dataclass(slots=True)
class Headings:
    """What the headings above the present row say of it."""

    heading: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    field: str | None = None
    levels: tuple[Level, ...] = ()
    change: Change | None = None
    evidence: str | None = None

    def hear(self, line: str, *, in_table: bool) -> None:
        """Takes in a heading. One that says what happens begins a part of its own, with fields of its own."""
        line = clean(line)
        brief = len(line) <= _LONGEST_SECTION
        change = announcements.heading(line) if brief else None
        named = field_of(line) if brief else None
        levels = values.levels(line) if brief and _of_level(line) else ()
        if change:
            self.change, self.evidence, self.field = change, line, None
        if levels:
            self.levels = levels
        if named:
            self.field = named
        elif in_table and not change and not levels and len(line) <= LONGEST_FIELD and NUMBERED.match(line):
            self.field = line[_begin(line) :].strip(" .:;") or None
        if not in_table:
            if change or named or levels:
                self.heading = (*self.heading, line)
        elif change or levels or not brief:
            self.parts = (line,)
        else:
            self.parts = (*self.parts[:1], line)

    @property
    def said(self) -> list[str]:
        """The headings themselves, in order."""
        return list(filter(None, dict.fromkeys((*self.heading, *self.parts))))


def _begin(line: str) -> int:
    found = NUMBERED.match(line)
    return found.end() if found else 0


def _of_level(line: str) -> bool:
    return bool(re.search(r"\bcap (?:bo|trung uong|tinh|huyen|xa)\b", fold(line)))


def field_of(line: str) -> str | None:
    """The field that a heading names: "II. LĨNH VỰC: Thi đua - Khen thưởng (05 TTHC)"."""
    shown, folded = clean(line), fold(line)
    if len(shown) != len(folded):
        return None
    found = _FIELD.search(folded)
    if found is None:
        return None
    rest = folded[found.end() :]
    stop = _AFTER_FIELD.search(rest)
    named = shown[found.end() :][: stop.start() if stop else None].strip(' .:;,-–"“”')
    return named if 0 < len(named) <= LONGEST_FIELD else None
