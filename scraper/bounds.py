"""How much of one document is read. Pure but for a clock that is handed over."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_PAGES = 5_000
MOST_LETTERS = 2_000_000
"""The text of some eight hundred pages: more than any decision and its annexes have, and little enough to keep."""
MOST_BYTES = 64 * 1024 * 1024
"""What the parts of one file may unfold to."""
SECONDS = 20.0


@dataclass(kw_only=True)
class Bounds:
    """What one document may still cost. Its reader asks before each page, and hands each page's text over.

    `why` says what came to its end first; it is empty while nothing has.
    """

    pages: int = MOST_PAGES
    letters: int = MOST_LETTERS
    unfolded: int = MOST_BYTES
    seconds: float = SECONDS
    clock: Callable[[], float] = time.monotonic
    why: str = ""
    _until: float = field(init=False)

    def __post_init__(self) -> None:
        self._until = self.clock() + self.seconds

    def spent(self) -> bool:
        """Whether no further page is to be read."""
        if not self.why and self.clock() > self._until:
            self.why = f"it takes more than {self.seconds:g} s"
        return bool(self.why)

    def page(self, said: str) -> str:
        """A page's text, as much of it as is to be kept."""
        kept = said[: self.letters]
        self.letters -= len(kept)
        self.pages -= 1
        if len(kept) < len(said) or not self.letters:
            self.why = self.why or "its text is too long"
        elif not self.pages:
            self.why = self.why or "it has too many pages"
        return kept
