"""What answers while the index is made again: an older schema's, and a damaged one's files that are still open."""

from __future__ import annotations

import logging
import os
import shutil
from typing import TYPE_CHECKING

import pytest
import tantivy
from making import article, save
from sqlalchemy import update

from storage.models import Event
from storage.search import index as indexing
from storage.search import standing
from storage.search.answer import BadCursor, Question, Searcher
from storage.search.index import SCHEMA

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from storage.database import Database

KINDS_OF_FILE = ("store", "term", "idx", "pos", "fast", "fieldnorm")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets how long a search tries to catch up; with less than nothing it follows nothing."""
    return lambda seconds: monkeypatch.setattr(standing, "_CATCH_UP_SECONDS", seconds)


def keep(database: Database, *titles: str, first: int = 0) -> None:
    for number, title in enumerate(titles, first):
        with database.writing() as session:
            save(session, article(f"/tin/{number}", title=title, body_text=f"Nội dung {number}"))


def found(searcher: Searcher, typed: str = "", **more: object) -> tuple[list[str], bool]:
    answer = searcher.search(Question(typed=typed, **more))  # type: ignore[arg-type]
    assert answer["total"] == len(answer["hits"])
    return sorted(hit["title"] for hit in answer["hits"]), answer["stale"]


def of_older_schema(folder: Path, *records: tuple[str, str], at: tuple[int, str]) -> Path:
    """What a schema long ago may have had: what `standing.plain` asks of all of them, and the cursor."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, fast=True, tokenizer_name="raw", index_option="basic")
    for name in ("kind", "source"):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_integer_field("published", indexed=True, fast=True)
    builder.add_integer_field("cursor", stored=True)
    builder.add_text_field("event", stored=True, tokenizer_name="raw", index_option="basic")
    for name in ("title", "body"):
        builder.add_text_field(name, tokenizer_name="congtin", index_option="position")
    place = folder / f"v{SCHEMA - 1}"
    place.mkdir(parents=True)
    index = tantivy.Index(builder.build(), path=str(place))
    indexing.register(index)
    writer = index.writer(heap_size=15_000_000, num_threads=1)
    for number, (record, title) in enumerate(records):
        writer.add_document(
            tantivy.Document(
                id=[record], kind=["article"], source=["snv"], published=[number], title=[title], body=[""]
            )
        )
    writer.add_document(tantivy.Document(id=["#cursor"], cursor=[at[0]], event=[at[1]]))
    writer.commit()
    writer.wait_merging_threads()
    return place


def log_of(database: Database) -> list[tuple[str, int, str]]:
    with database.reading() as session:
        return [(event.record or "", event.cursor, event.id) for event in session.query(Event).order_by(Event.cursor)]


def test_an_index_of_an_older_schema_answers_until_the_new_one_is_made(
    database: Database, folder: Path, hurried: Callable[[float], None], caplog: pytest.LogCaptureFixture
) -> None:
    keep(database, "thi đua", "khen thưởng", "bão lũ")
    log = log_of(database)
    older = of_older_schema(folder, (log[0][0], "thi dua"), (log[1][0], "khen thuong"), at=log[1][1:])
    searcher = Searcher(database, folder)
    hurried(-1)
    assert found(searcher) == (["khen thưởng", "thi đua"], True)
    assert found(searcher, "thưởng") == (["khen thưởng"], True)
    assert found(searcher, "bão") == ([], True)
    assert found(searcher, sources=("snv",), kinds=("article",)) == (["khen thưởng", "thi đua"], True)
    assert found(searcher, sources=("stc",)) == ([], True)
    hurried(60)
    assert found(searcher) == (["bão lũ", "khen thưởng", "thi đua"], False)
    assert not older.exists()
    assert f"older schema, v{SCHEMA - 1}" in caplog.text


def test_an_index_of_an_older_schema_that_cannot_be_read_is_passed_over(
    database: Database, folder: Path, hurried: Callable[[float], None], caplog: pytest.LogCaptureFixture
) -> None:
    keep(database, "thi đua")
    ((record, *at),) = log_of(database)
    place = of_older_schema(folder, (record, "thi dua"), at=(int(at[0]), str(at[1])))
    for file in place.glob("*.store"):
        os.truncate(file, 5)
    hurried(-1)
    assert found(Searcher(database, folder)) == ([], True)
    assert "cannot be read" in caplog.text


def test_an_index_of_an_older_schema_of_another_database_is_passed_over(
    database: Database, folder: Path, hurried: Callable[[float], None]
) -> None:
    keep(database, "thi đua")
    ((record, *at),) = log_of(database)
    of_older_schema(folder, (record, "thi dua"), at=(int(at[0]), str(at[1])))
    with database.writing() as session:  # a restored one has its own times, and so its own events
        session.execute(update(Event).values(id=Event.id + "x"))
    hurried(-1)
    assert found(Searcher(database, folder)) == ([], True)


@pytest.mark.parametrize("kind", KINDS_OF_FILE)
def test_a_segment_cut_short_under_an_open_searcher_is_seen_and_the_index_made_again(
    database: Database, folder: Path, kind: str, hurried: Callable[[float], None], caplog: pytest.LogCaptureFixture
) -> None:
    keep(database, "thi đua")
    searcher = Searcher(database, folder)
    assert found(searcher) == (["thi đua"], False)
    for file in (folder / f"v{SCHEMA}").glob(f"*.{kind}"):
        _cut(file)
    keep(database, "khen thưởng", first=1)
    Searcher(database, folder)  # as another process, which sees it first
    hurried(60)
    answers = [found(searcher) for _ in range(2)]
    assert answers[-1] == (["khen thưởng", "thi đua"], False)
    assert caplog.text.count("made again from the database") == 1


@pytest.mark.parametrize("kind", KINDS_OF_FILE)
def test_a_segment_cut_short_is_made_again_while_what_is_open_answers(
    database: Database, folder: Path, kind: str, hurried: Callable[[float], None], caplog: pytest.LogCaptureFixture
) -> None:
    keep(database, "thi đua")
    searcher = Searcher(database, folder)
    assert found(searcher) == (["thi đua"], False)
    with_one_more = Searcher(database, folder)
    keep(database, "khen thưởng", first=1)
    assert found(with_one_more) == (["khen thưởng", "thi đua"], False)  # the searcher has to load what is new
    for file in (folder / f"v{SCHEMA}").glob(f"*.{kind}"):
        _cut(file)
    hurried(-1)
    assert found(searcher) == (["thi đua"], True)
    assert "made again" in caplog.text
    assert found(searcher) == (["thi đua"], True)
    hurried(60)
    assert found(searcher) == (["khen thưởng", "thi đua"], False)


@pytest.mark.parametrize("size", [0, 1, 5, 8])
@pytest.mark.parametrize("kind", KINDS_OF_FILE)
def test_a_file_of_which_hardly_anything_is_left_is_no_panic(
    database: Database, folder: Path, kind: str, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    keep(database, "thi đua")
    assert found(Searcher(database, folder)) == (["thi đua"], False)
    for file in (folder / f"v{SCHEMA}").glob(f"*.{kind}"):
        os.truncate(file, size)
    assert found(Searcher(database, folder)) == (["thi đua"], False)
    assert "made again" in caplog.text


def test_what_turns_out_to_be_damaged_by_a_search_is_made_again(
    database: Database, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A byte that is another one: the engine opens the file, and cannot read a record."""
    keep(database, "thi đua", "khen thưởng")
    searcher = Searcher(database, folder)
    assert found(searcher)[1] is False
    place = folder / f"v{SCHEMA}"
    shutil.copytree(place, folder / "copy")
    for file in (folder / "copy").glob("*.store"):
        said = bytearray(file.read_bytes())
        said[: len(said) // 4] = bytes(255 - byte for byte in said[: len(said) // 4])
        file.write_bytes(said)
    shutil.rmtree(place)
    (folder / "copy").rename(place)
    other = Searcher(database, folder)
    answers = [found(other) for _ in range(2)]
    assert answers[-1] == (["khen thưởng", "thi đua"], False)
    assert "made again" in caplog.text


def test_what_somebody_types_is_no_damage(database: Database, folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    keep(database, "thi đua")
    searcher = Searcher(database, folder)
    for typed in ("Data corrupted", "Deserialize error"):
        with pytest.raises(BadCursor):
            searcher.search(Question(cursor=typed))
        searcher.search(Question(typed=f'"{typed}" {typed}*', sources=(typed,)))
    assert not caplog.text


def test_a_system_that_is_short_of_something_is_no_reason_to_make_an_index_again(
    database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(database, "thi đua")
    assert found(Searcher(database, folder)) == (["thi đua"], False)
    before = sorted(path.name for path in (folder / f"v{SCHEMA}").iterdir())

    def fails(*_: object, **__: object) -> None:
        raise ValueError("IO Error: 'Os { code: 24, kind: Uncategorized, message: \"Too many open files\" }'")

    with monkeypatch.context() as patched:
        patched.setattr(indexing, "_opened", fails)
        with pytest.raises(ValueError, match="Too many open files"):
            Searcher(database, folder)
    assert sorted(path.name for path in (folder / f"v{SCHEMA}").iterdir()) == before


def test_the_follower_makes_a_damaged_index_again(
    database: Database, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    keep(database, "thi đua")
    assert found(Searcher(database, folder)) == (["thi đua"], False)
    for file in (folder / f"v{SCHEMA}").glob("*.idx"):
        _cut(file)
    keep(database, "khen thưởng", first=1)
    follower = indexing.Follower(database, folder)
    follower.start()
    follower.stop()
    assert "made again" in caplog.text
    assert indexing.cursor(indexing.open_index(folder))[0] == log_of(database)[-1][1]


def _cut(file: Path) -> None:
    """Half of it, as another file: what is mapped of the old one stays, as after a crash nothing would be."""
    half = file.with_name(f"{file.name}.half")
    half.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    half.replace(file)
