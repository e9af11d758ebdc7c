"""What held on which day is a function of what is known and of the day, whatever the order in which it was met."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import timeline
from storage.timeline import CHANGES, STATES, Announcement, Listing, Standing

SEEN = date(2025, 3, 10)


def said(change: Any, number: str = "", key: int = 0, **days: Any) -> Announcement:
    return Announcement(change=change, number=number, key=key or hash((change, number)), **{"seen": SEEN} | days)


def on(day: date, *told: Announcement, listed: date | None = None) -> Standing:
    listings = [Listing(since=listed)] if listed else []
    return timeline.state(timeline.steps(told), listings, day)


A = said("new", "1/QĐ-UBND", issued=date(2019, 1, 10), effective=date(2019, 2, 1))
B = said("amended", "2/QĐ-UBND", issued=date(2021, 5, 4))
C = said("replaced", "3/QĐ-UBND", published=date(2022, 6, 7))
D = said("abolished", "4/QĐ-UBND", effective=date(2023, 8, 9))
E = said("new", "5/QĐ-UBND", effective=date(2024, 1, 1))


@pytest.mark.parametrize(
    ("day", "state", "since"),
    [
        (date(2019, 1, 31), "not-yet", None),
        (date(2019, 2, 1), "in-force", date(2019, 2, 1)),
        (date(2021, 5, 4), "in-force", date(2019, 2, 1)),  # amended, and in force as before
        (date(2022, 6, 7), "replaced", date(2022, 6, 7)),
        (date(2023, 8, 8), "replaced", date(2022, 6, 7)),
        (date(2023, 8, 9), "abolished", date(2023, 8, 9)),
        (date(2023, 12, 31), "abolished", date(2023, 8, 9)),
        (date(2024, 1, 1), "in-force", date(2024, 1, 1)),
        (date(9999, 12, 31), "in-force", date(2024, 1, 1)),
    ],
)
def test_a_procedures_life(day: date, state: str, since: date | None) -> None:
    for told in ((A, B, C, D, E), (E, D, C, B, A), (D, A, E, C, B)):
        standing = on(day, *told)
        assert (standing.state, standing.since) == (state, since)


def test_a_decision_takes_effect_on_the_day_it_states_else_of_its_issue_else_of_its_publication() -> None:
    days = {"effective": date(2020, 4, 1), "issued": date(2020, 3, 1), "published": date(2020, 2, 1)}
    for basis, day in list(days.items()):
        (step,) = timeline.steps([said("new", "1", **days)])
        assert (step.basis, step.day) == (basis, day)
        del days[basis]
    (step,) = timeline.steps([said("new", "1")])
    assert (step.basis, step.day) == ("seen", SEEN)


def test_nobody_says_how_it_stood_before_a_first_step_that_is_no_introduction() -> None:
    assert on(date(2023, 1, 1), D) == Standing(state="unknown")
    assert on(date(2023, 1, 1), D, listed=date(2022, 1, 1)) == Standing(state="in-force", since=date(2022, 1, 1))
    assert on(date(2021, 12, 31), D, listed=date(2022, 1, 1)) == Standing(state="unknown")
    assert on(date(2023, 8, 9), D, listed=date(2022, 1, 1)).state == "abolished"


def test_a_list_is_believed_from_its_day_to_its_end() -> None:
    listings = [Listing(since=date(2020, 1, 1), until=date(2021, 1, 1)), Listing(since=date(2023, 1, 1))]
    days = {date(2019, 12, 31): "unknown", date(2020, 1, 1): "in-force", date(2020, 12, 31): "in-force",
            date(2021, 1, 1): "unknown", date(2023, 1, 1): "in-force"}  # fmt: skip
    assert {day: timeline.state([], listings, day).state for day in days} == days
    assert timeline.state([], [], SEEN) == Standing(state="unknown")


def test_a_page_without_the_number_repeats_the_news_of_one_with_it() -> None:
    numbered = said("abolished", "4/QĐ-UBND", key=1, issued=date(2023, 8, 9))
    near = said("abolished", key=2, published=date(2023, 8, 20))
    nearer = said("abolished", key=3, published=date(2023, 8, 12))
    later = said("abolished", key=4, published=date(2024, 8, 12))
    first, second = timeline.steps([later, near, numbered, nearer])
    assert [one.key for one in first.told] == [1, 2, 3]
    assert (first.number, first.day, first.basis) == ("4/QĐ-UBND", date(2023, 8, 9), "issued")
    assert second.told == (later,)
    (alone,) = timeline.steps([near, nearer])
    assert (alone.day, alone.number) == (date(2023, 8, 12), "")


def test_offices_count_from_one_again_each_year() -> None:
    told = [said("amended", "12/QĐ-UBND", key=year, issued=date(year, 2, 3)) for year in (2021, 2022)]
    told.append(said("amended", "12/QĐ-UBND", key=3, published=date(2022, 2, 20)))
    first, second = timeline.steps(told)
    assert ([one.key for one in first.told], [one.key for one in second.told]) == ([2021], [2022, 3])


DAYS = st.dates(date(2018, 1, 1), date(2026, 1, 1))
TOLD = st.builds(
    Announcement,
    key=st.integers(0, 10**6),
    change=st.sampled_from(CHANGES),
    number=st.sampled_from(["", "1/QĐ-UBND", "2/QĐ-UBND", "3/QĐ-BNV"]),
    seen=DAYS,
    issued=st.none() | DAYS,
    effective=st.none() | DAYS,
    published=st.none() | DAYS,
)
MANY = st.lists(TOLD, max_size=12, unique_by=lambda one: one.key)


@given(MANY, st.randoms(use_true_random=False), DAYS)
def test_the_order_of_arrival_does_not_matter(told: list[Announcement], chance: Any, day: date) -> None:
    shuffled = list(told)
    chance.shuffle(shuffled)
    steps = timeline.steps(told)
    assert timeline.steps(shuffled) == steps
    assert timeline.steps([*shuffled, *told]) == steps
    assert timeline.state(steps, [], day) == timeline.state(timeline.steps(shuffled), [], day)


@given(MANY)
def test_every_announcement_is_of_one_step_and_steps_stand_in_order(told: list[Announcement]) -> None:
    steps = timeline.steps(told)
    assert sorted(one.key for step in steps for one in step.told) == sorted(one.key for one in told)
    assert [step.day for step in steps] == sorted(step.day for step in steps)
    for step in steps:
        assert {one.change for one in step.told} == {step.change}
        assert {one.number for one in step.told} <= {step.number, ""}


@given(MANY, st.lists(st.builds(Listing, since=DAYS, until=st.none() | DAYS), max_size=3), DAYS)
def test_the_state_is_one_of_the_closed_list_and_changes_only_on_days_of_steps_and_lists(
    told: list[Announcement], listings: list[Listing], day: date
) -> None:
    steps = timeline.steps(told)
    now, before = (timeline.state(steps, listings, one).state for one in (day, day - timedelta(days=1)))
    assert now in STATES
    turns = {step.day for step in steps} | {one.since for one in listings} | {one.until for one in listings}
    assert now == before or day in turns
