"""A watch matches exactly what the search would find: by the index of its words, and over a real archive."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pytest
from databases import POSTGRESQL
from hypothesis import given, settings
from hypothesis import strategies as st
from making import NOON, SITE, article, moment, page, save
from making import database as opened
from sqlalchemy import event, select, update
from telling import tell
from test_documents_kept import attach, paper, visit
from test_numbers import number
from test_search_language import TYPED
from test_search_query import DOCUMENTS, QUERIES, WORDS

from alerts import subjects
from alerts.matching import Watched, narrowed
from scraper.items import Image, Procedure
from storage import events, numbers
from storage.models import Event
from storage.procedure_tables import Procedure as Row
from storage.search import holdings
from storage.search import index as indexing
from storage.search.answer import Searcher
from storage.search.language import parse
from storage.search.query import NOTHING, Document, matches, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from storage.database import Database


@given(st.lists(DOCUMENTS, min_size=1, max_size=4), st.lists(QUERIES | TYPED, max_size=12))
@settings(max_examples=400)
def test_watches_match_as_each_of_them_alone_would(documents: list[Document], typed: list[str]) -> None:
    trees = {f"{place}": parse(one).tree for place, one in enumerate(typed)}
    watched = Watched(trees)
    for document in documents:
        assert watched.matching(document) == [name for name, tree in trees.items() if matches(tree, document)]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a made archive has: an article, or a procedure with its own page."""

    title: str
    body: str
    summary: str
    caption: str
    papers: list[list[str]]
    source: str
    named: list[str]
    field: str | None
    published: datetime | None


NUMBERS = st.sampled_from(["42/2022/NĐ-CP", "02/2022/TT-BNV", "42/QĐ-UBND"])
ARCHIVES = st.lists(
    st.builds(
        Told, title=WORDS, body=WORDS, summary=WORDS, caption=WORDS,
        papers=st.lists(st.lists(WORDS, max_size=2), max_size=2),
        source=st.sampled_from(["thanh-hoa/snv", "thanh-hoa/ubnd", "thanh", "a.b"]),
        named=st.lists(NUMBERS, max_size=2),
        field=st.none() | st.sampled_from(["Đất đai", "Quản lý đất đai", "Hộ tịch"]),
        published=st.none() | st.datetimes(datetime(2021, 12, 30), datetime(2023, 1, 3)).map(  # noqa: DTZ001 - given a zone
            lambda at: at.replace(tzinfo=NOON.tzinfo)
        ),
    ),
    min_size=1, max_size=4,
)  # fmt: skip


def keep(session: Session, place: int, told: Told) -> None:
    path, title = f"/tin/{place}", f"{told.title} {place}"
    said = article(
        path, title=title, body_text=told.body or "văn", summary=told.summary,
        images=(Image(url=f"{SITE}/{place}.png", caption=told.caption),),
        published=moment(told.published) if told.published else None, published_raw="",
    )  # fmt: skip
    save(session, said, source=told.source, at=NOON + timedelta(minutes=place))
    record = page(session, path, source=told.source).record
    assert record
    numbers.save(session, record, title, [(told.source, number(one)) for one in told.named])
    addresses = [f"{SITE}/{place}/{one}.pdf" for one in range(len(told.papers))]
    attach(session, record, *addresses)
    for one, (address, pages) in enumerate(zip(addresses, told.papers, strict=True)):
        visit(session, address, paper(*pages, name=f"{place}-{one}"))
    if told.field:
        own = Procedure(code=f"1.00{place}", name=title, field=told.field, raw=(("Tên", title),))
        tell(session, own=own, path=path, source=told.source, article=record)


def agree(database: Database, folder: Path, typed: Sequence[str]) -> None:
    """Holds watches against all that happened, and compares what they match with what the search finds."""
    trees = {f"{place}": parse(one).tree for place, one in enumerate(typed)}
    watched = Watched(trees)
    indexing.follow(database, indexing.open_index(folder))  # a search would wait for a second only
    searcher = Searcher(database, folder)
    with database.reading() as session:
        happened = events.since(session)
        shown = holdings.shown(session, [one.record for one in happened if one.record])
        documents = subjects.of(session, happened)
    assert documents.keys() == {one.id for one in happened}
    matched = {one.id: set(watched.matching(documents[one.id])) for one in happened}
    for name, tree in trees.items():
        found, stale = searcher.finds(tree, list(set(shown.values())))
        assert not stale
        told = {shown[one.record] for one in happened if one.record and name in matched[one.id]}
        assert told == found, str(tree)


@given(ARCHIVES, st.lists(QUERIES | TYPED, min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_a_watch_is_told_of_exactly_what_the_search_finds(archive: list[Told], typed: list[str]) -> None:
    with TemporaryDirectory() as folder:
        database = opened(Path(folder))
        try:
            with database.writing() as session:
                for place, told in enumerate(archive):
                    keep(session, place, told)
            agree(database, Path(folder) / "index", typed)
        finally:
            database.close()


@pytest.fixture
def archive(database: Database) -> Database:
    """Records of all sorts, drawn once and for all."""
    draw = random.Random("watches")
    words = ["thi", "đua", "dua", "thí", "khen", "thủ", "tục", "hành", "chính", "TTHC", "bản", "bán", "hoà", "42", "cp"]

    def said() -> str:
        return " ".join(draw.choices(words, k=draw.randrange(1, 8)))

    with database.writing() as session:
        for place in range(40):
            told = Told(
                title=said(), body=said(), summary=said(), caption=said(),
                papers=[[said(), said()] for _ in range(draw.randrange(3))],
                source=draw.choice(["thanh-hoa/snv", "thanh-hoa/ubnd", "a.b"]),
                named=draw.choices(["42/2022/NĐ-CP", "02/2022/TT-BNV"], k=draw.randrange(2)),
                field=draw.choice([None, None, "Quản lý đất đai"]), published=NOON - timedelta(days=400 * (place % 4)),
            )  # fmt: skip
            keep(session, place, told)
    return database


QUERIES_BY_HAND = [
    "thi đua", '"thi đua"', '"thí đua"', "thi -đua", "TTHC", "thu tuc hanh chinh", "(bản OR khen) hoà", "kh*",
    '"thi đ"*',
    "42/2022/NĐ-CP", "so:42", "nguon:thanh-hoa", "loai:thutuc", "loai:procedure", "linhvuc:đất", "tu:2024 bán", "-bán",
    "", "***", "khen OR -thi", 'lĩnh vực:"quản lý" thi', "đến:2023",
]  # fmt: skip


@POSTGRESQL
def test_the_same_on_postgresql(archive: Database, tmp_path: Path) -> None:
    agree(archive, tmp_path / "index", QUERIES_BY_HAND)


def test_how_many_statements_it_takes_does_not_depend_on_how_many_events(archive: Database) -> None:
    counted: list[str] = []
    with archive.reading() as session:
        happened = events.since(session)
        some = [one for one in happened if one.record][:5]
        event.listen(session.get_bind(), "before_cursor_execute", lambda *told: counted.append(told[2]))
        subjects.of(session, some)
        few = len(counted)
        counted.clear()
        assert len(subjects.of(session, happened)) == len(happened) > 10 * len(some)
    assert len(counted) <= few + 2
    assert len(counted) <= 12


def test_an_event_of_a_procedures_page_is_about_the_procedure(session: Session) -> None:
    told = Told(
        title="Cấp phép", body="nộp hồ sơ", summary="", caption="", papers=[["mẫu đơn"]], source="a.b", named=[],
        field="Hộ tịch", published=NOON,
    )  # fmt: skip
    keep(session, 0, told)
    session.flush()
    happened = events.since(session)
    of = subjects.of(session, happened)
    assert {one.kind for one in happened} >= {"article.new", "procedure.new"}
    assert all(of[one.id].kind == "procedure" and of[one.id].fields == ["Hộ tịch"] for one in happened)
    tree = parse("mau don").tree
    assert all(matches(tree, document) for document in of.values())


def test_a_procedure_that_turned_out_to_be_another_one_is_that(session: Session) -> None:
    for code in ("1.001", "1.002"):
        tell(session, own=Procedure(code=code, name=f"Cấp phép {code}"), path=f"/tt/{code}")
    session.flush()
    first, second = events.since(session)
    session.execute(update(Row).where(Row.id == first.record).values(merged_into=second.record))
    of = subjects.of(session, [first, second])
    assert of[first.id] is of[second.id]


def test_a_source_is_its_name_and_matches_no_kind(session: Session) -> None:
    events.append_of_source(session, "source.ill", "a/b", at=NOON, title="Sở Nội vụ", url=SITE, changes=[])
    session.flush()
    happened = session.scalars(select(Event)).all()
    document = subjects.of(session, happened)[happened[0].id]
    for typed, found in [("noi vu", True), ("nguon:a", True), ("loai:tin", False), ("tu:10/3/2025", True), ("", True)]:
        assert matches(parse(typed).tree, document) is found, typed


def test_what_the_search_does_not_hold_is_left_out(session: Session) -> None:
    ghost = Event(
        id="x", kind="article.new", at=NOON, source="a", record="nowhere", version=1, origin="poll", title="t"
    )
    assert subjects.of(session, [ghost]) == {}


def document(title: str, **rest: Any) -> Document:
    return Document(title=tokens(title), **{"published": NOON} | rest)


@pytest.mark.parametrize(
    ("sources", "fields", "found"),
    [
        ((), (), True),
        (("a",), (), True),
        (("x", "a/b"), (), True),
        (("a/c",), (), False),
        ((), ("đất đai",), True),
        ((), ("hộ tịch",), False),
        (("a",), ("hộ tịch", "dat"), True),
        (("b",), ("dat",), False),
    ],
)
def test_a_watch_may_be_narrowed_besides(sources: tuple[str, ...], fields: tuple[str, ...], found: bool) -> None:
    tree = narrowed(parse("phí").tree, sources=sources, fields=fields)
    about = document("Phí", sources=["a/b"], fields=["Quản lý đất đai"])
    assert Watched({"one": tree}).matching(about) == (["one"] if found else [])


@pytest.mark.parametrize(
    ("typed", "title", "found"),
    [
        ("dat dai", "Luật Đất đai", True),
        ("đất", "dat dai", True),
        ('"đất đai"', "dat dai", False),
        ('"thi đua"', "Phong trào thi đua", True),
        ('"thi đua"', "thi cử và đua xe", False),
        ('đất -"thi đua"', "Đất đai và thi đua", False),
        ("đường", "duong bo", True),
        ('"đường"', "dương lịch", False),
    ],
)
def test_words_without_marks_with_them_and_in_a_row(typed: str, title: str, found: bool) -> None:
    """H21."""
    assert Watched({"w": parse(typed).tree}).matching(document(title)) == (["w"] if found else [])


def test_watches_of_the_same_tree_are_told_in_the_order_in_which_they_were_given() -> None:
    trees = {name: parse(typed).tree for name, typed in [("c", "phí"), ("a", "lệ phí"), ("b", "Phí"), ("d", "phí")]}
    assert Watched(trees).matching(document("lệ phí")) == ["c", "a", "b", "d"]
    assert Watched({"none": NOTHING}).matching(document("lệ phí")) == []
    assert Watched({}).matching(document("lệ phí")) == []


def test_most_watches_are_never_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[object] = []
    trees = {f"{place}": parse(f"từ{place} chung").tree for place in range(1000)}
    trees |= {f"{place}!": parse(f"chung -khác{place} nguon:x/y{place}").tree for place in range(1000)}
    trees |= {f"{place}?": parse(f"chung (a{place} OR b{place}*)").tree for place in range(1000)}
    watched = Watched(trees)
    monkeypatch.setattr("alerts.matching.matches", lambda tree, about: looked.append(tree) or matches(tree, about))
    assert watched.matching(document("chung từ7 a9", sources=["x/y3"])) == ["7", "3!", "9?"]
    assert len(looked) <= 5
