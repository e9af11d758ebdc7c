"""How fast a service may be written to, told before it has to say so itself. Pure: whoever asks brings the time.

Telegram (https://core.telegram.org/bots/faq, "My bot is hitting limits"): about 30 messages a second in all, one a
second to a chat, 20 a minute to a group. A group's id is negative, and a channel is named by @name.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alerts.address import Address

_MOST_CHATS = 10_000
_SOON = 1e-6
"""A wait that is shorter is one of rounding: added to a clock, it might not move it."""


class _Window:
    """So many in any so many seconds."""

    def __init__(self, most: int, seconds: float) -> None:
        self._seconds = seconds
        self._sent: deque[float] = deque(maxlen=most)

    def wait(self, now: float) -> float:
        """Seconds until there may be one more."""
        full = len(self._sent) == self._sent.maxlen
        return max(0.0, self._sent[0] + self._seconds - now) if full else 0.0

    def take(self, now: float) -> None:
        self._sent.append(now)

    def is_over(self, now: float) -> bool:
        """Whether nothing that was sent counts any more."""
        return not self._sent or self._sent[-1] + self._seconds <= now


class Pacer:
    """Who may be written to now.

    Times are seconds of any clock that never runs backwards. One dispatcher has one; two on one account each know of
    their own messages only, and the service's `retry_after` settles it.
    """

    def __init__(self) -> None:
        self._all = _Window(30, 1)
        self._chats: dict[str, tuple[_Window, ...]] = {}
        self._held: dict[str, float] = {}

    def wait_for(self, address: Address, now: float) -> float:
        """Seconds until a channel may be written to. At 0 it may be, and is taken to be, now."""
        held = self._held.get(address.key, 0.0) - now
        if held > _SOON:
            return held
        self._held.pop(address.key, None)
        if address.kind != "telegram":
            return 0.0
        windows = (self._all, *self._of(address, now))
        wait = max(window.wait(now) for window in windows)
        if wait > _SOON:
            return wait
        for window in windows:
            window.take(now)
        return 0.0

    def hold(self, address: Address, seconds: float, now: float) -> None:
        """Keeps one channel back for as long as its service asked (`Outcome.retry_after`); no other waits for it."""
        self._held[address.key] = max(self._held.get(address.key, 0.0), now + seconds)

    def _of(self, address: Address, now: float) -> tuple[_Window, ...]:
        if len(self._chats) >= _MOST_CHATS:
            self._chats = {key: some for key, some in self._chats.items() if not all(one.is_over(now) for one in some)}
        if address.key not in self._chats:
            group = address.target.startswith(("-", "@"))
            self._chats[address.key] = (_Window(1, 1), _Window(20, 60)) if group else (_Window(1, 1),)
        return self._chats[address.key]
