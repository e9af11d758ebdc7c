"""A world of 60 section pages on 12 hosts, in which the freshness of a scheduler is measured: when items appear.

Rates from 0.02 to 8 items a day; three publishing habits; batches; in the scenario `realistic` rates that drift,
fortnights of four times as many items, and a week of Tết with almost none. A poll sees all that appeared up to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY = 1440
WEEK = 7 * DAY
N, HOSTS = 60, 12
BATCH = np.array([1.3, 1.15, 3.0])
"""How many items come at a time, on average, by habit."""


def _bump(hours: NDArray[np.float64], centre: float, width: float) -> NDArray[np.float64]:
    return np.exp(-0.5 * ((hours - centre) / width) ** 2)


def _profiles() -> NDArray[np.float64]:
    """The intensity of each habit in each minute of the week, Monday first, 1 on average: office, desk, day's end."""
    hours = np.arange(DAY) / 60.0
    work = ((hours >= 7.5) & (hours < 11.75)) | ((hours >= 13.25) & (hours < 17.5))
    office = np.where(work, 0.35 + _bump(hours, 10, 1.1) + 0.95 * _bump(hours, 15.7, 1.2), 0.0)
    office += 0.05 * ((hours >= 6.5) & (hours < 22))
    desk = 0.02 + ((hours >= 6) & (hours < 22.5)) * (0.5 + _bump(hours, 9.5, 2) + 0.8 * _bump(hours, 16, 2))
    end = 0.01 + 0.25 * work + 3.0 * _bump(hours, 16.8, 0.8)
    weeks = [
        np.concatenate([day] * 5 + [day * weekend] * 2) for day, weekend in ((office, 0.05), (desk, 0.45), (end, 0.03))
    ]
    return np.array([week / week.mean() for week in weeks])


PROF = _profiles()


def world(seed: int, weeks: int, scenario: str) -> dict[str, Any]:
    """When items appear on each page, in minutes since a Monday's midnight (`times`), and what is true of the pages.

    A policy may see counts, and minutes on the hosts that are `stamped`; never `rates`, `cls` or `mult`.
    """
    rng = np.random.default_rng(seed)
    rates = np.geomspace(0.02, 8.0, N)
    rng.shuffle(rates)
    host = np.repeat(np.arange(HOSTS), N // HOSTS)
    of_host = rng.choice(3, size=HOSTS, p=[0.6, 0.25, 0.15])
    cls = np.where(rng.random(N) < 0.85, of_host[host], rng.choice(3, size=N, p=[0.6, 0.25, 0.15]))
    mult = np.ones((N, weeks))
    if scenario == "realistic":
        walk = np.cumsum(rng.normal(0, 0.15, (N, weeks)), axis=1)
        mult = np.exp(np.clip(walk, -1.2, 1.2))
        for page in np.flatnonzero(rng.random(N) < 0.15).tolist():
            first = int(rng.integers(0, weeks - 1))
            mult[page, first : first + 2] *= 4
        mult[:, weeks // 2] *= 0.05
    times = []
    for page in range(N):
        appeared = []
        until = np.cumsum(PROF[cls[page]])
        until /= until[-1]
        for week in range(weeks):
            count = rng.poisson(7 * rates[page] * mult[page, week] / BATCH[cls[page]])
            at = np.searchsorted(until, rng.random(count)) + rng.random(count) + week * WEEK
            together = rng.geometric(1 / BATCH[cls[page]], size=count)
            appeared.append(np.repeat(at, together))
        times.append(np.sort(np.concatenate(appeared)) if appeared else np.zeros(0))
    stamped = rng.random(HOSTS) < 0.5
    return {
        "rates": rates, "host": host, "cls": cls, "mult": mult,
        "times": times, "weeks": weeks, "stamped": stamped, "seed": seed,
    }  # fmt: skip
