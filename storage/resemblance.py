"""Whether two articles tell the same story in much the same words.

What the keys of `scraper.sketch` bring together is compared word by word: a portal that prints another's article drops
paragraphs and adds its own, while yearly notices, form letters and pages of one template put other numbers and names
into the same sentences. Pure.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from scraper import sketch, text
from scraper.sketch import LEAST_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Likeness = Literal["copy", "near"]
"""The same words (case, marks and punctuation aside) · mostly the same words."""

_SHORT = 50
"""Words of a body up to which a template may be most of it, so that the titles must agree too."""
_CONTEXT = 4  # words in a row that both texts have are the same words
_LEAST_SHARED = 30
_RUN = 15  # words on end, on average: less is the work of stock sentences
_LONG = 100  # words that both have; with fewer, the first and last words are part of what a notice says
_ALL, _MOST, _SOME = 0.9, 0.6, 0.25
WINDOW = 30
"""Days: longer after an article nobody prints it as news; a copy is a copy at any time."""
_MOST_SWAPPED = 3
_SWAP = 14  # words; what is longer was rewritten


@dataclass(frozen=True)
class Text:
    """An article's text as it is compared: the words as printed, and what they are without case and marks."""

    title: str
    words: tuple[str, ...]
    tokens: tuple[str, ...]

    @cached_property
    def shingles(self) -> list[str]:
        """Each row of words that counts as the same words."""
        return sketch.shingles(self.tokens, _CONTEXT)


@lru_cache(maxsize=64)  # what stands for a form letter is compared again and again
def read(title: str, body: str) -> Text:
    """An article's text made ready to be compared."""
    words = sketch.words(body)
    return Text(title, words, sketch.tokens(words))


def same_words(one: str, other: str) -> bool:
    """Whether most words of the one are those of the other, in whatever order."""
    mine, theirs = (set(text.fold(said).split()) for said in (one, other))
    return 2 * len(mine & theirs) > len(mine | theirs)


def compare(one: Text, other: Text, *, days: float | None) -> Likeness | None:
    """How far two articles are one story; `days` lie between their dates, if both are known.

    Two that were published more than WINDOW days apart must have the same words.
    """
    size = min(len(one.tokens), len(other.tokens))
    if size < LEAST_WORDS or differ(one.title, other.title, size):
        return None
    if one.tokens == other.tokens:
        return "copy"
    if days is not None and abs(days) > WINDOW:
        return None
    shared = set(one.shingles).intersection(other.shingles)
    mine, theirs = (_covered(each, shared) for each in (one, other))
    if not _overlap(mine, theirs, short=size <= _SHORT):
        return None
    return "near" if _is_retold(one, other, mine, theirs) else None


def differ(one: str, other: str, size: int) -> bool:
    """Whether two titles alone say that texts of so many words, or of more, are two stories."""
    return _is_next(one, other) or (size <= _SHORT and not same_words(one, other))


def _is_next(one: str, other: str) -> bool:
    """Whether two titles are one heading with other numbers in it: "tuần 12" and "tuần 13"."""
    mine, theirs = _title(one), _title(other)
    numbers = {token for token in mine ^ theirs if token.isdecimal()}
    if not (mine & numbers and theirs & numbers):
        return False
    said, heard = mine - numbers, theirs - numbers
    return 2 * len(said & heard) > len(said | heard)


@lru_cache(maxsize=256)
def _title(title: str) -> frozenset[str]:
    return frozenset(sketch.tokens(text.words(title)))


def _covered(one: Text, shared: set[str]) -> list[bool]:
    """Of each word, whether it stands in a row of words that both texts have."""
    covered = [False] * len(one.tokens)
    end = 0
    for start, shingle in enumerate(one.shingles):
        if shingle in shared:
            for place in range(max(start, end), start + _CONTEXT):
                covered[place] = True
            end = start + _CONTEXT
    return covered


def _overlap(mine: Sequence[bool], theirs: Sequence[bool], *, short: bool) -> bool:
    shares = sorted(sum(each) / len(each) for each in (mine, theirs))
    if short:
        return shares[0] >= _ALL
    if shares[0] < _SOME or shares[1] < _MOST or min(sum(mine), sum(theirs)) < _LEAST_SHARED:
        return False
    return all(sum(each) >= _RUN * _runs(each) for each in (mine, theirs))


def _runs(covered: Sequence[bool]) -> int:
    return covered[0] + sum(now and not before for before, now in pairwise(covered))


@dataclass(frozen=True, slots=True)
class _Gap:
    """Words that only one text has, between (`before`, `after`) words that both have."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    tokens: tuple[str, ...]
    words: tuple[str, ...]


def _gaps(one: Text, covered: Sequence[bool]) -> Iterator[_Gap]:
    edges = [0, *(place for place in range(1, len(covered)) if covered[place] != covered[place - 1]), len(covered)]
    for start, end in pairwise(edges):
        if not covered[start]:
            yield _Gap(
                before=one.tokens[max(start - 3, 0) : start],
                after=one.tokens[end : end + 3],
                tokens=one.tokens[start:end],
                words=one.words[start:end],
            )


def _is_retold(one: Text, other: Text, mine: Sequence[bool], theirs: Sequence[bool]) -> bool:
    """Whether hardly any sentence that both have says something else in the one: numbers, names, the matter itself."""
    places: dict[tuple[tuple[str, ...], tuple[str, ...]], list[_Gap]] = {}
    for gap in _gaps(other, theirs):
        places.setdefault((gap.before, gap.after), []).append(gap)
    titles = _title(one.title), _title(other.title)
    both = min(sum(mine), sum(theirs))
    allowed, long = min(_MOST_SWAPPED, both // 120), both >= _LONG
    swapped: Counter[tuple[tuple[str, ...], tuple[str, ...]]] = Counter()
    facts = 0
    for gap in _gaps(one, mine):
        waiting = places.get((gap.before, gap.after))
        swap = _swap(gap, waiting.pop(0)) if waiting else None
        if swap is None:
            continue
        if long and not (gap.before and gap.after):
            continue  # a dateline, a byline
        old, new, is_fact = swap
        swapped[old, new] += 1
        facts += is_fact
        if any(map(_is_year, old)) and any(map(_is_year, new)):
            return False
        named = titles[0].intersection(old) - titles[1] and titles[1].intersection(new) - titles[0]
        if named and (is_fact or swapped[old, new] > 1):
            return False
    return facts <= allowed and max(swapped.values(), default=0) <= 2


def _swap(one: _Gap, other: _Gap) -> tuple[tuple[str, ...], tuple[str, ...], bool] | None:
    """The words that were put into each other's place, and whether they are numbers or names on both sides."""
    if max(len(one.tokens), len(other.tokens)) > _SWAP:
        return None
    mine, theirs = Counter(one.tokens), Counter(other.tokens)
    old, new = tuple(mine - theirs), tuple(theirs - mine)
    if not old or not new or _initials(old) == "".join(new) or _initials(new) == "".join(old):
        return None
    return old, new, _names(one, old) and _names(other, new)


def _names(gap: _Gap, tokens: Sequence[str]) -> bool:
    """Whether any of these tokens of a gap is a number, or was printed as a name is."""
    printed = zip(gap.tokens, gap.words, strict=True)
    return any(token in tokens and (word[0].isupper() or word[0].isdigit()) for token, word in printed)


def _initials(tokens: Sequence[str]) -> str:
    return "".join(token[0] for token in tokens)


def _is_year(token: str) -> bool:
    return token.isdecimal() and len(token) == 4 and token[:2] in ("19", "20")
