from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import making
import pytest
from making import NOON, SITE, article, day, entry, later, listed, minute, page, save
from sqlalchemy import select

from scraper.items import Attachment, Counters, Entry, Image
from scraper.outcomes import Outcome
from storage import articles, events, pages
from storage.models import Article, ArticleVersion, Event, Page

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy.orm import Session


def kinds(session: Session) -> list[str]:
    return [event.kind for event in events.since(session)]


def records(session: Session) -> list[Article]:
    return list(session.scalars(select(Article).order_by(Article.first_seen, Article.id)))


def only(session: Session) -> Article:
    (row,) = records(session)
    return row


def versions(session: Session) -> list[ArticleVersion]:
    return list(session.scalars(select(ArticleVersion).order_by(ArticleVersion.record, ArticleVersion.version)))


def test_a_page_first_read_is_a_new_record_with_one_version_and_one_event(session: Session) -> None:
    said = article(
        summary="Tóm tắt", author="Minh Anh", language="vi", updated=minute(2025, 3, 9, 10),
        images=(Image(url=f"{SITE}/a.jpg", caption="Ảnh"),),
        attachments=(Attachment(url=f"{SITE}/a.pdf", title="Quyết định", media_type="application/pdf"),),
        counters=Counters(views=3), related=(Entry(url=f"{SITE}/tin/2", title="Tin khác"),),
    )  # fmt: skip
    assert save(session, said).decision == "new"
    row = only(session)
    (version,) = versions(session)
    assert (row.state, row.version, row.first_seen, row.last_checked) == ("live", 1, NOON, NOON)
    assert (row.title, row.published_at, row.precision) == (said.title, day(2025, 3, 9).at, "day")
    assert row.counters == {"votes": None, "online": None, "views": 3}
    assert row.related[0]["url"] == f"{SITE}/tin/2"
    assert (version.body_text, version.summary, version.author) == (said.body_text, "Tóm tắt", "Minh Anh")
    assert (version.words_added, version.words_removed) == (14, 0)
    assert version.attachments == [{"url": f"{SITE}/a.pdf", "title": "Quyết định", "media_type": "application/pdf"}]
    assert version.updated_at == minute(2025, 3, 9, 10).at
    assert kinds(session) == ["article.new"]
    assert session.scalar(select(Page.record)) == row.id


SAME: dict[str, dict[str, Any]] = {
    "nothing": {},
    "counters": {"counters": Counters(votes=1, online=2, views=3)},
    "the related list": {"related": (Entry(url=f"{SITE}/x", title="x"),)},
    "a picture's ?t=": {"images": (Image(url=f"{SITE}/a.jpg?t=2", caption="Ảnh"),)},
    "the markup": {"body_html": "<div>other</div>"},
    "the summary": {"summary": "other"},
    "the words of the date": {"published_raw": "Ngày 9/3/2025"},
}
CHANGED: dict[str, dict[str, Any]] = {
    "the title": {"title": "Hội nghị khác"},
    "a word": {"body_text": "Sáng nay, Sở Nội vụ tổ chức hội thảo.\nGiám đốc Sở chủ trì."},
    "a picture": {"images": (Image(url=f"{SITE}/b.jpg?t=1", caption="Ảnh"),)},
    "a caption": {"images": (Image(url=f"{SITE}/a.jpg?t=1", caption="Ảnh khác"),)},
    "an attachment": {"attachments": (Attachment(url=f"{SITE}/a.pdf"),)},
    "the date it prints": {"published": day(2025, 3, 8)},
    "the minute it prints": {"published": minute(2025, 3, 9, 8)},
}
PICTURE = (Image(url=f"{SITE}/a.jpg?t=1", caption="Ảnh"),)


@pytest.mark.parametrize("what", SAME)
def test_these_are_no_change(session: Session, what: str) -> None:
    save(session, article(images=PICTURE))
    assert save(session, article(**{"images": PICTURE} | SAME[what]), at=later(1)).decision == "unchanged"
    row = only(session)
    assert (row.version, row.changed_at, row.last_checked) == (1, NOON, later(1))
    assert kinds(session) == ["article.new"]
    assert len(versions(session)) == 1


@pytest.mark.parametrize("what", CHANGED)
def test_these_are_a_change(session: Session, what: str) -> None:
    save(session, article(images=PICTURE))
    assert save(session, article(**{"images": PICTURE} | CHANGED[what]), at=later(1)).decision == "changed"
    assert only(session).version == 2
    assert kinds(session) == ["article.new", "article.changed"]


def test_counters_and_related_list_are_kept_up_to_date_without_a_version(session: Session) -> None:
    save(session, article(counters=Counters(views=1)))
    save(session, article(counters=Counters(views=2), related=(Entry(url=f"{SITE}/x"),)), at=later(1))
    row = only(session)
    assert row.counters["views"] == 2
    assert [one["url"] for one in row.related] == [f"{SITE}/x"]


def test_one_word_changed_is_told_exactly(session: Session) -> None:
    save(session, article())
    save(
        session,
        article(body_text="Chiều nay, Sở Nội vụ tổ chức hội nghị.\nGiám đốc Sở chủ trì.", title="Hội nghị mới"),
        at=later(1),
        origin="poll",
    )
    old, new = versions(session)
    assert (new.version, new.words_added, new.words_removed) == (2, 1, 1)
    assert old.body_text.startswith("Sáng")
    event = events.since(session)[-1]
    assert (event.kind, event.version, event.at, event.title) == ("article.changed", 2, later(1), "Hội nghị mới")
    assert event.changes == [
        {"field": "title", "from": article().title, "to": "Hội nghị mới"},
        {"field": "body", "words_added": 1, "words_removed": 1},
    ]


def test_changes_of_date_pictures_and_documents_are_told(session: Session) -> None:
    save(session, article(images=(Image(url=f"{SITE}/1.jpg"), Image(url=f"{SITE}/2.jpg"))))
    save(
        session,
        article(
            images=(Image(url=f"{SITE}/2.jpg"),), attachments=(Attachment(url=f"{SITE}/a.pdf"),),
            published=day(2025, 3, 1),
        ),
        at=later(1),
    )  # fmt: skip
    assert events.since(session)[-1].changes == [
        {"field": "published_at", "from": "2025-03-09T00:00:00+07:00", "to": "2025-03-01T00:00:00+07:00"},
        {"field": "images", "added": 0, "removed": 1},
        {"field": "attachments", "added": 1, "removed": 0},
    ]


def test_back_to_an_older_text_is_a_third_version(session: Session) -> None:
    for hours, body in enumerate(("một", "hai", "một")):
        save(session, article(body_text=body), at=later(hours))
    assert [version.body_text for version in versions(session)] == ["một", "hai", "một"]
    assert kinds(session) == ["article.new", "article.changed", "article.changed"]


def test_the_same_content_at_a_second_address_is_the_same_record(session: Session) -> None:
    save(session, article("/tin/1"))
    assert save(session, article("/tin/2"), at=later(1)).decision == "unchanged"
    row = only(session)
    assert row.canonical_url == f"{SITE}/tin/1"
    assert session.scalars(select(Page.record)).all() == [row.id, row.id]
    assert kinds(session) == ["article.new"]


def test_the_same_content_on_another_portal_is_another_record(session: Session) -> None:
    save(session, article("https://a.vn/1"), source="a")
    save(session, article("https://b.vn/1"), source="b")
    assert [row.source for row in records(session)].sort() == ["a", "b"].sort()
    assert len(records(session)) == 2


def two_addresses(session: Session) -> None:
    save(session, article("/tin/1"))
    save(session, article("/tin/2"), at=later(1))


def test_a_second_address_that_differs_makes_the_first_be_asked_again(session: Session) -> None:
    two_addresses(session)
    assert save(session, article("/tin/2", body_text="khác"), at=later(2)).decision == "deferred"
    assert [one.owed for one in session.scalars(select(Page).order_by(Page.id))] == [True, True]
    assert only(session).version == 1
    assert kinds(session) == ["article.new"]


def test_where_the_first_address_says_the_new_thing_too_it_is_one_record(session: Session) -> None:
    two_addresses(session)
    save(session, article("/tin/2", body_text="khác"), at=later(2))
    assert save(session, article("/tin/1", body_text="khác"), at=later(3)).decision == "changed"
    assert save(session, article("/tin/2", body_text="khác"), at=later(4)).decision == "unchanged"
    assert only(session).version == 2
    assert kinds(session) == ["article.new", "article.changed"]


def test_where_the_first_address_still_says_the_old_thing_they_are_two_records(session: Session) -> None:
    two_addresses(session)
    save(session, article("/tin/2", body_text="khác"), at=later(2))
    assert save(session, article("/tin/1"), at=later(3)).decision == "unchanged"
    assert save(session, article("/tin/2", body_text="khác"), at=later(4)).decision == "new"
    assert [(row.canonical_url, row.version) for row in records(session)] == [
        (f"{SITE}/tin/1", 1),
        (f"{SITE}/tin/2", 1),
    ]
    assert kinds(session) == ["article.new", "article.new"]
    assert save(session, article("/tin/2", body_text="khác nữa"), at=later(5)).decision == "changed"


def test_an_error_at_the_first_address_decides_nothing(session: Session) -> None:
    two_addresses(session)
    save(session, article("/tin/2", body_text="khác"), at=later(2))
    first = page(session, "/tin/1")
    for tries in range(1, articles.MOST_TRIES):
        pages.answered(first, Outcome.TIMEOUT, at=later(2 + tries), run=2)
        assert save(session, article("/tin/2", body_text="khác"), at=later(2.5 + tries)).decision == "deferred"
    pages.answered(first, Outcome.TIMEOUT, at=later(20), run=2)
    assert save(session, article("/tin/2", body_text="khác"), at=later(21)).decision == "new"


def test_where_the_first_address_is_missing_the_second_carries_the_record_on(session: Session) -> None:
    two_addresses(session)
    first = page(session, "/tin/1")
    pages.answered(first, Outcome.NOT_FOUND, at=later(2), run=2)
    pages.confirm_missing(session, 2, gone_hours=48, at=later(2), origin="poll")
    assert save(session, article("/tin/2", body_text="khác"), at=later(3)).decision == "changed"
    assert only(session).version == 2


@pytest.mark.parametrize("other", ["http://snv.example.vn/tin/1", "https://www.snv.example.vn/tin/1"])
def test_scheme_and_www_make_no_other_record(session: Session, other: str) -> None:
    save(session, article("/tin/1"))
    assert save(session, article(other, body_text="khác"), at=later(1)).decision == "changed"
    assert save(session, article(other, body_text="khác nữa"), at=later(2)).decision == "changed"
    assert save(session, article("/tin/1", body_text="khác nữa"), at=later(3)).decision == "unchanged"
    assert only(session).version == 3


def test_two_sources_that_name_one_portal_keep_their_own_records(session: Session) -> None:
    for hours, source in enumerate(("first", "second")):
        assert save(session, article("/tin/1"), source=source, at=later(hours)).decision == "new"
        assert save(session, article("/tin/1"), source=source, at=later(hours)).decision == "unchanged"
    assert [row.source for row in records(session)] == ["first", "second"]
    assert len({row.id for row in records(session)}) == 2
    # The second source's other spelling of the address finds its record, too.
    spelled = article("http://snv.example.vn/tin/1", body_text="khác")
    assert save(session, spelled, source="second", at=later(2)).decision == "changed"
    assert len(records(session)) == 2


def test_ids_are_portable(session: Session, tmp_path: Path, fresh: Callable[..., str]) -> None:
    save(session, article("https://www.example.vn/tin?id=1"))
    assert only(session).id == "d55ah6vp7hy2pzku"
    other = making.database(tmp_path, fresh())
    with other.writing() as elsewhere:
        save(elsewhere, article("http://example.vn/tin?id=1", title="khác"), at=later(9))
        assert only(elsewhere).id == "d55ah6vp7hy2pzku"
    other.close()


def test_an_id_outlives_its_address(session: Session) -> None:
    save(session, article("/cu"))
    name = only(session).id
    pages.answered(page(session, "/cu"), Outcome.GONE, at=later(1), run=2)
    save(session, article("/moi"), at=later(2))
    assert only(session).id == name


OLD_SLUG, NEW_SLUG = "/tin/-/view_content/4418033-hop-giao-ban", "/tin/-/view_content/4418033-hop-giao-ban-thang-7"
WORDS = "Sáng nay, Sở Nội vụ họp giao ban tháng bảy, đánh giá việc đã làm và bàn việc phải làm của quý ba."


def number(canonical_url: str) -> str | None:
    found = re.search(r"/view_content/(\d+)-", canonical_url)
    return found[1] if found else None


def test_d9_an_article_whose_slug_changes_with_its_title_is_the_same_record(session: Session) -> None:
    save(session, article(OLD_SLUG, title="Họp giao ban", body_text=WORDS), number_of=number)
    told = article(NEW_SLUG, title="Họp giao ban tháng 7", body_text=WORDS)
    assert save(session, told, at=later(1), number_of=number).decision == "changed"
    assert (only(session).title, only(session).version) == ("Họp giao ban tháng 7", 2)


def test_d10_a_number_that_is_given_to_another_article_is_another_record(session: Session) -> None:
    save(session, article(OLD_SLUG, title="Họp giao ban", body_text=WORDS), number_of=number)
    other = article("/tin/-/view_content/4418033-tuyen-dung", title="Tuyển dụng viên chức", body_text="Hạn nộp hồ sơ.")
    assert save(session, other, at=later(1), number_of=number).decision == "new"
    longer = article("/tin/-/view_content/14418033-x", title="Họp giao ban nữa", body_text=WORDS)
    assert save(session, longer, at=later(1), number_of=number).decision == "new"


@pytest.mark.parametrize("one", ["/a.pdf?token=1&id=7", "/a.pdf?id=7&t=2&expires=9"])
def test_d19_an_attachment_whose_token_changes_at_each_view_is_no_change(session: Session, one: str) -> None:
    def told(address: str) -> Any:
        return article(attachments=(Attachment(url=SITE + address, title="Quyết định"),))

    save(session, told("/a.pdf?id=7"))
    assert save(session, told(one), at=later(1)).decision == "unchanged"
    assert save(session, told("/a.pdf?id=8"), at=later(2)).decision == "changed"


def test_a_cut_title_becomes_the_whole_one_that_a_listing_gives(session: Session) -> None:
    cut, whole = "Hội nghị triển khai nhiệm vụ...", "Hội nghị triển khai nhiệm vụ công tác năm 2025"
    listed(session, entry("/tin/1", whole))
    save(session, article(title=cut))
    assert only(session).title == whole
    assert versions(session)[0].title == whole


def test_a_whole_title_learned_later_is_an_update_and_no_version(session: Session) -> None:
    cut, whole = "Hội nghị triển khai nhiệm vụ...", "Hội nghị triển khai nhiệm vụ công tác năm 2025"
    save(session, article(title=cut))
    listed(session, entry("/tin/1", whole), at=later(1))
    row = only(session)
    assert (row.title, row.version) == (whole, 1)
    event = events.since(session)[-1]
    assert (event.kind, event.title, event.version) == ("record.updated", whole, 1)
    assert event.changes == [{"field": "title", "from": cut, "to": whole}]
    assert save(session, article(title=cut), at=later(2)).decision == "unchanged"
    assert only(session).title == whole


def test_another_articles_title_completes_nothing(session: Session) -> None:
    listed(session, entry("/tin/1", "Lịch công tác tuần của lãnh đạo Sở"))
    save(session, article(title="Hội nghị triển khai nhiệm vụ..."))
    assert only(session).title == "Hội nghị triển khai nhiệm vụ..."


def test_a_listings_minute_refines_the_day_without_a_version(session: Session) -> None:
    save(session, article())
    listed(session, entry("/tin/1", published=minute(2025, 3, 9, 8, 30)), at=later(1))
    row = only(session)
    assert (row.published_at, row.precision, row.version) == (minute(2025, 3, 9, 8, 30).at, "minute", 1)
    event = events.since(session)[-1]
    assert (event.kind, event.changes) == (
        "record.updated",
        [{"field": "published_at", "to": "2025-03-09T08:30:00+07:00", "precision": "minute"}],
    )
    assert versions(session)[0].precision == "day"
    assert save(session, article(), at=later(2)).decision == "unchanged"
    assert only(session).precision == "minute"
    listed(session, entry("/tin/1", published=minute(2025, 3, 9, 8, 30)), at=later(3))
    assert kinds(session) == ["article.new", "record.updated"]


@pytest.mark.parametrize("published", [minute(2025, 3, 10, 8, 30), day(2025, 3, 9), day(2025, 3, 10)])
def test_a_listings_other_day_or_no_finer_time_teaches_nothing(session: Session, published: making.Moment) -> None:
    save(session, article())
    listed(session, entry("/tin/1", published=published), at=later(1))
    assert only(session).published_at == day(2025, 3, 9).at
    assert kinds(session) == ["article.new"]


def test_one_listing_may_teach_a_record_two_things_by_two_addresses(session: Session) -> None:
    cut, whole = "Hội nghị triển khai nhiệm vụ...", "Hội nghị triển khai nhiệm vụ công tác năm 2025"
    save(session, article("/tin/1", title=cut))
    save(session, article("/tin/2", title=cut), at=later(1))
    listed(session, entry("/tin/1", whole), entry("/tin/2", published=minute(2025, 3, 9, 8)), at=later(2))
    row = only(session)
    assert (row.title, row.precision) == (whole, "minute")
    assert kinds(session) == ["article.new", "record.updated", "record.updated"]


def test_a_record_that_was_gone_returns_with_what_it_says_now(session: Session) -> None:
    save(session, article())
    assert articles.gone(session, only(session), at=later(1), origin="poll")
    assert not articles.gone(session, only(session), at=later(2), origin="poll")
    saved = save(session, article(body_text="khác"), at=later(3))
    assert (saved.decision, saved.returned) == ("changed", True)
    assert only(session).state == "live"
    assert kinds(session) == ["article.new", "article.gone", "article.returned", "article.changed"]
    assert not save(session, article(body_text="khác"), at=later(4)).returned


def test_a_visit_that_failed_halfway_leaves_nothing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("crash")

    savepoint = session.begin_nested()
    with monkeypatch.context() as patched:
        patched.setattr(events, "append", fail)
        with pytest.raises(RuntimeError):
            save(session, article())
    savepoint.rollback()
    assert session.scalars(select(Article)).all() == []
    assert session.scalars(select(Event)).all() == []
