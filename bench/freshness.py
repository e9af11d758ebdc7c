"""How long news waits to be seen, by policy, in a simulated world of 60 sections on 12 hosts.

    python -m bench.freshness [--seeds 0-9] [--scenario realistic|stationary] [--json]

The real `freshness.Agenda` is driven through a fake clock, and sees what a crawler sees: how many items are new at each
poll, and their minutes where a host's lists print them. Beside it stand rules of other systems and the best possible
plan for one that knows every rate and habit. 600 requests a day, at most 900 on any day, a minute between two
requests to one host; four weeks to learn, sixteen weeks measured. Minutes; the mean is over items and seeds.
"""

from __future__ import annotations

import argparse
import heapq
import json
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import freshness
from bench.freshness_world import DAY, HOSTS, PROF, WEEK, N, world
from freshness import SLOT, Agenda, Budget, Member
from scraper.rhythm import Rhythm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

A_DAY, MOST_A_DAY = 600, 900
WARM_UP, MEASURED = 4, 16
COLD = 3
_SECTIONS = [f"{place:02}" for place in range(N)]


@dataclass(slots=True)
class Watched:
    """What a policy did in one world: the wait of every item, when each came, and how many requests each day took."""

    waits: NDArray[np.float64]
    came: NDArray[np.float64]
    requests: NDArray[np.int64]
    shortest_gap: float


class Polls:
    """Polls of one world, in the order of time: finds what is new, and notes how long it waited."""

    def __init__(self, here: dict[str, Any]) -> None:
        self.here = here
        self._seen = [0] * N
        self._waits: list[NDArray[np.float64]] = []
        self._came: list[NDArray[np.float64]] = []
        self._days: list[int] = []
        self._host_last = [-float(WEEK)] * HOSTS
        self._shortest = float(WEEK)

    def poll(self, section: int, at: float) -> NDArray[np.float64]:
        """The minutes of the items that are new on a section at this time."""
        times = self.here["times"][section]
        now_seen = int(np.searchsorted(times, at, "right"))
        new = times[self._seen[section] : now_seen]
        self._seen[section] = now_seen
        self._waits.append(at - new)
        self._came.append(new)
        self._days.append(int(at // DAY))
        host = int(self.here["host"][section])
        self._shortest = min(self._shortest, at - self._host_last[host])
        self._host_last[host] = at
        return np.asarray(new)

    def told(self) -> Watched:
        """All of it."""
        requests = np.bincount(self._days)
        return Watched(np.concatenate(self._waits), np.concatenate(self._came), requests, self._shortest)


def ours(here: dict[str, Any]) -> Watched:
    """Our agenda, from nothing."""
    hosts = [f"host-{host}" for host in here["host"]]
    members = {
        name: Member(host=hosts[place], source=hosts[place], rhythm=Rhythm(at=0.0), last=0.0)
        for place, name in enumerate(_SECTIONS)
    }
    agenda = Agenda(members, Budget(a_day=A_DAY, most_a_day=MOST_A_DAY), now=0.0)
    polls = Polls(here)
    now, end = 0.0, here["weeks"] * WEEK
    while True:
        due = agenda.next(now)
        assert due is not None
        now, name = due
        if now >= end:
            return polls.told()
        section = int(name)
        new = polls.poll(section, now)
        is_stamped = bool(here["stamped"][here["host"][section]])
        agenda.polled(name, now, len(new), stamps=[float(one) for one in new] if is_stamped else ())


def _paced(here: dict[str, Any], interval: Callable[[int, float, NDArray[np.float64]], float]) -> Watched:
    """A policy that says after each poll how long to wait: `interval(section, now, new items)`, in minutes."""
    polls = Polls(here)
    queue = [(place * WEEK / 7 / N, place) for place in range(N)]
    heapq.heapify(queue)
    host_last = [-float(WEEK)] * HOSTS
    spent: dict[int, int] = {}
    while queue:
        at, section = heapq.heappop(queue)
        host = int(here["host"][section])
        if at < host_last[host] + 1:
            heapq.heappush(queue, (host_last[host] + 1, section))
            continue
        if at >= here["weeks"] * WEEK:
            continue
        day = int(at // DAY)
        if spent.get(day, 0) >= MOST_A_DAY:
            heapq.heappush(queue, ((day + 1) * DAY, section))
            continue
        spent[day] = spent.get(day, 0) + 1
        host_last[host] = at
        new = polls.poll(section, at)
        heapq.heappush(queue, (at + min(max(interval(section, at, new), SLOT), DAY), section))
    return polls.told()


def fixed(here: dict[str, Any]) -> Watched:
    """Every section as often as every other."""
    return _paced(here, lambda *_: N * DAY / A_DAY)


class _Stretched:
    """Intervals of a rule, all stretched by the one factor that spends the budget, found anew every hour."""

    def __init__(self) -> None:
        self.wanted = np.full(N, N * DAY / A_DAY)
        self._factor = 1.0
        self._until = 0.0

    def interval(self, section: int, at: float) -> float:
        """Minutes until a section's next poll."""
        if at >= self._until:
            self._until = at + 60
            low, high = 1e-3, 1e3
            for _ in range(40):
                self._factor = (low * high) ** 0.5
                spent = (DAY / self._kept(self.wanted)).sum()
                low, high = (self._factor, high) if spent > A_DAY else (low, self._factor)
        return float(self._kept(self.wanted[section : section + 1])[0])

    def _kept(self, wanted: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.clip(self._factor * wanted, SLOT, DAY)


def miniflux(here: dict[str, Any]) -> Watched:
    """The rule `entry_frequency` of miniflux: a week, divided by the items of the last week."""
    recent: list[list[float]] = [[] for _ in range(N)]
    stretched = _Stretched()

    def interval(section: int, at: float, new: NDArray[np.float64]) -> float:
        recent[section] = [one for one in recent[section] if one > at - WEEK] + [float(one) for one in new]
        stretched.wanted[section] = WEEK / max(len(recent[section]), 1)
        return stretched.interval(section, at)

    return _paced(here, interval)


def nutch(here: dict[str, Any]) -> Watched:
    """The rule of Nutch's AdaptiveFetchSchedule: 40 % longer after no change, 20 % shorter after one."""
    stretched = _Stretched()

    def interval(section: int, at: float, new: NDArray[np.float64]) -> float:
        wanted = stretched.wanted[section] * (0.8 if len(new) else 1.4)
        stretched.wanted[section] = min(max(wanted, SLOT), DAY)
        return stretched.interval(section, at)

    return _paced(here, interval)


def known(here: dict[str, Any]) -> Watched:
    """The plan of one who knows every section's rate and habits, week by week."""
    slots_of_week = int(WEEK / SLOT)
    shape = PROF.reshape(len(PROF), slots_of_week, -1).mean(axis=2)
    by_week = [
        (here["rates"] * here["mult"][:, min(week, here["weeks"] - 1)] / DAY)[:, None] * shape[here["cls"]]
        for week in range(here["weeks"] + 2)
    ]
    whole = np.concatenate(by_week, axis=1)
    last = np.zeros(N)
    price = 30.0
    polls: list[tuple[float, int]] = []
    for week in range(here["weeks"]):
        begins = float(week * WEEK)
        ahead = freshness.slots(begins)
        planned = freshness.plan(
            whole[:, np.clip(ahead, 0, whole.shape[1] - 1)], now=begins, sections=_SECTIONS, a_day=A_DAY, price=price
        )
        price = planned.price
        for section, name in enumerate(_SECTIONS):
            while (at := planned.after(name, last[section])) < begins + WEEK:
                last[section] = at
                polls.append((at + section % (N // HOSTS), section))
    told = Polls(here)
    for at, section in sorted(polls):
        told.poll(section, at)
    return told.told()


POLICIES: dict[str, Callable[[dict[str, Any]], Watched]] = {
    "congtin": ours,
    "fixed interval": fixed,
    "miniflux": miniflux,
    "Nutch": nutch,
    "known-rate optimum": known,
}


def _one(name: str, seed: int, scenario: str) -> Watched:
    return POLICIES[name](world(seed=seed, weeks=WARM_UP + MEASURED, scenario=scenario))


def _figures(name: str, several: Sequence[Watched], *, first: int, weeks: int) -> dict[str, Any]:
    """Minutes: the mean of the seeds' means; percentiles and share over all items of the weeks that count."""
    kept = []
    for one in several:
        inside = (one.came >= first * WEEK) & (one.came < (first + weeks) * WEEK)
        kept.append(one.waits[inside])
    every = np.concatenate(kept)
    requests = [one.requests[7 * first : 7 * (first + weeks)] for one in several]
    return {
        "name": name,
        "mean": round(float(np.mean([one.mean() for one in kept])), 1),
        "p50": round(float(np.percentile(every, 50)), 1),
        "p95": round(float(np.percentile(every, 95)), 1),
        "within_60": round(float((every <= 60).mean()) * 100, 1),
        "requests_a_day": round(float(np.mean([one.mean() for one in requests])), 1),
        "most_in_a_day": int(max(one.max() for one in requests)),
        "shortest_gap": round(min(one.shortest_gap for one in several), 2),
    }


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0-9", help="such as 3, or 0-9")
    parser.add_argument("--scenario", default="realistic", choices=["realistic", "stationary"])
    parser.add_argument("--policies", default=",".join(POLICIES), help="names, with commas between them")
    parser.add_argument("--json", action="store_true")
    told = parser.parse_args()
    first, _, last = told.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    names = told.policies.split(",")
    with ProcessPoolExecutor(2) as pool:
        tasks = {(name, seed): pool.submit(_one, name, seed, told.scenario) for name in names for seed in seeds}
        results = {name: [tasks[name, seed].result() for seed in seeds] for name in names}
    rows = [_figures(name, results[name], first=WARM_UP, weeks=MEASURED) for name in names]
    if "congtin" in names:
        rows.append(_figures("congtin, first three weeks", results["congtin"], first=0, weeks=COLD))
    if told.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print("  ".join(f"{key} {value}" if key != "name" else f"{value:28}" for key, value in row.items()))


if __name__ == "__main__":
    main()
