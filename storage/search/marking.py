"""Where the words of a query stand in a text. Pure."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from scraper import text
from storage.search.query import PIECES, pieces, token_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.search.query import Term, Token

_FAR = 40
"""Characters: a longer piece without a space is looked into."""


def marks(said: str, wanted: Sequence[Term]) -> list[tuple[int, int]]:
    """Where terms stand in a text, as offsets, in order, none overlapping another; accents count as in search."""
    parts = text.parted(said)
    tokens = [token_of(word) for word in parts[1::2]]
    there = [place for place, token in enumerate(tokens) if token[0]]
    offsets = list(accumulate(map(len, parts)))  # a word begins at every second one, and ends at the next
    runs = _runs([tokens[place] for place in there], wanted)
    return [(offsets[2 * there[first]], offsets[2 * there[last] + 1]) for first, last in runs]


def near(said: str, wanted: Sequence[Term]) -> list[tuple[int, int]]:
    """The same, but for some characters to the next space before and behind: for a third of the work."""
    parts = pieces(said)
    if max(map(len, parts)) > _FAR:
        return marks(said, wanted)
    runs = _runs([token for part in parts for token in PIECES[part]], wanted)
    ends = list(accumulate(map(len, parts)))
    counts = list(accumulate(map(len, map(PIECES.__getitem__, parts)))) if runs else []
    told = []
    for first, last in runs:
        begins, goes_to = bisect_right(counts, first), bisect_right(counts, last)
        told.append((ends[begins] + begins - len(parts[begins]), ends[goes_to] + goes_to))
    return told


def _runs(syllables: Sequence[Token], wanted: Sequence[Term]) -> list[tuple[int, int]]:
    """Where terms stand among syllables: the places of their first and their last one."""
    folded = [token[0] for token in syllables]
    by_first: dict[str, list[Term]] = {}
    alone: list[Term] = []
    for term in wanted:
        if term.prefix and len(term.folded) == 1:
            alone.append(term)
        else:
            by_first.setdefault(term.folded[0], []).append(term)
    begins = tuple(term.folded[0] for term in alone)
    if begins:
        places = [place for place, one in enumerate(folded) if one in by_first or one.startswith(begins)]
    else:
        places = [place for place, one in enumerate(folded) if one in by_first]
    plain = {one for one, some in by_first.items() if all(len(term.folded) == 1 and not term.exactly for term in some)}
    told: list[tuple[int, int]] = []
    after = 0
    for place in places:
        if place < after:
            continue
        width = int(folded[place] in plain)
        for term in () if width else (*by_first.get(folded[place], ()), *alone):
            some = slice(place, place + len(term.folded))
            if _is_said(folded[some], term.folded, prefix=term.prefix) and (
                not term.exactly or _is_said([one for _, one in syllables[some]], term.written, prefix=term.prefix)
            ):
                width = max(width, len(term.folded))
        if width:
            told.append((place, place + width - 1))
            after = place + width
    return told


def _is_said(some: Sequence[str], wanted: Sequence[str], *, prefix: bool) -> bool:
    if len(some) != len(wanted) or (not prefix and some[-1] != wanted[-1]):
        return False
    return tuple(some[:-1]) == tuple(wanted[:-1]) and some[-1].startswith(wanted[-1])
