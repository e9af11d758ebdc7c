"""A silence is told from a gap: by how often items come, how many at once, and how long gaps were before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scraper.pace import Pace


def pace(gaps: list[float], count: int = 1) -> Pace:
    """What is known after these gaps, at the end of each of which so many items came."""
    one = Pace()
    for gap in gaps:
        for _ in range(4):
            one.looked(0, gap / 5)
        one.looked(count, gap / 5)
        one.came(count, gap, gap)
    return one


def test_of_one_item_a_day_a_week_is_a_silence_and_five_days_are_none() -> None:
    known = pace([1.0] * 90)
    assert known.silence(8) < 0.001 < known.silence(5)


def test_what_comes_together_is_one_arrival() -> None:
    in_sixes = pace([6.0] * 30, count=6)
    assert 4 < in_sixes.together < 6
    assert in_sixes.silence(20) > 0.001 > in_sixes.silence(60)
    assert pace([1.0] * 90).together < 1.2


def test_a_gap_that_was_none_before_is_none_again() -> None:
    known = pace([1.0] * 60)
    assert known.silence(9) < 0.001
    known.came(1, 9.0, 9.0)
    assert known.silence(12) == 1


def test_a_busy_section_is_not_silent_before_four_days() -> None:
    known = pace([0.1] * 400)
    assert known.silence(3.9) == 1
    assert known.silence(4.1) < 0.001


@given(st.lists(st.tuples(st.floats(0, 400), st.integers(0, 100))), st.floats(0, 4000))
def test_it_is_always_a_chance(gaps: list[tuple[float, int]], quiet: float) -> None:
    one = Pace()
    for gap, count in gaps:
        one.looked(count, gap)
        one.came(count, gap, gap)
    assert 0 <= one.silence(quiet) <= 1
