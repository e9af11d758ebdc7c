"""When what a watch is to hear of is handed over, and in how many messages. Pure: whoever asks says what time it is.

Hours and days are those of Việt Nam, which has had one offset since 1975 and no summer time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from scraper.items import VIETNAM

if TYPE_CHECKING:
    from alerts.items import Every

_DAYS = {"day": 1, "week": 7}
FLAPPING = frozenset({
    "article.changed", "article.gone", "article.returned", "document.changed", "procedure.changed", "source.ill",
    "source.recovered",
})  # fmt: skip
"""Kinds of event that one record may have over and over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """From where on many events become one message.

    A watch has at most `singles` messages of one event each on a channel within `window`; what comes above that is one
    digest, and no other digest of that sort before `pause` is over. Of one record that flaps, `flaps` events within
    `flapping` are told as they come; the others wait for the next digest's hour.
    """

    singles: int = 20
    window: timedelta = timedelta(hours=1)
    pause: timedelta = timedelta(minutes=10)
    flaps: int = 3
    flapping: timedelta = timedelta(days=1)


LIMITS = Limits()


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """How often a watch wants to hear: its digests' hour and weekday (Monday is 0), and the hours in which it is quiet.

    The quiet hours (from, until) may go over midnight; the first one belongs to them, the last one does not.
    """

    every: Every = "now"
    hour: int = 7
    weekday: int = 0
    quiet: tuple[int, int] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """What a watch has for a channel: `events` that are ready; since when the first of them waits, and of no news.

    `held` says that some of the events were held back because a record flaps.
    """

    events: int = 0
    since: datetime | None = None
    held: bool = False
    noted_since: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Recent:
    """Messages that a watch had on a channel: of one event within the window, and when the last digest was made."""

    singles: int = 0
    digest_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """A message for each event, one `digest` for all that wait, or nothing before `at`."""

    do: Literal["singles", "digest", "wait"]
    at: datetime


def after_quiet(rhythm: Rhythm, at: datetime) -> datetime:
    """The first moment from `at` on that is not in the quiet hours.

    >>> rhythm = Rhythm(quiet=(22, 6))
    >>> str(after_quiet(rhythm, datetime(2026, 2, 16, 23, 30, tzinfo=VIETNAM)).astimezone(VIETNAM))
    '2026-02-17 06:00:00+07:00'
    """
    if rhythm.quiet is None:
        return at
    begin, end = rhythm.quiet
    local = at.astimezone(VIETNAM)
    if not (local.hour - begin) % 24 < (end - begin) % 24:
        return at
    return next_hour(local, end).astimezone(UTC)


def next_digest(rhythm: Rhythm, since: datetime) -> datetime:
    """When the digest is due that tells of what came at `since`: at its hour, later than that."""
    local = since.astimezone(VIETNAM)
    due = next_hour(local, rhythm.hour)
    if rhythm.every == "week":
        due += timedelta(days=(rhythm.weekday - due.weekday()) % _DAYS["week"])
    return after_quiet(rhythm, due.astimezone(UTC))


def next_hour(local: datetime, hour: int) -> datetime:
    """The next time that a clock shows this full hour, later than `local`."""
    due = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return due if due > local else due + timedelta(days=1)


def decide(rhythm: Rhythm, waiting: Waiting, recent: Recent, *, now: datetime, limits: Limits = LIMITS) -> Decision:
    """What is to be made of what waits. There must be something."""
    due, digest = _due(rhythm, waiting, recent, now, limits)
    if due > now:
        return Decision(do="wait", at=due)
    if (until := after_quiet(rhythm, now)) > now:
        return Decision(do="wait", at=until)
    return Decision(do="digest" if digest else "singles", at=now)


def _due(rhythm: Rhythm, waiting: Waiting, recent: Recent, now: datetime, limits: Limits) -> tuple[datetime, bool]:
    """When something is due, and whether in one message. What is no news waits for a digest's hour, if it is alone."""
    if waiting.since is None:
        assert waiting.noted_since is not None  # there is something
        return next_digest(rhythm, waiting.noted_since), True
    if rhythm.every != "now":
        return next_digest(rhythm, waiting.since), True
    if waiting.events <= limits.singles - recent.singles and not waiting.held:
        return waiting.since, False
    if recent.digest_at is None:
        return now, True
    return recent.digest_at + limits.pause, True
