"""What a search asks for, as a small typed tree: told in words, held against a document, marked in a text. Pure.

A tree comes from `language.parse`. Its `str` is how the query was understood, and reads back as the same tree.
`matches` says of one document what the engine says of all: a record matches exactly if the search would find it.
Accents are ignored, but for words in quotes that have some.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from scraper import legal, text
from scraper.items import VIETNAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Token = tuple[str, str]
"""A syllable, folded and as it is written."""
FilterName = Literal["source", "kind", "field", "number", "from", "to"]
Why = Literal["abbreviation", "renamed", "number"]

KINDS = {"article": "bài viết", "procedure": "thủ tục", "document": "văn bản"}
SHOWN_NAMES = {
    "source": "nguồn", "kind": "loại", "field": "lĩnhvực", "number": "số", "from": "từ", "to": "đến"
}  # fmt: skip
ALSO = "≈"
"""Stands before the other words that a query is taken to mean."""
_WORD_ENDS = frozenset(f' "()|*{ALSO}')


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """Syllables that stand together: as they are folded, and as they were written (lower case, tone marks in place).

    Of a `prefix`, the last syllable may go on.
    """

    folded: tuple[str, ...]
    written: tuple[str, ...]
    quoted: bool = False
    prefix: bool = False

    @property
    def accented(self) -> bool:
        """Whether it was typed with accents, so that exact hits are better ones."""
        return self.folded != self.written

    @property
    def exactly(self) -> bool:
        """Whether other accents than the typed ones are no hit."""
        return self.quoted and self.accented

    def __str__(self) -> str:
        said = f'"{" ".join(self.written)}"' if self.quoted else "-".join(self.written)
        return f"{said}*" if self.prefix else said


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """What is true of a record as a whole.

    A `source` is an id or the folder of several; a `kind` one of KINDS; a `field` words of a procedure's field; a
    `number` a document's, whole ("42/2022/NĐ-CP") or what is known of it ("42", "42/2022", "1234/QĐ"); the days `from`
    and `to` count in Vietnam and belong to the period.
    """

    name: FilterName
    value: str | date

    def __str__(self) -> str:
        if isinstance(self.value, date):
            said = f"{self.value:%d/%m/}{self.value.year:04}"
        else:
            said = KINDS[self.value] if self.name == "kind" else self.value
        said = said if _WORD_ENDS.isdisjoint(said) else f'"{said}"'
        return f"{SHOWN_NAMES[self.name]}:{said}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Also:
    """Another way to say what was typed, why it is one, and since which day, where that is known."""

    part: Term | Filter
    why: Why
    since: date | None = None

    def __str__(self) -> str:
        return f'"{" ".join(self.part.written)}"' if isinstance(self.part, Term) else str(self.part)


@dataclass(frozen=True, kw_only=True, slots=True)
class Expansion:
    """Words that were typed, and what else they are taken to mean: any of these will do."""

    typed: tuple[Term, ...]
    also: tuple[Also, ...]

    @property
    def said(self) -> str:
        """The words that were typed."""
        return " ".join(map(str, self.typed))

    def __str__(self) -> str:
        return " ".join([self.said, *(f"{ALSO} {one}" for one in self.also)])


@dataclass(frozen=True, slots=True)
class All:
    """Every part must be so; with no part, everything is found."""

    parts: tuple[Node, ...] = ()

    def __str__(self) -> str:
        return " ".join(f"({part})" if isinstance(part, Any | Expansion) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Any:
    """One of the parts must be so; with no part, nothing is found."""

    parts: tuple[Node, ...] = ()

    def __str__(self) -> str:
        return " OR ".join(f"({part})" if _is_grouped(part) else str(part) for part in self.parts) or '""'


@dataclass(frozen=True, slots=True)
class Not:
    """The part must not be so."""

    part: Node

    def __str__(self) -> str:
        return f"-({self.part})" if isinstance(self.part, All | Any) and self.part.parts else f"-{self.part}"


Node = Term | Filter | Expansion | All | Any | Not
Need = Term | Expansion
EVERYTHING = All()
NOTHING = Any()


def _is_grouped(part: Node) -> bool:
    """Whether a part of an `Any` is told in brackets: filters outside of them narrow all parts."""
    return isinstance(part, Expansion) or (isinstance(part, All) and any(map(is_filter, part.parts)))


def is_filter(part: Node) -> bool:
    """Whether a part says nothing of the words: a filter, or none of these records."""
    return isinstance(part.part if isinstance(part, Not) else part, Filter)


def tokens(said: str) -> list[Token]:
    """A text's syllables, each folded and as it is written: what the index holds and what queries ask for.

    >>> tokens("Hoà-Bình, đất")
    [('hoa', 'hoà'), ('binh', 'bình'), ('dat', 'đất')]
    """
    return [token for piece in pieces(said) for token in PIECES[piece]]


def pieces(said: str) -> list[str]:
    """What stands between a text's spaces and line ends, neither of which is ever inside a word."""
    return said.replace("\n", " ").split(" ")


class _Pieces(dict[str, tuple[Token, ...]]):
    """The syllables of each piece, remembered: the same few thousand come again and again, often with the same comma.

    So a text is read in a third of the time.
    """

    def __missing__(self, piece: str) -> tuple[Token, ...]:
        found = tuple(token for token in map(token_of, text.words(piece)) if token[0])
        if len(self) < _REMEMBERED and len(piece) <= _LONGEST_PIECE:
            self[piece] = found
        return found


_REMEMBERED = 1 << 14
_LONGEST_PIECE = 16
PIECES = _Pieces()
"""The syllables of a piece of a text."""


@lru_cache(maxsize=1 << 13)
def token_of(word: str) -> Token:
    """A syllable's two keys, remembered: Vietnamese has some seven thousand syllables, and texts repeat them."""
    return text.fold(word).replace(" ", ""), text.exact(word)


@lru_cache(maxsize=1 << 12)
def number_key(said: str) -> str:
    """By what a document's number is found, whole or not, whoever wrote it.

    >>> number_key("02/2023/NĐ-CP"), number_key("5243/QĐ-SGD&ĐT")
    ('2/2023/nd-cp', '5243/qd-sgddt')
    """
    return legal.key(said).lstrip("0")


def number_keys(*, normal: str | None, number: str | None, year: int | None, kind: str | None) -> list[str]:
    """All that a document's number is found by, from what was understood of it: `so:42/2022` finds 42/2022/NĐ-CP.

    `kind` is the abbreviation of the document's type.
    """
    told = [normal] if normal else []
    if number:
        told += [partial_number(number, *known) for known in ((), (year,), (kind,), (year, kind))]
    return list(dict.fromkeys(map(number_key, told)))


def partial_number(number: str, *known: int | str | None) -> str:
    """A document's number without its issuer: with its year, its type, both or none."""
    return "/".join([number.lstrip("0").lower(), *(str(one) for one in known if one)])


@dataclass(frozen=True, kw_only=True)
class Document:
    """What a search can know of a record: the words of its three texts, and the rest for the filters.

    `published` is aware; `numbers` are those that `number_keys` gives.
    """

    title: Sequence[Token] = ()
    body: Sequence[Token] = ()
    documents: Sequence[Token] = ()
    kind: str = "article"
    sources: Sequence[str] = ()
    fields: Sequence[str] = ()
    numbers: Sequence[str] = ()
    published: datetime

    @cached_property
    def folded(self) -> str:
        """All syllables as `_holds` looks for them; no phrase reaches from one text into the next."""
        return _joined([one for one, _ in part] for part in (self.title, self.body, self.documents))

    @cached_property
    def written(self) -> str:
        """The same with accents."""
        return _joined([one for _, one in part] for part in (self.title, self.body, self.documents))

    @cached_property
    def folded_fields(self) -> str:
        """The words of its fields, as `folded` has those of its texts."""
        return "\n".join(map(_padded, self.fields))

    @cached_property
    def words(self) -> frozenset[str]:
        """Its different syllables, folded."""
        return frozenset(one for part in (self.title, self.body, self.documents) for one, _ in part)

    @cached_property
    def pairs(self) -> frozenset[str]:
        """Its different pairs of adjacent syllables, folded, with a space between the two."""
        texts = ([one for one, _ in part] for part in (self.title, self.body, self.documents))
        return frozenset(f"{one} {other}" for folded in texts for one, other in pairwise(folded))


def _joined(texts: Iterable[list[str]]) -> str:
    return "\n".join(f" {' '.join(one)} " for one in texts)


def _has(document: Document, term: Term) -> bool:
    """Whether a term stands in a document. The long text is searched only where no set can tell."""
    if term.exactly or term.prefix or len(term.folded) > 2:
        return _holds(document.folded, document.written, term)
    return " ".join(term.folded) in (document.words if len(term.folded) == 1 else document.pairs)


def _holds(folded: str, written: str, term: Term) -> bool:
    end = "" if term.prefix else " "
    if term.exactly:
        return f" {' '.join(term.written)}{end}" in written
    return f" {' '.join(term.folded)}{end}" in folded


def matches(tree: Node, document: Document) -> bool:
    """Whether a search for this tree finds this document."""
    match tree:
        case Term():
            return _has(document, tree)
        case Filter():
            return _fits(tree, document)
        case Expansion():
            return matches(All(tree.typed), document) or any(matches(one.part, document) for one in tree.also)
        case All():
            return all(matches(part, document) for part in tree.parts)
        case Any():
            return any(matches(part, document) for part in tree.parts)
        case Not():
            return not matches(tree.part, document)


def _fits(one: Filter, document: Document) -> bool:
    value = one.value
    if isinstance(value, date):
        first, last = period(value)
        at = int(document.published.timestamp())
        return at >= first if one.name == "from" else at <= last
    if one.name == "source":
        return any(source == value or source.startswith(f"{value}/") for source in document.sources)
    if one.name == "kind":
        return document.kind == value
    if one.name == "number":
        return number_key(value) in document.numbers
    return _padded(value) in document.folded_fields


@lru_cache(maxsize=1 << 12)
def _padded(said: str) -> str:
    """The syllables of a short text as `_holds` looks for them; remembered, as those of watches are asked for often."""
    return _joined([[folded for folded, _ in tokens(said)]])


@lru_cache(maxsize=1 << 12)
def period(day: date) -> tuple[int, int]:
    """The first and the last second of a day in Vietnam, in Unix time."""
    first = int(datetime.combine(day, time(), VIETNAM).timestamp())
    return first, first + int(timedelta(days=1).total_seconds()) - 1


def needs(tree: Node) -> list[Need]:
    """The words that make a record a hit, in the order in which they were typed: what a snippet should show."""
    match tree:
        case Term() | Expansion():
            return [tree]
        case Filter(name="number", value=str(number)):
            said = tokens(number)
            return [Term(folded=tuple(one for one, _ in said), written=tuple(one for _, one in said))]
        case All() | Any():
            return [need for part in tree.parts for need in needs(part)]
        case _:
            return []


def terms(needed: Sequence[Need]) -> list[Term]:
    """All terms of such words, those of the expansions' alternatives too."""
    told: list[Term] = []
    for need in needed:
        if isinstance(need, Term):
            told.append(need)
        else:
            told += [*need.typed, *(term for one in need.also for term in needs(one.part) if isinstance(term, Term))]
    return told


def found(said: str, needed: Sequence[Need]) -> list[Need]:
    """Those of the words that stand in a text; accents count as in search."""
    syllables = tokens(said)
    folded = f" {' '.join(one for one, _ in syllables)} "
    written = f" {' '.join(one for _, one in syllables)} "
    return [need for need in needed if any(all(_holds(folded, written, term) for term in way) for way in _ways(need))]


def _ways(need: Need) -> list[Sequence[Term]]:
    if isinstance(need, Term):
        return [(need,)]
    return [need.typed, *(terms(needs(one.part)) for one in need.also)]
