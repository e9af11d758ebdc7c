"""What the search engine says when a file of an index is cut short, damaged or missing: words, or a panic."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BEGINNINGS = ("Failed to open", "Data corrupted", "Deserialize error")
"""What follows may have words that somebody typed."""
_OF_THE_SYSTEM = (errno.EACCES, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What making the index again would not mend."""


class Damaged(ValueError):
    """The engine gave up over a file of the index."""


@contextmanager
def no_panic() -> Iterator[None]:
    """Over some damage the engine panics, which Python knows as no Exception: raises Damaged instead."""
    try:
        yield
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise Damaged(str(error)) from None


def is_damage(error: Exception) -> bool:
    """Whether an error tells of damage to a file of the index."""
    return isinstance(error, Damaged) or (str(error).startswith(_BEGINNINGS) and not is_of_the_system(error))


def is_of_the_system(error: Exception) -> bool:
    """Whether the system is short of something, or forbids it: memory, descriptors, room, rights."""
    if isinstance(error, OSError) and error.errno in _OF_THE_SYSTEM:
        return True
    return any(f"code: {number}," in str(error) or f"os error {number})" in str(error) for number in _OF_THE_SYSTEM)
