"""What an attempt's outcome means for its message and its channel: when to try again, and when no more. Pure.

The plan is that of Standard Webhooks 1.0, for all channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from alerts.items import Outcome

PLAN: tuple[timedelta, ...] = (
    timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=5),
    timedelta(hours=10), timedelta(hours=14), timedelta(hours=20), timedelta(hours=24),
)  # fmt: skip
JITTER = 0.1
"""By what part a wait is longer at the most, so that those who failed together do not come back together."""
FAILING = timedelta(days=3)
"""After so long without one success a channel is paused."""
_LONGEST = timedelta(days=1)
"""No server may have us wait for longer by Retry-After."""
_WITHOUT_IDS = frozenset({"telegram", "apprise"})
"""Channels whose receivers cannot tell a repeat by its id: where nobody knows what came of a message, it is sent once
again, and no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """What is known before an attempt.

    Of the message, how often it failed and whether it may have arrived already; of the channel, of which `kind` it is,
    how often it failed in a row, and since when.
    """

    kind: str
    attempts: int = 0
    unknown: bool = False
    failures: int = 0
    failing_since: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What is to be done.

    The message ends (`sent`, `dead`) or is tried again at `due_at`. The channel rests until `not_before`; `pause` ends
    its use, `well` its failures; `failed` counts one more of them.
    """

    state: Literal["sent", "dead", "pending"]
    due_at: datetime | None = None
    not_before: datetime | None = None
    well: bool = False
    failed: bool = False
    pause: bool = False


def has_ids(kind: str) -> bool:
    """Whether receivers on this kind of channel can tell a repeat by its id."""
    return kind not in _WITHOUT_IDS


def judge(outcome: Outcome, past: Past, *, now: datetime, chance: float) -> Verdict:
    """What follows from an attempt; `chance` is from 0 to 1."""
    if outcome.end == "taken":
        return Verdict(state="sent", well=True)
    if outcome.end == "refused":  # whoever answers so is there
        return Verdict(state="dead", well=True)
    if outcome.end == "closed":
        return Verdict(state="dead", failed=True, pause=True)
    if outcome.moved_to:
        return Verdict(state="pending", due_at=now)
    paced = outcome.cause == "rate-limited" and outcome.retry_after is not None
    pause = past.failing_since is not None and now - past.failing_since >= FAILING
    if paced and not pause:
        until = now + _asked(outcome) * (1 + JITTER * chance)
        return Verdict(state="pending", due_at=until, not_before=until)
    if past.attempts >= len(PLAN) or (outcome.end == "unknown" and past.unknown and not has_ids(past.kind)):
        state: Literal["dead", "pending"] = "dead"
    else:
        state = "pending"
    return Verdict(
        state=state,
        due_at=now + _wait(past.attempts, outcome, chance) if state == "pending" else None,
        not_before=now + _wait(past.failures, outcome, chance), failed=True, pause=pause,
    )  # fmt: skip


def _wait(failures: int, outcome: Outcome, chance: float) -> timedelta:
    """How long to wait after a failure that had so many before it."""
    planned = PLAN[min(failures, len(PLAN) - 1)]
    return max(planned, _asked(outcome)) * (1 + JITTER * chance)


def _asked(outcome: Outcome) -> timedelta:
    return min(timedelta(seconds=max(outcome.retry_after or 0.0, 0.0)), _LONGEST)
