"""How fast a service may be written to, told before it has to say so itself. Pure: whoever asks brings the time.

Telegram (https://core.telegram.org/bots/faq, "My bot is hitting limits"): about 30 messages a second in all, one a
second to a chat, 20 a minute to a group. A group's id is negative, and a channel is named by @name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alerts.address import Address

_MOST_BUCKETS = 10_000


@dataclass(slots=True)
class _Bucket:
    """So many at once, and then one each `interval` seconds. `full_at` is when it has all of them again."""

    burst: int
    interval: float
    full_at: float = 0.0

    def wait(self, now: float) -> float:
        """Seconds until there is one to take."""
        return max(0.0, self.full_at - now - (self.burst - 1) * self.interval)

    def take(self, now: float) -> None:
        self.full_at = max(self.full_at, now) + self.interval


class Pacer:
    """Who may be written to now.

    Times are seconds of any clock that never runs backwards. One dispatcher has one; two on one account each know of
    their own messages only, and the service's `retry_after` settles it.
    """

    def __init__(self) -> None:
        self._all = _Bucket(30, 1 / 30)
        self._chats: dict[str, tuple[_Bucket, ...]] = {}
        self._held: dict[str, float] = {}

    def wait_for(self, address: Address, now: float) -> float:
        """Seconds until a channel may be written to. At 0 it may be, and is taken to be, now."""
        held = self._held.get(address.key, 0.0) - now
        if held > 0:
            return held
        self._held.pop(address.key, None)
        if address.kind != "telegram":
            return 0.0
        buckets = (self._all, *self._of(address, now))
        wait = max(bucket.wait(now) for bucket in buckets)
        if wait <= 0:
            for bucket in buckets:
                bucket.take(now)
        return wait

    def hold(self, address: Address, seconds: float, now: float) -> None:
        """Keeps one channel back for as long as its service asked (`Outcome.retry_after`); no other waits for it."""
        self._held[address.key] = max(self._held.get(address.key, 0.0), now + seconds)

    def _of(self, address: Address, now: float) -> tuple[_Bucket, ...]:
        if len(self._chats) >= _MOST_BUCKETS:  # those that are full again say nothing
            self._chats = {key: some for key, some in self._chats.items() if any(one.full_at > now for one in some)}
        if address.key not in self._chats:
            group = address.target.startswith(("-", "@"))
            self._chats[address.key] = (_Bucket(1, 1.0), _Bucket(20, 3.0)) if group else (_Bucket(1, 1.0),)
        return self._chats[address.key]
