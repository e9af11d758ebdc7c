from __future__ import annotations

import html
import json
import re
import time
import unicodedata
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from forked import Child
from making import SITE, article, bury, day, entry, heard, later, listed, minute, save
from making import database as opened
from odd_queries import ODD
from sqlalchemy import delete, func, select, update

from scraper.items import Image
from storage.models import Article, Event
from storage.search import index as indexing
from storage.search.answer import BadCursor, Question, Searcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from storage.database import Database

ANSWER = {
    "query", "total", "took_ms", "total_is", "suggestion", "understood", "stale", "hits", "facets", "next_cursor",
}  # fmt: skip
HIT = {"id", "kind", "source", "platform", "title", "url", "published_at", "precision", "snippet", "document", "more"}


def keep(database: Database, *said: dict[str, Any], source: str = "snv") -> None:
    with database.writing() as session:
        first = session.scalar(select(func.count()).select_from(Article)) or 0
        for number, fields in enumerate(said, first):
            defaults = {"title": f"Tin {number}", "body_text": f"Nội dung {number}"}
            save(session, article(f"/tin/{number}", **defaults | fields), source=source)


def ask(database: Database, folder: Path, typed: str = "", **given: Any) -> dict[str, Any]:
    return Searcher(database, folder).search(Question(typed=typed, **given))


def titles(answer: dict[str, Any]) -> list[str]:
    return [hit["title"] for hit in answer["hits"]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.mark.parametrize("sort", ["relevance", "newest"])
def test_every_odd_query_gets_an_answer(database: Database, folder: Path, sort: Any) -> None:
    keep(database, {"title": "Nghị định 42/2022/NĐ-CP", "body_text": "a.b x"})
    searcher = Searcher(database, folder)
    for typed in ODD:
        answer = searcher.search(Question(typed=typed, sort=sort))
        assert set(answer) >= ANSWER
        json.dumps(answer, ensure_ascii=False).encode()
    assert searcher.search(Question(typed="42/2022/NĐ-CP"))["total"] == 1
    assert searcher.search(Question(typed="#cursor"))["total"] == 0


def test_the_shape_is_the_contracts(database: Database, folder: Path) -> None:
    keep(database, {"published": minute(2025, 3, 9, 8)})
    answer = ask(database, folder, "tin")
    assert set(answer) >= ANSWER
    (hit,) = answer["hits"]
    assert set(hit) >= HIT
    assert (hit["published_at"], hit["precision"], hit["url"]) == (
        "2025-03-09T08:00:00+07:00",
        "minute",
        f"{SITE}/tin/0",
    )
    assert (answer["total"], answer["total_is"], answer["stale"], answer["next_cursor"]) == (1, "exact", False, None)
    assert set(answer["facets"]) == {"source", "kind", "year", "field", "platform"}
    assert answer["took_ms"] > 0


FOUND: list[tuple[str, str, bool]] = [
    ("thi dua khen thuong", "Công tác thi đua, khen thưởng", True),
    ("THI ĐUA", "công tác thi đua", True),
    ("dat dai", "Luật Đất đai", True),
    ("đất", "dat dai", True),
    ("hoà bình", "tỉnh Hòa Bình", True),
    ('"hòa bình"', "tỉnh Hoà Bình", True),
    (unicodedata.normalize("NFD", "đất"), "Luật Đất đai", True),
    ("đất", unicodedata.normalize("NFD", "Luật Đất đai"), True),
    ('"bản"', "bán đất", False),
    ('"bản"', "bản đồ", True),
    ('"ban"', "bán đất", True),
    ('"đất đai"', "dat dai", False),
    ("42/2022/nd-cp", "Nghị định số 42/2022/NĐ-CP", True),
    ("42/2022/nd-cp", "Nghị định số 42/2023/NĐ-CP", False),
    ('"thi đua"', "thi cử và đua xe", False),
    ("thi đua", "đua xe và thi cử", True),
    ("thi đua", "thi cử", False),
    ("thi -đua", "thi cử", True),
    ("thi -đua", "thi đua", False),
    ('hội -"thi đua"', "hội thi rồi đua xe", True),
    ('hội -"thi đua"', "hội thi đua", False),
    ("-thi", "đua xe", True),
]


@pytest.mark.parametrize(("typed", "title", "found"), FOUND)
def test_what_is_found_and_what_is_not(database: Database, folder: Path, typed: str, title: str, found: bool) -> None:
    keep(database, {"title": title}, {"title": "Khác hẳn"})
    assert (title in titles(ask(database, folder, typed))) is found


def test_captions_and_names_of_documents_are_found(database: Database, folder: Path) -> None:
    keep(database, {"images": (Image(url=f"{SITE}/a.jpg", caption="Ông Nguyễn Văn An phát biểu"),)})
    answer = ask(database, folder, "nguyen van an")
    assert answer["total"] == 1
    assert answer["hits"][0]["snippet"].count("<mark>") == 3


RANKED: list[tuple[str, str, str]] = [
    ("bản", "một bản tin", "một bán tin"),
    ("thi đua", "phong trào thi đua yêu nước", "thi cử rồi mới đua xe"),
    ("đất đai", "đất đai", "dat dai"),
]


@pytest.mark.parametrize(("typed", "first", "second"), RANKED)
@pytest.mark.parametrize("turned", [False, True])
def test_the_better_hit_comes_first(
    database: Database, folder: Path, typed: str, first: str, second: str, turned: bool
) -> None:
    order = (second, first) if turned else (first, second)
    keep(database, *({"body_text": said, "title": said[::-1]} for said in order), *({} for _ in range(5)))
    assert titles(ask(database, folder, typed)) == [first[::-1], second[::-1]]


def test_a_title_counts_for_more_than_the_body(database: Database, folder: Path) -> None:
    keep(database, {"body_text": "lũ lụt"}, {"title": "lũ lụt"}, {}, {})
    assert titles(ask(database, folder, "lũ lụt")) == ["lũ lụt", "Tin 0"]


def test_filters_by_kind_source_and_day_in_vietnam(database: Database, folder: Path) -> None:
    keep(
        database,
        {"title": "đầu ngày", "published": minute(2025, 3, 9, 0, 0)},
        {"title": "cuối ngày", "published": minute(2025, 3, 9, 23, 59)},
        {"title": "hôm sau", "published": minute(2025, 3, 10, 0, 0)},
        {"title": "thủ tục", "published": day(2025, 3, 9), "kind": "procedure"},
    )
    keep(database, {"title": "nơi khác", "published": day(2024, 3, 9)}, source="khac")
    the_day = date(2025, 3, 9)

    def found(**given: Any) -> set[str]:
        answer = ask(database, folder, **given)
        assert answer["total"] == len(answer["hits"])
        return set(titles(answer))

    everything = {"đầu ngày", "cuối ngày", "hôm sau", "thủ tục", "nơi khác"}
    assert found() == everything
    assert found(since=the_day, until=the_day) == {"đầu ngày", "cuối ngày", "thủ tục"}
    assert found(since=the_day + timedelta(days=1)) == {"hôm sau"}
    assert found(until=the_day - timedelta(days=1)) == {"nơi khác"}
    assert found(since=date.min, until=date.max) == everything
    assert found(kinds=("procedure",)) == {"thủ tục"}
    assert found(kinds=("article",), sources=("snv", "none")) == {"đầu ngày", "cuối ngày", "hôm sau"}
    assert found(sources=("khac",)) == {"nơi khác"}
    facets = ask(database, folder)["facets"]
    assert facets["source"] == {"snv": 4, "khac": 1}
    assert facets["kind"] == {"article": 4, "procedure": 1}
    assert facets["year"] == {"2025": 4, "2024": 1}


@pytest.mark.parametrize("sort", ["relevance", "newest"])
def test_paging_visits_each_hit_exactly_once(database: Database, folder: Path, sort: Any) -> None:
    for part in range(3):  # several segments, many of equal date and score
        keep(database, *({"published": day(2025, 1, 1 + part % 2), "body_text": f"chung {n % 3}"} for n in range(40)))
        ask(database, folder)
    searcher = Searcher(database, folder)
    seen: list[str] = []
    dates: list[str] = []
    cursor = None
    while True:
        answer = searcher.search(Question(typed="chung", sort=sort, limit=7, cursor=cursor))
        seen += [hit["id"] for hit in answer["hits"]]
        dates += [hit["published_at"] for hit in answer["hits"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == answer["total"] == 120
    if sort == "newest":
        assert dates == sorted(dates, reverse=True)


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "99999999999", "0" * 30 + "9" * 30, "²", " 1"])
def test_a_cursor_of_someone_elses_is_refused(database: Database, folder: Path, cursor: str) -> None:
    with pytest.raises(BadCursor):
        ask(database, folder, cursor=cursor)


BODY = "Mở đầu. " + "từ đệm " * 100 + "nơi có <b>thi đua</b> & khen thưởng " + "đệm nữa " * 100


@pytest.mark.parametrize(
    "body",
    [
        BODY,
        "thi đua <script>alert(1)</script>",
        "x" * 500 + " thi đua",
        "a" * 300 + "-thi đua-" + "b" * 300,
        "thi đua " * 3000,
    ],
)
def test_a_snippet_is_escaped_short_and_marked(database: Database, folder: Path, body: str) -> None:
    keep(database, {"body_text": body})
    started = time.perf_counter()
    snippet = ask(database, folder, "thi dua")["hits"][0]["snippet"]
    assert time.perf_counter() - started < 3
    assert "<mark>" in snippet
    plain = re.sub(r"</?mark>", "", snippet)
    assert "<" not in plain
    assert len(html.unescape(plain)) < 330
    shown = html.unescape(plain).removeprefix("… ").removesuffix(" …").strip()
    assert shown in " ".join(body.split())


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Another process is the index's writer."""
    code = """
import sys
from pathlib import Path
from storage.search import index
writer = index.open_index(Path(sys.argv[1])).writer(heap_size=50_000_000, num_threads=1)
print("held", flush=True)
sys.stdin.readline()
"""
    process = Child(code, folder)
    try:
        assert heard(process) == "held"
        yield
    finally:
        bury(process)


def test_while_another_process_writes_search_answers_with_what_is_there(database: Database, folder: Path) -> None:
    keep(database, {"title": "cũ"})
    assert titles(ask(database, folder)) == ["cũ"]
    with holding(folder):
        assert ask(database, folder)["stale"] is False
        keep(database, {"title": "mới"})
        answer = ask(database, folder)
        assert (titles(answer), answer["stale"]) == (["cũ"], True)
        with pytest.raises(indexing.Busy):
            indexing.follow(database, indexing.open_index(folder))
    answer = ask(database, folder)
    assert (sorted(titles(answer)), answer["stale"]) == (["cũ", "mới"], False)


def wreck_meta(place: Path) -> None:
    (place / "meta.json").write_bytes(b"\0\xff garbage")


def wreck_files(place: Path) -> None:
    for path in place.iterdir():
        if path.suffix in {".store", ".term", ".idx", ".fast", ".pos"}:
            path.write_bytes(path.read_bytes()[:10])


def wreck_missing(place: Path) -> None:
    for path in place.glob("*.store"):
        path.unlink()


def wreck_folder(place: Path) -> None:
    import shutil

    shutil.rmtree(place)
    place.write_text("a file where the folder was")


@pytest.mark.parametrize("wreck", [wreck_meta, wreck_files, wreck_missing, wreck_folder])
def test_an_index_that_is_broken_is_made_again(database: Database, folder: Path, wreck: Any) -> None:
    keep(database, {"title": "một"}, {"title": "hai"})
    ask(database, folder)
    wreck(folder / f"v{indexing.SCHEMA}")
    assert sorted(titles(ask(database, folder))) == ["hai", "một"]


def test_an_index_that_is_taken_away_is_made_again_even_under_an_open_searcher(
    database: Database, folder: Path
) -> None:
    import shutil

    keep(database, {"title": "một"})
    searcher = Searcher(database, folder)
    assert searcher.search(Question())["total"] == 1
    shutil.rmtree(folder)
    answer = searcher.search(Question(typed="mot"))
    assert (answer["total"], answer["stale"]) == (1, False)


def test_an_index_that_is_ahead_of_the_database_is_made_again(
    database: Database, folder: Path, tmp_path: Path, fresh: Callable[..., str]
) -> None:
    keep(database, *({"title": f"tin {number}"} for number in range(5)))
    ask(database, folder)
    other = opened(tmp_path, fresh())
    keep(other, {"title": "của nơi khác"})
    assert titles(ask(other, folder)) == ["của nơi khác"]
    with other.writing() as session:
        session.execute(delete(Event))
    assert ask(other, folder)["total"] == 0
    other.close()


@pytest.mark.parametrize("more", [0, 3])
def test_an_index_of_another_database_is_made_again_though_that_one_has_as_many_events_or_more(
    database: Database, folder: Path, tmp_path: Path, fresh: Callable[..., str], more: int
) -> None:
    keep(database, {"title": "cũ một"}, {"title": "cũ hai"})
    assert ask(database, folder)["total"] == 2
    other = opened(tmp_path, fresh())
    keep(other, *({"title": f"mới {number}", "body_text": "khôi phục"} for number in range(2 + more)))
    with other.writing() as session:  # a restored one has its own times, too
        session.execute(update(Event).values(id=Event.id + "x"))
    answer = ask(other, folder)
    assert (sorted(titles(answer)), answer["total"]) == ([f"mới {number}" for number in range(2 + more)], 2 + more)
    assert ask(other, folder, "cũ")["total"] == 0
    other.close()


def test_a_changed_record_is_found_by_its_new_words_and_not_by_the_old(database: Database, folder: Path) -> None:
    keep(database, {"title": "bão số ba"})
    assert ask(database, folder, "bão")["total"] == 1
    with database.writing() as session:
        save(session, article("/tin/0", title="lũ quét"), at=later(1))
    assert ask(database, folder, "bão")["total"] == 0
    assert titles(ask(database, folder, "lũ")) == ["lũ quét"]
    assert ask(database, folder)["total"] == 1


def test_a_minute_learned_from_a_listing_reaches_the_index(database: Database, folder: Path) -> None:
    keep(
        database, {"title": "sớm", "published": day(2025, 3, 9)}, {"title": "muộn", "published": minute(2025, 3, 9, 7)}
    )
    assert titles(ask(database, folder, sort="newest")) == ["muộn", "sớm"]
    with database.writing() as session:
        listed(session, entry("/tin/0", published=minute(2025, 3, 9, 8)), at=later(1))
    assert titles(ask(database, folder, sort="newest")) == ["sớm", "muộn"]


FOLLOW = """
import sys, making
from pathlib import Path
from storage.search import index as indexing
database = making.database(Path(), sys.argv[1])
indexing._BATCH = 3
index = indexing.open_index(Path(sys.argv[2]))
print("following", flush=True)
while True:
    indexing.follow(database, index)
"""


def test_a_follower_that_is_killed_at_any_moment_leaves_a_right_index(
    database: Database, folder: Path, address: str
) -> None:
    for kill in range(10):
        process = Child(FOLLOW, address, folder)
        try:
            assert heard(process) == "following"
            keep(database, *({"body_text": f"lần {kill}"} for _ in range(12)))
            time.sleep(0.02 * kill)
        finally:
            bury(process)
    searcher = Searcher(database, folder)
    answer = searcher.search(Question(typed="lan", limit=200))
    assert (answer["total"], answer["stale"]) == (120, False)
    assert len({hit["id"] for hit in answer["hits"]}) == 120


def test_the_follower_keeps_up_and_catches_up_when_it_is_stopped(database: Database, folder: Path) -> None:
    follower = indexing.Follower(database, folder)
    follower.start()
    keep(database, {"title": "một"})
    deadline = time.monotonic() + 10
    while indexing.cursor(indexing.open_index(folder))[0] != 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    keep(database, {"title": "hai"})
    follower.stop()
    index = indexing.open_index(folder)
    with database.reading() as session:
        assert indexing.cursor(index)[0] == session.scalar(select(func.max(Event.cursor)))


def test_a_commit_that_fails_loses_nothing(database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(database, {"title": "một"})
    index = indexing.open_index(folder)
    whole = indexing.document
    with monkeypatch.context() as patched:
        patched.setattr(indexing, "document", lambda *of: whole(*of) | {"published": ["not a number"]})
        with pytest.raises(Exception, match=r".+"):
            indexing.follow(database, index)
    keep(database, {"title": "hai"})
    assert sorted(titles(ask(database, folder))) == ["hai", "một"]
