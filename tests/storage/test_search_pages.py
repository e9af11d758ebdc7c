"""Order, pages, facets and suggestions of an answer, over a small archive."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from making import day
from sqlalchemy import select
from test_search_answer import ask, folder, keep, titles

from scraper import legal
from storage.models import Article
from storage.procedure_tables import NamedNumber
from storage.search import index as indexing
from storage.search import paging
from storage.search import query as queries
from storage.search.answer import BadCursor, Question, Searcher

if TYPE_CHECKING:
    from pathlib import Path

    from storage.database import Database

__all__ = ["folder"]


def name(database: Database, title: str, number: str) -> None:
    """A record names a document."""
    one = legal.number(number)
    told = {"raw": one.raw, "normal": one.normal, "type": one.type, "number": one.number, "year": one.year}
    with database.writing() as session:
        record = session.scalars(select(Article.id).where(Article.title == title)).one()
        session.add(NamedNumber(record=record, position=0, source="snv", normal=one.normal, own=False, told=told))


RANKED: list[tuple[str, list[str]]] = [
    ("thi đua", ["phong trào thi đua hè", "phong trao thi dua he", "phong trào thì đưa hè"]),
    ("bản", ["một bản tin", "một ban tin", "một bán tin"]),
    ("đê", ["tin đê", "tin dê"]),
    ("đất đai", ["luật đất đai", "xe đất và đai"]),
    ("TTHC", ["công bố TTHC mới", "công bố thủ tục hành chính mới"]),
    ("so:42/2022/NĐ-CP", ["Nghị định 42/2022/NĐ-CP", "thi hành nghị định"]),
]


@pytest.mark.parametrize(("typed", "wanted"), RANKED)
@pytest.mark.parametrize("turned", [False, True])
def test_the_better_hit_comes_first(
    database: Database, folder: Path, typed: str, wanted: list[str], turned: bool
) -> None:
    said = [{"title": title, "body_text": title} for title in wanted]
    keep(database, *(reversed(said) if turned else said), *({} for _ in range(6)))
    if typed.startswith("so:"):
        for title in wanted:
            name(database, title, "42/2022/NĐ-CP")
    found = titles(ask(database, folder, typed))
    assert [title for title in found if title in wanted] == wanted


def test_of_equals_the_newer_comes_first_and_much_better_ones_stay_first(database: Database, folder: Path) -> None:
    keep(
        database,
        {"title": "cũ", "body_text": "bão lũ", "published": day(2015, 3, 1)},
        {"title": "mới", "body_text": "bão lũ", "published": day(2025, 3, 1)},
        {"title": "bão lũ", "published": day(2010, 3, 1)},
        {}, {}, {},
    )  # fmt: skip
    assert titles(ask(database, folder, "bão lũ")) == ["bão lũ", "mới", "cũ"]


PLACES = [
    ("luật đất đai", "như trên"),
    ("một", "về đất đai"),
    ("đất và đai", "đất rồi đai, đai rồi đất"),
    ("hai", "dat dai"),
    ("ba", "về đạt dài"),
]


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("limit", [1, 3, 20])
def test_side_by_side_in_the_title_comes_first_then_in_the_text_then_scattered_then_other_accents(
    database: Database, folder: Path, turned: bool, limit: int
) -> None:
    said = [{"title": title, "body_text": body} for title, body in PLACES]
    keep(database, *(reversed(said) if turned else said), *({} for _ in range(6)))
    ids = walk(database, folder, {"typed": "đất đai", "limit": limit})
    with database.reading() as session:
        named = {one.id: one.title for one in session.execute(select(Article.id, Article.title))}
    assert [named[one] for one in ids] == [title for title, _ in PLACES]


def test_a_long_document_takes_nothing_from_what_the_body_says() -> None:
    body, attached = queries.tokens("đất đai"), queries.tokens("Đất rừng, " * 1000)
    said = indexing.worded(queries.tokens("tin"), body, attached)
    assert said["body"] == ["tin dat dai rung"]
    assert said["pairs"][0].startswith(" | dat_dai | dat_rung rung_dat dat_rung")


def test_a_number_is_found_however_it_is_typed(database: Database, folder: Path) -> None:
    keep(database, {"title": "có", "body_text": "Căn cứ Nghị định số 02/2023/NĐ-CP"}, {"title": "không"})
    name(database, "có", "02/2023/NĐ-CP")
    for typed in (
        "2/2023/nd-cp",
        "so:02/2023/NĐ-CP",
        "số:2/2023",
        "Số: 02 / 2023 / NĐ - CP",
        "nghị định 02/2023/NĐ-CP",
    ):
        assert titles(ask(database, folder, typed)) == ["có"], typed
    assert titles(ask(database, folder, "so:3/2023")) == []


def walk(database: Database, folder: Path, question: dict[str, Any], between: Any = None) -> list[str]:
    searcher = Searcher(database, folder)
    seen: list[str] = []
    cursor, page = None, 0
    while True:
        answer = searcher.search(Question(**question, cursor=cursor))
        seen += [hit["id"] for hit in answer["hits"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            return seen
        if between:
            between(page)
        page += 1


@pytest.mark.parametrize("sort", ["relevance", "newest"])
def test_what_comes_in_between_two_pages_repeats_nothing_and_hides_nothing(
    database: Database, folder: Path, sort: Any
) -> None:
    keep(database, *({"title": f"chung {n}", "body_text": "chung " * (n % 5), "published": day(2025, 1, 1 + n % 9)}
                     for n in range(40)))  # fmt: skip
    before = {hit["id"] for hit in ask(database, folder, "chung", limit=100)["hits"]}

    def arrive(page: int) -> None:
        keep(database, *({"title": "chung chung", "body_text": f"khác {page} {n}", "published": day(2025, 1, 3 + n)}
                         for n in range(4)))  # fmt: skip

    seen = walk(database, folder, {"typed": "chung", "sort": sort, "limit": 7}, arrive)
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


def test_a_cursor_belongs_to_its_question(database: Database, folder: Path) -> None:
    keep(database, *({"title": f"chung riêng {n}"} for n in range(5)))
    cursor = ask(database, folder, "chung", limit=2)["next_cursor"]
    assert len(ask(database, folder, "CHUNG ", limit=3, cursor=cursor)["hits"]) == 3
    for other in ({"typed": "riêng"}, {"typed": "chung", "sort": "newest"}, {"typed": "chung", "sources": ("snv",)}):
        with pytest.raises(BadCursor):
            ask(database, folder, **other, cursor=cursor)
    for broken in (cursor[:-4], cursor + "AAAA", cursor[1:], "é", "\ud800", "A" * 5000):
        if broken != cursor[:-4]:
            with pytest.raises(BadCursor):
                ask(database, folder, "chung", cursor=broken)


def test_the_deepest_page_says_that_it_is(database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "DEEPEST", 5)
    keep(database, *({"title": f"chung {n}"} for n in range(8)))
    first = ask(database, folder, "chung", limit=3)
    last = ask(database, folder, "chung", limit=3, cursor=first["next_cursor"])
    assert (len(first["hits"]), len(last["hits"]), last["next_cursor"]) == (3, 2, None)
    assert first["troubles"] == []
    assert "narrow the search" in last["troubles"][0]["message_en"]
    assert len(walk(database, folder, {"typed": "chung", "sort": "newest", "limit": 3})) == 8


@pytest.mark.parametrize("sort", ["relevance", "newest"])
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_hits_of_the_same_story_are_one(database: Database, folder: Path, sort: Any, limit: int) -> None:
    keep(
        database,
        *({"title": f"{story}: bản {n}", "body_text": f"chung {n}", "published": day(2025, 1 + n, 1 + ord(story) % 7)}
          for story in "abc" for n in range(3)),
    )  # fmt: skip
    with database.writing() as session:
        for row in session.scalars(select(Article)).all():
            first = f"{row.title[0]}: bản 0"
            row.story = session.scalars(select(Article.id).where(Article.title == first)).one()
    searcher = Searcher(database, folder)
    seen: list[dict[str, Any]] = []
    cursor = None
    while True:
        answer = searcher.search(Question(typed="chung", sort=sort, limit=limit, cursor=cursor))
        seen += answer["hits"]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert sorted(hit["title"][0] for hit in seen) == ["a", "b", "c"]
    assert {len(hit["more"]) for hit in seen} == {2}
    assert len({one for hit in seen for one in (hit["id"], *hit["more"])}) == 9
    assert answer["total"] == 9


def test_a_facet_counts_what_its_other_values_would_give(database: Database, folder: Path) -> None:
    keep(database, *({"title": f"chung {n}", "published": day(2024 + n % 2, 1, 1)} for n in range(4)))
    keep(database, {"title": "chung khác", "published": day(2025, 1, 1), "kind": "procedure"}, source="khac/a")
    whole = ask(database, folder, "chung")["facets"]
    assert whole["source"] == {"snv": 4, "khac/a": 1}
    assert whole["year"] == {"2025": 3, "2024": 2}
    for asked in ({"typed": "chung", "sources": ("khac/a",)}, {"typed": "chung nguon:khac"}):
        narrowed = ask(database, folder, **asked)  # type: ignore[arg-type]
        assert narrowed["total"] == 1
        assert narrowed["facets"] == whole | {
            "kind": {"procedure": 1}, "year": {"2025": 1}, "platform": narrowed["facets"]["platform"],
        }  # fmt: skip
    of_year = ask(database, folder, "chung từ:2024 đến:2024", kinds=("article",))
    assert of_year["total"] == 2
    assert of_year["facets"]["year"] == {"2025": 2, "2024": 2}
    assert of_year["facets"]["kind"] == {"article": 2}


def test_filters_in_the_box_and_beside_it_must_both_be_so(database: Database, folder: Path) -> None:
    keep(database, {"title": "chung a", "published": day(2025, 1, 1)})
    keep(database, {"title": "chung b", "published": day(2024, 1, 1)}, source="khac")
    assert titles(ask(database, folder, "chung đến:2024", since=date(2024, 1, 1))) == ["chung b"]
    assert titles(ask(database, folder, "chung nguon:snv", sources=("khac",))) == []
    assert titles(ask(database, folder, "nguon:snv OR tu:2024", until=date(2025, 1, 1) - timedelta(days=1))) == [
        "chung b"
    ]


def test_trouble_is_told_and_the_rest_is_searched(database: Database, folder: Path) -> None:
    keep(database, {"title": "đất"}, {"title": "khác"})
    answer = ask(database, folder, "đất tu:31/02/2023")
    assert titles(answer) == ["đất"]
    assert answer["troubles"] == [
        {
            "position": 7, "length": 10,
            "message": "“31/02/2023” không phải là ngày; hãy viết 2023, 07/2023 hoặc 18/07/2023",
            "message_en": "“31/02/2023” is not a date; write 2023, 07/2023 or 18/07/2023",
        }
    ]  # fmt: skip
    assert ask(database, folder, "tu:31/02/2023")["total"] == 0


def test_what_words_are_taken_to_mean_is_told_and_marked(database: Database, folder: Path) -> None:
    keep(database, {"title": "tin", "body_text": "Công bố thủ tục hành chính mới"}, {"title": "không"})
    answer = ask(database, folder, "TTHC")
    assert answer["expanded"] == [{"typed": "tthc", "also": "thủ tục hành chính", "why": "abbreviation"}]
    assert answer["understood"] == 'tthc ≈ "thủ tục hành chính"'
    assert answer["hits"][0]["snippet"] == "Công bố <mark>thủ tục hành chính</mark> mới"


def test_a_slip_without_hits_gets_a_suggestion_that_keeps_the_filters(database: Database, folder: Path) -> None:
    keep(database, *({"title": "Phong trào thi đua khen thưởng", "body_text": f"{n}"} for n in range(5)))
    answer = ask(database, folder, "nguon:snv thi ddua khen thuong")
    assert (answer["total"], answer["suggestion"]) == (0, "nguon:snv thi đua khen thưởng")
    assert ask(database, folder, answer["suggestion"])["total"] == 5
    assert ask(database, folder, "thi đua")["suggestion"] is None
    assert ask(database, folder, "-thi zzzzzzzz")["suggestion"] is None


def test_pages_go_on_from_exact_accents_to_none_and_to_others(database: Database, folder: Path) -> None:
    said = [("tin đê", 60), ("tin de", 5), ("tin dê", 5)]
    keep(database, *({"title": f"{words} {n}", "body_text": f"số {n}"} for words, count in said for n in range(count)))
    ids = walk(database, folder, {"typed": "đê", "limit": 7})
    with database.reading() as session:
        named = {one.id: one.title for one in session.execute(select(Article.id, Article.title))}
    assert [named[one].rpartition(" ")[0] for one in ids] == [words for words, count in said for _ in range(count)]
    assert ask(database, folder, "đê", limit=3)["total"] == ask(database, folder, "đê", limit=100)["total"] == 70
