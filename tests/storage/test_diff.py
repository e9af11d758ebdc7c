from __future__ import annotations

import random
import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage import diff

TEXTS = st.text(st.sampled_from("ab \n\tấ"), max_size=40)


def joined(changes: list[diff.Change], signs: str) -> list[str]:
    return "".join(said for sign, said in changes if sign in signs).split()


def holds(old: str, new: str) -> None:
    changes = diff.words(old, new)
    assert joined(changes, "=-") == old.split()
    assert joined(changes, "=+") == new.split()
    assert all(said for _, said in changes)
    assert all(one[0] != other[0] for one, other in pairwise(changes))
    added, removed = diff.counts(changes)
    assert added - removed == len(new.split()) - len(old.split())
    assert 0 <= added <= len(new.split())
    assert 0 <= removed <= len(old.split())


@given(TEXTS, TEXTS)
@settings(max_examples=300)
def test_kept_and_removed_is_the_old_text_kept_and_added_the_new(old: str, new: str) -> None:
    holds(old, new)


@given(TEXTS, TEXTS, st.sampled_from([(0, 60_000), (0, 2), (0, 0)]))
@settings(max_examples=300)
def test_so_it_is_for_long_texts_too(old: str, new: str, bounds: tuple[int, int]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(diff, "_LONG", bounds[0])
        patched.setattr(diff, "_MOST_PAIRS", bounds[1])
        holds(old, new)


@given(TEXTS)
@settings(max_examples=100)
def test_a_text_has_not_changed_against_itself(said: str) -> None:
    assert diff.counts(diff.words(said, said)) == (0, 0)


@pytest.mark.parametrize(
    ("old", "new", "counted"),
    [
        ("ba ngày làm việc", "năm ngày làm việc", (1, 1)),
        ("một hai ba", "hai ba", (0, 1)),
        ("hai ba", "một hai ba", (1, 0)),
        ("một hai", "một", (0, 1)),
        ("", "một hai", (2, 0)),
        ("một hai", "", (0, 2)),
        ("một\nhai", "một hai", (0, 0)),
        ("đoạn một\nđoạn hai\nđoạn ba", "đoạn một\nđoạn ba", (0, 2)),
        ("đoạn một\nbỏ chữ đầu", "đoạn một\nchữ đầu", (0, 1)),
        ("Sở Nội vụ", "Sở  Nội\tvụ", (0, 0)),
    ],
)
def test_words_are_counted_as_a_reader_would(old: str, new: str, counted: tuple[int, int]) -> None:
    assert diff.counts(diff.words(old, new)) == counted


def vocabulary(size: int, words: int) -> list[str]:
    dice = random.Random(size)
    return [f"từ{dice.randrange(size)}" for _ in range(words)]


@pytest.mark.parametrize("paragraphs", [1, 200])
@pytest.mark.parametrize("size", [3, 300, 10_000])
def test_one_word_of_twenty_thousand_is_found_at_once(size: int, paragraphs: int) -> None:
    old = vocabulary(size, 20_000)
    for place in range(0, 20_000, 20_000 // paragraphs):
        old[place] += "\n"
    new = [*old[:9_999], "khác", *old[10_000:]]
    started = time.perf_counter()
    changes = diff.words(" ".join(old), " ".join(new))
    assert time.perf_counter() - started < 1
    assert diff.counts(changes) == (1, 1)
    assert ("+", " khác") in [(sign, said.rstrip("\n")) for sign, said in changes]


def test_a_long_text_with_changes_far_apart_is_compared_word_by_word() -> None:
    old = vocabulary(10_000, 20_000)
    new = ["đầu", *old[1:10_000], "giữa", *old[10_001:19_999], "cuối"]
    started = time.perf_counter()
    assert diff.counts(diff.words(" ".join(old), " ".join(new))) == (3, 3)
    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("size", [2, 10, 50, 1000])
@pytest.mark.parametrize("words", [600, 2_000, 20_000])
def test_texts_that_have_nothing_to_do_with_each_other_take_a_bounded_time(size: int, words: int) -> None:
    old, new = vocabulary(size, words), vocabulary(size, words)[::-1]
    started = time.perf_counter()
    holds(" ".join(old), "\n".join(new))
    assert time.perf_counter() - started < 2
