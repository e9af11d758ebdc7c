"""Which source is crawled when: the scheduler's decisions, which know no timer and no process.

Whoever drives it (`scheduler`, or a test with a clock of its own) gives it a clock, alarms to set, and jobs to start;
calls `due` when an alarm rings, and `tick` every few seconds. How often a listing is worth a look is
`freshness.Agenda`'s to say; what is due stands in the database (`storage.schedule`), so that nothing is lost when this
process ends. Every write makes sure first that this scheduler still leads (`storage.leases`).
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol
from zlib import crc32

from sqlalchemy.exc import DBAPIError

import aftermath
import reasons
from freshness import Agenda, Budget, opens
from jobs import Batch, Ended
from roster import Portal, enrol, limits, listings, spent
from scraper.rhythm import DAY, minutes, moment
from storage import leases, schedule
from storage.schedule import Due, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from aftermath import Came
    from freshness import Member
    from scraper.rhythm import Rhythm
    from scraper.sources import Source
    from storage.database import Database
    from storage.leases import Grant

log = logging.getLogger("congtin.scheduler")

OLD_PAGES = 0.2
"""The share of the budget that goes to old pages, for silent edits and withdrawals."""
TOGETHER = 1.0
"""Minutes: what is due within them is crawled together."""
MOST_TOGETHER = 6
_FEWEST = 3
"""Requests that a poll needs to be worth its robots.txt."""
_SPREAD, _SPREAD_OF_EACH = 60.0, 2.0
"""Seconds over which polls that are due at one time are spread, at most and for each source: plans are made in slots of
ten minutes, some portals share a server, and all of them our line."""
_CATCH_UP, _CATCH_UP_WITHIN = 0.25, 15.0
"""Minutes between two sources that are overdue when the scheduler starts, and within which all are begun."""
_FIRST_CRAWLS = 1.0
"""Minutes between two new sources' first crawls."""


class Jobs(Protocol):
    """Where crawls run."""

    @property
    def room(self) -> int:
        """How many more crawls may be started."""

    def start(self, batch: Batch, ended: Callable[[Batch, Ended], None]) -> None:
        """Starts a crawl; `ended` is called when it is over, and never before this returns."""


class Alarms(Protocol):
    """One alarm for each source; whoever keeps them calls `Timetable.due` when one rings."""

    def set(self, source: str, at: datetime) -> None:
        """Sets a source's alarm, in place of the one that it had."""

    def drop(self, source: str) -> None:
        """Takes a source's alarm away, if it has one."""


class Timetable:
    """The sources that may be crawled, and when each is due."""

    def __init__(
        self,
        database: Database,
        grant: Grant,
        *,
        catalogue: Callable[[], Iterable[Source]],
        jobs: Jobs,
        alarms: Alarms,
        clock: Callable[[], datetime],
        budget: int | None = None,
    ) -> None:
        self._database = database
        self._grant = grant
        self._catalogue = catalogue
        self._jobs = jobs
        self._alarms = alarms
        self._clock = clock
        self._budget = budget
        self._ready: set[str] = set()
        self._stale = False
        self._unsettled: list[tuple[Batch, Ended]] = []
        self.portals: dict[str, Portal] = {}
        self.agenda = Agenda({}, Budget(a_day=1, most_a_day=1), now=self._now())

    def begin(self) -> None:
        """Takes everything up where the database says it stands; what is overdue is caught up with, spread out."""
        self._load()
        now = self._now()
        overdue = [one for one in self.portals.values() if one.begun and self._when(one, now)[0] <= now]
        step = min(_CATCH_UP, _CATCH_UP_WITHIN / max(len(overdue), 1))
        for place, portal in enumerate(sorted(overdue, key=self._hope, reverse=True)):
            self._set(portal, now + place * step)

    def reload(self) -> None:
        """Says that the catalogue has changed; the next tick reads it."""
        self._stale = True

    def due(self, source: str) -> None:
        """A source's alarm has rung."""
        if source in self.portals:
            self._ready.add(source)
            self._dispatch()

    def tick(self) -> None:
        """Notices what others did: wishes, crawls by hand, sources that came and went; plans anew where it is time."""
        unsettled, self._unsettled = self._unsettled, []
        for batch, told in unsettled:
            self.ended(batch, told)
        self._settle_early()
        with self._database.reading() as session:
            standings, looked, begun = schedule.standings(session), schedule.looked(session), schedule.begun(session)
        if self._stale or any(one.batch is None and one.begun < (name in begun) for name, one in self.portals.items()):
            self._load()
        news = {source for (source, listing), at in looked.items() if self._is_news(source, listing, minutes(at))}
        news = {source for source in news if self.portals[source].batch is None}
        if news:  # somebody has crawled them by hand
            with self._database.reading() as session:
                rhythms = schedule.rhythms(session, news)
            for (source, listing), rhythm in rhythms.items():
                self._learned(source, {listing: rhythm})
        now = self._now()
        if self.agenda.review(now):
            self._set_all()
        for name, portal in self.portals.items():
            portal.standing = standings.get(name, portal.standing)
            if portal.batch is None and name in news:
                self._set(portal)
            # No alarm rings for a wish, nor where the clock was set forward.
            if portal.batch is None and (portal.wanted or (portal.alarm and minutes(portal.alarm) <= now)):
                self._ready.add(name)
        self._dispatch()

    def ended(self, batch: Batch, told: Ended) -> None:
        """A crawl is over."""
        self._settle(batch, told, batch.sources)

    def _settle(self, batch: Batch, told: Ended, sources: Iterable[str]) -> None:
        """The crawl of some of a batch's sources is over."""
        mine = [self.portals[name] for name in sources if name in self.portals]
        try:
            with self._writing() as session:
                came = [(one, self._came(session, one, batch, told)) for one in mine if one.batch is batch]
        except DBAPIError as error:
            log.warning("what came of %s cannot be noted now: %s", ", ".join(batch.sources), error.orig)
            self._unsettled.append((batch, told))
            return
        for portal, what in came:
            self._after(portal, batch, what)
        if self._stale:  # a first crawl came to its end
            self._load()
        self._dispatch()

    def _came(self, session: Session, portal: Portal, batch: Batch, told: Ended) -> Came:
        name = portal.source.id
        return aftermath.settle(
            session, portal, batch, told, now=self._clock(), is_news=lambda one, at: self._is_news(name, one, at)
        )

    def _settle_early(self) -> None:
        """Settles the sources whose runs are closed, though the crawl of others in their batch goes on."""
        several = [one for one in self.portals.values() if one.batch and len(one.batch.sources) > 1]
        if not several:
            return
        with self._database.reading() as session:
            over = [one for one in several if schedule.is_over(session, one.source.id, since=one.started)]
        for portal in over:
            assert portal.batch is not None
            self._settle(portal.batch, Ended(code=0), [portal.source.id])

    # The table and the catalogue

    def _load(self) -> None:
        """Reads the catalogue and the table, and plans."""
        self._stale = False
        now = self._now()
        sources = {source.id: source for source in self._catalogue()}
        with self._database.reading() as session:
            rhythms, standings, begun = schedule.rhythms(session), schedule.standings(session), schedule.begun(session)
        before, self.portals = self.portals, {}
        members: dict[str, Member] = {}
        firsts = 0
        for name, source in sorted(sources.items()):
            portal = before.get(name) or Portal(source=source, standing=Standing(spent={}), begun=False)
            portal.source, portal.begun = source, name in begun
            portal.standing = standings.get(name, portal.standing)
            self.portals[name] = portal
            members.update(enrol(portal, rhythms, now))
            if not portal.begun and not portal.first_at:
                portal.first_at = now + firsts * _FIRST_CRAWLS
                firsts += 1
        budget = limits(self.portals, standings, now, a_day=self._budget)
        self.agenda = Agenda(members, budget, now=now, spent=spent(standings), price=self.agenda.price)
        gone = [name for name in {*before, *standings} if name not in sources]
        with self._writing() as session:
            schedule.forget(session, gone)
            for name, portal in self.portals.items():
                schedule.drop_listings(session, name, listings(portal.source))
        for name in gone:
            self._alarms.drop(name)
        self._set_all()

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        """A transaction of whoever leads. Raises Lost."""
        with self._database.writing() as session:
            leases.check(session, self._grant)
            yield session

    # When

    def _now(self) -> float:
        return minutes(self._clock())

    def _hope(self, portal: Portal) -> float:
        """How many new entries a source is expected to have: where most wait, we look first."""
        now = self._now()
        members = [self.agenda.members[name] for name in portal.members.values()]
        return sum(one.rhythm.rate * (now - (one.last or now)) for one in members)

    def _when(self, portal: Portal, now: float) -> tuple[float, str | None]:
        """When a source is due (minutes), and which member of the agenda makes it so."""
        if portal.wanted:
            return now, None
        if not portal.begun:
            return opens(portal.hours, max(portal.first_at, portal.rests_until(now))), None
        found = self.agenda.when(portal.members.values(), now)
        assert found is not None  # a source has sections
        at, name = found
        if at // DAY == now // DAY and self._left(now) < min(_FEWEST, self.agenda.budget.most_a_day):
            at = opens(portal.hours, (now // DAY + 1) * DAY)
        return at, name

    def _left(self, now: float) -> float:
        """How many requests polls may still make today, besides those that run."""
        return self.agenda.left(now) - sum(one.reserved for one in self.portals.values())

    def _set_all(self) -> None:
        with self._writing() as session:
            for portal in self.portals.values():
                if portal.batch is None:
                    self._set_in(session, portal)

    def _set(self, portal: Portal, at: float | None = None) -> None:
        with self._writing() as session:
            self._set_in(session, portal, at)

    def _set_in(self, session: Session, portal: Portal, at: float | None = None) -> None:
        """Sets a source's alarm, and notes it in the table."""
        now = self._now()
        due, name = self._when(portal, now)
        if at is None:
            spread = min(_SPREAD, _SPREAD_OF_EACH * len(self.portals)) if portal.begun and not portal.wanted else 0.0
            at = due + spread / 60 * crc32(portal.source.id.encode()) / 2**32
        portal.alarm = moment(at)
        self._alarms.set(portal.source.id, portal.alarm)
        every = {listing: self.agenda.interval(one) for listing, one in portal.members.items()}
        shortest = min((one for one in every.values() if one), default=None)
        why = reasons.of_source(portal, self.agenda, name, now)
        told = {
            listing: Due(
                at=moment(self.agenda.members[one].due), interval_minutes=every[listing],
                why=reasons.of_listing(portal.source, listing, one, self.agenda),
            )
            for listing, one in portal.members.items()
        }  # fmt: skip
        schedule.write(session, portal.source.id, Due(at=portal.alarm, interval_minutes=shortest, why=why), told)

    # What runs

    def _dispatch(self) -> None:
        """Starts what is due, as far as there is room for it."""
        while self._jobs.room > 0 and (batch := self._batch()):
            for name in batch.sources:
                portal = self.portals[name]
                portal.batch, portal.started, portal.reserved = batch, self._clock(), batch.most or 0
                self._ready.discard(name)
                self._alarms.drop(name)
            log.info("%s: %s", ", ".join(batch.sources), "a whole crawl" if batch.whole else "a poll")
            self._jobs.start(batch, self.ended)

    def _batch(self) -> Batch | None:
        """What is to be started next: wishes first, then what has been due longest; None where nothing may be."""
        now = self._now()
        hosts = {one.host for one in self.portals.values() if one.batch}
        whole_ones = any(one.batch and one.batch.whole for one in self.portals.values())
        chosen: list[Portal] = []
        for portal in self._waiting(now):
            if portal.host in hosts or len(chosen) == MOST_TOGETHER:
                continue
            if portal.wanted or not portal.begun:
                # It may take hours, and polls must have room beside it; what somebody waits for need not wait.
                if not chosen and (portal.wanted or not whole_ones):
                    return Batch(sources=(portal.source.id,), whole=True, keep_hours=not portal.wanted)
                continue
            chosen.append(portal)
            hosts.add(portal.host)
        return self._poll(chosen, now) if chosen else None

    def _waiting(self, now: float) -> list[Portal]:
        """The sources that may be begun now, in the order in which they are: those called, and those all but due."""
        waiting: list[tuple[tuple[bool, bool, float], Portal]] = []
        for name, portal in self.portals.items():
            called = name in self._ready
            if portal.batch or not (called or portal.alarm):
                continue
            at, _ = self._when(portal, now)
            alarm = minutes(portal.alarm) if portal.alarm else now
            if at <= now + TOGETHER and (called or (portal.begun and at <= now and alarm <= now + TOGETHER)):
                waiting.append(((not portal.wanted, not called, alarm), portal))
            elif called:  # a budget was spent since, or somebody has looked by hand
                self._ready.discard(name)
                self._set(portal)
        waiting.sort(key=lambda one: one[0])
        return [portal for (_, uncalled, _), portal in waiting if not uncalled or not waiting[0][0][1]]

    def _poll(self, portals: list[Portal], now: float) -> Batch:
        wanted: list[str] = []
        for portal in portals:
            checks = listings(portal.source)
            mine = [one for one, name in portal.members.items() if self.agenda.members[name].due <= now + TOGETHER]
            if any(checks[one] for one in mine):
                # A check is to find what its leader has not: they are looked at together.
                mine += [one for one in portal.members if not checks[one] and one not in mine]
            wanted += mine
        return Batch(
            sources=tuple(portal.source.id for portal in portals), listings=tuple(wanted),
            old=self._old_pages(portals, now), most=max(int(self._left(now) / (len(portals) + 1)), 1),
            keep_hours=True,
        )  # fmt: skip

    def _old_pages(self, portals: list[Portal], now: float) -> int:
        """How many old pages each of these sources may ask again: what has been saved for it since the last poll."""
        a_day = OLD_PAGES * self.agenda.budget.a_day / len(self.portals)
        for portal in portals:
            portal.old_saved = min(portal.old_saved + a_day * (now - (portal.old_at or now)) / DAY, a_day)
            portal.old_at = now
        old = int(sum(portal.old_saved for portal in portals) / len(portals))
        for portal in portals:
            portal.old_saved -= old
        return old

    # What came of it

    def _after(self, portal: Portal, batch: Batch, came: Came) -> None:
        """Sets the next alarm by what a crawl came to."""
        now, name = self._now(), portal.source.id
        portal.served = portal.served if came.held else portal.started
        portal.batch, portal.started, portal.reserved = None, None, 0
        portal.standing, portal.trouble = came.standing, "" if came.good else came.cause
        self.agenda.spend(now, came.requests)
        wait = now + came.pause
        for listing, member in portal.members.items():
            rhythm = came.learned.get(listing)
            if (listing in batch.listings or batch.whole) and not (rhythm and self._is_news(name, listing, rhythm.at)):
                self.agenda.wait([member], wait)  # it was asked for, and not seen
        self._learned(name, came.learned)
        if portal.rests_until(now) > now:
            self.agenda.wait(portal.members.values(), portal.rests_until(now))
        if not portal.begun:
            portal.first_at = wait
            self._stale = self._stale or came.good
        self._set(portal)
        said = f" ({portal.trouble})" if portal.trouble else ""
        log.info("%s: %s%s; next at %s", name, came.verdict, said, f"{portal.alarm:%d/%m %H:%M}")

    def _is_news(self, source: str, listing: str, at: float) -> bool:
        """Whether a look at a listing is later than the last that we know of."""
        portal = self.portals.get(source)
        member = portal and portal.members.get(listing)
        if not member:
            return False
        last = self.agenda.members[member].last
        return at <= self._now() and (last is None or at > last)  # no look was had in the future

    def _learned(self, source: str, learned: Mapping[str, Rhythm]) -> None:
        portal = self.portals[source]
        for listing, rhythm in learned.items():
            if self._is_news(source, listing, rhythm.at):
                self.agenda.looked(portal.members[listing], min(rhythm.at, self._now()), rhythm)
