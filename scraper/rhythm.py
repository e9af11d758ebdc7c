"""How often a list of pages says something new, and when in the week: learned from what each look at it found. Pure.

A section's rate is a Gamma–Poisson posterior that forgets by as much as rates are known to drift. Its publishing clock
is a product of two: half-hours of a day, and days of a week, each the shipped shape (an office's hours) corrected by
what came beside what was expected; a section's correction leans on its host's, and that on all hosts'. Looks teach by
their counts; a list that prints minutes teaches by those.

Times are minutes of Vietnam's clock since a Monday's midnight (`minutes`, `moment`): the country knows no summer time.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from scraper.holidays import closed
from scraper.items import VIETNAM
from scraper.pace import Pace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MONDAY = datetime(1970, 1, 5, tzinfo=VIETNAM)
DAY = 1440.0
WEEK = 7 * DAY
BIN = 30.0
"""Minutes of one bin of a publishing clock."""
_HOURS, _DAYS, _BINS = 48, 7, 336

_PRIOR_SHAPE = 0.4
_PRIOR_RATE = 1.0
"""Items a day of a section of which nothing is known, as surely as four tenths of an item say it."""
_DRIFT = 0.03
"""By how much the logarithm of a rate varies in a week (its variance): how fast what was learned grows old."""
_HALF_LIFE = 120 * DAY
"""Habits change more slowly than rates: what a clock was learned from counts half after so long."""
_LEANING = 40.0, 12.0, 50.0
"""How many items of its own weigh as much as what is believed already: of all hosts, of a host, of a section."""


def minutes(at: datetime) -> float:
    """A moment (aware) as minutes since a Monday's midnight in Vietnam."""
    return (at - MONDAY) / timedelta(minutes=1)


def moment(at: float) -> datetime:
    """The moment of so many minutes, in Asia/Ho_Chi_Minh."""
    return MONDAY + timedelta(minutes=at)


def _shipped() -> tuple[list[float], list[float]]:
    """An office's hours (Monday to Friday, 07:30 to 17:30 with a pause), as shares of a day and of a week."""
    hours = [0.15] * _HOURS
    for place in range(_HOURS):
        at = place / 2
        if 7.5 <= at < 11.5 or 13.5 <= at < 17.5:
            hours[place] = 3.0
        elif 6.5 <= at < 22:
            hours[place] = 0.6
    return _shares(hours), _shares([1.0] * 5 + [0.15] * 2)


def _shares(weights: Sequence[float]) -> list[float]:
    total = sum(weights)
    return [weight / total for weight in weights]


_OFFICE_HOURS, _OFFICE_DAYS = _shipped()


class Clock:
    """When in the week a section publishes: `week` has the intensity of each half-hour, 1 on average, Monday first."""

    __slots__ = ("_until", "week")

    def __init__(self, hours: Sequence[float], days: Sequence[float]) -> None:
        self.week = [day * hour * _BINS for day in days for hour in hours]
        self._until = [0.0, *accumulate(self.week)]

    def days(self, since: float, until: float) -> float:
        """How many average days of publishing lie between two times (minutes)."""
        return (self._mass(until) - self._mass(since)) / DAY

    def _mass(self, at: float) -> float:
        weeks, rest = divmod(at, WEEK)
        place = int(rest // BIN)
        return weeks * WEEK + self._until[place] * BIN + self.week[place] * (rest - place * BIN)

    def after(self, since: float, days: float) -> float:
        """When so many average days of publishing have passed since a time (minutes)."""
        goal = self._mass(since) + days * DAY
        weeks, rest = divmod(goal, WEEK)
        place = min(bisect_right(self._until, rest / BIN) - 1, _BINS - 1)
        return weeks * WEEK + place * BIN + (rest - self._until[place] * BIN) / self.week[place]


OFFICE = Clock(_OFFICE_HOURS, _OFFICE_DAYS)


def working(since: float, until: float, clock: Clock) -> float:
    """How many average days of publishing lie between two times (minutes), without those of holidays."""
    days = clock.days(since, until)
    for year in range(moment(since).year, moment(until).year + 1):
        for first, after in closed(year):
            begin, end = (max(since, _midnight(first)), min(until, _midnight(after)))
            days -= clock.days(begin, end) if begin < end else 0
    return max(days, 0.0)


def _midnight(day: date) -> float:
    return minutes(datetime.combine(day, time(), VIETNAM))


@dataclass(slots=True)
class Habit:
    """In what hours and on what days items came, beside how many would have come by the shipped clock."""

    hours: list[float] = field(default_factory=lambda: [0.0] * _HOURS)
    days: list[float] = field(default_factory=lambda: [0.0] * _DAYS)
    hours_expected: list[float] = field(default_factory=lambda: [0.0] * _HOURS)
    days_expected: list[float] = field(default_factory=lambda: [0.0] * _DAYS)

    def __add__(self, other: Habit) -> Habit:
        return Habit(*([a + b for a, b in zip(mine, its, strict=True)] for mine, its in zip(self, other, strict=True)))

    def __iter__(self) -> Iterator[list[float]]:
        return iter((self.hours, self.days, self.hours_expected, self.days_expected))

    def age(self, factor: float) -> None:
        """Makes all that was counted weigh less."""
        for counts in self:
            counts[:] = [count * factor for count in counts]


@dataclass(slots=True)
class Rhythm:
    """What has been learned of one section. `shape` and `exposure` (days) are the posterior's, as of `at` (minutes).

    `newest` is when a look found something new last.
    """

    at: float
    shape: float = _PRIOR_SHAPE
    exposure: float = _PRIOR_SHAPE / _PRIOR_RATE
    habit: Habit = field(default_factory=Habit)
    newest: float | None = None
    pace: Pace = field(default_factory=Pace)

    @property
    def rate(self) -> float:
        """Items a day, on the average of a week."""
        return self.shape / self.exposure

    def saw(self, at: float, count: int, clock: Clock, stamps: Sequence[float] = ()) -> None:
        """Learns from one look at the section: so many items that had come since the one before (`self.at`).

        `stamps` are the minutes at which items say that they came, where the list prints them.
        """
        since, self.at = self.at, max(at, self.at)
        passed = self.at - since
        grown = 1 / (1 / self.shape + _DRIFT * passed / WEEK)
        grown = max(grown, min(self.shape, _PRIOR_SHAPE / 2))
        self.exposure *= grown / self.shape
        self.shape = grown + count
        self.exposure += clock.days(since, self.at)
        self._pace(since, count, clock)
        self.habit.age(0.5 ** (passed / _HALF_LIFE))
        self._expect(since)
        if count and stamps:
            for stamp in stamps:
                self.habit.hours[int(stamp % DAY // BIN)] += count / len(stamps)
                self.habit.days[int(stamp % WEEK // DAY)] += count / len(stamps)
        elif count:
            shares = [(place, clock.week[place] * part + 1e-9) for place, part in _bins(since, self.at)]
            total = sum(share for _, share in shares)
            for place, share in shares:
                self.habit.hours[place % _HOURS] += count * share / total
                self.habit.days[place // _HOURS] += count * share / total

    def _pace(self, since: float, count: int, clock: Clock) -> None:
        self.pace.looked(count, working(since, self.at, clock))
        if not count:
            return
        if self.newest is not None:
            self.pace.came(count, working(self.newest, self.at, clock), (self.at - self.newest) / DAY)
        self.newest = self.at

    def _expect(self, since: float) -> None:
        rate = self.rate / _HOURS
        for place, part in _bins(since, self.at):
            expected = OFFICE.week[place] * part * rate
            self.habit.hours_expected[place % _HOURS] += expected
            self.habit.days_expected[place // _HOURS] += expected

    def silence(self, until: float, clock: Clock) -> float:
        """How likely it is that nothing came from the newest entry to a time (minutes), by what was known then."""
        return self.pace.silence(working(self.newest, until, clock)) if self.newest is not None else 1.0

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON; `Rhythm.from_json` reads it."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Rhythm:
        """What `to_json` told."""
        return cls(**{**told, "habit": Habit(**told["habit"]), "pace": Pace.from_json(told.get("pace", {}))})


_HARDLY_SHAPE, _HARDLY_RATE = 0.05, 0.05
"""What is believed of a listing beside one that shows all that is new: it hardly adds anything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One look at a listing: how many entries on it nobody had heard of, and the minutes that they print (of a week).

    A listing is a `check` where another of the source is supposed to show all that it shows: what both show at the same
    time is that one's, and counts there.
    """

    listing: str
    at: float
    count: int
    stamps: tuple[float, ...] = ()
    check: bool = False

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON; `Look.from_json` reads it."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Look:
        """What `to_json` told."""
        return cls(**{**told, "stamps": tuple(told["stamps"])})

    def prior(self) -> Rhythm:
        """What is believed of a listing before anything was learned of it."""
        return beginning(self.at, check=self.check)


def beginning(at: float, *, check: bool = False) -> Rhythm:
    """What is believed at a time (minutes) of a listing of which nothing was learned yet."""
    if check:
        return Rhythm(at=at, shape=_HARDLY_SHAPE, exposure=_HARDLY_SHAPE / _HARDLY_RATE)
    return Rhythm(at=at)


def _bins(since: float, until: float) -> Iterator[tuple[int, float]]:
    """The half-hours of the week between two times, each with the part of it that lies between them."""
    for place in range(int(since // BIN), math.ceil(until / BIN)):
        part = min(until / BIN, place + 1) - max(since / BIN, place)
        if part > 0:
            yield place % _BINS, part


def clocks(rhythms: Mapping[str, Rhythm], hosts: Mapping[str, str]) -> dict[str, Clock]:
    """Each section's clock, by what is known of it, of its host, and of all hosts.

    >>> round(sum(clocks({"a": Rhythm(0.0)}, {"a": "host"})["a"].week) / 336, 6)
    1.0
    """
    of_host: dict[str, Habit] = {}
    for key, rhythm in rhythms.items():
        of_host[hosts[key]] = of_host.get(hosts[key], Habit()) + rhythm.habit
    everywhere = _corrected(_NOTHING, sum(of_host.values(), Habit()), _LEANING[0])
    by_host = {host: _corrected(everywhere, habit, _LEANING[1]) for host, habit in of_host.items()}
    told = {}
    for key, rhythm in rhythms.items():
        hours, days = _corrected(by_host[hosts[key]], rhythm.habit, _LEANING[2])
        told[key] = Clock(
            _shares([one * base for one, base in zip(hours, _OFFICE_HOURS, strict=True)]),
            _shares([one * base for one, base in zip(days, _OFFICE_DAYS, strict=True)]),
        )
    return told


_Correction = tuple[list[float], list[float]]
"""What the shipped clock's hours and days are to be multiplied by."""
_NOTHING: _Correction = [1.0] * _HOURS, [1.0] * _DAYS


def _corrected(believed: _Correction, habit: Habit, leaning: float) -> _Correction:
    return (
        _level(believed[0], _smooth(habit.hours), _smooth(habit.hours_expected), _OFFICE_HOURS, leaning),
        _level(believed[1], habit.days, habit.days_expected, _OFFICE_DAYS, leaning),
    )


def _level(
    believed: Sequence[float], came: Sequence[float], hoped: Sequence[float], shipped: Sequence[float], leaning: float
) -> list[float]:
    return [
        one * (leaning * share + count) / (leaning * share + expected * one)
        for one, count, expected, share in zip(believed, came, hoped, shipped, strict=True)
    ]


def _smooth(hours: Sequence[float]) -> list[float]:
    """Neighbouring half-hours of a day are alike."""
    around = zip([hours[-1], *hours[:-1]], hours, [*hours[1:], hours[0]], strict=True)
    return [0.25 * before + 0.5 * here + 0.25 * after for before, here, after in around]
