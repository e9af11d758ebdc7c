from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING

import pytest
import tantivy
from command import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_queries import ODD
from test_search_slips import keyed

from scraper import text
from storage.search import index as indexing
from storage.search.query import tokens
from storage.search.suggestions import MOST_LOOKED_UP, MOST_TRIED, suggest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
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
    """An index of titles, and a plain search over it that counts how often it is asked."""

    def __init__(self, folder: Path, titles: Sequence[str]) -> None:
        index = indexing.open_index(folder)
        writer = index.writer(15_000_000, num_threads=1)
        for number, title in enumerate(titles):
            writer.add_document(tantivy.Document(id=[str(number)], **indexing.worded(tokens(title), (), ())))
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self.searcher = index.searcher()
        self.asked: list[str] = []
        self._titles = [
            (title, *(f" {' '.join(said)} " for said in zip(*tokens(title), strict=True))) for title in titles
        ]

    def best(self, typed: str) -> str | None:
        """The first title that has all the words; phrases in quotes that have marks must have just these."""
        self.asked.append(typed)
        wanted = []
        for phrase, word in re.findall(r'"([^"]*)"?|([^\s"]+)', typed):
            if said := tokens(phrase or word):
                folded, written = (f" {' '.join(some)} " for some in zip(*said, strict=True))
                wanted.append((2, written) if phrase and folded != written else (1, folded))
        hits = [title for title in self._titles if all(words in title[which] for which, words in wanted)]
        return hits[0][0] if wanted and hits else None

    def suggest(self, typed: str) -> str | None:
        self.asked.clear()
        return suggest(typed, text.syllables(typed), self.searcher, self.best)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return Small(tmp_path_factory.mktemp("index"), TITLES)


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


def one_slip(words: list[str], seeded: random.Random) -> str:
    place = seeded.randrange(len(words))
    word = text.fold(words[place])
    at = seeded.randrange(len(word))
    letter = seeded.choice("abcdeghiklmnopqrstuvxy")
    slip = seeded.choice([word[:at], word[:at] + letter, word[:at] + letter + word[at]])
    return " ".join([*words[:place], slip + word[at + 1 :], *words[place + 1 :]])


def keys_left(words: list[str], seeded: random.Random) -> str:
    way = seeded.randrange(2)
    return " ".join(keyed(text.exact(word), way, tone_last=seeded.random() < 0.5) for word in words)


def badly_parted(words: list[str], seeded: random.Random) -> str:
    place = seeded.randrange(len(words) - 1)
    pair = words[place] + words[place + 1]
    at = seeded.choice([len(words[place]) - 1, len(words[place]) + 1, len(pair)])
    return " ".join([*words[:place], f"{pair[:at]} {pair[at:]}".strip(), *words[place + 2 :]])


@pytest.mark.parametrize(("mistype", "floor"), [(one_slip, 0.95), (keys_left, 0.98), (badly_parted, 0.97)])
def test_the_names_of_procedures_are_recognised(
    tmp_path: Path, mistype: Callable[[list[str], random.Random], str], floor: float
) -> None:
    names = [one["name"] for one in json.loads((ROOT / "sample/data/index.json").read_text("utf-8"))]
    index = Small(tmp_path, names)
    seeded = random.Random(6)
    right: list[bool] = []
    while len(right) < 150:
        said = [word.lower() for word in text.words(seeded.choice(names)) if word.isalpha()]
        start = seeded.randrange(max(1, len(said) - 4))
        words = said[start : start + 4]
        typed = mistype(words, seeded)
        if index.best(typed) is None and index.best(" ".join(words)) is not None:
            right.append(text.fold(index.suggest(typed) or "") == text.fold(" ".join(words)))
    assert sum(right) / len(right) >= floor


class Counting:
    """An index that knows every word but no pair of them, so that all is looked up."""

    def __init__(self, known: int) -> None:
        self.known = known
        self.asked = 0

    def doc_freq(self, field: str, term: str) -> int:
        self.asked += 1
        return self.known if "_" not in term and field == "body" else 0


@pytest.mark.parametrize("known", [0, 7])
def test_the_work_is_bounded(known: int) -> None:
    typed = " ".join(f"thutuchanhch{letter}nh" for letter in "abcdefghijklmnopqrstuvwxyz" * 4)
    counting = Counting(known)
    tried: list[str] = []
    assert suggest(typed, text.syllables(typed), counting, tried.append) is None
    assert counting.asked <= MOST_LOOKED_UP
    assert len(tried) <= MOST_TRIED
