"""The scheduler's decisions over days, with a clock, alarms and crawls of our own."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from jobs import Batch, Ended
from roster import listings
from scraper.config import Config
from scraper.items import VIETNAM
from scraper.rhythm import Look, minutes, moment
from spiders.loader import catalogue
from storage import leases, schedule
from storage.database import Database
from storage.models import Run
from storage.schedule_tables import ListingRhythm, SourceSchedule
from timetable import Timetable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MONDAY = datetime(2026, 3, 2, 7, 0, tzinfo=VIETNAM)
TAKES = timedelta(seconds=40)
PORTAL = """
name = "Sở {name}"
url = "https://{name}.example.vn/"
platform = "sharepoint"
sections.news = ["/tin-tuc", "/thong-bao"]
{extra}
"""


@dataclass
class World:
    """A clock, alarms that ring by it, and crawls that find what the portals published."""

    folder: Path
    now: datetime = MONDAY
    places: int = 2
    verdicts: Callable[[str, datetime], str | None] = lambda _source, _at: "healthy"
    rate: float = 4.0
    requests: int = 2
    alarms: dict[str, datetime] = field(default_factory=dict)
    running: list[tuple[datetime, int, Batch, Callable[[Batch, Ended], None]]] = field(default_factory=list)
    begun: list[tuple[datetime, Batch]] = field(default_factory=list)
    budget: int | None = None

    def __post_init__(self) -> None:
        self.config = Config(data=self.folder, database_url=f"sqlite:///{self.folder}/c.db", sources=self.folder / "s")
        self.config.sources.mkdir()
        self.database = Database(self.config)
        self.chance = random.Random(7)
        self.names: list[str] = []
        self.hand_over()

    def source(self, name: str, extra: str = "") -> None:
        (self.config.sources / f"{name}.toml").write_text(PORTAL.format(name=name, extra=extra), "utf-8")
        self.names = sorted({*self.names, name})

    def sources(self) -> list[Any]:
        every = catalogue(self.config)
        return [source for name in self.names if not (source := every.load(name)).file.paused]

    def hand_over(self) -> None:
        """Another scheduler begins, and knows only what the database says."""
        self.alarms.clear()
        with self.database.writing() as session:
            for lease in session.scalars(select(leases.Lease)):
                lease.holder = ""
            session.flush()
            self.grant = leases.acquire(session, "scheduler", now=self.now)
        self.table = Timetable(
            self.database, self.grant, catalogue=self.sources, jobs=self, alarms=self, clock=lambda: self.now,
            budget=self.budget,
        )  # fmt: skip

    # Alarms and jobs, as the timetable knows them

    def set(self, source: str, at: datetime) -> None:
        self.alarms[source] = at

    def drop(self, source: str) -> None:
        self.alarms.pop(source, None)

    @property
    def room(self) -> int:
        return self.places - len(self.running)

    def start(self, batch: Batch, ended: Callable[[Batch, Ended], None]) -> None:
        self.begun.append((self.now, batch))
        heapq.heappush(self.running, (self.now + TAKES, len(self.begun), batch, ended))

    def crawled(self, source: str, batch: Batch, at: datetime) -> bool:
        """What a crawl leaves in the database; whether it could begin."""
        verdict = self.verdicts(source, at)
        if verdict == "held":
            return False
        loaded = catalogue(self.config).load(source)
        with self.database.writing() as session:
            first = source not in schedule.begun(session)
            session.add(
                Run(
                    source=source, origin="backfill" if first else "poll", opened_at=at - TAKES,
                    closed_at=at if verdict else None, verdict=verdict, cause="so it went",
                    completed=verdict == "healthy",
                    report={"requests": self.requests, "holder": ""},
                )
            )  # fmt: skip
            session.flush()
            if verdict != "healthy":
                return True
            known = schedule.rhythms(session, [source])
            looks = []
            for listing, check in listings(loaded).items():
                if batch.whole or listing in batch.listings:
                    last = known.get((source, listing))
                    days = (minutes(at) - last.at) / 1440 if last else 0.0
                    count = 0 if check else round(self.rate * days + self.chance.random() - 0.5)
                    looks.append(Look(listing=listing, at=minutes(at), count=max(count, 0), check=check))
            schedule.learn(session, source, looks, schedule.clocks_of(session, source), first=first)
        return True

    def run(self, until: datetime, *, tick: timedelta = timedelta(minutes=5)) -> None:
        """Lets time pass."""
        ticks = self.now
        while True:
            ring = min(self.alarms.items(), key=lambda one: one[1], default=(None, until))
            end = self.running[0][0] if self.running else until
            self.now = max(self.now, min(ring[1], end, ticks, until))
            if self.now >= until:
                return
            if self.running and end <= self.now:
                _, _, batch, ended = heapq.heappop(self.running)
                can = [self.crawled(source, batch, self.now) for source in batch.sources]
                ended(batch, Ended(code=0 if all(can) else 4))
            elif ring[0] and ring[1] <= self.now:
                self.drop(ring[0])
                self.table.due(ring[0])
            else:
                self.table.tick()
                ticks = self.now + tick

    def of(self, source: str) -> list[datetime]:
        return [at for at, batch in self.begun if source in batch.sources]

    def row(self, source: str) -> SourceSchedule:
        with self.database.reading() as session:
            return session.get_one(SourceSchedule, source)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.database.close()


def grown(world: World, *names: str, extra: str = "") -> World:
    """With sources that had their first crawls."""
    for name in names:
        world.source(name, extra)
    world.table.begin()
    world.run(world.now + timedelta(minutes=30))
    assert {name for name in names if world.of(name)} == set(names)
    return world


def test_days_of_polls_keep_to_budget_hosts_and_the_daily_look(world: World) -> None:
    world.budget = 120
    world.hand_over()
    grown(world, "mot", "hai", "ba")
    world.run(MONDAY + timedelta(days=3), tick=timedelta(minutes=20))
    polls = [(at, batch) for at, batch in world.begun if not batch.whole]
    a_day = Counter((at.date(), source) for at, batch in polls for source in batch.sources)
    by_day = Counter(at.date() for at, batch in polls for _ in batch.sources)
    assert all(count * world.requests <= 120 * 1.5 for count in by_day.values())
    assert sum(by_day.values()) * world.requests <= 3 * 120 * 1.1
    assert min(count for (day, _), count in a_day.items() if day < world.now.date()) >= 3
    for source in world.names:
        looks = [minutes(at) for at in world.of(source)]
        assert max(b - a for a, b in pairwise(looks)) <= 1440 + 15
        assert min(b - a for a, b in pairwise(looks)) >= TAKES.total_seconds() / 60
    with world.database.reading() as session:
        for row in session.scalars(select(ListingRhythm)):
            assert minutes(row.looked_at) >= minutes(world.now) - 1440 - 15
            assert row.why
            assert row.interval_minutes is not None


def test_a_first_crawl_is_whole_and_teaches_nothing(world: World) -> None:
    world.rate = 50
    grown(world, "mot", "hai")
    first = {source: batch for _, batch in reversed(world.begun) for source in batch.sources}
    assert all(batch.whole and not batch.listings and batch.most is None for batch in first.values())
    with world.database.reading() as session:
        assert {round(one.rate, 3) for one in schedule.rhythms(session).values()} == {1.0}


def test_the_hub_is_polled_and_its_sections_are_checks(world: World) -> None:
    grown(world, "mot", extra='hub = "/moi-nhat"')
    world.run(MONDAY + timedelta(days=4), tick=timedelta(hours=2))
    polls = [listing for _, batch in world.begun for listing in batch.listings]
    counted = Counter(listing.rpartition("/")[2] for listing in polls)
    assert counted["moi-nhat"] > 4 * counted["tin-tuc"] >= 4
    for _, batch in world.begun:  # a check is had together with its leader
        assert batch.whole or any(one.endswith("moi-nhat") for one in batch.listings)


def test_after_downtime_each_source_is_caught_up_with_once_and_spread(world: World) -> None:
    names = [f"p{number}" for number in range(12)]
    grown(world, *names)
    world.run(MONDAY + timedelta(hours=2))
    world.running.clear()
    world.now += timedelta(hours=30)
    world.hand_over()
    world.begun.clear()
    back = world.now
    world.table.begin()
    world.run(back + timedelta(minutes=16))
    caught = Counter(
        source for at, batch in world.begun for source in batch.sources if at < back + timedelta(minutes=8)
    )
    assert caught == Counter(names)
    assert len({at for at, _ in world.begun}) > 1
    assert max(len(batch.sources) for _, batch in world.begun) <= 6


def test_failures_are_left_alone_for_longer_and_longer_up_to_a_day(world: World) -> None:
    grown(world, "mot")
    world.begun.clear()
    world.verdicts = lambda _source, _at: "failed"
    start = world.now
    world.run(start + timedelta(days=5), tick=timedelta(minutes=30))
    looks = [minutes(at) for at in world.of("mot")]
    pauses = [b - a for a, b in pairwise(looks)]
    assert all(b >= a * 1.5 for a, b in pairwise(pauses[:6]))
    assert max(pauses) < 1440 + 15
    assert world.row("mot").failures == len(looks)
    assert "failed" in world.row("mot").why
    world.verdicts = lambda _source, _at: "healthy"
    world.run(world.now + timedelta(days=2))
    assert world.row("mot").failures == 0


def test_a_run_that_was_killed_is_closed_and_had_again(world: World) -> None:
    grown(world, "mot")
    world.verdicts = lambda _source, _at: None
    before = len(world.begun)
    world.run(world.now + timedelta(hours=8))
    world.verdicts = lambda _source, _at: "healthy"
    world.run(world.now + timedelta(hours=12))
    with world.database.reading() as session:
        runs = session.scalars(select(Run).order_by(Run.id)).all()
    assert len(world.begun) > before + 1
    assert "healthy" in [run.verdict for run in runs[before:]]


def test_a_host_that_another_crawl_has_is_asked_again_soon_and_no_failure(world: World) -> None:
    grown(world, "mot")
    world.verdicts = lambda _source, _at: "held"
    world.run(world.now + timedelta(hours=20))
    before = len(world.begun)
    world.run(world.now + timedelta(minutes=30))
    assert len(world.begun) - before > 5
    assert world.row("mot").failures == 0


def test_what_somebody_asks_for_goes_first_and_whole(world: World) -> None:
    grown(world, "mot", "hai")
    with world.database.writing() as session:
        schedule.want(session, "hai", at=world.now)
    before = len(world.begun)
    world.run(world.now + timedelta(minutes=6))
    _, batch = world.begun[before]
    assert batch == Batch(sources=("hai",), whole=True)
    assert world.row("hai").wanted_at is None
    world.run(world.now + timedelta(minutes=6))
    assert [one for _, one in world.begun[before:] if one.whole] == [batch]


def test_a_wish_does_not_wait_for_hours_or_budget(world: World) -> None:
    grown(world, "mot", extra='hours = { from = "01:00", to = "08:00" }')
    world.run(MONDAY + timedelta(hours=5))
    with world.database.writing() as session:
        schedule.want(session, "mot", at=world.now)
    before = len(world.begun)
    world.run(world.now + timedelta(minutes=10))
    assert len(world.begun) == before + 1


def test_hours_are_kept(world: World) -> None:
    world.source("mot", 'hours = { from = "22:00", to = "05:30" }')
    world.table.begin()
    world.run(MONDAY + timedelta(days=3))
    times = [at.hour * 60 + at.minute for at in world.of("mot")]
    assert len(times) > 6
    assert all(time >= 22 * 60 or time <= 5 * 60 + 31 for time in times)


def test_sources_come_go_and_pause_while_it_runs(world: World) -> None:
    grown(world, "mot", "hai")
    world.source("ba")
    world.source("mot", "paused = true")
    world.table.reload()
    world.run(world.now + timedelta(hours=1))
    assert world.of("ba")
    assert "mot" not in world.table.portals
    row = world.row("mot")
    assert (row.next_due, row.why) == (None, "paused, or not in the catalogue any more")
    before = len(world.of("mot"))
    world.run(world.now + timedelta(days=1))
    assert len(world.of("mot")) == before


def test_a_host_that_asks_for_a_pause_gets_it(world: World) -> None:
    grown(world, "mot")
    until = world.now + timedelta(hours=30)
    real = world.crawled

    def paused(source: str, batch: Batch, at: datetime) -> bool:
        done = real(source, batch, at)
        with world.database.writing() as session:
            schedule.pause(session, source, until=until)
        return done

    world.crawled = paused  # type: ignore[method-assign]
    world.begun.clear()
    world.run(until)
    assert len(world.of("mot")) == 1
    world.run(until + timedelta(hours=1))
    assert world.of("mot")[1] >= until


def test_a_crawl_by_hand_is_noticed(world: World) -> None:
    grown(world, "mot")
    due = world.row("mot").next_due
    assert due is not None
    world.now = due - timedelta(minutes=1)
    world.crawled("mot", Batch(sources=("mot",), whole=True), world.now)
    world.begun.clear()
    world.run(world.now + timedelta(minutes=8))
    assert not world.begun


def test_who_leads_no_more_writes_nothing(world: World) -> None:
    grown(world, "mot")
    with world.database.writing() as session:
        lease = session.get_one(leases.Lease, "scheduler")
        lease.token += 1
    with pytest.raises(leases.Lost):
        world.table.begin()


def test_a_clock_that_goes_astray_silences_nobody(world: World) -> None:
    grown(world, "mot")
    world.now += timedelta(days=40)
    world.run(world.now + timedelta(hours=1))
    world.now -= timedelta(days=40)
    world.running.clear()
    world.hand_over()
    world.table.begin()
    world.begun.clear()
    world.run(world.now + timedelta(days=1, minutes=15))
    assert world.of("mot")


def test_old_pages_have_their_share_of_the_budget(world: World) -> None:
    grown(world, "mot")
    world.run(MONDAY + timedelta(days=2), tick=timedelta(hours=1))
    old = sum(batch.old or 0 for _, batch in world.begun)
    assert 0.7 * 2 * 20 <= old <= 2 * 20


def test_moments_and_minutes_are_each_others_inverse() -> None:
    assert moment(minutes(MONDAY)) == MONDAY
    assert minutes(datetime(2026, 3, 2, tzinfo=UTC)) % 1440 == 7 * 60
