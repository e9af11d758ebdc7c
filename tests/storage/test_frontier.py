from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from making import NOON, SITE, article, day, entry, later, listed, minute, page, save
from sqlalchemy import insert, inspect, select, update

from scraper.items import Validators
from scraper.outcomes import Outcome
from storage import events, pages, runs
from storage.models import Article, Page
from storage.pages import SourceHistory
from storage.verdicts import Judgement

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from scraper.items import Moment
    from storage.database import Database

WHOLE = "Hội nghị triển khai nhiệm vụ công tác năm 2025"
CUT = "Hội nghị triển khai nhiệm vụ..."


def row(session: Session, path: str = "/tin/1") -> Page:
    return session.scalars(select(Page).where(Page.canonical_url == SITE + path)).one()


def visited(session: Session, path: str = "/tin/1", *, hours: float = 0) -> None:
    pages.answered(row(session, path), Outcome.OK, at=later(hours), run=1)


def test_what_a_listing_shows_first_is_owed_a_visit(session: Session) -> None:
    listed(session, entry("/tin/1", WHOLE, day(2025, 3, 9)), entry("/tin/2"))
    found = row(session)
    assert (found.owed, found.listed_title, found.listed_at, found.section) == (True, WHOLE, day(2025, 3, 9).at, "news")
    assert (found.first_seen, found.last_checked, found.record) == (NOON, None, None)
    assert row(session, "/tin/2").owed


MOVES: list[tuple[str, str, Moment | None, bool]] = [
    ("the same", WHOLE, minute(2025, 3, 9, 8), False),
    ("no date", WHOLE, None, False),
    ("the day alone", WHOLE, day(2025, 3, 9), False),
    ("a cut title", CUT, minute(2025, 3, 9, 8), False),
    ("another case", WHOLE.upper(), minute(2025, 3, 9, 8), False),
    ("no title", "", minute(2025, 3, 9, 8), False),
    ("another title", "Lịch công tác tuần", minute(2025, 3, 9, 8), True),
    ("another minute", WHOLE, minute(2025, 3, 9, 9), True),
    ("another day", WHOLE, day(2025, 3, 10), True),
]


@pytest.mark.parametrize(("what", "title", "published", "owed"), MOVES)
def test_a_page_that_moved_is_owed_a_visit(
    session: Session, what: str, title: str, published: Moment | None, owed: bool
) -> None:
    listed(session, entry("/tin/1", WHOLE, minute(2025, 3, 9, 8)))
    visited(session)
    row(session).failures = 3
    listed(session, entry("/tin/1", title, published, truncated=title == CUT), at=later(1))
    assert row(session).owed is owed
    assert row(session).failures == (0 if owed else 3)


@pytest.mark.parametrize("published", [None, minute(2025, 3, 9, 8), minute(2025, 3, 11, 8)])
def test_a_cut_title_never_replaces_its_whole_one(session: Session, published: Moment | None) -> None:
    listed(session, entry("/tin/1", WHOLE, minute(2025, 3, 9, 8)))
    listed(session, entry("/tin/1", CUT, published, truncated=True), at=later(1))
    assert row(session).listed_title == WHOLE


def test_a_whole_title_replaces_a_cut_one_and_another_title_the_old_one(session: Session) -> None:
    listed(session, entry("/tin/1", CUT, truncated=True))
    listed(session, entry("/tin/1", WHOLE))
    assert row(session).listed_title == WHOLE
    listed(session, entry("/tin/1", "Lịch công tác tuần của...", truncated=True))
    assert row(session).listed_title == "Lịch công tác tuần của..."


def test_the_day_never_replaces_a_minute_of_that_day(session: Session) -> None:
    listed(session, entry("/tin/1", published=minute(2025, 3, 9, 0, 30)))
    listed(session, entry("/tin/1", published=day(2025, 3, 9)))
    assert (row(session).listed_at, row(session).listed_precision) == (minute(2025, 3, 9, 0, 30).at, "minute")
    listed(session, entry("/tin/1", published=day(2025, 3, 10)))
    assert (row(session).listed_at, row(session).listed_precision) == (day(2025, 3, 10).at, "day")
    listed(session, entry("/tin/1", published=minute(2025, 3, 10, 9)))
    assert row(session).listed_precision == "minute"


def test_a_sidebar_finds_pages_but_never_says_that_they_moved_now_or_later(session: Session) -> None:
    listed(session, entry("/tin/1", WHOLE, day(2025, 3, 9)))
    visited(session)
    listed(
        session, entry("/tin/1", "Tin nóng", day(2025, 3, 12)), entry("/tin/9", "Tin nóng"), at=later(1), trusted=False
    )
    assert not row(session).owed
    assert (row(session).listed_title, row(session).listed_at) == (WHOLE, day(2025, 3, 9).at)
    assert row(session, "/tin/9").owed
    visited(session, "/tin/9", hours=1)
    listed(session, entry("/tin/1", WHOLE, day(2025, 3, 9)), entry("/tin/9", "Tên đầy đủ của tin"), at=later(2))
    assert not row(session).owed
    assert not row(session, "/tin/9").owed


def test_a_sidebars_date_is_better_than_none(session: Session) -> None:
    save(session, article(published=None, published_raw=None))
    listed(session, entry("/tin/1", "Tin nóng", day(2025, 3, 9)), at=later(1), trusted=False)
    assert session.scalar(select(Article.published_at)) == day(2025, 3, 9).at


@pytest.mark.parametrize("outcome", Outcome)
def test_what_a_visit_comes_to_says_whether_another_is_owed(session: Session, outcome: Outcome) -> None:
    listed(session, entry("/tin/1"))
    found = row(session)
    found.failures = 2
    pages.answered(found, outcome, at=later(1), run=7)
    assert (found.last_checked, found.outcome) == (later(1), outcome.value)
    settled = {Outcome.OK, Outcome.EMPTY_OK, Outcome.NOT_MODIFIED}
    missing = {Outcome.NOT_FOUND, Outcome.GONE, Outcome.SOFT404}
    assert found.owed is (outcome not in settled | missing | {Outcome.ROBOTS})
    assert found.failures == (0 if outcome in settled else 2 if outcome is Outcome.ROBOTS else 3)
    assert found.missing_run == (7 if outcome in missing else None)


@pytest.mark.parametrize(
    ("outcome", "given_up"),
    [(Outcome.DRIFT, True), (Outcome.BROKEN, True), (Outcome.TIMEOUT, False), (Outcome.SERVER_ERROR, False)],
)
def test_a_page_that_cannot_be_read_is_left_alone_until_it_moves(
    session: Session, outcome: Outcome, given_up: bool
) -> None:
    listed(session, entry("/tin/1", WHOLE))
    for tries in range(pages.MOST_FAILURES):
        assert row(session).owed
        pages.answered(row(session), outcome, at=later(tries), run=tries)
    assert row(session).owed is not given_up
    listed(session, entry("/tin/1", "Tên mới"), at=later(9))
    assert (row(session).owed, row(session).failures) == (True, 0)


def test_a_page_that_is_only_said_to_be_missing_is_asked_for_three_times(session: Session) -> None:
    listed(session, entry("/tin/1"))
    for run, owed in enumerate((True, True, False)):
        pages.answered(row(session), Outcome.SOFT404, at=later(run), run=run)
        assert row(session).owed is owed


def miss(session: Session, run: int, at: datetime, *paths: str, healthy: bool = True) -> int:
    for path in paths:
        pages.answered(row(session, path), Outcome.NOT_FOUND, at=at, run=run)
    return pages.confirm_missing(session, run, gone_hours=48, at=at, origin="poll") if healthy else 0


def state(session: Session) -> str | None:
    session.flush()
    return session.scalar(select(Article.state))


@pytest.mark.parametrize(
    ("hours", "gone_at"),
    [((0, 24, 48), 48), ((0, 1, 2, 47.9, 48), 48), ((0, 60), None), ((0, 1, 2, 3, 4), None), ((0, 49, 98), 98)],
)
def test_a_page_is_gone_after_three_times_over_two_days(
    session: Session, hours: tuple[float, ...], gone_at: float | None
) -> None:
    save(session, article(), at=later(-1))
    for run, after in enumerate(hours):
        ended = miss(session, run, later(after), "/tin/1")
        assert ended == (after == gone_at)
        assert (state(session) == "gone") is (gone_at is not None and after >= gone_at)
    kinds = [event.kind for event in events.since(session)]
    assert kinds == ["article.new"] + ["article.gone"] * (gone_at is not None)


def test_runs_that_were_not_healthy_do_not_count(session: Session) -> None:
    save(session, article(), at=later(-1))
    for run in range(9):
        miss(session, run, later(run * 24), "/tin/1", healthy=False)
    assert row(session).missing == 0
    assert state(session) == "live"


def test_another_runs_missing_pages_are_not_counted_again(session: Session) -> None:
    save(session, article(), at=later(-1))
    miss(session, 1, later(0), "/tin/1")
    for run in range(2, 9):
        pages.confirm_missing(session, run, gone_hours=48, at=later(run * 24), origin="poll")
    assert row(session).missing == 1


def test_an_answer_begins_the_count_again(session: Session) -> None:
    save(session, article(), at=later(-1))
    for run in range(2):
        miss(session, run, later(run * 30), "/tin/1")
    save(session, article(), at=later(61))
    assert (row(session).missing, row(session).missing_since, row(session).missing_run) == (0, None, None)
    assert miss(session, 5, later(90), "/tin/1") == 0
    assert state(session) == "live"


def test_a_record_with_two_addresses_is_gone_when_both_are_and_in_that_very_run(session: Session) -> None:
    save(session, article("/tin/1"), at=later(-1))
    save(session, article("/tin/2"), at=later(-1))
    for run in range(4):
        assert miss(session, run, later(run * 24), "/tin/1") == 0
    assert state(session) == "live"
    ended = [miss(session, 10 + run, later(100 + run * 24), "/tin/1", "/tin/2") for run in range(3)]
    assert ended == [0, 0, 1]
    assert [event.kind for event in events.since(session)] == ["article.new", "article.gone"]


def test_each_address_must_have_been_missing_for_so_long(session: Session) -> None:
    save(session, article("/tin/1"), at=later(-1))
    save(session, article("/tin/2"), at=later(-1))
    miss(session, 1, later(0), "/tin/1")
    ended = [miss(session, 2 + run, later(50 + run), "/tin/1", "/tin/2") for run in range(3)]
    assert ended == [0, 0, 0]
    assert miss(session, 9, later(98), "/tin/2") == 1


def test_a_page_without_a_record_that_is_missing_is_asked_for_three_times_and_not_at_once(database: Database) -> None:
    history = SourceHistory(database, "snv")
    now = datetime.now(UTC)
    with database.writing() as session:
        listed(session, entry("/tin/1"))
        miss(session, 1, now, "/tin/1")
    assert (history.owed(), history.aging()) == ([], [])
    for run in (2, 3, 4):
        with database.writing() as session:
            page(session, "/tin/1").last_checked = now - timedelta(hours=2)
        assert [known.url for known in history.aging()] == ([f"{SITE}/tin/1"] if run < 4 else [])
        with database.writing() as session:
            miss(session, run, now, "/tin/1", healthy=False)
    with database.writing() as session:
        listed(session, entry("/tin/1", "Tên mới"))
        listed(session, entry("/tin/1", "Tên mới nữa"))
    assert [known.url for known in history.owed()] == [f"{SITE}/tin/1"]


def many(session: Session, count: int, *, visited: tuple[int, ...] = (0,)) -> None:
    """Pages with their articles, each checked a minute after the other: of those not `visited` the first one's rows."""
    for number in visited[:count]:
        save(session, article(f"/tin/{number}", title=f"Tin số {number}"), at=NOON + timedelta(minutes=number))
    for kind in (Article, Page):
        columns = [column.key for column in inspect(kind).column_attrs]
        first = session.scalars(select(kind).where(kind.canonical_url == f"{SITE}/tin/0")).one_or_none()
        if first is None:
            return
        row = {name: getattr(first, name) for name in columns}
        rows = [row | _own(kind, number) for number in range(count) if number not in visited]
        if rows:
            session.execute(insert(kind), rows)


def _own(kind: type[Article | Page], number: int) -> dict[str, object]:
    at, url, record = NOON + timedelta(minutes=number), f"{SITE}/tin/{number}", f"{number:016}"
    own = {"id": record} if kind is Article else {"id": 1_000 + number, "record": record}
    return own | {"canonical_url": url, "url": url, "first_seen": at, "last_checked": at}


def test_a_few_are_asked_again_the_longest_unasked_first(database: Database) -> None:
    with database.writing() as session:
        many(session, 250)
    history = SourceHistory(database, "snv")
    assert [known.url for known in history.aging()] == [f"{SITE}/tin/0", f"{SITE}/tin/1"]
    assert [known.url for known in history.aging(all_pages=True)] == [f"{SITE}/tin/{n}" for n in range(250)]
    with database.writing() as session:
        pages.answered(page(session, "/tin/0"), Outcome.NOT_MODIFIED, at=later(100), run=2)
        page(session, "/tin/1").owed = True  # it will be asked anyway
    assert [known.url for known in history.aging()] == [f"{SITE}/tin/2", f"{SITE}/tin/3"]


@pytest.mark.parametrize(("count", "few"), [(0, 0), (1, 1), (99, 1), (200, 2), (399, 3)])
def test_at_most_one_in_a_hundred_and_at_least_one(database: Database, count: int, few: int) -> None:
    with database.writing() as session:
        many(session, count)
    assert len(SourceHistory(database, "snv").aging()) == few


def test_edited_and_missing_pages_are_asked_again(database: Database) -> None:
    with database.writing() as session:
        many(session, 420, visited=(0, 400, 410))
        save(session, article("/tin/400", title="Sửa"), at=later(50))
        listed(session, entry("/tin/9"))
        miss(session, 5, later(60), "/tin/410")
    asked = [known.url.rpartition("/")[2] for known in SourceHistory(database, "snv").aging()]
    assert sorted(asked) == ["0", "1", "2", "400", "410"]
    assert len(set(asked)) == len(asked)


def test_a_page_is_known_under_another_scheme_and_host_name_too(database: Database) -> None:
    other = SITE.replace("https://", "http://www.") if SITE.startswith("https://") else SITE.replace("://", "s://www.")
    with database.writing() as session:
        listed(session, entry("/tin/1"))
        pages.answered(row(session), Outcome.OK, at=NOON, run=1)
        name, shown = entry("/tin/1")
        listed(session, (name.replace(SITE, other), replace(shown, url=shown.url.replace(SITE, other))), at=later(1))
        pages.readdressed(session, row(session), f"{other}/tin/1", f"{other}/tin/1?x=1")
    known = SourceHistory(database, "snv").known([f"{SITE}/tin/1", f"{other}/tin/2"])
    assert {address: page.url for address, page in known.items()} == {f"{SITE}/tin/1": f"{other}/tin/1?x=1"}
    assert not known[f"{SITE}/tin/1"].owed


def test_owed_pages_come_the_newest_first(database: Database) -> None:
    with database.writing() as session:
        listed(
            session,
            entry("/cu", published=day(2020, 1, 1)),
            entry("/khong-ngay"),
            entry("/moi", published=day(2025, 1, 1)),
        )
        listed(session, entry("/da-doc", published=day(2025, 1, 1)))
        pages.answered(page(session, "/da-doc"), Outcome.OK, at=NOON, run=1)
    assert [known.url for known in SourceHistory(database, "snv").owed()] == [
        f"{SITE}/moi", f"{SITE}/cu", f"{SITE}/khong-ngay",
    ]  # fmt: skip
    assert SourceHistory(database, "other").owed() == []


def test_known_pages_are_found_by_the_thousand(database: Database) -> None:
    with database.writing() as session:
        listed(session, *(entry(f"/tin/{number}", f"Tin {number}") for number in range(1200)))
    history = SourceHistory(database, "snv")
    known = history.known([f"{SITE}/tin/{number}" for number in range(0, 2400, 2)])
    assert len(known) == 600
    assert known[f"{SITE}/tin/2"].listed_title == "Tin 2"
    assert SourceHistory(database, "other").known([f"{SITE}/tin/2"]) == {}


def test_validators_are_hidden_while_a_walk_is_open(database: Database) -> None:
    url = f"{SITE}/tin"
    history = SourceHistory(database, "snv")
    assert history.listing(url).walked_at is None
    for walk_open, walked_at, etag in ((True, None, None), (False, NOON, '"1"'), (True, NOON, None)):
        with database.writing() as session:
            listing = pages.listing(session, "snv", url)
            listing.walk_open, listing.walked_at, listing.etag = walk_open, walked_at, '"1"'
        known = history.listing(url)
        assert known.validators.etag == etag
        assert known.walked_at == (walked_at if not walk_open else None)


def test_it_is_the_first_run_until_one_has_come_to_its_end(database: Database) -> None:
    told: dict[str, object] = {}
    for verdict, first in (("interrupted", True), ("blocked", True), ("empty", True), ("thin", False)):
        judged = Judgement(verdict=verdict)  # type: ignore[arg-type]
        with database.writing() as session:
            run = runs.open_run(session, "snv", origin="backfill", at=NOON)
            runs.close_run(session, run, judged, at=NOON, told=told)
        assert SourceHistory(database, "snv").first_run is first
    assert SourceHistory(database, "other").first_run


def test_only_a_body_is_noted_as_what_the_archive_holds(session: Session) -> None:
    from storage.captures import Captured

    listed(session, entry("/tin/1"))
    found = row(session)
    for record_type, digest in (("response", "sha256:1"), ("revisit", "sha256:2"), ("metadata", "sha256:3")):
        captured = Captured(
            url=SITE, at=NOON, record_type=record_type, status=200, warc="a", offset=0, length=1, digest=digest
        )
        pages.archived(found, captured)
        assert (found.digest, found.captured_at) == ("sha256:1", NOON)
    pages.archived(found, None)
    assert found.digest == "sha256:1"


def test_what_is_known_of_a_page_goes_out_whole(database: Database) -> None:
    with database.writing() as session:
        listed(session, entry("/tin/1", WHOLE, minute(2025, 3, 9, 8)))
        session.execute(update(Page).values(etag='"1"', last_modified="Sun", digest="sha256:1", captured_at=NOON))
    (known,) = SourceHistory(database, "snv").owed()
    assert (known.listed_title, known.listed, known.section, known.owed) == (WHOLE, minute(2025, 3, 9, 8), "news", True)
    assert known.validators == Validators(etag='"1"', last_modified="Sun", digest="sha256:1", captured_at=NOON)
