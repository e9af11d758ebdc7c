"""The search index: a tantivy index beside the database, made from it by following the event log.

The database is the truth. The index keeps its cursor as a document of its own, written in the same commit as the
documents that it stands for, so that no crash sets the two apart for longer than the next catch-up. Beside the cursor
stands the id of the event that it points to: where the log has another one there, the database is not the one that was
followed (a restore, another archive), and the index is made again. A folder of another schema's number is simply not
this index: a new one is made, and `storage.search.standing` lets the other answer until then.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from contextlib import contextmanager, suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import tantivy
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from scraper.items import VIETNAM
from storage.models import Event
from storage.search import holdings, procedures
from storage.search.damage import is_damage, is_of_the_system, no_panic
from storage.search.query import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from storage.database import Database
    from storage.search.holdings import Held
    from storage.search.query import Token

log = logging.getLogger(__name__)

SCHEMA = 6
CURSOR = "#cursor"
"""The id of the document that holds the cursor, which is no record."""
_NOBODY = "#nobody"
_START = (0, "")
_BATCH = 500
"""Events that are read together."""
_COMMIT = 20_000
"""Events of one commit at the most: what a kill makes a follower do again, some ten seconds of work."""
_HEAP = 32_000_000
"""Enough for what a crawl brings between two looks. With tantivy's least, 15 MB, that becomes several segments, and to
merge them takes as much work again, and more memory than the heap spares."""
_ROOMY_HEAP = 128_000_000
"""Where much is to be done: with the least, segments are so small that merging them takes three times the work."""
_POLL_SECONDS = 5.0
"""How often a follower looks: each commit makes a segment that must be merged, and a search catches up by itself."""
_LEFT_SECONDS = 86_400.0
"""A file that was begun so long ago, and has not got its name, is nobody's."""
_TOKENIZER = "congtin"
_YEAR = 365.25 * 86_400
_APART = " | "  # between two texts: no phrase reaches from one into the next


class Busy(RuntimeError):
    """Another process is writing to the index just now."""


def schema() -> tantivy.Schema:
    """Text is tokenised by us (folded, and as written) and handed over with spaces between the tokens.

    A query is matched in one text, that of title, body and documents together: `body` says which syllables are in it,
    `pairs` where adjacent ones stand, as one token each, `written` where each stands with its accents. A phrase of two
    is one token, a longer one has few places to look at, and words that stand together rank above scattered ones. The
    fields of the title only raise a score. `key` and `story` are `key_of` a record's id and of its story's: small
    enough to be read for many hits at a time.
    """
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, fast=True, tokenizer_name="raw", index_option="basic")
    for name in ("kind", "source", "platform", "section", "year", "field"):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("numbers", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("field_words", tokenizer_name=_TOKENIZER, index_option="position")
    builder.add_integer_field("published", indexed=True, fast=True)
    builder.add_integer_field("key", fast=True)
    builder.add_integer_field("story", indexed=True, fast=True)
    builder.add_float_field("freshness", fast=True)
    builder.add_integer_field("cursor", stored=True)
    builder.add_text_field("event", stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("body", "title", "title_written", "title_pairs"):
        builder.add_text_field(name, tokenizer_name=_TOKENIZER, index_option="freq")
    for name in ("pairs", "written"):
        builder.add_text_field(name, tokenizer_name=_TOKENIZER, index_option="position")
    return builder.build()


def open_index(folder: Path, *, anew: bool = False) -> tantivy.Index:
    """The index in a folder, made if it is not there, and made again if it cannot be read, or `anew` says so.

    Raises OSError or ValueError where that is the system's fault: no memory or descriptor left, say.
    """
    place = _place(folder)
    try:
        if not anew:
            return _opened(place)
    except (ValueError, OSError, LookupError) as error:
        if is_of_the_system(error):
            raise
        log.warning("the search index cannot be opened: %s", error)
    log.warning("the search index is made again from the database")
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
    return _opened(place)


def check(folder: Path) -> None:
    """Reads the index that is in a folder, and changes nothing. Raises ValueError, OSError and LookupError."""
    with no_panic():
        index = tantivy.Index.open(str(_place(folder)))
    cursor(index)


def is_lost(folder: Path) -> bool:
    """Whether the index that was opened in this folder has been taken away since."""
    return not (_place(folder) / "meta.json").exists()


def _place(folder: Path) -> Path:
    return folder / f"v{SCHEMA}"


def _opened(place: Path) -> tantivy.Index:
    place.mkdir(parents=True, exist_ok=True)
    with no_panic():
        index = tantivy.Index(schema(), path=str(place))
        register(index)
        index.config_reader(reload_policy="manual")
    cursor(index)  # what is broken further inside shows only when it is read
    _tidy(place)
    return index


def _tidy(place: Path) -> None:
    """Takes away what tantivy was writing aside when it was killed: it renames such a file within milliseconds."""
    for left in place.glob(".tmp*"):
        with suppress(OSError):  # another process was first, or may write here and this one may not
            if time.time() - left.stat().st_mtime > _LEFT_SECONDS:
                left.unlink()


def register(index: tantivy.Index) -> None:
    """Makes an index know the tokenizer that the schema names."""
    index.register_tokenizer(_TOKENIZER, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build())


def cursor(index: tantivy.Index) -> tuple[int, str]:
    """How far the index has followed the event log: the last event's cursor and id."""
    with no_panic():
        index.reload()
    return stands_at(index)


def stands_at(index: tantivy.Index) -> tuple[int, str]:
    """The same of the index as it was when it was last loaded."""
    with no_panic():
        searcher = index.searcher()
        hits = searcher.search(tantivy.Query.term_query(index.schema, "id", CURSOR), limit=1).hits
        if not hits:
            return _START
        kept = searcher.doc(hits[0][1])
    return int(kept["cursor"][0]), str(kept["event"][0])


def follow(database: Database, index: tantivy.Index, *, seconds: float | None = None) -> bool:
    """Brings the index to where the log ends now, or as far as `seconds` allow; whether it got there. Raises Busy.

    What comes into the log meanwhile is left for the next time: every commit has a price, however little is in it.
    """
    give_up = time.monotonic() + seconds if seconds is not None else None
    with database.reading() as session:
        start = cursor(index)
        goal = session.execute(_LOG.order_by(Event.cursor.desc()).limit(1)).first() or _START
        if start == tuple(goal):
            return True
    with _writing(index, heap=_ROOMY_HEAP if goal[0] - start[0] > 2 * _BATCH else _HEAP) as writer:
        start = cursor(index)  # another process may just have written
        if start != _START and not _is_of(database, start):
            log.warning("the search index followed another event log than this one and is made again")
            writer.delete_all_documents()
            writer.commit()
            start = _START
        while start[0] < goal[0]:
            if give_up is not None and time.monotonic() > give_up:
                return False
            start = _take(database, writer, start, goal[0], give_up)
            writer.delete_documents_by_term("id", CURSOR)
            writer.add_document(tantivy.Document(id=[CURSOR], cursor=[start[0]], event=[start[1]]))
            writer.commit()
    return True


def _is_of(database: Database, place: tuple[int, str]) -> bool:
    """Whether the log has this very event at this cursor."""
    with database.reading() as session:
        return session.execute(_LOG.where(Event.cursor == place[0])).first() == place


@contextmanager
def _writing(index: tantivy.Index, *, heap: int) -> Iterator[tantivy.IndexWriter]:
    """The index's one writer. Raises Busy.

    After a failed commit later ones would lose documents in silence, so it is always rolled back.
    """
    try:
        writer = index.writer(heap_size=heap, num_threads=1)
    except ValueError as error:
        if "LockBusy" in str(error):
            raise Busy(str(error)) from None
        raise
    try:
        # Who was killed in a commit may have left the very file that the same commit writes when it is done again.
        writer.garbage_collect_files()
        # tantivy gives the first operation of a writer the number of the last commit. Where a merge of what was
        # committed begins beside it (one that a kill put off), that operation is lost: let it be none that matters.
        writer.delete_documents_by_term("id", _NOBODY)
        yield writer
    except BaseException:
        writer.rollback()
        raise
    finally:
        writer.wait_merging_threads()  # also gives up the lock


def _take(
    database: Database, writer: tantivy.IndexWriter, start: tuple[int, str], goal: int, give_up: float | None
) -> tuple[int, str]:
    """Hands over what the log's events after `start` touched, as much as one commit takes; the last event of them."""
    taken = 0
    while start[0] < goal and taken < _COMMIT and (not taken or give_up is None or time.monotonic() < give_up):
        with database.reading() as session:
            told = session.execute(_TOUCHED.where(Event.cursor > start[0])).all()
            named = dict.fromkeys(event.record for event in told if event.record)
            records = [*named, *(one for one in procedures.touched(session, named) if one not in named)]
            for record in records:
                writer.delete_documents_by_term("id", record)
            # Inside of the session: what the documents of two hundred records say is not held in memory at once.
            for one in holdings.held(session, records):
                writer.add_document(tantivy.Document(**document(one)))
        start = told[-1].cursor, told[-1].id
        taken += len(told)
    return start


_LOG = select(Event.cursor, Event.id)
_TOUCHED = select(Event.cursor, Event.id, Event.record).order_by(Event.cursor).limit(_BATCH)


def key_of(record: str) -> int:
    """A record's id as a number of 63 bits: the same everywhere, and in no order."""
    return int.from_bytes(blake2b(record.encode(), digest_size=8).digest(), "big") >> 1


def document(one: Held) -> dict[str, Any]:
    """A record as the index holds it."""
    said = one.document
    return {
        "id": [one.id],
        "key": [key_of(one.id)],
        "story": [key_of(one.story or one.id)],
        "kind": [said.kind],
        "source": list(said.sources),
        "platform": [one.platform],
        "section": [one.section],
        "field": list(said.fields),
        "field_words": [" ".join([one for one, _ in tokens(field)]) for field in said.fields],
        "numbers": list(said.numbers),
        **_dated(said.published),
        **worded(said.title, said.body, said.documents),
    }


def _dated(published: datetime) -> dict[str, Any]:
    at = int(published.timestamp())
    return {"year": [str(published.astimezone(VIETNAM).year)], "published": [at], "freshness": [_freshness(at)]}


def _freshness(at: int) -> float:
    """What makes a score larger by half a percent for each year since 1990: the engine multiplies it by log2(2 + this).

    It is the same whenever one asks, so that an order holds from page to page.
    """
    return float(2 ** (1 + 0.005 * min(max(at / _YEAR - 20, 0), 50)) - 2)


def worded(title: Sequence[Token], body: Sequence[Token], documents: Sequence[Token]) -> dict[str, Any]:
    """The fields that a record's words are found by, of those of its title, its body and its documents.

    Of the documents, `body` has the syllables that it would not have without them, each once: a long document makes its
    record no less a hit for what the body says.
    """
    folded = [[one for one, _ in said] for said in (title, body, documents)]
    written = [" ".join([one for _, one in said]) for said in (title, body, documents)]
    added = sorted({*folded[2]}.difference(folded[0], folded[1])) if documents else ()
    paired = list(map(_paired, folded))
    return {
        "title": [" ".join(folded[0])],
        "title_written": [written[0]],
        "title_pairs": [paired[0]],
        "body": [" ".join([*folded[0], *folded[1], *added])],
        "pairs": [_APART.join(paired)],
        "written": [_APART.join(written)],
    }


def _paired(said: Sequence[str]) -> str:
    """Each two adjacent syllables as one token."""
    if len(said) < 2:
        return ""
    # Each syllable but the first and the last ends one token and begins the next.
    return "_".join([said[0], *[f"{one} {one}" for one in said[1:-1]], said[-1]])


class Follower:
    """Follows the event log in the background, in a thread of its own, until it is stopped; then once more."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database = database
        self._folder = folder
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="index", daemon=True)

    def start(self) -> None:
        """Begins to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Brings the index up to now and ends."""
        self._stopping.set()
        self._thread.join()

    def _work(self) -> None:
        index = None
        while True:
            last = self._stopping.is_set()
            try:
                if index is None or is_lost(self._folder):
                    index = open_index(self._folder)
                with no_panic():
                    follow(self._database, index)
            except Busy:
                pass  # another process follows the same log into the same index
            except OperationalError as error:  # a server that is away comes back, and nothing here is wrong
                log.warning("the search index cannot follow now: %s", error.orig)
            except Exception as error:
                if is_damage(error):
                    index = None  # it is made again when it is opened, if it is damaged indeed
                log.exception("the search index could not follow; the next one to follow goes on from its cursor")
            if last:
                return
            self._stopping.wait(_POLL_SECONDS)
