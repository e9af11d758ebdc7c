"""What decisions do to procedures, and from when: portals.md section 7. Labelled by reading, in tests/pages/legal."""

import csv
import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.announcements import Announcement, announced, effective, heading, sentences
from scraper.text import clean, clean_lines

LABELLED = Path(__file__).parents[1] / "pages" / "legal"
quick = settings(max_examples=200)


def table(name):
    with (LABELLED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


PAGES = tomllib.loads((LABELLED / "announcements.toml").read_text("utf-8"))["page"]
HEADINGS = table("headings.tsv")
EFFECTIVE = table("effective.tsv")


def test_announcements():
    right = found = wanted = 0
    for page in PAGES:
        changes = {one.change for one in announced(page["title"], page.get("text", ""))}
        right += len(changes & set(page["changes"]))
        found += len(changes)
        wanted += len(page["changes"])
    assert right / found >= 0.98
    assert right / wanted >= 0.98
    assert len(PAGES) >= 90
    assert sum(not page["changes"] for page in PAGES) >= 40


def test_changes_stand_in_the_order_of_the_words():
    for page in PAGES:
        assert [one.change for one in announced(page["title"], page.get("text", ""))] == page["changes"]


def test_evidence_is_the_page_s_own_words():
    for page in PAGES:
        text = page.get("text", "")
        for one in announced(page["title"], text):
            assert one.evidence == clean(page["title"]) or one.evidence in clean_lines(text)


@pytest.mark.parametrize("row", HEADINGS, ids=lambda row: row["heading"][:40])
def test_headings(row):
    assert (heading(row["heading"]) or "") == row["change"]


def test_names_and_codes_are_those_listed_under_the_words():
    text = """
A. THỦ TỤC HÀNH CHÍNH MỚI BAN HÀNH
1. Tặng Bằng khen của Chủ tịch UBND tỉnh (1.012345.000.00.00.H56)
2. Tặng danh hiệu Tập thể lao động xuất sắc;
B. THỦ TỤC HÀNH CHÍNH BỊ BÃI BỎ
1. Công nhận sáng kiến (mã số: 2.000449)
Nơi nhận:
- Như Điều 3
"""
    new, abolished = announced("Danh mục kèm theo", text)
    assert new == Announcement(
        change="new",
        evidence="A. THỦ TỤC HÀNH CHÍNH MỚI BAN HÀNH",
        names=("Tặng Bằng khen của Chủ tịch UBND tỉnh", "Tặng danh hiệu Tập thể lao động xuất sắc"),
        codes=("1.012345",),
    )
    assert (abolished.names, abolished.codes) == (("Công nhận sáng kiến",), ("2.000449",))


@pytest.mark.parametrize("begins", ["Điều này là mới", "Áp dụng ngay", "Ông ký", "Sở nêu", "(Kèm danh mục)"])
def test_a_sentence_ends_before_any_capital_and_sign(begins):
    assert sentences(f"Bãi bỏ 05 thủ tục hành chính. {begins}. v.v. đã hết") == [
        "Bãi bỏ 05 thủ tục hành chính.",
        f"{begins}. v.v. đã hết",
    ]
    (one,) = announced("", f"Công bố 05 thủ tục hành chính bị bãi bỏ. {begins}.")
    assert one.evidence == "Công bố 05 thủ tục hành chính bị bãi bỏ."


def test_one_procedure_is_announced_by_its_name_and_code():
    title = "Quyết định công bố bãi bỏ thủ tục Cấp lại thẻ (mã số 1.001234)"
    assert [(one.change, one.codes) for one in announced(title)] == [("abolished", ("1.001234",))]
    assert announced(title.replace("(mã số 1.001234)", "")) == ()


def test_what_is_listed_under_a_sentence_of_two_kinds_is_of_neither():
    text = "Điều 1. Công bố 02 TTHC mới ban hành, 01 TTHC bị bãi bỏ:\n1. Tặng Bằng khen (1.012345)"
    assert [(one.names, one.codes) for one in announced("", text)] == [((), ()), ((), ())]


def test_the_title_is_evidence_before_the_text_and_the_text_adds_the_codes():
    (one,) = announced(
        "Công bố danh mục thủ tục hành chính bị bãi bỏ", "Thủ tục hành chính bị bãi bỏ\n1. Công nhận sáng kiến 2.000449"
    )
    assert (one.evidence, one.codes) == ("Công bố danh mục thủ tục hành chính bị bãi bỏ", ("2.000449",))


@pytest.mark.parametrize("row", EFFECTIVE, ids=lambda row: row["text"][:40])
def test_effective(row):
    issued = date.fromisoformat(row["issued"]) if row["issued"] else None
    day = effective(row["text"], issued)
    assert (day.isoformat() if day else "") == row["effective"]


def test_what_is_said_of_this_decision_goes_before_what_is_said_of_others():
    text = (
        "Luật số 91/2025/QH15 có hiệu lực từ ngày 01/01/2026.\nĐiều 2. Quyết định này có hiệu lực từ ngày 15/02/2026."
    )
    assert effective(text) == date(2026, 2, 15)


def test_a_day_beyond_the_calendar_is_none():
    assert effective("Quyết định này có hiệu lực sau 999 ngày kể từ ngày ký.", date.max) is None


phrases = st.sampled_from(
    [
        *("công bố", "danh mục", "thủ tục hành chính", "TTHC", "thủ tục", "mới ban hành", "được", "bị", "sửa đổi"),
        *(", bổ sung", "thay thế", "bãi bỏ", "hủy bỏ", "Quyết định số 12/QĐ-UBND", "Điều 1.", "căn cứ", "/", ";", "\n"),
        *("Quyết định này có", "hiệu lực từ", "ngày ký", "sau 10 ngày kể từ", "1.", "1.001234", "ngày 15/8/2022"),
    ]
)


@quick
@given(st.lists(phrases | st.text(max_size=5), max_size=25).map(" ".join), st.none() | st.dates())
def test_nothing_raises_and_nothing_is_announced_without_words(text, issued):
    effective(text, issued)
    for one in (*announced(text), *announced("", text), *announced(text, text)):
        assert one.evidence
        assert one.evidence in (clean(text), *clean_lines(text).split("\n")) or one.evidence in clean_lines(text)
    assert heading(text) in (None, "new", "amended", "replaced", "abolished")
