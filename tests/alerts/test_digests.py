"""When what a watch is to hear of is due: hours, days and quiet hours of Việt Nam."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.digests import LIMITS, Decision, Recent, Rhythm, Waiting, after_quiet, decide, next_digest
from scraper.items import VIETNAM

MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
HOURS = st.integers(0, 23)
QUIET = st.none() | st.tuples(HOURS, HOURS).filter(lambda hours: hours[0] != hours[1])
RHYTHMS = st.builds(
    Rhythm, every=st.sampled_from(["now", "day", "week"]), hour=HOURS, weekday=st.integers(0, 6), quiet=QUIET
)


def local(day: int, hour: int, minute: int = 0, *, month: int = 2) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=VIETNAM)


@pytest.mark.parametrize(
    ("rhythm", "since", "due"),
    [
        (Rhythm(every="day"), local(11, 6, 59), local(11, 7)),
        (Rhythm(every="day"), local(11, 7), local(12, 7)),
        (Rhythm(every="day"), local(11, 23, 59), local(12, 7)),
        (Rhythm(every="day", hour=0), local(16, 23, 59), local(17, 0)),  # Tết of 2026 is on 17 February
        (Rhythm(every="day"), local(17, 0, 0), local(17, 7)),
        (Rhythm(every="day"), local(31, 18, month=12), datetime(2027, 1, 1, 7, tzinfo=VIETNAM)),
        (Rhythm(every="week"), local(11, 9), local(16, 7)),  # the Monday before Tết
        (Rhythm(every="week"), local(16, 7), local(23, 7)),
        (Rhythm(every="week", weekday=2, hour=10), local(11, 9), local(11, 10)),
        (Rhythm(every="day", hour=5, quiet=(22, 6)), local(11, 9), local(12, 6)),
    ],
)
def test_a_digest_is_due_at_its_hour_of_the_local_day(rhythm: Rhythm, since: datetime, due: datetime) -> None:
    assert next_digest(rhythm, since) == due
    assert next_digest(rhythm, since.astimezone(UTC)) == due


@pytest.mark.parametrize(
    ("quiet", "at", "then"),
    [
        (None, local(16, 23), local(16, 23)),
        ((22, 6), local(16, 21, 59), local(16, 21, 59)),
        ((22, 6), local(16, 22), local(17, 6)),
        ((22, 6), local(17, 5, 59), local(17, 6)),
        ((22, 6), local(17, 6), local(17, 6)),
        ((12, 14), local(17, 13), local(17, 14)),
        ((12, 14), local(17, 14), local(17, 14)),
        ((0, 23), local(17, 22, 30), local(17, 23)),
    ],
)
def test_quiet_hours_end_at_their_hour(quiet: tuple[int, int] | None, at: datetime, then: datetime) -> None:
    assert after_quiet(Rhythm(quiet=quiet), at) == then


@given(RHYTHMS, MOMENTS)
def test_a_digest_is_always_due_later_and_never_in_quiet_hours(rhythm: Rhythm, since: datetime) -> None:
    due = next_digest(rhythm, since)
    assert since < due <= since + timedelta(days=8 if rhythm.every == "week" else 2)
    assert after_quiet(rhythm, due) == due


@given(RHYTHMS, MOMENTS)
def test_what_waits_for_the_quiet_hours_end_waits_less_than_a_day(rhythm: Rhythm, at: datetime) -> None:
    then = after_quiet(rhythm, at)
    assert at <= then < at + timedelta(days=1)
    assert after_quiet(rhythm, then) == then


@given(RHYTHMS, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=20)), st.integers(1, 100), st.integers(0, 30))
def test_whatever_waits_is_handed_over_once_its_time_has_come(
    rhythm: Rhythm, since: datetime, later: timedelta, count: int, singles: int
) -> None:
    now = since + later
    decision = decide(rhythm, Waiting(events=count, since=since), Recent(singles=singles), now=now)
    if decision.do == "wait":
        assert decision.at > now
        now = decision.at
        decision = decide(rhythm, Waiting(events=count, since=since), Recent(singles=singles), now=now)
    assert decision.do != "wait"
    assert after_quiet(rhythm, now) == now


def test_more_than_so_many_at_once_are_one_digest() -> None:
    now = local(11, 9)

    def what(events: int, recent: Recent) -> Decision:
        return decide(Rhythm(), Waiting(events=events, since=now), recent, now=now)

    assert what(LIMITS.singles, Recent()).do == "singles"
    assert what(LIMITS.singles + 1, Recent()).do == "digest"
    assert what(5, Recent(singles=16)).do == "digest"
    assert what(4, Recent(singles=16)).do == "singles"
    busy = Recent(singles=20, digest_at=now - timedelta(minutes=3))
    assert what(1, busy) == Decision(do="wait", at=now + timedelta(minutes=7))
    assert what(1, Recent(singles=20, digest_at=now - timedelta(minutes=10))).do == "digest"


def test_what_is_no_news_waits_for_a_digests_hour_where_it_is_alone() -> None:
    now = local(11, 9)
    alone = Waiting(noted_since=now)
    assert decide(Rhythm(), alone, Recent(), now=now) == Decision(do="wait", at=local(12, 7))
    assert decide(Rhythm(), alone, Recent(), now=local(12, 7)).do == "digest"
    beside = Waiting(events=1, since=now, noted_since=now)
    assert decide(Rhythm(), beside, Recent(), now=now).do == "singles"
