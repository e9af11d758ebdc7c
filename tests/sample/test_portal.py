"""The sample portal's content: the same for a seed, of any size, and obedient to commands."""

import itertools
import time
import unicodedata
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample import addresses
from sample.articles import SECTIONS, VIETNAM
from sample.portal import CommandError, Portal
from sample.prose import Draw, with_one_word_changed
from sample.viewstate import StateError, Tickets, pager_links

DAY = datetime(2026, 10, 3, tzinfo=VIETNAM)


def test_one_seed_always_makes_the_same_portal():
    first, second = Portal(60, seed=3), Portal(60, seed=3)
    assert first.urls() == second.urls()
    assert [first.article(index) for index in range(60)] == [second.article(index) for index in range(60)]


def test_another_seed_makes_another_portal():
    assert not set(Portal(60, seed=1).urls()) & set(Portal(60, seed=2).urls())


def test_articles_differ_from_each_other():
    texts = {Portal(200).article(index).paragraphs for index in range(200)}
    assert len(texts) == 200


def test_times_strictly_decrease_in_working_hours():
    heads = [Portal(300).head(index) for index in range(300)]
    assert all(newer.published > older.published for newer, older in itertools.pairwise(heads))
    assert all(7 <= head.published.hour < 17 for head in heads)
    assert heads[0].published.date() == datetime(2026, 10, 30, tzinfo=VIETNAM).date()


def test_sections_share_the_articles_by_half_three_tenths_and_a_fifth():
    portal = Portal(600)
    second = len(portal.aliases())
    assert second == 10
    assert [portal.count(section) for section in SECTIONS] == [300, 180 + second, 120]


def test_texts_are_clean_and_end_as_official_texts_do():
    portal = Portal(200)
    for index in range(200):
        article = portal.article(index)
        text = "\n".join((article.head.title, article.summary, *article.paragraphs))
        assert text == unicodedata.normalize("NFC", text)
        assert "{" not in text
        assert article.paragraphs[-1].endswith("./.")
        assert len(article.paragraphs) in (range(1, 4) if article.head.section == "procedures" else range(4, 13))
        assert bool(article.attachments) == (article.head.section == "procedures")
        assert all(picture.caption and not picture.caption.endswith(".") for picture in article.pictures)


def test_texts_hold_what_people_search_for():
    portal = Portal(200)
    text = "\n".join(paragraph for index in range(200) for paragraph in portal.article(index).paragraphs)
    for phrase in ("thi đua khen thưởng", "cải cách hành chính", "chuyển đổi số", "đất đai"):
        assert phrase in text


def test_addresses_are_found_without_regard_to_case():
    portal = Portal(120)
    for path in portal.urls():
        assert portal.find(path.upper()).head.path == path
    for second, path in portal.aliases().items():
        assert portal.find(second).head.path == path
        assert second.lower() != path.lower()


def test_a_changed_address_finds_nothing():
    path = Portal(10).urls()[0]
    assert Portal(10).find(path.replace("2026", "2025")) is None
    assert Portal(10).find(path[:-6] + "x.aspx") is None


def test_twenty_thousand_articles_start_at_once():
    started = time.perf_counter()
    portal = Portal(20_000)
    assert portal.rows("news", 9_000, 20)
    assert portal.find(portal.head(19_999).path)
    assert time.perf_counter() - started < 0.5


@given(st.integers(0, 899_999), st.text(max_size=40))
def test_addresses_can_be_read_back(number, title):
    assert number in addresses.candidates(addresses.old_style(number, title, DAY))
    assert number in addresses.candidates(addresses.new_style(number, title, DAY))


@given(st.integers(1, 500), st.data())
def test_the_grid_pager_reaches_every_page_step_by_step(pages, data):
    page = data.draw(st.integers(1, pages))
    offered = {link.page for link in pager_links(page, pages)}
    assert page in offered
    assert page == pages or page + 1 in offered
    assert offered <= set(range(1, pages + 1))
    assert len(offered) <= 12


def test_view_states_are_checked():
    tickets = Tickets(1)
    view_state, validation = (part.decode() for part in tickets.issue(1, 30, epoch=0))
    assert tickets.check(view_state, validation, "Page$11", 0) == 11
    wrong = (
        (view_state, validation, "Page$12", 0),
        (view_state, validation, "Sort$1", 0),
        (view_state, validation, "Page$2", 1),
        (view_state, "", "Page$2", 0),
        ("AAAA" + view_state[4:], validation, "Page$2", 0),
        ("", validation, "Page$2", 0),
        ("Đ", validation, "Page$2", 0),
    )
    for state in wrong:
        with pytest.raises(StateError):
            tickets.check(*state)
    with pytest.raises(StateError):
        Tickets(2).check(view_state, validation, "Page$2", 0)


def test_publish_makes_the_newest_article_of_its_section():
    portal = Portal(40)
    for section in SECTIONS:
        answer = portal.control({"do": "publish", "title": "Tin thử", "body": "Một.\n\nHai.", "section": section})
        head = portal.rows(section, 0, 1)[0].head
        article = portal.find(answer["path"])
        assert head == article.head
        assert (head.title, head.section, article.paragraphs) == ("Tin thử", section, ("Một.", "Hai."))
        assert abs(head.published - datetime.now(VIETNAM)) < timedelta(minutes=2)
        assert portal.urls()[0] == answer["path"]


def test_publish_invents_what_is_not_given():
    portal = Portal(40)
    paths = [portal.control({"do": "publish"})["path"] for _ in range(5)]
    assert portal.urls()[:5] == paths[::-1]
    assert len(portal.find(paths[0]).paragraphs) >= 4


def test_edit_changes_one_word_or_what_is_given():
    portal = Portal(40)
    path = portal.urls()[4]
    before = portal.find(path)
    portal.control({"do": "edit", "path": "http://127.0.0.1:1" + path})
    after = portal.find(path)
    changed = [pair for pair in zip(before.paragraphs, after.paragraphs, strict=True) if pair[0] != pair[1]]
    assert len(changed) == 1
    assert after.changed > before.changed
    portal.control({"do": "edit", "path": path, "title": "Tên mới", "body": "Chỉ một đoạn."})
    latest = portal.find(path)
    assert (latest.head.title, latest.head.path, latest.paragraphs) == ("Tên mới", path, ("Chỉ một đoạn.",))
    assert "Tên mới" in [row.head.title for row in portal.rows(latest.head.section, 0, 20)]


def test_an_edited_article_that_was_published_keeps_its_text():
    portal = Portal(5)
    path = portal.control({"do": "publish", "title": "A", "body": "Một.\nHai."})["path"]
    portal.control({"do": "edit", "path": path, "title": "B"})
    assert portal.find(path).head.title == "B"
    assert portal.find(path).paragraphs == ("Một.", "Hai.")


def test_withdraw_and_restore():
    portal = Portal(40)
    before, path = portal.urls(), portal.urls()[7]
    assert portal.aliases()
    portal.control({"do": "withdraw", "path": path})
    assert portal.find(path) is None
    assert path not in portal.urls()
    assert not portal.aliases()
    portal.control({"do": "restore", "path": path.lower()})
    assert portal.urls() == before


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ({}, 400),
        ({"do": "burn"}, 400),
        ({"do": ["edit"]}, 400),
        ({"do": "edit"}, 400),
        ({"do": "edit", "path": 5}, 400),
        ({"do": "edit", "path": "/portal/Pages/2026-1-1/khong-co.aspx"}, 404),
        ({"do": "publish", "section": "sport"}, 400),
        ({"do": "publish", "section": ["news"]}, 400),
        ({"do": "restore", "path": Portal(1).urls()[0]}, 400),
    ],
)
def test_wrong_commands_are_refused_with_advice(command, status):
    portal = Portal(1)
    with pytest.raises(CommandError, match=r"\.$") as refused:
        portal.control(command)
    assert refused.value.status == status
    assert portal.version == 0


@given(st.text(min_size=1), st.integers(0, 9))
def test_changing_a_word_always_changes_the_paragraph(paragraph, key):
    assert with_one_word_changed(paragraph, Draw(str(key))) != paragraph
