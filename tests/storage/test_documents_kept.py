"""What is kept of documents, on both databases: links, versions, quarantine, events, and the pages for search."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from alembic import command
from making import NOON, SITE, article, later, save
from sqlalchemy import create_engine, insert, inspect, select

from scraper import items
from scraper.items import Attachment, Member, Reread, Validators, Visit
from scraper.outcomes import Outcome
from storage import documents, events, migrations, records, runs
from storage.captures import Captured
from storage.document_history import FullHistory
from storage.document_tables import Content, Document, DocumentVersion
from storage.models import Article, ArticleVersion, Page
from storage.runs import Ticket
from storage.search import passages

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

    from storage.database import Database

FIRST, SECOND = f"{SITE}/a/1.pdf", f"{SITE}/a/2.pdf"


def paper(*pages: str, name: str = "a", **fields: Any) -> items.Document:
    told: dict[str, Any] = {
        "outcome": Outcome.OK, "media_type": "application/pdf", "digest": f"sha256:{name}", "size": 10, "pages": pages,
        "page_count": len(pages),
    } | fields  # fmt: skip
    return items.Document(**told)


def record(session: Session) -> str:
    save(session, article())
    return session.scalars(select(Article.id)).one()


def attach(session: Session, name: str, *addresses: str, at: datetime = NOON, known: bool = False) -> None:
    found = [(url, Attachment(url=url, title=f"Tệp {place}"), True) for place, url in enumerate(addresses)]
    documents.attach(session, name, found, source="snv", at=at, known=known, origin="poll")


def visit(
    session: Session, url: str, read: items.Document | None, *, at: datetime = NOON, outcome: Outcome | None = None,
    origin: str = "poll",
) -> None:  # fmt: skip
    run = runs.open_run(session, "snv", origin="poll", at=at)
    captured = Captured(
        at=at, url=url, record_type="response", status=200, warc="a.warc.gz", offset=7, length=9, digest="sha256:raw"
    )
    row = {"run": run, "at": at, "url": url, "role": "document", "status": 200, "size": 10, "seconds": 0.1}
    ticket = Ticket(row=row, captured=captured)
    outcome = outcome or (read.outcome if read else Outcome.NOT_FOUND)
    runs.enter_fetch(session, ticket, outcome=outcome.value, message="")
    asked = Visit(
        role="document", url=url, canonical_url=url, final_url=url, outcome=outcome, at=at, document=read,
        message=read.message if read else "", validators=Validators(etag='"1"'), fetch=ticket,
    )  # fmt: skip
    documents.visited(session, asked, ticket, source="snv", origin=origin)


def kinds(session: Session) -> list[str]:
    session.flush()
    return [event.kind for event in events.since(session)]


def test_a_new_record_tells_of_its_documents_by_itself(session: Session) -> None:
    name = record(session)
    attach(session, name, FIRST)
    visit(session, FIRST, paper("một", "hai"))
    assert kinds(session) == ["article.new", "record.updated"]
    (told,) = records.show(session, name)["documents"]
    assert (told["title"], told["pages"], told["version"], told["outcome"]) == ("Tệp 0", 2, 1, "OK")
    assert told["capture"]["warc"] == "a.warc.gz"


def test_two_documents_that_come_at_the_same_moment_are_two_events(session: Session) -> None:
    name = record(session)
    attach(session, name, FIRST, SECOND, known=True)
    visit(session, FIRST, paper("một"))
    visit(session, SECOND, paper("hai", name="b"))
    assert kinds(session) == ["article.new", "document.added", "document.added"]


def test_the_same_bytes_at_the_same_address_are_no_news(session: Session) -> None:
    attach(session, record(session), FIRST)
    for hours in range(3):
        visit(session, FIRST, paper("một"), at=later(hours))
    visit(session, FIRST, None, outcome=Outcome.NOT_MODIFIED, at=later(4))
    assert kinds(session) == ["article.new", "record.updated"]
    assert len(session.scalars(select(DocumentVersion)).all()) == 1


def test_bytes_that_come_back_are_a_version_again(session: Session) -> None:
    attach(session, record(session), FIRST)
    for hours, name in enumerate(("a", "b", "a")):
        visit(session, FIRST, paper(name, name=name), at=later(hours))
    assert kinds(session)[2:] == ["document.changed", "document.changed"]
    assert len(session.scalars(select(Content)).all()) == 2


def test_a_document_that_two_records_link_to_changes_for_both(session: Session) -> None:
    save(session, article())
    save(session, article("/tin/2", title="Tin khác", body_text="Khác."))
    for name in session.scalars(select(Article.id)).all():
        attach(session, name, FIRST)
    visit(session, FIRST, paper("một"))
    visit(session, FIRST, paper("hai", name="b"), at=later(1))
    assert kinds(session).count("document.changed") == 2


def test_pauses_grow_and_end_with_success(session: Session) -> None:
    attach(session, record(session), FIRST)
    pauses = []
    for _ in range(5):
        visit(session, FIRST, None)
        row = session.scalars(select(Document)).one()
        assert row.due_at is not None
        pauses.append(row.due_at - NOON)
    assert pauses == [timedelta(hours=1), timedelta(days=1), timedelta(weeks=1), timedelta(weeks=4), timedelta(weeks=4)]
    visit(session, FIRST, paper("một"))
    row = session.scalars(select(Document)).one()
    assert (row.failures, row.due_at) == (0, None)


def test_a_poison_file_is_read_again_until_it_can_be_read(session: Session) -> None:
    name = record(session)
    attach(session, name, FIRST, known=True)
    poison = paper(outcome=Outcome.TOO_COMPLEX, message="not read within 30 s", page_count=None)
    visit(session, FIRST, poison)
    content = session.scalars(select(Content)).one()
    assert content.due_at == later(1)
    assert kinds(session) == ["article.new"]
    (told,) = records.show(session, name)["documents"]
    assert (told["outcome"], told["cause"], told["version"]) == ("TOO_COMPLEX", "not read within 30 s", 0)
    documents.reread(session, Reread(digest="sha256:a", document=poison, at=later(1)), origin="poll")
    assert content.due_at == later(25)
    documents.reread(session, Reread(digest="sha256:a", document=paper("một"), at=later(25)), origin="poll")
    assert kinds(session) == ["article.new", "document.added"]
    assert (content.due_at, session.scalars(select(Document)).one().version) == (None, 1)


def test_what_ocr_reads_later_is_told_to_the_index_alone(session: Session) -> None:
    attach(session, record(session), FIRST)
    scan = paper("", outcome=Outcome.EMPTY_OK, flags=frozenset({"scanned"}), message="scanned, no text")
    visit(session, FIRST, scan)
    content = session.scalars(select(Content)).one()
    assert content.scan_owed
    read = replace(scan, outcome=Outcome.OK, pages=("một",), flags=frozenset({"scanned", "ocr"}), message="")
    documents.reread(session, Reread(digest="sha256:a", document=read, at=later(1)), origin="poll")
    assert not content.scan_owed
    assert kinds(session) == ["article.new", "record.updated", "record.updated"]


def test_a_history_knows_what_is_owed_and_what_rests(database: Database, tmp_path: Any) -> None:
    from storage.captures import Archive

    with database.writing() as session:
        name = record(session)
        attach(session, name, FIRST, SECOND)
        visit(session, FIRST, None, at=later(24 * 365 * 100))
    history = FullHistory(database, "snv", Archive(tmp_path / "archive"))
    known = {one.url: one.resting for one in history.documents(f"{SITE}/tin/1")}
    assert known == {FIRST: True, SECOND: False}
    assert [one.url for one in history.documents_owed()] == [SECOND]
    assert history.unread(ocr=True) == []


def test_pages_of_an_archive_are_those_of_its_members(session: Session) -> None:
    name = record(session)
    attach(session, name, FIRST)
    members = (Member(name="a.pdf", size=1, first=0, pages=2), Member(name="b.docx", size=1, first=2, pages=1))
    visit(session, FIRST, paper("một", "hai", "ba", members=members))
    found = [(page.title, page.number, page.text) for page in passages.pages(session, name)]
    assert found == [("Tệp 0 › a.pdf", 1, "một"), ("Tệp 0 › a.pdf", 2, "hai"), ("Tệp 0 › b.docx", 1, "ba")]


def test_text_that_is_not_parted_as_the_pages_are_has_no_page_numbers(session: Session) -> None:
    name = record(session)
    attach(session, name, FIRST)
    visit(session, FIRST, paper("một", page_count=12))
    assert [page.number for page in passages.pages(session, name)] == [None]


def copy_into(connection: Connection, session: Session) -> None:
    """Puts a new database's pages and articles into one of an older revision, in the columns that it has."""
    for table in (Article.__table__, ArticleVersion.__table__, Page.__table__):
        names = [column["name"] for column in inspect(connection).get_columns(table.name)]
        rows = session.execute(select(*[table.c[name] for name in names])).mappings().all()
        connection.execute(insert(table), [dict(row) for row in rows])


def test_pages_that_attach_something_are_asked_for_whole_once_documents_are_kept(
    session: Session, fresh: Callable[..., str]
) -> None:
    for number, attachments in enumerate(((Attachment(url=FIRST, title="Một"),), ())):
        said = article(f"/tin/{number}", title=f"Tin {number}", attachments=attachments)
        save(session, said)
        for page in session.scalars(select(Page).where(Page.canonical_url == said.canonical_url)):
            page.etag = '"1"'
    session.flush()
    engine = create_engine(fresh(migrated=False))
    with engine.begin() as connection:
        command.upgrade(migrations.configuration(connection), "0004")
        copy_into(connection, session)
        migrations.upgrade(connection)
        assert connection.scalars(select(Page.etag).order_by(Page.id)).all() == [None, '"1"']
    engine.dispose()
