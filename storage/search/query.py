"""What a person typed → a small typed query. Any text is understood somehow; nothing is a syntax error. Pure.

Words must all be there, `"phrases"` stand together, `-word` and `-"phrase"` must not be there. A word that falls into
several syllables (`42/2022/NĐ-CP`) is a phrase of them. Accents are ignored, but for a phrase in quotes that has some.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from scraper import text

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_TERMS = 64
MOST_LETTERS = 512

_PART = re.compile(r'(-?)"([^"]*)"?|(\S+)')


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """Syllables that stand together: as they are folded, and as they were written (lower case, tone marks in place)."""

    folded: tuple[str, ...]
    written: tuple[str, ...]
    quoted: bool = False
    negated: bool = False

    @property
    def accented(self) -> bool:
        """Whether it was typed with accents, so that exact hits are better ones."""
        return self.folded != self.written


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """The terms of a query; none at all asks for everything."""

    terms: tuple[Term, ...] = ()

    @property
    def wanted(self) -> tuple[Term, ...]:
        """The terms that must be there."""
        return tuple(term for term in self.terms if not term.negated)

    def __str__(self) -> str:
        return " ".join(_said(term) for term in self.terms)


def parse(typed: str) -> Query:
    """Reads what was typed into the search box.

    >>> str(parse('thi đua -"khen thưởng" 42/2022/NĐ-CP'))
    'thi đua -"khen thưởng" "42 2022 nđ cp"'
    """
    terms: list[Term] = []
    for minus, phrase, word in _PART.findall(typed[:MOST_LETTERS]):
        quoted = not word
        negated = bool(minus) or (len(word) > 1 and word.startswith("-"))
        said = tokens(phrase if quoted else word)
        if said and len(terms) < MOST_TERMS:
            folded, written = zip(*said, strict=True)
            terms.append(Term(folded=folded, written=written, quoted=quoted, negated=negated))
    return Query(terms=tuple(terms))


def tokens(said: str) -> list[tuple[str, str]]:
    """A text's syllables, each folded and as it is written: what the index holds and what queries ask for.

    >>> tokens("Hoà-Bình, đất")
    [('hoa', 'hoà'), ('binh', 'bình'), ('dat', 'đất')]
    """
    return [token for token in map(_token, text.words(said)) if token[0]]


@lru_cache(maxsize=1 << 16)
def _token(word: str) -> tuple[str, str]:
    """A syllable's two keys, remembered: Vietnamese has some seven thousand syllables, and texts repeat them."""
    return text.fold(word).replace(" ", ""), text.exact(word)


def _said(term: Term) -> str:
    words = " ".join(term.written)
    if term.quoted or len(term.written) > 1:
        words = f'"{words}"'
    return f"-{words}" if term.negated else words


def found(said: str, terms: Sequence[Term]) -> list[Term]:
    """Those of the terms that stand in a text; accents count as in search."""
    syllables = tokens(said)
    folded = f" {' '.join(one for one, _ in syllables)} "
    written = ""
    there = []
    for term in terms:
        if f" {' '.join(term.folded)} " not in folded:
            continue
        if term.quoted and term.accented:
            written = written or f" {' '.join(one for _, one in syllables)} "
            if f" {' '.join(term.written)} " not in written:
                continue
        there.append(term)
    return there


def marks(said: str, terms: Sequence[Term]) -> list[tuple[int, int]]:
    """Where the terms stand in a text, as offsets, in order, none overlapping another; accents count as in search."""
    syllables = [(_token(one.text)[0], one.start, one.end) for one in text.syllables(said)]
    by_first: dict[str, list[Term]] = {}
    for term in terms:
        by_first.setdefault(term.folded[0], []).append(term)
    found: list[tuple[int, int]] = []
    place = 0
    while place < len(syllables):
        width = 0
        for term in by_first.get(syllables[place][0], ()):
            some = syllables[place : place + len(term.folded)]
            if tuple(one[0] for one in some) != term.folded:
                continue
            exactly = term.quoted and term.accented
            if not exactly or tuple(text.exact(said[start:end]) for _, start, end in some) == term.written:
                width = max(width, len(term.folded))
        if width:
            found.append((syllables[place][1], syllables[place + width - 1][2]))
        place += width or 1
    return found
