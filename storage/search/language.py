"""What a person typed → the tree of a query, and what in it could not be understood. Any text will do. Pure.

Words must all be there, `"phrases"` stand together, `-this` must not be there, `OR` or `|` is a choice between what
stands on its two sides, `begin*` is any word that so begins, brackets group. A word that falls into several syllables
(`GD&ĐT`) is a phrase of them. Filters (`loai:`, `tu:` …) hold for all of the brackets that they stand in; two of one
name are a choice. docs/searching.md is the page for those who search.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate, groupby
from typing import TYPE_CHECKING

from scraper import legal, text
from storage.search import vocabulary
from storage.search.query import (
    ALSO,
    EVERYTHING,
    KINDS,
    NOTHING,
    All,
    Also,
    Any,
    Expansion,
    Filter,
    Not,
    Term,
    is_filter,
    partial_number,
    tokens,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from storage.search.query import FilterName, Node

MOST_LETTERS = 2000
MOST_TERMS = 64
"""Syllables and filters of one query."""
_SHORTEST_PREFIX = 2
_DEEPEST = 32

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»″＂", '"') | {"−": "-", "｜": "|", "（": "(", "）": ")", "：": ":"})
_PART = re.compile(
    rf"""(?P<space>\s+) | (?P<minus>-+)(?=[^\s-]) | (?P<open>\() | (?P<close>\)) | (?P<either>\|+) | (?P<also>{ALSO})
    | "(?P<phrase>[^"]*)(?P<closed>"?)(?P<star>\*?) | (?P<word>[^\s"()|{ALSO}]+)""",
    re.VERBOSE,
)
_EITHER = {"OR", "HOẶC"}
_NAMES: dict[str, FilterName] = {
    "nguon": "source", "source": "source", "loai": "kind", "kind": "kind", "linh vuc": "field", "linhvuc": "field",
    "field": "field", "so": "number", "so hieu": "number", "sohieu": "number", "number": "number", "tu": "from",
    "tu ngay": "from", "from": "from", "den": "to", "den ngay": "to", "to": "to",
}  # fmt: skip
_NAME = re.compile(r'(?P<name>[^\s"()|:]+(?:[ _-][^\s"()|:]+)?):')
_QUOTED = r'"(?P<quoted>[^"]*)"?'
_VALUE = re.compile(rf'{_QUOTED}|(?P<bare>[^\s"()|]*)')
_NUMBER = re.compile(rf"""{_QUOTED}|(?P<bare>(?:[^\s"()|]++(?:\s*/\s*|\s-\s)?)*)""")
_SPACE = re.compile(r"\s+")
_KIND_OF = {
    "article": "article", "tin": "article", "tin bai": "article", "bai viet": "article", "bai": "article",
    "tin tuc": "article", "news": "article", "procedure": "procedure", "thu tuc": "procedure", "tthc": "procedure",
    "thu tuc hanh chinh": "procedure", "document": "document", "van ban": "document", "vb": "document",
}  # fmt: skip
_DAY = re.compile(
    r"(?:(?:(?P<day>\d{1,2})[/.-])?(?P<month>\d{1,2})[/.-])?(?P<year>\d{4})"
    r"|(?P<iso_year>\d{4})[-/.](?P<iso_month>\d{1,2})(?:[-/.](?P<iso_day>\d{1,2}))?",
    re.ASCII,
)
_AROUND = " .,;:!?…"


@dataclass(frozen=True, kw_only=True, slots=True)
class Trouble:
    """What could not be understood: where it stands in what was typed (in characters), and why, in two languages."""

    position: int
    length: int
    message: str
    message_en: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Understood:
    """A query as it was read; what was in trouble is left out of it.

    `words` are the places in the text of all that was searched for: no filters, nothing that must not be there.
    """

    tree: Node
    troubles: tuple[Trouble, ...] = ()
    words: tuple[tuple[int, int], ...] = ()

    def __str__(self) -> str:
        return "" if self.tree == NOTHING else str(self.tree)


def parse(typed: str) -> Understood:
    """Reads what was typed into the search box.

    >>> print(parse('thi đua -"khen thưởng" OR cải cách* từ:7/2023').tree)
    từ:01/07/2023 (thi đua -"khen thưởng" OR cải cách*)
    >>> [one.message_en for one in parse("đất tu:31/02/2023").troubles]
    ['“31/02/2023” is not a date; write 2023, 07/2023 or 18/07/2023']
    """
    return _Reader(typed).read()


@dataclass
class _Group:
    """What stands in one pair of brackets: choices, each of parts that must all be so."""

    negated: bool = False
    choices: list[list[Node]] = field(default_factory=lambda: [[]])

    def node(self) -> Node | None:
        """The group as one node, if anything is in it."""
        choices = [choice for choice in self.choices if choice]
        outside: list[Node] = []
        if len(choices) > 1:
            for choice in choices:
                if not all(map(is_filter, choice)):
                    outside += filter(is_filter, choice)
                    choice[:] = [part for part in choice if not is_filter(part)]
        nodes = [_all(choice) for choice in choices]
        if not nodes:
            return None
        return _all([*outside, _any(nodes)])


def _all(parts: Iterable[Node]) -> Node:
    """All of the parts as one node: none within another, and filters of one name as a choice."""
    flat = [one for part in parts for one in (part.parts if isinstance(part, All) else (part,))]
    told: list[Node] = []
    for part in flat:
        if isinstance(part, Filter) and part.name in ("source", "kind", "field"):
            same = [one for one in flat if isinstance(one, Filter) and one.name == part.name]
            if part is same[0]:
                told.append(_any(same))
        else:
            told.append(part)
    return told[0] if len(told) == 1 else All(tuple(told))


def _any(parts: Iterable[Node]) -> Node:
    flat = [one for part in parts for one in (part.parts if isinstance(part, Any) else (part,))]
    flat = list(dict.fromkeys(flat))
    return flat[0] if len(flat) == 1 else Any(tuple(flat))


def _not(part: Node) -> Node:
    return part.part if isinstance(part, Not) else Not(part)


class _Reader:
    """Goes through a text once, from left to right; brackets that do not match are ignored."""

    def __init__(self, typed: str) -> None:
        self._typed = typed[:MOST_LETTERS].translate(_QUOTES)
        self._is_cut = len(typed) > MOST_LETTERS
        self._groups = [_Group()]
        self._troubles: list[Trouble] = []
        self._left = MOST_TERMS
        self._negated = False
        self._skipped = False
        self._words: list[tuple[int, int]] = []

    def read(self) -> Understood:
        """The whole text."""
        place = 0
        while place < len(self._typed):
            if self._left <= 0:
                self._trouble(
                    place,
                    len(self._typed) - place,
                    f"chỉ đọc {MOST_TERMS} từ đầu",
                    f"only the first {MOST_TERMS} words are read",
                )
                break
            found = _PART.match(self._typed, place)
            assert found
            place = self._part(found)
        if self._is_cut and self._left > 0:
            self._trouble(
                MOST_LETTERS,
                0,
                f"chỉ đọc {MOST_LETTERS} ký tự đầu",
                f"only the first {MOST_LETTERS} characters are read",
            )
        while len(self._groups) > 1:
            self._close()
        tree = self._groups[0].node()
        if tree is None:
            tree = NOTHING if self._typed.strip() else EVERYTHING
        return Understood(tree=_expanded(tree), troubles=tuple(self._troubles), words=tuple(self._words))

    def _part(self, found: re.Match[str]) -> int:
        """Takes in a part of the text; where the next one begins."""
        kind = found.lastgroup
        if kind == "space":
            return found.end()
        if kind == "minus":
            self._negated = True
            return found.end()
        if kind == "also":
            self._skipped = True
            return found.end()
        if kind == "word":
            return self._word(found)
        if kind == "open":
            if len(self._groups) < _DEEPEST:
                self._groups.append(_Group(negated=self._negated))
        elif kind == "close":
            if len(self._groups) > 1:
                self._close()
        elif kind == "either":
            self._groups[-1].choices.append([])
        else:
            if not found["closed"] and found["phrase"].strip():
                self._trouble(found.start(), 1, "thiếu dấu ngoặc kép đóng", "the closing quotation mark is missing")
            self._term(found["phrase"], found, quoted=True, prefix=bool(found["star"]))
        self._negated = self._skipped = False
        return found.end()

    def _close(self) -> None:
        group = self._groups.pop()
        node = group.node()
        if node is not None:
            self._add(_not(node) if group.negated else node)

    def _add(self, node: Node) -> None:
        self._groups[-1].choices[-1].append(node)

    def _word(self, found: re.Match[str]) -> int:
        said = found["word"]
        operator = text.clean(said)
        end = found.end()
        if operator in _EITHER:
            self._groups[-1].choices.append([])
        elif operator != "AND" and (after := self._filter(found.start())) is not None:
            end = after
        elif operator != "AND":
            self._term(said, found, quoted=False, prefix=said.rstrip(_AROUND).endswith("*"))
        self._negated = self._skipped = False
        return end

    def _term(self, said: str, found: re.Match[str], *, quoted: bool, prefix: bool) -> None:
        """Adds words that stand together, if there are any in what was said."""
        syllables = tokens(said)
        if not syllables or self._skipped:
            return
        if prefix and len(syllables[-1][0]) < _SHORTEST_PREFIX:
            prefix = False
            self._trouble(
                found.start(), found.end() - found.start(),
                f"trước dấu * cần ít nhất {_SHORTEST_PREFIX} chữ cái",
                f"* needs at least {_SHORTEST_PREFIX} letters before it",
            )  # fmt: skip
        syllables = syllables[: self._left]
        self._left -= len(syllables)
        folded, written = zip(*syllables, strict=True)
        term = Term(folded=folded, written=written, quoted=quoted, prefix=prefix)
        self._add(Not(term) if self._negated else term)
        if not self._negated and not prefix and not any(group.negated for group in self._groups):
            self._words.append((found.start(), found.end()))

    def _filter(self, start: int) -> int | None:
        """Takes in the filter that begins here; where it ends, or None where none does."""
        named = _NAME.match(self._typed, start)
        name = _NAMES.get(re.sub("[ _-]", " ", text.fold(named["name"]))) if named else None
        if named is None or name is None:
            return None
        spaced = _SPACE.match(self._typed, named.end())  # as in a letterhead, "Số: 12/QĐ-UBND"; or it is no filter
        value = (_NUMBER if name == "number" else _VALUE).match(self._typed, (spaced or named).end())
        if value is None or not value[0]:
            return None
        said = value["quoted"] if value["quoted"] is not None else value["bare"]
        said = text.clean(said).strip(_AROUND)
        node, wrong = _value(name, said)
        if spaced and (node is None or (name in ("source", "field") and value["quoted"] is None)):
            return None
        self._left -= 1
        if node is None:
            self._trouble(value.start(), value.end() - value.start(), *wrong)
        elif not self._skipped:
            self._add(Not(node) if self._negated else node)
        return value.end()

    def _trouble(self, position: int, length: int, message: str, message_en: str) -> None:
        self._troubles.append(Trouble(position=position, length=length, message=message, message_en=message_en))


def _value(name: FilterName, said: str) -> tuple[Filter | None, tuple[str, str]]:
    """A filter, or what is wrong with its value, in two languages."""
    shown = said if len(said) <= 40 else f"{said[:40]}…"
    wrong = (f"“{shown}” không dùng được ở đây", f"“{shown}” cannot be used here")
    if name in ("from", "to"):
        day = _day(said, last=name == "to")
        return (Filter(name=name, value=day) if day else None), (
            f"“{shown}” không phải là ngày; hãy viết 2023, 07/2023 hoặc 18/07/2023",
            f"“{shown}” is not a date; write 2023, 07/2023 or 18/07/2023",
        )
    if name == "kind":
        kind = _KIND_OF.get(" ".join(folded for folded, _ in tokens(said)))
        return (Filter(name=name, value=kind) if kind else None), (
            f"không có loại “{shown}”; các loại là {', '.join(KINDS.values())}",
            f"there is no kind “{shown}”; the kinds are {', '.join(KINDS)}",
        )
    if name == "number":
        number = _number(said)
        return (Filter(name=name, value=number) if number else None), (
            f"“{shown}” không phải là số văn bản; ví dụ 42/2022/NĐ-CP hoặc 1234/QĐ-UBND",
            f"“{shown}” is not a document's number; such are 42/2022/NĐ-CP or 1234/QĐ-UBND",
        )
    value = text.fold(said).strip("/ ") if name == "source" else " ".join(written for _, written in tokens(said))
    return (Filter(name=name, value=value) if value else None), wrong


def _number(said: str) -> str | None:
    read = legal.number(said)
    if read.normal:
        return read.normal
    return partial_number(read.number, read.year, read.type) if read.number else None


def _day(said: str, *, last: bool) -> date | None:
    """The first or last day of what may be a day, a month or a year."""
    found = _DAY.fullmatch(said)
    if not found:
        return None
    year, month, day = (found[name] or found[f"iso_{name}"] for name in ("year", "month", "day"))
    try:
        if not month:
            return date(int(year), 12, 31) if last else date(int(year), 1, 1)
        return date(int(year), int(month), int(day or (monthrange(int(year), int(month))[1] if last else 1)))
    except ValueError:
        return None


def _expanded(tree: Node) -> Node:
    """The tree with what else its words are taken to mean; what must not be there, and quotations, stay as they are."""
    match tree:
        case Term():
            return _all(_runs([tree]))
        case All():
            return _all(_runs(tree.parts))
        case Any():
            return Any(tuple(map(_expanded, tree.parts)))
        case _:
            return tree


def _runs(parts: Sequence[Node]) -> Iterator[Node]:
    for plain, some in groupby(parts, key=lambda part: isinstance(part, Term) and not part.quoted and not part.prefix):
        if plain:
            yield from _also([part for part in some if isinstance(part, Term)])
        else:
            yield from (part if isinstance(part, Term) else _expanded(part) for part in some)


def _also(words: Sequence[Term]) -> Iterator[Node]:
    """A run of words, with those that mean something else too taken together; half of a word means nothing else."""
    starts = {start: place for place, start in enumerate(accumulate((len(word.folded) for word in words), initial=0))}
    syllables = [token for word in words for token in zip(word.folded, word.written, strict=True)]
    place = 0
    for one in vocabulary.expansions(syllables):
        first, last = starts.get(one.start), starts.get(one.end)
        if first is not None and last is not None and one.alternatives:
            yield from map(_numbered, words[place:first])
            yield Expansion(typed=tuple(words[first:last]), also=tuple(map(_meant, one.alternatives)))
            place = last
    yield from map(_numbered, words[place:])


def _meant(other: vocabulary.Alternative) -> Also:
    term = Term(folded=other.folded, written=other.written, quoted=other.exactly)
    return Also(part=term, why=other.kind, since=other.since)


def _numbered(word: Term) -> Term | Expansion:
    """A word that is a document's number may be written in other ways, too."""
    number = legal.number(str(word)).normal if len(word.folded) > 1 else None
    if number is None:
        return word
    return Expansion(typed=(word,), also=(Also(part=Filter(name="number", value=number), why="number"),))
