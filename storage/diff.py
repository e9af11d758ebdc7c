"""What changed between two versions, word by word. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Change = tuple[Literal["=", "+", "-"], str]

_WORDS = re.compile(r"\n|[^\S\n]*[^\s]+")
_LONG = 4_000
"""Words in both texts together up to which they are compared word by word in one go."""
_MOST_PAIRS = 60_000
"""Pairs of equal words that are weighed against each other: half a second at the worst, and a transaction waits for it.

A stretch that has more is parted by the words that stand in it once; where there are none, all of it was replaced."""


def words(old: str, new: str) -> list[Change]:
    """The way from one text to another, as runs of words kept, added and removed.

    >>> words("ba ngày làm việc", "năm ngày làm việc")
    [('-', 'ba'), ('+', 'năm'), ('=', ' ngày làm việc')]
    """
    return _joined(list(_changes(old, new)))


def counts(changes: list[Change]) -> tuple[int, int]:
    """How many words a way adds and removes."""
    added = sum(len(said.split()) for sign, said in changes if sign == "+")
    removed = sum(len(said.split()) for sign, said in changes if sign == "-")
    return added, removed


def _changes(old: str, new: str) -> Iterator[Change]:
    """By paragraph first where the text is long, and word by word within what is left."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    if len(before) + len(after) <= _LONG:
        yield from _compared(before, after)
        return
    old_lines, new_lines = old.split("\n"), new.split("\n")
    for i, j, k, m, same in _blocks(*([" ".join(line.split()) for line in lines] for lines in (old_lines, new_lines))):
        # The breaks at the end of a block belong to it, but for the last line's, which has none.
        before = _WORDS.findall("\n".join(old_lines[i:j])) + ["\n"] * (i < j < len(old_lines))
        after = _WORDS.findall("\n".join(new_lines[k:m])) + ["\n"] * (k < m < len(new_lines))
        if same and len(before) == len(after):
            yield from (("=", _spaced(one, other)) for one, other in zip(before, after, strict=True))
        else:
            yield from _compared(before, after)


def _compared(before: Sequence[str], after: Sequence[str]) -> Iterator[Change]:
    for i, j, k, m, same in _blocks([_bare(word) for word in before], [_bare(word) for word in after]):
        if same:
            yield from (("=", _spaced(one, other)) for one, other in zip(before[i:j], after[k:m], strict=True))
            continue
        if i < j:
            yield "-", "".join(before[i:j])
        if k < m:
            yield "+", "".join(after[k:m])


def _bare(word: str) -> str:
    """A word without the space before it, which is none where the word begins a paragraph; a line's end is a word."""
    return word.strip() or "\n"


def _spaced(old: str, new: str) -> str:
    """A word that was kept, parted from the one before it in either text."""
    return new if len(new) > len(old) else old


def _blocks(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[int, int, int, int, bool]]:
    """Which stretches are the same and which differ: from and to in the one, from and to in the other."""
    i = k = 0
    for x, y, length in _matches(before, after, (0, len(before)), (0, len(after))):
        if i < x or k < y:
            yield i, x, k, y, False
        i, k = x + length, y + length
        yield x, i, y, k, True
    if i < len(before) or k < len(after):
        yield i, len(before), k, len(after), False


def _matches(
    before: Sequence[str], after: Sequence[str], old: tuple[int, int], new: tuple[int, int]
) -> Iterator[tuple[int, int, int]]:
    """Stretches that both have, in order. What is the same at either end costs nothing, the rest a bounded time."""
    (i, j), (k, m) = old, new
    head = 0
    while i + head < j and k + head < m and before[i + head] == after[k + head]:
        head += 1
    if head:
        yield i, k, head
    i, k = i + head, k + head
    tail = 0
    while i < j - tail and k < m - tail and before[j - tail - 1] == after[m - tail - 1]:
        tail += 1
    j, m = j - tail, m - tail
    if i < j and k < m:
        here, there = Counter(before[i:j]), Counter(after[k:m])
        if sum(count * there[one] for one, count in here.items()) <= _MOST_PAIRS:
            found = SequenceMatcher(None, before[i:j], after[k:m], autojunk=False).get_matching_blocks()
            yield from ((i + x, k + y, length) for x, y, length in found if length)
        elif anchors := _anchors(before[i:j], after[k:m], {one for one in here if here[one] == there[one] == 1}):
            left, right = i, k
            for x, y in anchors:
                yield from _matches(before, after, (left, i + x), (right, k + y))
                yield i + x, k + y, 1
                left, right = i + x + 1, k + y + 1
            yield from _matches(before, after, (left, j), (right, m))
    if tail:
        yield j, m, tail


def _anchors(before: Sequence[str], after: Sequence[str], once: set[str]) -> list[tuple[int, int]]:
    """The longest row of things that stand once in either text, in the same order in both (patience diff)."""
    place = {one: number for number, one in enumerate(after) if one in once}
    lowest: list[int] = []  # the smallest end of a row of each length
    links: dict[int, tuple[int, int]] = {}  # an end → its place in the old text, and the end before it
    for number, one in enumerate(before):
        if one not in once:
            continue
        end = place[one]
        length = bisect_left(lowest, end)
        links[end] = number, lowest[length - 1] if length else -1
        lowest[length : length + 1] = [end]
    row: list[tuple[int, int]] = []
    end = lowest[-1] if lowest else -1
    while end >= 0:
        number, back = links[end]
        row.append((number, end))
        end = back
    return row[::-1]


def _joined(changes: list[Change]) -> list[Change]:
    joined: list[Change] = []
    for sign, said in changes:
        if joined and joined[-1][0] == sign:
            joined[-1] = (sign, joined[-1][1] + said)
        elif said:
            joined.append((sign, said))
    return joined
