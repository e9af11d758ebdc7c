"""What an outcome means for a message and its channel."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from postroom import FAILS, GONE, HANGS, NINE, REFUSES, TAKEN

from alerts.items import Outcome
from alerts.retries import FAILING, JITTER, PLAN, Past, Verdict, judge

SECONDS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]


def test_each_failure_waits_longer_until_the_message_is_given_up() -> None:
    for attempts, seconds in enumerate(SECONDS):
        verdict = judge(FAILS, Past(kind="webhook", attempts=attempts, failures=attempts), now=NINE, chance=0.0)
        assert verdict.state == "pending"
        assert verdict.due_at == verdict.not_before == NINE + timedelta(seconds=seconds)
    assert judge(FAILS, Past(kind="webhook", attempts=len(SECONDS)), now=NINE, chance=0.0).state == "dead"


@given(st.integers(0, 8), st.floats(0, 1))
def test_waits_are_a_little_longer_by_chance_and_never_shorter(attempts: int, chance: float) -> None:
    due = judge(FAILS, Past(kind="mail", attempts=attempts), now=NINE, chance=chance).due_at
    assert due is not None
    assert PLAN[attempts] <= due - NINE == PLAN[attempts] * (1 + JITTER * chance)


def test_a_message_waits_as_often_as_it_failed_and_its_channel_as_often_as_that_did() -> None:
    verdict = judge(FAILS, Past(kind="mail", attempts=0, failures=3), now=NINE, chance=0.0)
    assert (verdict.due_at, verdict.not_before) == (NINE + PLAN[0], NINE + PLAN[3])


@pytest.mark.parametrize(
    ("outcome", "seconds"),
    [
        (Outcome(end="later", cause="rate-limited", retry_after=30), 30),
        (Outcome(end="later", cause="server-error", retry_after=90), 90),
        (Outcome(end="later", cause="server-error", retry_after=1), 5),
        (Outcome(end="later", cause="server-error", retry_after=10**9), 86_400),
        (Outcome(end="later", cause="rate-limited", retry_after=-1), 0),
    ],
)
def test_retry_after_is_obeyed_within_a_day(outcome: Outcome, seconds: int) -> None:
    verdict = judge(outcome, Past(kind="webhook"), now=NINE, chance=0.0)
    assert verdict.due_at == verdict.not_before == NINE + timedelta(seconds=seconds)


def test_a_channel_that_paces_us_does_not_fail() -> None:
    paced = Outcome(end="later", cause="rate-limited", retry_after=30)
    assert not judge(paced, Past(kind="telegram"), now=NINE, chance=0.0).failed
    failing = Past(kind="telegram", failures=9, failing_since=NINE - FAILING)
    assert judge(paced, failing, now=NINE, chance=0.0).pause  # but nor is it well


def test_who_takes_or_refuses_a_message_is_well() -> None:
    assert judge(TAKEN, Past(kind="mail", failures=3), now=NINE, chance=0.5) == Verdict(state="sent", well=True)
    assert judge(REFUSES, Past(kind="mail"), now=NINE, chance=0.5) == Verdict(state="dead", well=True)


def test_a_closed_channel_is_paused_at_once_and_a_failing_one_after_three_days() -> None:
    assert judge(GONE, Past(kind="webhook"), now=NINE, chance=0.5) == Verdict(state="dead", failed=True, pause=True)
    for since, pause in ((NINE - FAILING, True), (NINE - FAILING + timedelta(seconds=1), False)):
        past = Past(kind="webhook", attempts=2, failures=7, failing_since=since)
        assert judge(FAILS, past, now=NINE, chance=0.0).pause is pause


@pytest.mark.parametrize("kind", ["telegram", "apprise"])
def test_where_no_id_tells_a_repeat_an_unknown_outcome_is_tried_once_more(kind: str) -> None:
    assert judge(HANGS, Past(kind=kind), now=NINE, chance=0.0).state == "pending"
    assert judge(HANGS, Past(kind=kind, attempts=1, unknown=True), now=NINE, chance=0.0).state == "dead"
    assert judge(HANGS, Past(kind="webhook", attempts=1, unknown=True), now=NINE, chance=0.0).state == "pending"
