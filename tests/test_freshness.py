"""The plan of polls: budgets, gaps, hours and the daily look hold in any world."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from freshness import LONGEST, SLOT, Agenda, Budget, Member, opens, plan, slots
from scraper.rhythm import DAY, Rhythm, beginning

HOURS = st.one_of(
    st.none(), st.tuples(st.integers(0, 23), st.integers(0, 23)).map(lambda two: (two[0] * 60.0, two[1] * 60.0))
)


@given(HOURS, st.floats(0, 20 * DAY))
def test_hours_open_at_most_a_day_later_and_then_they_are_open(hours: tuple[float, float] | None, at: float) -> None:
    begins = opens(hours, at)
    assert at <= begins <= at + DAY
    assert opens(hours, begins) == pytest.approx(begins, abs=1e-6)


@settings(max_examples=4)
@given(
    st.lists(st.tuples(st.floats(0.01, 20), st.integers(0, 2), HOURS), min_size=1, max_size=6),
    st.integers(10, 120), st.integers(0, 1000),
)  # fmt: skip
def test_budget_gap_hours_and_the_daily_look_hold(
    world: list[tuple[float, int, tuple[float, float] | None]], a_day: int, seed: int
) -> None:
    chance = random.Random(seed)
    members = {
        f"{place}": Member(host=f"host-{host}", source=f"{place}", rhythm=beginning(0.0), last=0.0, hours=hours)
        for place, (_, host, hours) in enumerate(world)
    }
    budget = Budget(a_day=a_day, most_a_day=1.5 * a_day, gap=1.0)
    agenda = Agenda(members, budget, now=0.0)
    now, end = 0.0, 3 * DAY
    days: Counter[int] = Counter()
    last_of_host: dict[str, float] = {}
    looks: dict[str, list[float]] = {name: [0.0] for name in members}
    while (found := agenda.next(now)) and found[0] < end:
        at, name = found
        assert at >= now
        now, member = at, members[name]
        assert opens(member.hours, at) == at
        assert at - last_of_host.get(member.host, -DAY) >= 1.0
        last_of_host[member.host] = at
        days[int(at // DAY)] += 1
        rate = world[int(name)][0]
        count = sum(chance.random() < rate * (at - looks[name][-1]) / DAY / 10 for _ in range(10))
        looks[name].append(at)
        agenda.polled(name, at, count)
    assert max(days.values()) <= 1.5 * a_day
    assert sum(days.values()) <= 7 * a_day
    if a_day > 12 * len(world):
        for name, times in looks.items():
            shut = 0.0 if members[name].hours is None else DAY
            gaps = [later - sooner for sooner, later in zip(times, [*times[1:], end], strict=True)]
            assert max(gaps) <= LONGEST + shut + 60, (name, gaps)


def test_the_budget_goes_where_most_is_published() -> None:
    rhythms = {"busy": Rhythm(at=0.0, shape=90.0, exposure=10.0), "dead": Rhythm(at=0.0, shape=0.2, exposure=30.0)}
    members = {name: Member(host=name, source=name, rhythm=one, last=0.0) for name, one in rhythms.items()}
    agenda = Agenda(members, Budget(a_day=40, most_a_day=60), now=0.0)
    busy, dead = agenda.interval("busy"), agenda.interval("dead")
    assert busy is not None
    assert dead is not None
    assert busy < dead / 8
    assert dead <= LONGEST
    assert DAY / busy + DAY / dead == pytest.approx(40, rel=0.05)
    agenda.wait(["busy"], 3 * DAY)
    assert agenda.when(["busy"], 0.0) == (3 * DAY, "busy")


def test_a_source_keeps_to_its_own_budget() -> None:
    members = {
        f"{source} {place}": Member(
            host=source, source=source, rhythm=Rhythm(at=0.0, shape=50.0, exposure=10.0), last=0.0
        )
        for source in "ab"
        for place in range(3)
    }
    agenda = Agenda(members, Budget(a_day=100, most_a_day=150, of_source={"a": 10.0}), now=0.0)
    spent = {source: sum(DAY / (agenda.interval(f"{source} {place}") or 1) for place in range(3)) for source in "ab"}
    assert spent["a"] <= 10.5
    assert spent["b"] == pytest.approx(90, rel=0.05)


def test_what_polls_do_not_take_is_left_out_of_the_plan() -> None:
    def member() -> dict[str, Member]:
        return {"a": Member(host="a", source="a", rhythm=Rhythm(at=0.0, shape=50.0, exposure=10.0), last=0.0)}

    whole = Agenda(member(), Budget(a_day=60, most_a_day=90), now=0.0)
    half = Agenda(member(), Budget(a_day=60, most_a_day=90, share=0.5), now=0.0)
    assert (half.interval("a") or 0) == pytest.approx(2 * (whole.interval("a") or 0), rel=0.05)
    assert half.left(0.0) == 90
    half.spend(0.0, 88)
    assert half.left(0.0) == 2
    assert Agenda(member(), Budget(a_day=60, most_a_day=90), now=0.0, spent={0: 90}).when(["a"], 5.0) == (DAY, "a")


def test_an_empty_agenda_has_nothing_to_do() -> None:
    agenda = Agenda({}, Budget(a_day=1, most_a_day=1), now=0.0)
    assert agenda.next(5 * DAY) is None


def test_a_plan_names_slots_ahead() -> None:
    now = 12345.0
    ahead = slots(now)
    made = plan(np.full((2, len(ahead)), 0.005), now=now, sections=["a", "b"], a_day=30)
    assert made.polls.sum() == pytest.approx(30 * 7, rel=0.1)
    at = now
    for _ in range(50):
        after = made.after("a", at)
        assert now <= after <= at + LONGEST + SLOT
        assert after % SLOT == 0
        assert after > at
        at = after
