from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
import tantivy
from hypothesis import given, settings
from hypothesis import strategies as st
from test_search_query import ODD

from scraper import text
from storage.search import index as indexing
from storage.search import query
from storage.search.suggestions import MOST_LOOKED_UP, MOST_TRIED, suggest

if TYPE_CHECKING:
    from pathlib import Path

TITLES = (
    "Công bố thủ tục hành chính trong lĩnh vực thi đua, khen thưởng",
    "UBND tỉnh Thanh Hóa ban hành quyết định về đăng ký doanh nghiệp",
    "Hành trình tìm lại lịch sử của dân tộc",
    "Cấp giấy phép xây dựng nhà ở riêng lẻ",
    "Thông tin tuyển dụng viên chức năm 2023",
    "Lý lịch tư pháp và đăng ký kết hôn",
    "Internet và chuyển đổi số trong thủ tục hành chính công",
    "Thu hút đầu tư",
)


class Small:
    """An index of a few titles, and a search over it that counts how often it is asked."""

    def __init__(self, folder: Path) -> None:
        self.index = indexing.open_index(folder)
        writer = self.index.writer(15_000_000, num_threads=1)
        for number, title in enumerate(TITLES):
            said = query.tokens(title)
            told = {
                "title": " ".join(folded for folded, _ in said),
                "title_written": " ".join(written for _, written in said),
                "title_pairs": " ".join(f"{one[0]}_{other[0]}" for one, other in pairwise(said)),
            }
            writer.add_document(tantivy.Document(id=[str(number)], **{name: [words] for name, words in told.items()}))
        writer.commit()
        writer.wait_merging_threads()
        self.index.reload()
        self.searcher = self.index.searcher()
        self.asked: list[str] = []

    def best(self, typed: str) -> str | None:
        self.asked.append(typed)
        wanted = query.parse(typed).wanted
        hits = [title for title in TITLES if len(query.found(title, wanted)) == len(wanted)]
        return hits[0] if wanted and hits else None

    def suggest(self, typed: str) -> str | None:
        self.asked.clear()
        return suggest(typed, text.syllables(typed), self.searcher, self.best)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return Small(tmp_path_factory.mktemp("index"))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("thủ tjc hành chính", "thủ tục hành chính"), ("thur tujc hanhf chinhs", "thủ tục hành chính"),
        ("tho6ng tin tuye63n du5ng", "thông tin tuyển dụng"), ("thut ục hành chính", "thủ tục hành chính"),
        ("thutuc hanhchinh", "thủ tục hành chính"), ("thutuchanhchinh", "thủ tục hành chính"),
        ("thủ tục hành trính", "thủ tục hành chính"), ("đăng kí doanh ngiệp", "đăng ký doanh nghiệp"),
        ('"thủ túc hành chính"', '"thủ tục hành chính"'), ('"thủ túc hành chjnh"', '"thủ tục hành chính"'),
        ("UBMD tỉnh Thanh Hóa", "UBND tỉnh Thanh Hóa"), ("THỦ TJC", "THỦ TỤC"), ("Thanh Hoas", "Thanh Hóa"),
        ("giay fép xây dựng", None), ("giấy phéps xây dựng", "giấy phép xây dựng"), ("kết hom", "kết hôn"),
        ("ly lihcj tu phap", "lý lịch tư pháp"), ("khe nthuong", "khen thưởng"), ("k hen thuong", "khen thưởng"),
        ("intrenet", "internet"), ("tuyển  dungj (viên chức) 2023", "tuyển  dụng (viên chức) 2023"),
        ("xyzzy qqqq", None), ("12345", None), ("", None), ("()", None),
    ],
)  # fmt: skip
def test_what_was_meant(small: Small, typed: str, meant: str | None) -> None:
    assert small.suggest(typed) == meant


@pytest.mark.parametrize("between", ['" ', " -", " OR ", ",", ") "])
def test_words_with_more_than_space_between_are_not_joined(small: Small, between: str) -> None:
    typed = f"thut{between}ục"
    words = [word for word in text.syllables(typed) if word.text != "OR"]
    meant = suggest(typed, words, small.searcher, lambda _: "thủ tục")
    assert meant is not None
    assert between in meant
    assert len(text.words(meant)) == len(text.words(typed))


def test_only_the_words_that_are_given_are_changed(small: Small) -> None:
    typed = 'nguon:thnh -tjc "thủ tjc"'
    words = [word for word in text.syllables(typed) if word.start > typed.index('"')]
    assert suggest(typed, words, small.searcher, lambda said: small.best(said[said.index('"') :])) == (
        'nguon:thnh -tjc "thủ tục"'
    )


WORDS = [*(word for title in TITLES for word in title.split()), "tjc", "thutuc", "xq", '"', "-", "2023", *ODD]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=10), max_size=40).map(" ".join))
@settings(max_examples=150, deadline=None)
def test_anything_may_be_asked_and_nothing_is_suggested_that_finds_nothing(small: Small, typed: str) -> None:
    meant = small.suggest(typed)
    assert len(small.asked) <= MOST_TRIED + 1
    assert meant == small.suggest(typed)
    if meant is not None:
        assert meant != typed
        assert small.best(meant) is not None


class Counting:
    """An index that knows every word but no pair of them, so that all is looked up."""

    def __init__(self, known: int) -> None:
        self.known = known
        self.asked = 0

    def doc_freq(self, field: str, term: str) -> int:
        self.asked += 1
        return self.known if "_" not in term and field == "title" else 0


@pytest.mark.parametrize("known", [0, 7])
def test_the_work_is_bounded(known: int) -> None:
    typed = " ".join(f"thutuchanhch{letter}nh" for letter in "abcdefghijklmnopqrstuvwxyz" * 4)
    counting = Counting(known)
    tried: list[str] = []
    assert suggest(typed, text.syllables(typed), counting, tried.append) is None
    assert counting.asked <= MOST_LOOKED_UP
    assert len(tried) <= MOST_TRIED
