"""Where a budget of requests shortens the wait for news most: a plan of polls, in slots of ten minutes. Pure.

The loss is the sum of the waits of all items (Sia, Cho & Cho, IEEE TKDE 2007). For one section, whose items come with
a known intensity, the best instants are found by dynamic programming over the slots ahead: a poll costs a price, and
between two polls every item waits for the second. One price for all sections is what spends the budget best (a
Lagrange multiplier); it is found by trying. A section is polled at least once a day, so that a dead one is looked at.
Intensities are those that `scraper.rhythm` has learned; times are its minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from scraper.rhythm import DAY, WEEK, Rhythm, clocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from scraper.rhythm import Clock

SLOT = 10.0
"""Minutes: no section is polled more often."""
LONGEST = DAY
"""Minutes between two polls of one section at most, whatever the budget says."""
_WEEK_SLOTS = int(WEEK / SLOT)
_GAP = int(LONGEST / SLOT)
_BINS = 336
_SURPRISE = 1.5
"""By which factor a rate must differ from the planned one for a new plan before the night, but not within:"""
_SOONEST = 180.0
_NEAR = 0.004
"""How near the planned spending must come to the budget."""
_TRIES = 12
_LEAST_PRICE = 1e-6


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Which slot follows on which, for each section, in the week after `begins` (a slot since the epoch).

    `polls` is how many each has in the week. `price` is what a poll costs, in minutes of waiting: what the next plan
    begins its search with.
    """

    begins: int
    sections: Mapping[str, int]
    then: NDArray[np.int32]
    polls: NDArray[np.float64]
    price: float

    def after(self, section: str, last: float) -> float:
        """When a section that was polled at `last` is to be polled next: the beginning of a slot, in minutes."""
        place = max(int(last // SLOT) - self.begins, 0)
        return (self.begins + int(self.then[self.sections[section], min(place, self.then.shape[1] - 1)])) * SLOT


def plan(
    intensity: NDArray[np.float64],
    *,
    now: float,
    sections: Sequence[str],
    a_day: float,
    of_source: Sequence[tuple[NDArray[np.bool_], float]] = (),
    closed: NDArray[np.bool_] | None = None,
    price: float = 30.0,
) -> Plan:
    """The plan that makes items wait least, at `a_day` polls a day on the average of the week ahead.

    `intensity` is items a minute, for each of the sections (rows) and each of the slots that `slots(now)` names.
    `of_source` has the rows of each source that may spend only so much a day. `closed` marks the slots in which a
    section may not be polled. `price` is where the search for a price begins: yesterday's.
    """
    begins = int(now // SLOT) - _GAP
    solver = _Solver(intensity, now_slot=_GAP + (now % SLOT > 0), closed=closed)
    own = np.zeros(len(of_source))
    for _ in range(_TRIES):
        prices = np.full(len(intensity), price)
        for (rows, _), dearer in zip(of_source, own, strict=True):
            prices[rows] = max(price, dearer)
        spent = solver.solve(prices).spent() / 7
        over = spent.sum() / a_day
        overs = [spent[rows].sum() / limit for rows, limit in of_source]
        paid = [max(price, dearer) for dearer in own]
        kept = [
            one <= 1 + _NEAR and (one >= 1 - _NEAR or dearer <= price) for one, dearer in zip(overs, own, strict=True)
        ]
        if abs(over - 1) < _NEAR and all(kept):
            break
        price = max(price * _step(over), _LEAST_PRICE)
        own = np.array([cost * _step(one) for cost, one in zip(paid, overs, strict=True)])
    places = {name: row for row, name in enumerate(sections)}
    return Plan(begins=begins, sections=places, then=solver.then, polls=spent * 7, price=price)


def _step(over: float) -> float:
    """By how much a price must change: polls go with the inverse root of their price."""
    return float(min(max(over**2, 0.01), 100.0))


def slots(now: float) -> NDArray[np.int64]:
    """The slots since the epoch that a plan looks at: its columns."""
    first = int(now // SLOT) - _GAP
    return np.arange(first, first + _GAP + _WEEK_SLOTS + 2 * _GAP)


class _Solver:
    """Dynamic programming, backwards over the slots, for all sections at once.

    With S and M the items, and the items times their minutes, up to a slot, those that come between slots a and b wait
    t_b (S_b - S_a) - (M_b - M_a) minutes for a poll at b.
    """

    def __init__(self, intensity: NDArray[np.float64], *, now_slot: int, closed: NDArray[np.bool_] | None) -> None:
        self._rows, columns = intensity.shape
        self._columns = columns
        self._now = now_slot
        edges = np.arange(columns + 1) * SLOT
        items = intensity * SLOT
        self._items = np.zeros((columns + 1, self._rows))
        np.cumsum(items.T, axis=0, out=self._items[1:])
        moments = np.zeros((columns + 1, self._rows))
        np.cumsum((items * (edges[:-1] + SLOT / 2)).T, axis=0, out=moments[1:])
        self._edges = edges
        self._moments = moments
        self._base = edges[:, None] * self._items - moments
        self._base[:now_slot] = np.inf
        if closed is not None:
            self._base[:-1][closed.T] = np.inf
        self.then = np.zeros((self._rows, columns - _GAP), np.int32)

    def solve(self, prices: NDArray[np.float64]) -> _Solver:
        """The best next slot after each, at these prices of a poll."""
        rows = np.arange(self._rows)
        total = self._base.copy()  # what it costs to poll in a slot next, and all that comes after
        waits = np.empty((_GAP, self._rows))
        for slot in range(self._columns - _GAP - 1, -1, -1):
            ahead = slice(slot + 1, slot + 1 + _GAP)
            np.multiply(self._edges[ahead, None], self._items[slot], out=waits)
            np.subtract(total[ahead], waits, out=waits)
            best = waits.argmin(axis=0)
            self.then[:, slot] = slot + 1 + best
            if slot >= self._now:
                total[slot] += waits[best, rows] + self._moments[slot] + prices
        return self

    def spent(self) -> NDArray[np.float64]:
        """How many polls of each section the plan has in the seven days from now."""
        counts = np.zeros(self._rows)
        place = np.full(self._rows, self._now)
        rows = np.arange(self._rows)
        end = self._now + _WEEK_SLOTS
        while (running := place < end).any():
            place = np.where(running, self.then[rows, np.minimum(place, self.then.shape[1] - 1)], place)
            counts += running
        return counts


@dataclass(slots=True)
class Member:
    """A section that is polled: its host and source, what was learned of it, and when it was last looked at (minutes).

    `weight` is how much more its items count than others'; `hours` when it may be polled (minutes of a day, over
    midnight where the second is before the first); `not_before` what its host asked for.
    """

    host: str
    source: str
    rhythm: Rhythm
    last: float | None = None
    weight: float = 1.0
    hours: tuple[float, float] | None = None
    not_before: float = 0.0
    due: float = field(default=0.0, init=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """Requests a day: in all on the average of a week, at most on any day, of each source; and the gap on one host."""

    a_day: float
    most_a_day: float
    share: float = 1.0
    """How much of what is spent goes to looks at listings; the rest is pages that they lead to, and old ones."""
    of_source: Mapping[str, float] = field(default_factory=dict)
    gap: float = 1.0
    """Minutes between two requests to a host."""


class Agenda:
    """Which section is due when. Learns from every poll, and plans anew each night, or when told to.

    It knows no clock and does nothing by itself: whoever drives it says what time it is (minutes). `spent` is how many
    requests were made on days before (by `int(minutes // DAY)`), `price` where the search for a poll's price begins.
    """

    def __init__(
        self, members: Mapping[str, Member], budget: Budget, *, now: float, spent: Mapping[int, int] | None = None,
        price: float = 30.0,
    ) -> None:  # fmt: skip
        self.members = dict(members)
        self.budget = budget
        self._clocks: dict[str, Clock] = {}
        self.price = price
        self._plan: Plan | None = None
        self._rates: dict[str, float] = {}
        self._surprised = False
        self._planned = now
        self._host_last: dict[str, float] = {}
        self._spent = dict(spent or {})
        self.plan(now)

    def clock(self, section: str) -> Clock:
        """When in the week a section publishes, as of the last plan."""
        return self._clocks[section]

    def plan(self, now: float) -> None:
        """Plans the week ahead from what has been learned so far."""
        self._planned = now
        self._surprised = False
        if not self.members:
            return
        names = list(self.members)
        members = [self.members[name] for name in names]
        self._clocks = clocks({name: self.members[name].rhythm for name in names}, _hosts(self.members))
        ahead = slots(now)
        bins = (ahead * SLOT % WEEK // (WEEK / _BINS)).astype(int)
        self._rates = {name: member.rhythm.rate for name, member in self.members.items()}
        rates = np.array([member.rhythm.rate * member.weight / DAY for member in members])
        weeks = np.array([self._clocks[name].week for name in names])
        owners = np.array([member.source for member in members])
        self._plan = plan(
            rates[:, None] * weeks[:, bins],
            now=now,
            sections=names,
            a_day=self._to_spend(now) * self.budget.share,
            of_source=[
                (owners == source, limit * self.budget.share)
                for source, limit in self.budget.of_source.items()
                if (owners == source).any()
            ],
            closed=np.array([_closed(member.hours, ahead) for member in members]),
            price=self.price,
        )
        self.price = self._plan.price
        for name, member in self.members.items():
            member.due = self._next(name, now)

    def _to_spend(self, now: float) -> float:
        """Requests a day for the week ahead: the budget, and half of what the week behind left of it."""
        today = int(now // DAY)
        if today - 7 < min(self._spent, default=today):
            return self.budget.a_day
        behind = sum(self._spent.get(day, 0) for day in range(today - 7, today)) / 7
        return self.budget.a_day + (self.budget.a_day - behind) / 2

    def _next(self, name: str, now: float) -> float:
        assert self._plan is not None
        member = self.members[name]
        due = now if member.last is None else self._plan.after(name, min(member.last, now))
        return opens(member.hours, max(due, member.not_before, now))

    def polled(self, section: str, at: float, count: int, stamps: Sequence[float] = ()) -> None:
        """Learns from a poll at `at` that found so many new items, and sets when the next is due."""
        self.members[section].rhythm.saw(at, count, self._clocks[section], stamps)
        self.looked(section, at)
        self.spend(at, 1)

    def looked(self, section: str, at: float, rhythm: Rhythm | None = None) -> None:
        """Notes a poll at `at` from which somebody else has learned: `rhythm` is what is known now."""
        member = self.members[section]
        member.rhythm = rhythm or member.rhythm
        member.last = at
        ratio = member.rhythm.rate / self._rates[section]
        self._surprised = self._surprised or not 1 / _SURPRISE < ratio < _SURPRISE
        self._host_last[member.host] = at
        member.due = self._next(section, at)

    def spend(self, at: float, requests: int) -> None:
        """Counts requests that were made at a time (minutes)."""
        day = int(at // DAY)
        self._spent[day] = self._spent.get(day, 0) + requests
        for old in [one for one in self._spent if one < day - 14]:
            del self._spent[old]

    def wait(self, sections: Iterable[str], until: float) -> None:
        """Leaves sections alone until a time (minutes)."""
        for name in sections:
            member = self.members[name]
            member.not_before = until
            member.due = opens(member.hours, max(member.due, until))

    def interval(self, section: str) -> float | None:
        """Minutes between two polls of a section, on the average of the week that is planned."""
        if self._plan is None or section not in self._plan.sections:
            return None
        return WEEK / max(float(self._plan.polls[self._plan.sections[section]]), WEEK / LONGEST)

    def review(self, now: float) -> bool:
        """Plans anew if it is time to; whether it did."""
        if now >= self._planned + DAY or (self._surprised and now >= self._planned + _SOONEST):
            self.plan(now)
            return True
        return False

    def left(self, now: float) -> float:
        """How many requests may still be made today."""
        day = int(now // DAY)
        return min(self.budget.most_a_day - self._spent.get(day, 0), 7 * self.budget.a_day - self._in_week(day))

    def next(self, now: float) -> tuple[float, str] | None:
        """The section that is to be polled next, and when (not before `now`); None where there is nothing to poll."""
        self.review(now)
        return self.when(self.members, now)

    def when(self, sections: Iterable[str], now: float) -> tuple[float, str] | None:
        """Which of some sections is to be polled next, and when (not before `now`); None where there are none."""
        best: tuple[float, float, str] | None = None
        for name in sections:
            member = self.members[name]
            host = min(self._host_last.get(member.host, -WEEK), now)
            at = opens(member.hours, max(member.due, now, host + self.budget.gap))
            if best is None or (at, member.due, name) < best:
                best = at, member.due, name
        if best is None:
            return None
        at, _, name = best
        while self._is_spent(int(at // DAY)):
            at = opens(self.members[name].hours, (at // DAY + 1) * DAY)
        return at, name

    def _is_spent(self, day: int) -> bool:
        """Whether a day has had its share, or the seven days that end with it have had theirs."""
        return self._spent.get(day, 0) >= self.budget.most_a_day or self._in_week(day) >= 7 * self.budget.a_day

    def _in_week(self, day: int) -> int:
        """What was spent in the seven days that end with a day."""
        return sum(self._spent.get(one, 0) for one in range(day - 6, day + 1))


def _hosts(members: Mapping[str, Member]) -> dict[str, str]:
    return {name: member.host for name, member in members.items()}


def opens(hours: tuple[float, float] | None, at: float) -> float:
    """The first time at or after `at` (minutes) that lies in the hours of a day."""
    if hours is None or hours[0] == hours[1]:
        return at
    start = hours[0]
    time = at % DAY
    if _lies_in(hours, np.array(time)):
        return at
    return at - time + start + (DAY if time >= start else 0.0)


def _closed(hours: tuple[float, float] | None, ahead: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The slots in which a portal may not be crawled; hours that leave no slot open are not kept to."""
    if hours is None:
        return np.zeros(len(ahead), np.bool_)
    inside = _lies_in(hours, ahead * SLOT % DAY)
    return np.zeros(len(ahead), np.bool_) if not inside.any() else ~inside


def _lies_in(hours: tuple[float, float], time: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Which times of a day (minutes) lie in hours, which go over midnight where they end before they begin."""
    after, before = time >= hours[0], time < hours[1]
    return after & before if hours[0] < hours[1] else after | before
