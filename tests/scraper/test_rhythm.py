"""What is learned of a listing's rhythm comes near the truth, and its clocks are consistent."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.holidays import tet
from scraper.items import VIETNAM
from scraper.pace import Pace
from scraper.rhythm import DAY, OFFICE, WEEK, Clock, Look, Rhythm, beginning, clocks, minutes, moment, working

shares = st.lists(st.floats(0.01, 10), min_size=48, max_size=48)
days = st.lists(st.floats(0.01, 10), min_size=7, max_size=7)
times = st.floats(0, 60 * WEEK)


def clock(hours: list[float], of_days: list[float]) -> Clock:
    return Clock([one / sum(hours) for one in hours], [one / sum(of_days) for one in of_days])


@given(shares, days, times, st.floats(0, 30))
def test_days_and_after_are_each_others_inverse(
    hours: list[float], of_days: list[float], since: float, span: float
) -> None:
    one = clock(hours, of_days)
    until = one.after(since, span)
    assert until >= since - 1e-6
    assert one.days(since, until) == pytest.approx(span, abs=1e-6)


@given(shares, days, times, times, times)
def test_time_adds_up(hours: list[float], of_days: list[float], a: float, b: float, c: float) -> None:
    one = clock(hours, of_days)
    assert one.days(a, b) + one.days(b, c) == pytest.approx(one.days(a, c), abs=1e-6)
    assert one.days(a, a + WEEK) == pytest.approx(7, abs=1e-6)
    assert sum(one.week) / len(one.week) == pytest.approx(1)


def test_the_shipped_clock_is_an_office() -> None:
    monday = minutes(datetime(2026, 3, 2, tzinfo=VIETNAM))
    assert OFFICE.days(monday + 8 * 60, monday + 11 * 60) > 10 * OFFICE.days(monday, monday + 3 * 60)
    assert OFFICE.days(monday, monday + DAY) > 5 * OFFICE.days(monday + 6 * DAY, monday + 7 * DAY)
    assert moment(monday).isoformat() == "2026-03-02T00:00:00+07:00"


@pytest.mark.parametrize("rate", [0.1, 1.0, 8.0])
@pytest.mark.parametrize("every", [2 * 60, 7 * 60])
def test_rates_come_near_the_truth(rate: float, every: int) -> None:
    rhythm, at, left = beginning(0.0), 0.0, 0.0
    told = []
    for _ in range(60 * 1440 // every):
        since, at = at, at + every
        left += rate * OFFICE.days(since, at)
        rhythm.saw(at, int(left), OFFICE)
        left -= int(left)
        told.append(rhythm.rate)
    late = told[len(told) // 2 :]
    assert sum(late) / len(late) == pytest.approx(rate, rel=0.3)


def test_a_dead_listing_is_known_as_such_and_a_new_life_is_noticed() -> None:
    rhythm = beginning(0.0)
    for day in range(1, 60):
        rhythm.saw(day * DAY, 0, OFFICE)
    assert rhythm.rate < 0.05
    for day in range(60, 70):
        rhythm.saw(day * DAY, 5, OFFICE)
    assert rhythm.rate > 0.8


def test_a_check_is_believed_to_add_hardly_anything_until_it_does() -> None:
    rhythm = Look(listing="a", at=0.0, count=9, check=True).prior()
    assert rhythm.rate == pytest.approx(0.05)
    rhythm.saw(DAY, 1, OFFICE)
    assert rhythm.rate > 0.3


def test_silence_proves_more_of_a_listing_that_is_known_well() -> None:
    known, new = beginning(0.0), beginning(0.0)
    for day in range(1, 60):
        known.saw(day * DAY, 1, OFFICE)
    for day in (47, 50, 53, 56, 59):
        new.saw(day * DAY, 1, OFFICE)
    later = 69 * DAY
    assert known.silence(later, OFFICE) < 0.001 < new.silence(later, OFFICE) < 1
    assert known.silence(61 * DAY, OFFICE) == 1
    assert beginning(0.0).silence(later, OFFICE) == 1  # nothing new was ever seen
    before = known.silence(later, OFFICE)
    known.saw(later, 0, OFFICE)
    assert known.silence(later, OFFICE) == before  # the silence itself is no excuse
    assert Rhythm.from_json(known.to_json()) == known
    assert Rhythm.from_json({key: value for key, value in known.to_json().items() if key != "pace"}).pace == Pace()


def test_holidays_are_no_working_time() -> None:
    before, after = (minutes(datetime(2026, 2, day, tzinfo=VIETNAM)) for day in (9, 27))
    assert OFFICE.days(before, after) - working(before, after, OFFICE) > 7
    assert working(before, before + DAY, OFFICE) == pytest.approx(OFFICE.days(before, before + DAY))


@pytest.mark.parametrize(
    "day",
    ["2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26", "2030-02-02", "2034-02-19", "2040-02-12"],
)
def test_tet_is_known_to_a_day(day: str) -> None:
    known = date.fromisoformat(day)
    assert abs(tet(known.year) - known) <= timedelta(days=1)


def test_clocks_learn_the_hours_of_a_host() -> None:
    rhythms = {name: beginning(0.0) for name in "abcd"}
    for week in range(30):
        for day in range(5):
            for name, hour in (("a", 21), ("b", 21), ("c", 9), ("d", 9)):
                at = week * WEEK + day * DAY + hour * 60 + 10
                rhythms[name].saw(at, 2, OFFICE, (at - 5,))
    told = clocks(rhythms, {"a": "night", "b": "night", "c": "day", "d": "day"})
    evening, morning = ((week * 48 + hour * 2) for week, hour in ((0, 21), (0, 9)))
    assert told["a"].week[evening] > 3 * told["c"].week[evening]
    assert told["c"].week[morning] > told["a"].week[morning]


looks = st.lists(st.tuples(st.floats(0, 3 * DAY), st.integers(0, 40), st.booleans()), max_size=12)


@given(looks)
def test_what_was_learned_survives_json_and_stays_finite(seen: list[tuple[float, int, bool]]) -> None:
    rhythm, at = beginning(1000.0), 1000.0
    for span, count, stamped in seen:
        at += span
        rhythm.saw(at, count, OFFICE, (at,) if stamped and count else ())
    again = Rhythm.from_json(json.loads(json.dumps(rhythm.to_json())))
    assert again == rhythm
    assert 0 < rhythm.rate < 1e6
    week = clocks({"a": rhythm}, {"a": "host"})["a"].week
    assert min(week) > 0
    assert sum(week) / len(week) == pytest.approx(1)
