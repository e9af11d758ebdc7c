"""How soon a source that falls silent is noticed, and how often another is taken for silent, in simulated years.

    python tests/silent_sources.py [--seeds 20] [--first 0]

What is asked is what a run asks when it is judged: `verdicts.silences`, with what `scraper.rhythm` learned of looks.
Times are in days of working time: average days of the hours in which the section publishes.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median

from scraper.items import VIETNAM, Entry, Moment
from scraper.rhythm import DAY, WEEK, Clock, Rhythm, clocks, minutes, moment
from storage.verdicts import Past, Shown, silences

START = minutes(datetime(2025, 1, 6, tzinfo=VIETNAM))
YEAR = 365 * DAY
SHOWN = 10
"""Rows of the first page, each with its day."""
_DRIFT = 0.03
"""By how much the logarithm of a rate varies in a week: as `bench/freshness.py` has it of real sections."""
_CLOSED = (
    *(date(2025, 1, 25) + timedelta(days=one) for one in range(9)),
    date(2025, 4, 30),
    date(2025, 5, 1),
    date(2025, 8, 30),
    date(2025, 9, 1),
    date(2025, 9, 2),
    date(2026, 1, 1),
)
"""Days on which nothing was published: of Tết, 2025 had nine."""
_STEP = 30.0


@dataclass(frozen=True, kw_only=True)
class World:
    """A section: items a day, how many come at once, how often it is looked at a day, and whether rows have days."""

    rate: float
    batch: float = 1.0
    looks: int = 8
    dated: bool = True
    drift: float = _DRIFT


WORLDS = {
    "1 a day": World(rate=1),
    "1 a day, rate that does not drift": World(rate=1, drift=0.0),
    "1 a day, looked at once a day": World(rate=1, looks=1),
    "1 a day, three at once": World(rate=1, batch=3),
    "0.3 a day": World(rate=0.3),
    "3 a day": World(rate=3),
    "8 a day, two at once": World(rate=8, batch=2),
}


def published(world: World, dice: random.Random, until: float) -> list[float]:
    """When items come, from `START` to a time: in an office's hours, at a rate that drifts."""
    office = Clock(*_office(dice))
    found: list[float] = []
    rate, at = world.rate, START - 60 * DAY
    while at < until:
        if at % DAY < _STEP:
            rate *= dice.lognormvariate(0, (world.drift / 7) ** 0.5)
            rate = min(max(rate, world.rate / 3), world.rate * 3)
        quiet = moment(at).date() in _CLOSED
        chance = 0 if quiet else rate / world.batch * office.days(at, at + _STEP)
        if dice.random() < chance:
            many = 1
            while dice.random() < 1 - 1 / world.batch:
                many += 1
            found += [at + dice.uniform(0, _STEP)] * many
        at += _STEP
    return sorted(found)


def _office(dice: random.Random) -> tuple[list[float], list[float]]:
    """Shares of a day's half-hours and of a week's days: each office has its own."""
    begin, end = dice.choice([14, 15, 16]), dice.choice([33, 34, 36, 42])
    hours = [3.0 if begin <= place < end else 0.1 for place in range(48)]
    days = [1.0] * 5 + [dice.choice([0.05, 0.2, 0.6])] * 2
    return [one / sum(hours) for one in hours], [one / sum(days) for one in days]


@dataclass(frozen=True, kw_only=True)
class Noticed:
    """Days of working time until the silence was noticed, and how often one was in the year before, that was none."""

    days: float
    false: int


def watch(world: World, seed: int) -> Noticed:
    """A year of a section, and the silence after it."""
    dice = random.Random(f"{seed} {world.rate} {world.batch}")
    end = START + YEAR + dice.uniform(0, WEEK)
    items = published(world, dice, end)
    first = START + dice.uniform(0, DAY)
    rhythm = Rhythm(at=first)
    shown, past = Shown(rows=0), Past(since=moment(first).date())
    clock, at, seen, alarmed, false = Clock(*_office(dice)), first, sum(item <= first for item in items), False, 0
    learned_of = -1
    while at < end + 400 * DAY:
        now = seen
        while now < len(items) and items[now] <= at:
            now += 1
        if int(at // DAY) != learned_of:
            learned_of = int(at // DAY)
            clock = clocks({"one": rhythm}, {"one": "host"})["one"]
        rhythm.saw(at, now - seen, clock)
        if now > seen or not shown.rows:
            shown = Shown.of([_row(item, world) for item in items[max(0, now - SHOWN) : now]], shown)
        seen = now
        chance = {"one": rhythm.silence(at, clock)}
        told = bool(silences({"one": shown}, moment(at).date(), past=past, learned=chance))
        if told and at > end:
            return Noticed(days=clock.days(items[-1], at), false=false)
        false += told and not alarmed
        alarmed = told
        at += DAY / world.looks * dice.uniform(0.8, 1.2)
    return Noticed(days=math.inf, false=false)


def _row(item: float, world: World) -> Entry:
    published = Moment(at=moment(item), precision="day") if world.dated else None
    return Entry(url=f"https://cong.example.vn/tin/{item}", title="Tin", published=published)


def main() -> None:
    """Prints, for each world, days until a silence was noticed and false alarms, as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    asked = parser.parse_args()
    told = {}
    for name, world in WORLDS.items():
        every = [watch(world, seed) for seed in range(asked.first, asked.first + asked.seeds)]
        days = sorted(one.days for one in every)
        told[name] = {
            "median days": round(median(days), 1),
            "p90 days": round(days[int(0.9 * (len(days) - 1))], 1),
            "false alarms": sum(one.false for one in every),
            "most in a year": max(one.false for one in every),
        }
    sys.stdout.write(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
