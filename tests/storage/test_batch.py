"""Visits that are written together come to what they come to one by one."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import making
import pytest
from making import NOON, SITE, article, day, entry, later
from sqlalchemy import event, insert, select
from sqlalchemy.exc import StatementError

from scraper.items import Attachment, Reading, Validators, Visit
from scraper.outcomes import Outcome
from storage import batch, runs
from storage.captures import Captured
from storage.extensions import Keeper
from storage.models import Article, Lease, Page, Run, Table
from storage.pipelines import Store, Writing
from storage.runs import Ticket
from storage.verdicts import Tally
from storage.writer import AT_ONCE, Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sqlalchemy.orm import Session

    from scraper.items import Entry
    from storage.database import Database

Job = Any
NEWS = ["một", "hai", "ba", "bốn", "năm", "sáu"]


def pipeline(source: str = "snv") -> Store:
    portal = SimpleNamespace(id=source, platform="sharepoint", canonical=lambda url: url, formerly=())
    keeper = SimpleNamespace(
        source=portal,
        origin="poll",
        run=1,
        number_of=lambda url: None,
        origin_of=lambda session, page: "poll",
    )
    return Store(keeper)


def ticket(path: str) -> Ticket:
    url, digest = SITE + path, f"sha256:{path}"
    captured = Captured(
        url=url, at=making.utc(NOON), record_type="response", status=200, warc="a.warc.gz", offset=len(path), length=9,
        digest=digest,
    )  # fmt: skip
    row = {"run": 1, "at": NOON, "url": url, "role": "detail", "status": 200, "size": 9, "seconds": 0.5}
    return Ticket(row=row, captured=captured)


def listing(*entries: tuple[str, Entry]) -> Visit:
    url = SITE + "/tin"
    return Visit(
        role="listing", url=url, canonical_url=url, final_url=url, outcome=Outcome.OK, at=NOON, section="news",
        entries=entries, walk="closed",
    )  # fmt: skip


def detail(
    path: str, body: str | None = None, *, hours: float = 0, outcome: Outcome = Outcome.OK, **told: Any
) -> Visit:
    url = SITE + path
    said = None
    if body is not None:
        said = Reading(kind="article", outcome=outcome, article=article(path, body_text=body))
    return Visit(
        role="detail", url=url, canonical_url=url, final_url=url, outcome=outcome, at=later(hours), section="news",
        reading=said, validators=Validators(etag=f'"{body}"') if body else None, **told,
    )  # fmt: skip


def attached(*addresses: str, abroad: str = "") -> tuple[tuple[str, Attachment, bool], ...]:
    """Documents that a page links to; one of them stands on another host."""
    return tuple(
        (url, Attachment(url=url, title=one, media_type="application/pdf"), one != abroad)
        for one in filter(None, (*addresses, abroad))
        for url in [one if one.startswith("http") else SITE + one]
    )


def a_crawl() -> list[Visit]:
    """All that can meet in one transaction: pages, and records that others of it have just made or changed."""
    named = [entry(f"/tin/{number}", f"Tin số {word}", day(2025, 3, number)) for number, word in enumerate(NEWS, 1)]
    without_date = detail("/tin/6", "sáu", hours=3)
    assert without_date.reading
    assert without_date.reading.article
    said = replace(without_date.reading, article=replace(without_date.reading.article, published=None))
    without_date = replace(without_date, reading=said)
    visits = [listing(*named)]
    visits += [detail(f"/tin/{number}", word) for number, word in enumerate(NEWS, 1)]
    return [
        *visits,
        detail("/tin/1", outcome=Outcome.NOT_MODIFIED),
        detail("/ban-sao/2", "hai"),  # a second address of a record
        detail("/tin/1", "một", hours=1),
        detail("/tin/3", "ba, sửa lại", hours=1),
        detail("/ban-sao/3", "ba, sửa lại", hours=1),
        detail("/tin/4", outcome=Outcome.NOT_MODIFIED, hours=1),
        detail("/tin/7", "bảy", entries=(entry("/tin/8", "Tin số tám"), entry("/tin/1", "Khác", day(2020, 1, 1)))),
        detail("/tin/8", "tám", hours=1),
        detail("/tin/9", outcome=Outcome.NOT_FOUND),
        listing(entry("/tin/5", "Tin số năm, có thêm", making.minute(2025, 3, 5, 8)), entry("/tin/10", "Mười")),
        detail("/tin/5", "năm", hours=2),
        detail("/ban-sao/2", "không còn như cũ", hours=3),  # its first address is to be asked before it is believed
        detail("/tin/6", "sáu", hours=2),
        without_date,
        replace(detail("/tin/4", "bốn", hours=2), final_url="http://www.snv.example.vn/tin/4"),
        detail("/tin/4", "bốn", hours=3),
    ]  # fmt: skip


def jobs(visits: Sequence[Visit], store: Store) -> list[Job]:
    return [
        Writing(store=store, visit=visit, ticket=ticket(visit.canonical_url.removeprefix(SITE)), entered=False)
        for visit in visits
    ]


def run(database: Database, jobs: Sequence[Job], *, together: bool) -> list[Any]:
    """Runs jobs in one transaction or each in its own; what came of each."""
    with database.writing() as session:
        if session.get(Run, 1) is None:
            runs.open_run(session, "snv", origin="poll", at=NOON)
    writer = Writer(database)
    try:
        if not together:
            return [_result(writer.submit(job)) for job in jobs]
        with writer._wake:  # nothing is begun before all is there
            futures = [writer.submit(job) for job in jobs]
        return [_result(future) for future in futures]
    finally:
        writer.close()


def _result(future: Any) -> Any:
    try:
        return future.result(20)
    except StatementError as error:
        return type(error).__name__


def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, but for the holder of the run."""
    with database.reading() as session:
        return {
            table.name: sorted(
                map(tuple, session.execute(select(*(c for c in table.c if c.name != "report")))), key=str
            )
            for table in Table.metadata.sorted_tables
        }


@pytest.fixture
def both(tmp_path: Path, fresh: Callable[..., str]) -> Any:
    pair = [making.database(tmp_path / name, fresh()) for name in ("alone", "together")]
    yield pair
    for one in pair:
        one.close()


def test_visits_come_together_to_what_they_come_to_one_by_one(both: list[Database]) -> None:
    alone, together = both
    store = pipeline()
    one_by_one = run(alone, jobs(a_crawl(), store), together=False)
    commits: list[int] = []
    event.listen(together.engine, "commit", lambda connection: commits.append(1))
    undone: list[int] = []
    event.listen(together.engine, "rollback", lambda connection: undone.append(1))
    at_once = run(together, jobs(a_crawl(), store), together=True)
    assert len(a_crawl()) <= AT_ONCE
    assert not undone
    assert len(commits) == 2, "the run's and theirs"
    assert at_once == one_by_one
    assert {saved.decision for _, saved in at_once} == {"new", "changed", "unchanged", "deferred", None}
    assert [visit.outcome for visit, _ in at_once].count(Outcome.DRIFT) == 1
    assert contents(together) == contents(alone)


def test_documents_of_new_pages_are_entered_together(both: list[Database]) -> None:
    visits = [detail(f"/tin/{number}", word, attached=attached(f"/{number}.pdf")) for number, word in enumerate(NEWS)]
    visits[0] = replace(visits[0], attached=attached("/a.pdf", "/0.pdf", abroad="/b.pdf"))
    listed = listing(*(entry(f"/tin/{number}", word) for number, word in enumerate(NEWS)))
    run(both[0], jobs([listed, *visits], pipeline()), together=False)
    run(both[1], jobs([listed], pipeline()), together=True)
    sent: list[bool] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if statement.startswith("INSERT INTO documents "):
            sent.append(executemany)

    event.listen(both[1].engine, "before_cursor_execute", note)
    run(both[1], jobs(visits, pipeline()), together=True)
    assert sent == [True]
    assert contents(both[1]) == contents(both[0])


def test_documents_that_meet_in_a_batch_come_to_what_they_come_to_one_by_one(both: list[Database]) -> None:
    visits = [
        detail("/tin/1", "một", attached=attached("/a.pdf", "/b.pdf")),
        detail("/tin/2", "hai", attached=attached("/d.pdf", "/b.pdf")),
        detail("/tin/3", "ba", attached=attached("/e.pdf", "http://www.snv.example.vn/e.pdf")),  # one id for both
        detail("/tin/4", "bốn", attached=attached("http://snv.example.vn/d.pdf", "/f.pdf")),
        detail("/tin/5", "năm", attached=attached("/g.pdf")),
        detail("/tin/1", "một", hours=1, attached=attached("/g.pdf", "/h.pdf")),
        detail("/tin/2", "hai, sửa lại", hours=1, attached=attached("/i.pdf")),
        detail("/tin/6", "sáu"),
    ]
    undone: list[int] = []
    event.listen(both[1].engine, "rollback", lambda connection: undone.append(1))
    for database, together in zip(both, (False, True), strict=True):
        run(database, jobs(visits, pipeline()), together=together)
        again = [replace(visit, at=later(9)) for visit in visits[2:5]]
        run(database, jobs(again, pipeline()), together=together)
    assert not undone
    assert contents(both[1]) == contents(both[0])
    assert len(contents(both[1])["documents"]) == 10


def test_one_visit_that_fails_takes_no_other_with_it(both: list[Database]) -> None:
    alone, together = both
    broken = replace(detail("/tin/11", "mười một"), at=NOON.replace(tzinfo=None))
    visits = [*a_crawl()[:5], broken, *a_crawl()[5:]]
    one_by_one = run(alone, jobs(visits, pipeline()), together=False)
    at_once = run(together, jobs(visits, pipeline()), together=True)
    assert at_once[5] == one_by_one[5] == "StatementError"
    assert at_once == one_by_one
    # An undone insert may leave a hole in keys that are counted up.
    mine, theirs = (
        {name: sorted(map(str, (row[1:] for row in contents(one)[name]))) for name in ("pages", "articles", "events")}
        for one in both
    )
    assert mine == theirs


def test_what_is_told_as_no_news_is_counted_once_however_often_it_is_written(database: Database) -> None:
    store = pipeline()
    keeper: Any = store._keeper
    keeper.origin_of, keeper.tally, keeper.flooded = (lambda session, page: "backfill"), Tally(), 0
    broken = replace(detail("/tin/2", "hai"), at=NOON.replace(tzinfo=None))
    visits = [detail("/tin/1", "một"), broken, detail("/tin/3", "ba")]
    written = run(database, jobs(visits, store), together=True)
    assert written.pop(1) == "StatementError"
    for visit, saved in written:
        Keeper.visited(keeper, visit, saved)
    assert (keeper.flooded, keeper.tally.decisions["new"]) == (2, 2)


def test_two_sources_of_one_portal_keep_their_own_pages_and_records(both: list[Database]) -> None:
    visits = [detail("/tin/1", "một"), detail("/tin/2", "hai")]
    for database, together in zip(both, (False, True), strict=True):
        mine, theirs = jobs(visits, pipeline()), jobs(visits, pipeline("snv-khac"))
        run(database, [mine[0], theirs[0], theirs[1], mine[1]], together=together)
    with both[1].reading() as session:
        assert len(session.scalars(select(Page)).all()) == 4
        assert sorted(session.scalars(select(Article.source))) == ["snv", "snv", "snv-khac", "snv-khac"]
    assert contents(both[0]) == contents(both[1])


def test_other_jobs_of_the_transaction_find_what_visits_wrote(both: list[Database]) -> None:
    found: list[str] = []

    def look(session: Session) -> None:
        found.extend(session.scalars(select(Article.title)))
        session.execute(insert(Lease), {"name": "a", "holder": "", "token": 1, "expires_at": NOON})

    several = jobs([detail("/tin/1", "một"), detail("/tin/2", "hai"), detail("/tin/3", "ba")], pipeline())
    run(both[1], [*several[:2], look, several[2]], together=True)
    assert len(found) == 2
    with both[1].reading() as session:
        assert len(session.scalars(select(Article)).all()) == 3


def test_without_a_batch_rows_are_sent_at_once(database: Database) -> None:
    row = {"name": "a", "holder": "", "token": 1, "expires_at": NOON}
    with suppress(ZeroDivisionError), database.writing() as session:
        batch.later(session, insert(Lease), row)
        assert session.get(Lease, "a")
        raise ZeroDivisionError
    with database.writing() as session:
        batch.begin(session)
        batch.later(session, insert(Lease), row)
        assert session.get(Lease, "a") is None
        batch.end(session)
        assert session.get(Lease, "a")
        assert batch.of(session) is None
