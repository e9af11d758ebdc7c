"""Deadlines in sentences of notices: `deadlines.toml` has those that are, and those that are none."""

from __future__ import annotations

import re
import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.deadlines import FARTHEST, MOST, Deadline, read, timely
from scraper.items import VIETNAM

CASES = tomllib.loads(Path(__file__).with_name("deadlines.toml").read_text("utf-8"))["case"]
PUBLISHED = date(2025, 11, 10)
PIECES = (
    "Thời hạn nhận hồ sơ", "góp ý", "gửi về Sở", "đấu giá", "niêm yết công khai", "từ", "đến hết", "trước", "chậm nhất",
    "17 giờ 00", "8h30'", "ngày", "ngày 30/11/2025", "30/11", "ngày 15 tháng 12 năm 2025", "31/02/2026", "1.2.2026",
    "tháng", "năm", "hằng năm", ":", ";", ".", "\n", "- ", "–", "thứ Sáu,", "(", "99", "7", "/", "đã", "hiệu lực", "İ",
    "\u0130\u0307", "\ud800", "\0",
)  # fmt: skip


def said(one: Deadline) -> str:
    on = one.on.at
    return f"{on:%Y-%m-%dT%H:%M} {one.what}" if one.on.precision == "minute" else f"{on:%Y-%m-%d} {one.what}"


@pytest.mark.parametrize("case", CASES, ids=[case["text"][:40] for case in CASES])
def test_what_a_sentence_asks_for(case: dict[str, Any]) -> None:
    found = read(case.get("title", ""), case["text"], case["published"])
    assert [said(one) for one in found] == case.get("due", [])


@pytest.mark.parametrize("case", [case for case in CASES if "due" in case], ids=lambda case: case["text"][:40])
def test_the_evidence_says_it_alone(case: dict[str, Any]) -> None:
    for one in read(case.get("title", ""), case["text"], case["published"]):
        assert said(one) in {said(again) for again in read("", one.evidence, case["published"])} | {
            f"{said(one).split()[0]} auction"  # a title may say that all of it is about bidding
        }


def test_without_a_day_of_publication_only_whole_days_are_read() -> None:
    assert [said(one) for one in read("", "Hạn nộp hồ sơ: trước ngày 20/7/2023.", None)] == ["2023-07-20 applications"]
    assert read("", "Hạn nộp hồ sơ: trước ngày 20/7.", None) == ()


def test_a_day_is_no_deadline_before_publication_or_long_after() -> None:
    (one,) = read("", "Hạn nộp hồ sơ: trước ngày 20/7/2023.", None)
    day = one.on.at.date()
    assert list(timely([one], None)) == list(timely([one], day)) == list(timely([one], day - FARTHEST)) == [one]
    assert not list(timely([one], day + timedelta(days=1)))
    assert not list(timely([one], day - FARTHEST - timedelta(days=1)))


def test_a_day_without_a_year_is_of_this_one_or_the_next() -> None:
    def year(text: str, published: date) -> list[int]:
        return [one.on.at.year for one in read("", text, published)]

    assert year("Hạn nộp hồ sơ: trước ngày 10/01.", date(2025, 12, 20)) == [2026]
    assert year("Hạn nộp hồ sơ: trước ngày 10/01.", date(2026, 1, 10)) == [2026]
    assert year("Hạn nộp hồ sơ: trước ngày 10/01.", date(2025, 1, 11)) == []  # a year ahead: it is past
    assert year("Hạn nộp hồ sơ: trước ngày 29 tháng 2.", date(2027, 12, 20)) == [2028]
    assert year("Hạn nộp hồ sơ: trước ngày 29 tháng 2.", date(2025, 12, 20)) == []


def test_each_is_said_once_with_its_hour() -> None:
    text = (
        "Hạn nộp hồ sơ: ngày 20/7/2023.\nSở nhận hồ sơ từ ngày 20/6/2023 đến 17 giờ ngày 20/7/2023.\n"
        "Gửi về Sở trước ngày 20/7/2023."
    )
    (one,) = read("", text, date(2023, 6, 20))
    assert said(one) == "2023-07-20T17:00 applications"
    assert one.evidence == "Sở nhận hồ sơ từ ngày 20/6/2023 đến 17 giờ ngày 20/7/2023."


def test_a_timetable_is_cut() -> None:
    day = date(2025, 1, 1)
    text = "\n".join(f"Hạn nộp hồ sơ: {day + timedelta(days=number):%d/%m/%Y}" for number in range(MOST * 2))
    assert len(read("", text, day)) == MOST


@given(st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join), st.sampled_from([PUBLISHED, None, date.max]))
def test_nothing_raises_and_what_is_found_is_printed(text: str, published: date | None) -> None:
    for one in read("", text, published):
        numbers = set(map(int, re.findall(r"\d+", one.evidence)))
        assert {one.on.at.day, one.on.at.month} <= numbers
        assert one.on.at.tzinfo is VIETNAM
        assert all(line in text for line in one.evidence.split("\n"))


@given(st.text(), st.text())
def test_any_text_is_read(title: str, text: str) -> None:
    read(title, f"{text} trước ngày 30/11/2025 {text}", PUBLISHED)
