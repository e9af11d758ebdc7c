"""The sources that a scheduler looks after, with their listings as members of the agenda; and what they may spend."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from freshness import Budget, Member
from scraper import urls
from scraper.rhythm import DAY, beginning, minutes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from jobs import Batch
    from scraper.rhythm import Rhythm
    from scraper.sources import Source
    from storage.schedule import Key, Standing

FOR_EACH_SOURCE = 100
"""Requests a day for each source, where the operator set no budget: one in a quarter of an hour, which no portal feels.

Half of them are looks at listings: the 50 a day with which, in simulation, news waits 22 minutes on average."""
MOST_A_DAY = 1.5
"""What one day may take, of an average one: offices publish on five days of seven."""
_LOOKS_AT_FIRST, _LOOKS_AT_LEAST = 0.5, 0.1
"""What share of the requests are looks at listings: before it is known, and however little it seems."""


@dataclass(slots=True)
class Portal:
    """A source in the timetable: `members` are its listings in the agenda, by canonical address."""

    source: Source
    standing: Standing
    begun: bool
    """Its first crawl came to its end."""
    first_at: float = 0.0
    """When its first crawl may begin (minutes)."""
    members: dict[str, str] = field(default_factory=dict)
    alarm: datetime | None = None
    batch: Batch | None = None
    """What crawls it now, since when, and how many requests that may take."""
    started: datetime | None = None
    reserved: int = 0
    old_saved: float = 0.0
    """How many old pages it may ask again; and when that was reckoned (minutes)."""
    old_at: float = 0.0
    served: datetime | None = None
    """When its last crawl began: wishes from before that are fulfilled."""
    trouble: str = ""
    """Why its last crawl came to nothing."""

    @property
    def host(self) -> str:
        """The host that only one crawl at a time may have."""
        return urls.host(self.source.url)

    @property
    def hours(self) -> tuple[float, float] | None:
        """When it may be crawled, in minutes of a day."""
        if (hours := self.source.file.hours) is None:
            return None
        return hours.start.hour * 60.0 + hours.start.minute, hours.end.hour * 60.0 + hours.end.minute

    @property
    def wanted(self) -> bool:
        """Whether somebody asked for it, and it was not begun since."""
        wish = self.standing.wanted_at
        return wish is not None and (self.served is None or wish > self.served)

    def rests_until(self, now: float) -> float:
        """Until when it is left alone, for its host asked for it or it failed; `now` where it is not."""
        until = self.standing.not_before
        return max(minutes(until), now) if until else now


def listings(source: Source) -> dict[str, bool]:
    """A source's listings by canonical address, and whether each is but a check of those that lead."""
    return {source.canonical(one.url): one not in source.leading for one in source.sections}


def enrol(portal: Portal, rhythms: Mapping[Key, Rhythm], now: float) -> Iterator[tuple[str, Member]]:
    """A source's listings as members of the agenda, each with its name there; none before its first crawl."""
    portal.members = {}
    if not portal.begun:
        return
    for listing, check in listings(portal.source).items():
        name = f"{portal.source.id} {listing}"
        portal.members[listing] = name
        rhythm, last = rhythms.get((portal.source.id, listing)), None
        if rhythm is None:
            rhythm = beginning(now, check=check)
        else:
            last = rhythm.at = min(rhythm.at, now)  # a clock that was wrong once must not silence it
        member = Member(host=portal.host, source=portal.source.id, rhythm=rhythm, last=last, hours=portal.hours)
        member.not_before = portal.rests_until(now)
        yield name, member


def limits(
    portals: Mapping[str, Portal], standings: Mapping[str, Standing], now: float, *, a_day: int | None
) -> Budget:
    """What polls may spend; how much of it looks at listings take is what they took in the last seven days."""
    in_all = float(a_day or FOR_EACH_SOURCE * max(len(portals), 1))
    lately = [
        counts
        for one in standings.values()
        for day, counts in one.spent.items()
        if now // DAY - 7 <= int(day) <= now // DAY
    ]
    requests, looks = (sum(counts[place] for counts in lately) for place in (0, 1))
    share = max(looks / requests, _LOOKS_AT_LEAST) if requests else _LOOKS_AT_FIRST
    own = {name: float(one.source.file.budget) for name, one in portals.items() if one.source.file.budget}
    return Budget(a_day=in_all, most_a_day=MOST_A_DAY * in_all, share=min(share, 1.0), of_source=own)


def spent(standings: Mapping[str, Standing]) -> dict[int, int]:
    """Requests by day that polls of all sources took."""
    told: dict[int, int] = {}
    for one in standings.values():
        for day, counts in one.spent.items():
            told[int(day)] = told.get(int(day), 0) + counts[0]
    return told
