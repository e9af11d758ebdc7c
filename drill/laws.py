"""What must hold of a data folder after any crash, as small functions over what is held there.

A law yields a sentence for each breach. `ALWAYS` holds at any moment, `AT_REST` once a crawl has come to its own end.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import select
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from storage import captures
from storage.captures import Archive, Unreadable
from storage.document_tables import Document, DocumentVersion
from storage.models import Article, ArticleVersion, Capture, Event, Page, Run
from storage.procedure_tables import Procedure, ProcedureVersion
from storage.search.answer import Question, Searcher
from storage.search.procedures import pages as pages_of_procedures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from sample.portal import Portal
    from storage.database import Database

    Law = Callable[["Held", "Expected"], Iterator[str]]

_TYPED = 40
"""Titles that are typed into both indexes: enough that a document of another time does not hide in all of them."""
_BAD = ("quy-trinh.pdf", "bao-cao.pdf")
"""Files of the sample portal of which no version may come: one is cut off, and one is an error page."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the portal has published: every address in small letters, second ones too → the article's own address.

    `changed` are the articles (by their own address) that were edited once, after they were first read; `documents`
    the paths of files that can be read, `procedures` the codes that pages and lists describe.
    """

    addresses: Mapping[str, str]
    changed: frozenset[str] = frozenset()
    documents: frozenset[str] = frozenset()
    procedures: frozenset[str] = frozenset()

    @classmethod
    def of(cls, portal: Portal, changed: frozenset[str] = frozenset()) -> Expected:
        """What a sample portal has published."""
        own = {path.lower(): path for path in portal.urls()}
        second = {alias.lower(): path for alias, path in portal.aliases().items()}
        files = (unquote(path).lower() for path in portal.files() if not path.endswith(_BAD))
        return cls(
            addresses=second | own, changed=changed, documents=frozenset(files), procedures=portal.procedures()
        )  # fmt: skip

    def article(self, url: str) -> str | None:
        """Which article an address leads to, by its own address."""
        return self.addresses.get(urlsplit(url).path.lower())


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a data folder holds: of the database as it was at one moment, and of the files.

    `records` are ids → (canonical address, version); `versions` are (record, version, content hash) in order; `events`
    are (kind, record, version, changes) in order; `unreadable` says what is wrong with a capture, or a WARC file.
    Documents and procedures have the same: `documents` ids → (canonical address, version), `procedures` ids → (code,
    version), and their versions (id, version, digest or hash).
    """

    records: Mapping[str, tuple[str, int]]
    versions: tuple[tuple[str, int, str], ...]
    events: tuple[tuple[str, str, int, str], ...]
    captures: int
    unreadable: tuple[str, ...]
    documents: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    document_versions: tuple[tuple[str, int, str], ...] = ()
    resting: frozenset[str] = frozenset()
    """Addresses of documents that failed, and are asked for again after a pause."""
    procedures: Mapping[str, tuple[str | None, int]] = field(default_factory=dict)
    procedure_versions: tuple[tuple[str, int, str], ...] = ()
    owed: tuple[str, ...] = ()
    unjudged: tuple[int, ...] = ()
    left_open: tuple[str, ...] = ()


def held(database: Database, data: Path) -> Held:
    """Reads all that the laws speak of."""
    archive = Archive(data / "archive")
    with database.reading() as session:
        rows = session.execute(select(Capture.id, Capture.warc, Capture.offset, Capture.url, Capture.record_type)).all()
        told = _told(session)
        unreadable = [why for row in rows if (why := _unreadable(archive, *row[1:]))]
        return Held(
            records={name: (at, version) for name, at, version in session.execute(_ARTICLES)},
            versions=_rows(session, _VERSIONS),
            events=told,
            captures=len(rows),
            unreadable=(*unreadable, *_torn(data / "archive")),
            documents={name: (at, version) for name, at, version in session.execute(_DOCUMENTS)},
            document_versions=_rows(session, _DOCUMENT_VERSIONS),
            resting=frozenset(
                session.scalars(
                    select(Document.canonical_url).where(Document.due_at.is_not(None), Document.failures > 0)
                )
            ),
            procedures={name: (code, version) for name, code, version in session.execute(_PROCEDURES)},
            procedure_versions=_rows(session, _PROCEDURE_VERSIONS),
            owed=(
                *session.scalars(select(Page.url).where(Page.owed.is_(True))),
                *session.scalars(select(Document.url).where(Document.due_at.is_not(None), Document.outcome.is_(None))),
            ),
            unjudged=tuple(session.scalars(select(Run.id).where(Run.verdict.is_(None)))),
            left_open=tuple(path.name for path in sorted((data / "archive").glob("*.open"))),
        )


_ARTICLES = select(Article.id, Article.canonical_url, Article.version)
_DOCUMENTS = select(Document.id, Document.canonical_url, Document.version)
_PROCEDURES = select(Procedure.id, Procedure.code, Procedure.version).where(Procedure.merged_into.is_(None))
_VERSIONS = select(ArticleVersion.record, ArticleVersion.version, ArticleVersion.content_hash)
_DOCUMENT_VERSIONS = select(DocumentVersion.document, DocumentVersion.version, DocumentVersion.content)
_PROCEDURE_VERSIONS = select(ProcedureVersion.record, ProcedureVersion.version, ProcedureVersion.content_hash)


def _rows(session: Session, versions: Select[str, int, str]) -> tuple[tuple[str, int, str], ...]:
    """Versions in order: each one's record, its number, and the hash of what it says."""
    return tuple(sorted((record, version, said) for record, version, said in session.execute(versions)))


def _told(session: Session) -> tuple[tuple[str, str, int, str], ...]:
    """Events of records: a source may well fall ill again."""
    columns = select(Event.kind, Event.record, Event.version, Event.changes).where(~Event.kind.startswith("source."))
    return tuple(
        (row.kind, row.record or "", row.version or 0, json.dumps(row.changes, sort_keys=True))
        for row in session.execute(columns.order_by(Event.cursor))
    )


def _unreadable(archive: Archive, warc: str, offset: int, url: str, record_type: str) -> str | None:
    try:
        record = archive.read(warc, offset)
    except Unreadable as error:
        return str(error)
    if (record.url, record.record_type) != (url, record_type):
        return f"{warc} has a {record.record_type} of {record.url} at byte {offset}, not a {record_type} of {url}"
    return None


def _torn(folder: Path) -> Iterator[str]:
    """WARC files, but those that were left open, that are not whole records from end to end."""
    for path in captures.files(folder):
        if path.with_name(f"{path.name}.open").exists():
            continue
        try:
            with path.open("rb") as file:
                if not any(True for _ in ArchiveIterator(file)):
                    yield f"{path.name} is empty"
        except (ArchiveLoadFailed, EOFError, OSError) as error:
            yield f"{path.name}: {error}"


def no_article_is_stored_twice(now: Held, expected: Expected) -> Iterator[str]:
    """Each record is an article of the portal, and no two are the same one; nor are two procedures."""
    stored = Counter(expected.article(url) for url, _ in now.records.values())
    for article, count in stored.items():
        if article is None:
            yield f"{count} records have addresses that the portal never had"
        elif count > 1:
            yield f"{article} is stored {count} times"
    for code, count in Counter(code for code, _ in now.procedures.values() if code).items():
        if count > 1:
            yield f"the procedure {code} is stored {count} times"


def no_version_is_duplicated(now: Held, expected: Expected) -> Iterator[str]:  # noqa: ARG001 - a law
    """A record has the versions 1, 2 … up to its own, and none says what the one before it said.

    Of a procedure no two versions say the same: several pages share one.
    """
    yield from _doubled(now.records, now.versions)
    yield from _doubled(now.documents, now.document_versions)
    yield from _doubled(now.procedures, now.procedure_versions)
    for (record, _), count in Counter((record, said) for record, _, said in now.procedure_versions).items():
        if count > 1:
            yield f"{record} has {count} versions that say the same"


def _doubled(records: Mapping[str, tuple[Any, int]], every: Iterable[tuple[str, int, str]]) -> Iterator[str]:
    kept: dict[str, list[tuple[int, str]]] = {record: [] for record in records}
    for record, version, content in every:
        kept.setdefault(record, []).append((version, content))
    for record, versions in kept.items():
        last = records.get(record, ("", 0))[1]
        if [version for version, _ in versions] != list(range(1, last + 1)):
            yield f"{record} is at version {last} and has {[version for version, _ in versions]}"
        if any(one[1] == other[1] for one, other in pairwise(versions)):
            yield f"{record} has two versions in a row that say the same"


def no_event_is_lost_or_doubled(now: Held, expected: Expected) -> Iterator[str]:  # noqa: ARG001 - a law
    """Each version was told of by one event, and nothing was told twice.

    That search shows a procedure otherwise may be said again: two decisions can do the same to it.
    """
    for event, count in Counter(now.events).items():
        if count > 1 and event[::3] != ("record.updated", "[]"):
            yield f"{event} was told {count} times"
    yield from _of_articles(now)
    yield from _of_documents(now)
    yield from _of_procedures(now)


def _of_articles(now: Held) -> Iterator[str]:
    told = Counter((record, version) for kind, record, version, _ in now.events if kind == _kind(version))
    for record, version, _ in now.versions:
        if told[record, version] != 1:
            yield f"version {version} of {record} was told of {told[record, version]} times"
    for record, version in told.keys() - {(record, version) for record, version, _ in now.versions}:
        yield f"version {version} of {record} was told of and is not there"


def _kind(version: int) -> str:
    return "article.new" if version == 1 else "article.changed"


def _of_documents(now: Held) -> Iterator[str]:
    """What a document holds is told once to each record that links to it."""
    told: dict[tuple[str, str], list[str]] = defaultdict(list)
    for _, record, _, changes in now.events:
        for change in json.loads(changes):
            if change.get("field") == "documents":
                told[change["document"], change["digest"]].append(record)
    for document, version, digest in now.document_versions:
        records = told.pop((document, digest), [])
        if not records or len(records) > len(set(records)):
            yield f"version {version} of the document {document} was told of {len(records)} times"
    for document, digest in told:
        yield f"{digest} of the document {document} was told of and is not there"


def _of_procedures(now: Held) -> Iterator[str]:
    """A procedure is new once, and each of its versions came with an event."""
    told = {(record, version) for _, record, version, _ in now.events}
    new = Counter(record for kind, record, _, _ in now.events if kind == "procedure.new")
    for record, version, _ in now.procedure_versions:
        if (record, version) not in told:
            yield f"version {version} of the procedure {record} was not told of"
    yield from (f"the procedure {record} was new {count} times" for record, count in new.items() if count > 1)


def every_capture_is_readable(now: Held, expected: Expected) -> Iterator[str]:  # noqa: ARG001 - a law
    """No WARC record that the database points to is unreadable, and no file ends in a torn one."""
    yield from now.unreadable


def every_article_is_stored(now: Held, expected: Expected) -> Iterator[str]:
    """What the portal has published is there, and what was edited was seen to be; so are its files and procedures."""
    at = {expected.article(url): version for url, version in now.records.values()}
    for article in sorted(set(expected.addresses.values())):
        version = 2 if article in expected.changed else 1
        if at.get(article, 0) != version:
            yield f"{article} is at version {at.get(article, 0)} and not {version}"
    files = {unquote(urlsplit(url).path).lower(): version for url, version in now.documents.values()}
    resting = {unquote(urlsplit(url).path).lower() for url in now.resting}
    for path in sorted(expected.documents - resting):
        if files.get(path, 0) != 1:
            yield f"{path} is at version {files.get(path, 0)} and not 1"
    lost = expected.procedures - {code for code, _ in now.procedures.values()}
    yield from (f"the procedure {code} is not there" for code in sorted(lost))


def nothing_is_left_over(now: Held, expected: Expected) -> Iterator[str]:  # noqa: ARG001 - a law
    """No page or document is owed a visit, no run lacks its verdict, no WARC file counts as being written."""
    yield from (f"{url} is still owed a visit" for url in now.owed)
    yield from (f"run {run} has no verdict" for run in now.unjudged)
    yield from (f"{name} is left" for name in now.left_open)


ALWAYS: tuple[Law, ...] = (
    no_article_is_stored_twice, no_version_is_duplicated, no_event_is_lost_or_doubled, every_capture_is_readable,
)  # fmt: skip
AT_REST: tuple[Law, ...] = (*ALWAYS, every_article_is_stored, nothing_is_left_over)


def breaches(now: Held, expected: Expected, laws: tuple[Law, ...]) -> list[str]:
    """A sentence for each breach of each law, with the law's name before it."""
    return [f"{law.__name__}: {why}" for law in laws for why in law(now, expected)]


def index_breaches(database: Database, folder: Path) -> tuple[int, list[str]]:
    """How many documents the search index has, and where it does not agree with one made from the records anew."""
    kept = Searcher(database, folder)
    with tempfile.TemporaryDirectory() as empty:
        made = Searcher(database, Path(empty))
        _catch_up(made)
        _catch_up(kept)
        titles = sorted({hit["title"] for hit in _hits(made, "")})
        asked = random.Random(1).sample(titles, min(_TYPED, len(titles)))
        broken = []
        for question in ("", *asked):
            mine, other = _ids(kept, question), _ids(made, question)
            if mine != other:
                broken.append(
                    f"the_index_agrees_with_the_records: {question!r} finds {len(mine)} records, and in an index made "
                    f"anew {len(other)}; they differ in {sorted(set(mine) ^ set(other))[:5]}"
                )
    total = kept.search(Question(limit=1))["total"]
    with database.reading() as session:
        records = _shown(session)
    if records != _ids(kept, "") or total != len(records):
        broken.append(f"the_index_agrees_with_the_records: {len(records)} records, {total} documents")
    return total, broken


def _shown(session: Session) -> list[str]:
    """The articles and procedures that a search for nothing finds: pages of one procedure stand for it."""
    articles = set(session.scalars(select(Article.id)))
    procedures = session.scalars(select(Procedure.id).where(Procedure.merged_into.is_(None)))
    return sorted(articles.difference(pages_of_procedures(session, articles)).union(procedures))


def _catch_up(searcher: Searcher) -> None:
    """A search waits for that for a second only."""
    while searcher.search(Question(limit=1))["stale"]:
        pass


def _ids(searcher: Searcher, typed: str) -> list[str]:
    """All records that a search finds; of a story one is shown, and the others are named beside it."""
    return sorted({one for hit in _hits(searcher, typed) for one in (hit["id"], *hit["more"])})


def _hits(searcher: Searcher, typed: str) -> Iterator[dict[str, Any]]:
    cursor = None
    while True:
        answer = searcher.search(Question(typed=typed, sort="newest", limit=100, cursor=cursor))
        yield from answer["hits"]
        cursor = answer["next_cursor"]
        if cursor is None:
            return
