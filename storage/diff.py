"""What changed between two versions, word by word. Pure."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Literal

Change = tuple[Literal["=", "+", "-"], str]

_WORDS = re.compile(r"\n|[^\S\n]*[^\s]+")
_FINE = 4_000
"""Words up to which a text is compared word by word in one go; longer ones are compared by paragraph first."""


def words(old: str, new: str) -> list[Change]:
    """The way from one text to another, as runs of words kept, added and removed.

    >>> words("ba ngày làm việc", "năm ngày làm việc")
    [('-', 'ba'), ('+', 'năm'), ('=', ' ngày làm việc')]
    """
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    if len(before) + len(after) > _FINE:
        return _joined(_by_paragraph(old.split("\n"), new.split("\n")))
    return _joined(_compared(before, after))


def counts(changes: list[Change]) -> tuple[int, int]:
    """How many words a way adds and removes."""
    added = sum(len(said.split()) for sign, said in changes if sign == "+")
    removed = sum(len(said.split()) for sign, said in changes if sign == "-")
    return added, removed


def _compared(before: list[str], after: list[str]) -> list[Change]:
    changes: list[Change] = []
    for tag, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            changes.append(("=", "".join(after[k:m])))
            continue
        if i < j:
            changes.append(("-", "".join(before[i:j])))
        if k < m:
            changes.append(("+", "".join(after[k:m])))
    return changes


def _by_paragraph(before: list[str], after: list[str]) -> list[Change]:
    changes: list[Change] = []
    for tag, i, j, k, m in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = "\n".join(before[i:j]), "\n".join(after[k:m])
        if tag == "equal":
            changes.append(("=", new + "\n"))
        elif tag == "replace" and len(old) + len(new) < _FINE * 6:
            changes += _compared(_WORDS.findall(old), [*_WORDS.findall(new), "\n"])
        else:
            changes += [("-", old + "\n")] if old else []
            changes += [("+", new + "\n")] if new else []
    return changes


def _joined(changes: list[Change]) -> list[Change]:
    joined: list[Change] = []
    for sign, said in changes:
        if joined and joined[-1][0] == sign:
            joined[-1] = (sign, joined[-1][1] + said)
        elif said:
            joined.append((sign, said))
    return joined
