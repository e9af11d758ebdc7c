"""The words of an article's text, and the keys by which texts that share much of them find each other. Pure.

The keys are a bottom-k sketch: the smallest hashes among a text's shingles (A. Z. Broder, "On the resemblance and
containment of documents", 1997). Of two texts that share half their shingles the one with few keys shares half of
them with the other's many, however long either is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

from xxhash import xxh3_64_intdigest

from scraper import text

if TYPE_CHECKING:
    from collections.abc import Sequence

FEW, MANY = 12, 24
"""Keys that a record is found by, and keys that others are sought by."""
MOST_WORDS = 4_000
"""Of a body; what follows is not compared."""
LEAST_WORDS = 20
"""Less is no text: a title with an attachment, a label."""
_SHINGLE = 7  # few stock phrases of administration are as long

Key = int


@dataclass(frozen=True, kw_only=True, slots=True)
class Sketch:
    """How many words a text has, and at most MANY keys, the FEW that stand for it first; none for too little text."""

    size: int
    keys: tuple[Key, ...]


def of(body: str) -> Sketch:
    """The sketch of an article's text."""
    return of_tokens(tokens(words(body)))


def of_tokens(said: Sequence[str]) -> Sketch:
    """The sketch of a text whose tokens are known."""
    if len(said) < LEAST_WORDS:
        return Sketch(size=len(said), keys=())
    hashes = {xxh3_64_intdigest(shingle.encode()) for shingle in shingles(said, _SHINGLE)}
    return Sketch(size=len(said), keys=tuple(key - (1 << 63) for key in sorted(hashes)[:MANY]))  # as databases' go


def words(body: str) -> tuple[str, ...]:
    """The words of a text as printed, MOST_WORDS of them."""
    return tuple(text.words(text.clean(body[: MOST_WORDS * 12]))[:MOST_WORDS])


def tokens(printed: Sequence[str]) -> tuple[str, ...]:
    """What words are without case and marks."""
    return tuple(map(_token, printed))


@lru_cache(maxsize=20_000)  # more than the syllables that there are
def _token(word: str) -> str:
    """Numbers without leading zeros, and i for y, which editors exchange (kỹ, kĩ)."""
    token = text.fold(word)
    return (token.lstrip("0") or "0") if token.isdecimal() else token.replace("y", "i")


def shingles(said: Sequence[str], length: int) -> list[str]:
    """Each so many tokens in a row, cut from one string: joining them one by one takes three times as long."""
    joined = " ".join(said)
    starts = [0, *accumulate(len(token) + 1 for token in said)]
    return [joined[start : end - 1] for start, end in zip(starts, starts[length:], strict=False)]
