"""The tree of a query: held against documents as the engine does, and marked in texts."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
import tantivy
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_search_language import TYPED

from storage.search import index as indexing
from storage.search import marking, query
from storage.search.engine import Engine
from storage.search.language import parse
from storage.search.query import Document, matches, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = datetime(2023, 7, 18, 9, tzinfo=UTC)


def document(title: str, body: str = "", **rest: object) -> Document:
    return Document(title=tokens(title), body=tokens(body), **{"published": NOW} | rest)  # type: ignore[arg-type]


def numbers(*said: str) -> list[str]:
    told = (query.legal.number(one) for one in said)
    keys = (query.number_keys(normal=one.normal, number=one.number, year=one.year, kind=one.type) for one in told)
    return [key for some in keys for key in some]


DECREE = document(
    "Nghị định quy định chi tiết", "phí, lệ phí đất đai",
    sources=["thanh-hoa/snv"], fields=["Quản lý đất đai"], numbers=numbers("42/2022/NĐ-CP", "05/QĐ-UBND"),
    kind="document",
)  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("nghi dinh le phi", True),
        ("nghị định hội", False),
        ("hội OR lệ phí", True),
        ("hội | hè", False),
        ("phí -hội", True),
        ("phí -(đất đai)", False),
        ("-(hội OR phí)", False),
        ("(hội hè) OR (phí đất)", True),
        ('"lệ phí đất"', True),
        ('"lẹ phí"', False),
        ("ngh*", True),
        ("nghĩ*", True),
        ('"nghĩ"*', False),
        ('"phí đấ"*', True),
        ('"chi tiết phí"', False),
        ("nguon:thanh-hoa/snv", True),
        ("nguồn:thanh-hoa", True),
        ("source:thanh", False),
        ("-nguon:thanh-hoa", False),
        ('loại:"văn bản"', True),
        ("loai:tin", False),
        ("loai:tin loai:document", True),
        ('lĩnh vực:"dat dai"', True),
        ("linhvuc:đất", True),
        ("linhvuc:hộ", False),
        ("so:42/2022/ND-CP", True),
        ('so:"42 / 2022/ NĐ - CP"', True),
        ("so:42", True),
        ("so:42/2022", True),
        ("so:42/2023", False),
        ("Số: 5/QĐ-UBND", True),
        ("so:5/QĐ", True),
        ("số:005", True),
        ("42/2022/NĐ-CP", True),
        ("tu:2023", True),
        ("tu:07/2023 den:18/07/2023", True),
        ("đến:17/07/2023", False),
        ("den:06/2023", False),
        ("from:2023-07-18 to:2023-07-18", True),
        ("từ:19/7/2023", False),
        ("phí từ ngày:1/1/2020", True),
        ("", True),
        ("***", False),
        ("tu:31/02/2023", False),
        ("tu:31/02/2023 phí", True),
    ],
)
def test_what_matches(typed: str, found: bool) -> None:
    assert matches(parse(typed).tree, DECREE) is found
    assert found_by_engine(typed, [DECREE]) == [found]


def test_abbreviations_and_renamed_units_match_both_ways() -> None:
    for typed, title in [
        ("TTHC", "công bố thủ tục hành chính"),
        ("thu tuc hanh chinh", "công bố TTHC"),
        ("tỉnh Lâm Đồng", "UBND tỉnh Đắk Nông"),
    ]:
        assert found_by_engine(typed, [document(title), document("khác")]) == [True, False]
    assert not matches(parse('"TTHC"').tree, document("thủ tục hành chính"))
    assert not matches(parse("tỉnh Đắk Nông").tree, document("tỉnh Lâm Đồng"))


WORDS = st.lists(
    st.sampled_from(
        [
            "thi", "đua", "dua", "thí", "khen", "thủ", "tục", "hành", "chính", "TTHC", "tthc", "bản", "bán", "ban",
            "42",
            "2022",            "nđ", "nd", "cp", "hoà", "hòa",
        ]
    ),
    max_size=6,
).map(" ".join)  # fmt: skip
DOCUMENTS = st.builds(
    lambda title, body, attached, kind, source, fields, named, published: Document(
        title=tokens(title), body=tokens(body), documents=tokens(attached), kind=kind, sources=[source], fields=fields,
        numbers=numbers(*named), published=published,
    ),
    WORDS, WORDS, WORDS, st.sampled_from(["article", "procedure", "document"]),
    st.sampled_from(["thanh-hoa/snv", "thanh-hoa/ubnd", "thanh", "a.b"]),
    st.lists(st.sampled_from(["Đất đai", "Quản lý đất đai", "Hộ tịch"]), max_size=2),
    st.lists(st.sampled_from(["42/2022/NĐ-CP", "02/2022/TT-BNV", "42/QĐ-UBND"]), max_size=2),
    st.datetimes(datetime(2021, 12, 30), datetime(2023, 1, 3), timezones=st.just(UTC)),  # noqa: DTZ001 - given a zone
)  # fmt: skip
ATOMS = st.sampled_from(
    [
        "thi", "đua", "dua", "thí", "khen", "thủ tục hành chính", "TTHC", "bản", "ban", "hoà", "tha*", "th*", "bá*",
        '"bả"*',
        '"thi đua"', '"thi dua"', '"bán"', '"khen thủ"*', '"thi đua khen"', '"thu tuc hanh chinh"', '"thi đua kh"*',
        "42/2022/nđ-cp", "42-2022*", "nguon:thanh-hoa", "nguon:thanh",
        "nguon:a.b", "nguon:a?b", "loai:tin", "loai:vb", "linhvuc:đất", 'lĩnh vực:"quan ly dat"', "so:42",
        "so:42/2022/NĐ-CP",        "so:2/2022", "tu:2022", "den:2022", "từ:31/12/2021", "đến:6/2022", "không",
    ]
)  # fmt: skip
QUERIES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        inner.map(lambda one: f"-({one})"),
        inner.map(lambda one: f"-{one}"),
        st.lists(inner, min_size=2, max_size=4).map(" ".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda some: f"({' OR '.join(some)})"),
    ),
    max_leaves=6,
)


def found_by_engine(typed: str, documents: Sequence[Document]) -> list[bool]:
    index = tantivy.Index(indexing.schema())
    indexing.register(index)
    writer = index.writer(heap_size=15_000_000, num_threads=1)
    for place, one in enumerate(documents):
        said = indexing.worded(one.title, one.body, one.documents)
        words = [" ".join(folded for folded, _ in tokens(field)) for field in one.fields]
        writer.add_document(
            tantivy.Document(
                id=[str(place)], kind=[one.kind], source=list(one.sources), field=list(one.fields), field_words=words,
                numbers=list(one.numbers), published=[int(one.published.timestamp())], **said,
            )
        )  # fmt: skip
    writer.commit()
    index.reload()
    searcher = index.searcher()
    engine, tree = Engine(index.schema, searcher), parse(typed).tree
    there, *tiers = (
        {int(searcher.doc(address)["id"][0]) for _, address in searcher.search(asked, limit=100).hits}
        for asked in (engine.query(tree), *engine.tiers(tree))
    )
    assert all(tier <= there for tier in tiers)
    return [place in there for place in range(len(documents))]


@given(st.lists(DOCUMENTS, min_size=1, max_size=5), QUERIES | TYPED)
@settings(max_examples=250, deadline=None)
def test_a_record_matches_exactly_if_the_search_finds_it(documents: list[Document], typed: str) -> None:
    tree = parse(typed).tree
    assert [matches(tree, one) for one in documents] == found_by_engine(typed, documents), str(tree)


def test_accents_are_told_apart_where_there_are_some() -> None:
    terms = query.terms(query.needs(parse("đất dat Đ d 42").tree))
    assert [term.accented for term in terms] == [True, False, True, False, False]


def test_the_words_that_a_snippet_shows_are_those_that_make_a_hit() -> None:
    tree = parse("thi -đua (a OR so:42/2022/NĐ-CP) nguon:x TTHC").tree
    assert list(map(str, query.terms(query.needs(tree)))) == [
        "thi", "a", "42-2022-nđ-cp", "tthc", "thủ-tục-hành-chính",
    ]  # fmt: skip


@given(st.text(st.sampled_from('ab dđấ.-\n"<&\u0301\u200b\ud800'), max_size=60), TYPED)
@example("Hội nghị thi đua, khen thưởng", "thi đua")
@settings(max_examples=300)
def test_marks_are_places_of_the_text_in_order(said: str, typed: str) -> None:
    terms = query.terms(query.needs(parse(typed).tree))
    place = 0
    for start, end in marking.marks(said, terms):
        assert place <= start < end <= len(said)
        folded = tuple(one for one, _ in tokens(said[start:end]))
        assert any(folded == term.folded or (term.prefix and folded[-1].startswith(term.folded[-1])) for term in terms)
        place = end
    wider = marking.near(said, terms)
    assert len(wider) == len(marking.marks(said, terms))
    for (start, end), (before, after) in zip(marking.marks(said, terms), wider, strict=True):
        assert 0 <= before <= start < end <= after <= len(said)


@pytest.mark.parametrize(
    ("said", "typed", "marked"),
    [
        ("Hội nghị thi đua", "thi dua", ["thi", "đua"]),
        ("Hội nghị thi đua", '"thi dua"', ["thi đua"]),
        ("bán đất, bản đồ", "bản", ["bán", "bản"]),
        ("bán đất, bản đồ", '"bản"', ["bản"]),
        ("Nghị định 42/2022/NĐ-CP", "42/2022/nd-cp", ["42/2022/NĐ-CP"]),
        ("Nghị định 42/2022/NĐ-CP", "so:42/2022/nd-cp", ["42/2022/NĐ-CP"]),
        ("hoà bình, hòa giải", '"hòa"', ["hoà", "hòa"]),
        ("một hai", "-một hai", ["hai"]),
        ("nghị định, nghỉ phép", "ngh*", ["nghị", "nghỉ"]),
        ("nghị định, nghị phép", '"nghị đị"*', ["nghị định"]),
        ("Bộ TTHC, thủ tục hành chính", "tthc", ["TTHC", "thủ tục hành chính"]),
        (unicodedata.normalize("NFD", "đất đai"), "dat", [unicodedata.normalize("NFD", "đất")]),
    ],
)
def test_what_was_asked_for_is_marked(said: str, typed: str, marked: list[str]) -> None:
    found = marking.marks(said, query.terms(query.needs(parse(typed).tree)))
    assert [said[start:end] for start, end in found] == marked


def test_a_day_is_one_of_vietnam() -> None:
    first, last = query.period(date(2023, 7, 18))
    assert datetime.fromtimestamp(first, UTC) == datetime(2023, 7, 17, 17, tzinfo=UTC)
    assert last - first == 86_399
