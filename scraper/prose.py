"""The procedures that an article announces in its lines, with no table: a code beside a name, or below one. Pure.

What becomes of them is said by a heading ("B. Thủ tục hành chính bị bãi bỏ"), by the sentence above, by the line itself
or by the title, in that order of weight; where two kinds are named, nothing is said of a single line. Under a sentence
or a title only lines count that look like items of a list: an article tells of procedures that nothing is done to, too.
A page's lines are whole, other than those of files (scraper.attached).
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from scraper import announcements, labels, legal, tables
from scraper.items import Procedure
from scraper.sections import Headings, field_of
from scraper.text import clean, clean_lines, fold

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.items import Change

_LONGEST_HEADING = 300
_LONGEST_NAME = 300
_LONGEST_LINE = 2_000
_MOST = 1_000
_SHORTEST_NAME = 8
ORDINAL = re.compile(r"\d{1,3}(?: ?[.)/:-]+ ?(?!\d{6})| (?=[\dA-ZĐÀ-Ỹ])|$)")
DETAILS = re.compile(r"(?:[-+*(]? ?[0-9a-z]{0,4}[.)/: -]{0,3})(?:noi dung (?:cu the|chi tiet)|trinh tu thuc hien)")
_BULLET = re.compile(r"[-+*•–—] *")
_NAMING = re.compile(r"(?:ten )?(?:cac )?(?:thu tuc(?: hanh chinh)?|tthc)(?: hanh chinh)?(?![a-z])")
_CODE_AT_END = re.compile(
    r"(?:[(\[]|(?<!\w)mã )[^()]{0,40}?[1-9]\.[01]\d{5}(?:\.[\dHG]+)*[ )\]]*(?P<stop>[;.,]?)$", re.IGNORECASE
)
_ENDS = re.compile(r"dieu (?:[2-9]|\d\d)|noi nhan|tm\. |kt\. |quyet dinh nay")
_OTHERS = re.compile(
    r"(?:[ivx\d]{1,4}[.)] )?(?:các |những |danh mục )*(?:thủ tục(?: hành chính)? |tthc )?(?:còn hiệu lực|giữ nguyên|"
    r"không thay đổi|tiếp tục (?:thực hiện|có hiệu lực)|có liên quan|liên quan|khác)(?!\w)|hướng dẫn |tin (?:khác|liên)"
)
"""How a line begins below which nothing is announced."""
_SPARED = re.compile(r"(?:riêng|trừ|đối với|hướng dẫn|liên hệ|xem)(?!\w)")
_STAYS = re.compile(r"(?<!\w)(?:vẫn|còn hiệu lực|giữ nguyên|không thay đổi|tiếp tục)(?!\w)")
"""What is said behind the code of a procedure that nothing is done to."""
_NOTE = re.compile(
    r"[-+*•( ]*(?:ghi chu|ly do|(?:duoc |bi )?thay the|(?:ma so |ten )?(?:thu tuc(?: hanh chinh)?|tthc) (?:moi |cu )?"
    r"(?:duoc |bi )?thay the)(?![a-z])"
)
"""How a line begins that tells more of the procedure above it."""
_INSTEAD = re.compile(r"(?<![a-z])thay the(?![a-z])")
_DEED = re.compile(
    r".*(?:mới|bỏ|thế|sửa đổi(?:, bổ sung)?)(?: \d+| các)? (?:thủ tục(?: hành chính)?|tthc)[:,]? +", re.IGNORECASE
)
_PROCEDURE = re.compile(r"^thủ tục (?:hành chính )?", re.IGNORECASE)
_SO = re.compile(
    r"(?:theo đó|cụ thể|trong đó|như vậy|đồng thời)[,:]? (?:các )?(?:thủ tục (?:hành chính )?)?", re.IGNORECASE
)
_PARTS = re.compile(r";|(?<=\)) ?,|(?<=\)) và ")
EDGES = " ;.,:-–—"
_QUOTES = ' "“”'


@dataclass(slots=True)
class _Item:
    """What the lines of one procedure say; `state` is what was said above them."""

    state: Headings
    code: str | None = None
    name: str = ""
    field: str | None = None
    firm: bool = False
    """Whether it counts without a code."""
    lines: list[str] = dataclasses.field(default_factory=list)


def listed(title: str, body: str) -> tuple[Procedure, ...]:
    """The procedures that an article's lines announce, each once for a kind of change, 1,000 at most.

    One without a code counts under a heading, where it has a number and calls itself a procedure. `raw` has the heading
    and the lines of the procedure.
    """
    found: dict[tuple[str | None, str], Procedure] = {}
    for one in islice(_Lines(clean(title)).read(clean_lines(body)), _MOST):
        found.setdefault((one.change, one.code or fold(one.name)), one)
    return tuple(found.values())


class _Lines:
    """Reads an article from above: what was said last of procedures holds for the items below."""

    def __init__(self, title: str) -> None:
        self._state = Headings()
        self._loose = True
        """Whether a title or a sentence speaks of the lines, and no heading."""
        self._item: _Item | None = None
        self._above = ""
        """A line that may be the name of the procedure whose code comes next."""
        self._title = title
        self._announced: frozenset[Change] = frozenset()
        """All that the article announces."""

    def read(self, body: str) -> Iterator[Procedure]:
        """The procedures, in order."""
        self._announced = frozenset(one.change for one in announcements.announced(self._title, body))
        said = {one.change for one in announcements.announced(self._title)}
        self._say(self._title, said)
        yield from _each(self._title, self._state)
        for line in body.split("\n"):
            for sentence in announcements.sentences(line):
                if len(sentence) <= _LONGEST_LINE:
                    yield from self._heard(sentence)
        yield from self._closed()

    def _heard(self, line: str) -> Iterator[Procedure]:
        codes = legal.codes(line)
        if codes and self._item and self._item.code and _NOTE.match(fold(line)):
            self._item.lines.append(line)
        elif codes and (own := self._says_of_itself(line, codes[-1])):
            yield from self._closed()
            yield from _each(line, _state(line, own))
        elif codes:
            yield from self._coded(line, codes)
        elif self._says(line):
            yield from self._closed()
        else:
            yield from self._plain(line)

    def _says_of_itself(self, line: str, code: str) -> set[Change]:
        """What a line with codes says itself: in words that announce it, or as in "… (1.001234) bị bãi bỏ"."""
        if own := {one.change for one in announcements.announced("", line)}:
            return own
        after = line.rpartition(code)[2].lstrip("0123456789.HG )]")
        passive = announcements.heading(f"thủ tục {after.rstrip(' .;')}") if after else None
        return {passive} if passive in self._announced and passive else set()

    def _says(self, line: str) -> bool:
        """Whether a line says of the lines below what becomes of procedures, or that nothing does."""
        if len(line) <= _LONGEST_HEADING and (kinds := set(announcements.kinds(line))):
            self._say(line, kinds, heading=True)
        elif kinds := {one.change for one in announcements.announced("", line)}:
            self._say(line, kinds)
        elif _ENDS.match(fold(line)) or _OTHERS.match(line.lower()):
            self._state = Headings()
        else:
            return False
        self._above = ""
        return True

    def _say(self, line: str, said: set[Change], *, heading: bool = False) -> None:
        self._state, self._loose = _state(line, said), not heading

    def _coded(self, line: str, codes: tuple[str, ...]) -> Iterator[Procedure]:
        """A line of which others say what becomes of its procedure."""
        name, label, item = _named(line, codes[0]), _label(line), self._item
        if label == "code" or (len(codes) == 1 and len(name) < _SHORTEST_NAME):
            if item is None or item.code:
                yield from self._closed()
                item = _Item(self._state, name=_bare(self._above), lines=[self._above] if self._above else [])
            item.code = codes[0]
            item.lines.append(line)
            self._item = item
        else:
            yield from self._closed()
            if label in {None, "name"} and (not self._loose or _is_item(line)):
                if len(codes) > 1 and not _INSTEAD.search(fold(line)):
                    yield from _each(line, self._state)
                else:
                    self._item = _Item(self._state, code=codes[0], name=name, lines=[line])
        self._above = ""

    def _plain(self, line: str) -> Iterator[Procedure]:
        """A line without a code: a label's, a name, or anything else."""
        label, item = _label(line), self._item
        if label == "name":
            if item is None or item.name:
                yield from self._closed()
                item = self._item = _Item(self._state)
            item.name = _bare(line.partition(":")[2])
            item.lines.append(line)
        elif label is not None and item is not None:
            item.lines.append(line)
            if label == "field":
                item.field = clean(line.partition(":")[2]) or None
        elif item is not None and item.code and not item.name and _may_name(line):
            item.name = _bare(line)
            item.lines.append(line)
        else:
            yield from self._closed()
            self._loose = self._loose or bool(DETAILS.match(fold(line)))
            self._above = line if label is None and _may_name(line) else ""
            if self._above and _unnumbered(line) != line:
                firm = not self._loose and fold(_bare(line)).startswith("thu tuc ")
                self._item, self._above = _Item(self._state, name=_bare(line), firm=firm, lines=[line]), ""

    def _closed(self) -> Iterator[Procedure]:
        item, self._item = self._item, None
        if item and item.name and item.state.change and (item.code or item.firm):
            yield _procedure(item)


def _state(line: str, said: set[Change]) -> Headings:
    """What holds below a line that says this of procedures: nothing, where it says two things."""
    if len(said) != 1:
        return Headings()
    return Headings(heading=(line,), field=field_of(line), change=next(iter(said)), evidence=line)


def _each(line: str, state: Headings) -> Iterator[Procedure]:
    """All procedures whose codes a line has."""
    for part in _PARTS.split(line) if state.change else ():
        codes = legal.codes(part)
        for code in codes:
            name = _in_sentence(part.rpartition(": ")[2], code) if len(codes) == 1 else ""
            yield _procedure(_Item(state, code=code, name=name, lines=[line]))


def _procedure(item: _Item) -> Procedure:
    state = item.state
    said = [one for one in state.said if one not in item.lines]
    return Procedure(
        code=item.code,
        name=item.name,
        field=item.field or state.field,
        change=state.change,
        evidence=state.evidence,
        raw=(("", "\n".join([*said, *item.lines])),),
    )


def name_of(said: str, code: str | None) -> str:
    """The name in an item: what stands before its code or, where that is nothing, behind."""
    at = said.find(code) if code else -1
    if code is None or at < 0:
        return said.strip(EDGES)
    before = tables.named("", said[: at + len(code)])[1].strip(EDGES)
    return before if len(before) >= _SHORTEST_NAME else tables.named("", said[at:])[1].strip(EDGES)


def is_code(line: str) -> bool:
    """Whether a line has a procedure's code under its label, and nothing else."""
    return (
        _label(line) == "code" and bool(legal.codes(line)) and len(_named(line, legal.codes(line)[0])) < _SHORTEST_NAME
    )


def _label(line: str) -> str | None:
    """The field of the label that a line begins with, as `labels.field` has it."""
    label, colon, _ = line.partition(":")
    if not colon:
        return None
    return "name" if labels.key(label) == "thu tuc" else labels.field(label)


def _named(line: str, code: str) -> str:
    """The name in a line with a code."""
    return _bare(name_of(_unnumbered(line), code))


def _in_sentence(said: str, code: str) -> str:
    """The name in a sentence, without the words that lead to it: "bãi bỏ thủ tục Cấp lại thẻ (1.001234)"."""
    named = _named(said, code)
    deed = _DEED.match(named)
    name = named[deed.end() if deed else 0 :].strip(_QUOTES)
    bare = _PROCEDURE.sub("", name).strip(_QUOTES)
    return bare if bare[:1].isupper() else name


def _bare(line: str) -> str:
    said = _SO.sub("", _unnumbered(line))
    if _label(said) == "name":
        said = said.partition(":")[2]
    return said.strip(EDGES + _QUOTES)


def _unnumbered(line: str) -> str:
    found = _BULLET.match(line) or ORDINAL.match(line)
    return line[found.end() :] if found else line


def _may_name(line: str) -> bool:
    return _SHORTEST_NAME <= len(line) <= _LONGEST_NAME and line[-1] not in ".:!?"


def _is_item(line: str) -> bool:
    """Whether a line with a code is set like an item of a list."""
    rest = _unnumbered(line)
    code = legal.code(rest)
    ends = _CODE_AT_END.search(rest)
    begins = rest != line or (code and rest.startswith(code))
    named = ends and (ends["stop"] != "." or _NAMING.match(fold(rest)))
    spared = _SPARED.match(rest.lower()) or (code and _STAYS.search(rest.lower().rpartition(code)[2]))
    return bool(begins or named) and not spared
