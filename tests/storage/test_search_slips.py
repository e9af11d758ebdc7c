from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from odd_queries import ODD

from scraper import text
from storage.search import slips, vocabulary

SYLLABLES = sorted(
    {
        word
        for said in [
            *(group.full for group in vocabulary.groups()),
            *(name for one in vocabulary.renamed() for name in (one.name, *one.was)),
            "người tường khuỷu nghiêng quyển giếng quốc gì gìn giữ khoản thuở huệ quýt yêu ướt ưu hươu hoặc xoắn",
        ]
        for word in text.words(text.exact(said))
    }
)
TONES = {"\u0300": "f2", "\u0301": "s1", "\u0303": "x4", "\u0309": "r3", "\u0323": "j5"}
MARKS = {"\u0302": ("", "6"), "\u031b": ("w", "7"), "\u0306": ("w", "8")}


def keyed(syllable: str, way: int, *, tone_last: bool) -> str:
    """The keys of Telex (0) or VNI (1) for a syllable."""
    keys = tone = ""
    for letter in syllable:
        plain, *marks = list(unicodedata.normalize("NFD", letter.replace("đ", "d")))
        keys += plain
        if letter == "đ":
            keys += "d9"[way]
        for mark in marks:
            if mark in TONES:
                tone = TONES[mark][way]
            else:
                keys += MARKS[mark][way] or plain
        if not tone_last:
            keys, tone = keys + tone, ""
    return keys + tone


@pytest.mark.parametrize("syllable", SYLLABLES)
def test_the_keys_of_a_syllable_are_read_back(syllable: str) -> None:
    assert slips.is_syllable(text.fold(syllable))
    for way in (0, 1):
        for tone_last in (True, False):
            keys = keyed(syllable, way, tone_last=tone_last)
            if keys == syllable:
                assert slips.decoded(keys) is None
            else:
                assert slips.decoded(keys) == text.exact(syllable), keys


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dinhdj", "định"), ("vietej", "việt"), ("nguoiwf", "người"), ("nguowif", "người"), ("truowngf", "trường"),
        ("chuwowng", "chương"), ("wu", "ưu"), ("hoaf", "hoà"), ("THUR", "thủ"), ("tw", "tư"), ("d9inh5", "định"),
        ("nguoi72", "người"), ("thúr", "thủ"), ("thủz", "thu"),
        ("internet", None), ("2023", None), ("x1", None), ("", None), ("w", None),
        ("thủ", None), ("s", None), ("uwowng", "ương"),
    ],
)  # fmt: skip
def test_keys_in_odd_order_and_words_without_keys(typed: str, meant: str | None) -> None:
    assert slips.decoded(typed) == meant


@given(st.text(max_size=30) | st.text("aăâeêioôơuưydđ ftsrxjwz0123456789nghtc", max_size=14) | st.sampled_from(ODD))
@example("gif")
def test_anything_can_be_a_word(typed: str) -> None:
    meant = slips.decoded(typed)
    assert meant is None or (slips.is_syllable(text.fold(meant)) and text.exact(meant) == meant)
    folded = text.fold(typed)
    assert all(cost > 0 for _, cost in slips.slips(folded))
    for way in slips.parted(folded):
        assert "".join(way) == folded
        assert all(map(slips.is_syllable, way))
    assert len(slips.parted(folded)) <= 24


@pytest.mark.parametrize(
    ("typed", "meant", "costs"),
    [
        ("tpc", "tuc", slips.FAR), ("tjc", "tuc", slips.NEAR), ("tucc", "tuc", slips.NEAR), ("tcu", "tuc", slips.NEAR),
        ("trinh", "chinh", slips.EAR), ("doanh", "gianh", None), ("hah", "hanh", slips.FAR - 1),
        ("ki", "ky", slips.EAR), ("zap", "giap", None), ("thucj", "tuc", slips.FAR + slips.KEYS),
        ("u", "vu", slips.FAR - 1),
    ],
)  # fmt: skip
def test_what_a_slip_costs(typed: str, meant: str, costs: float | None) -> None:
    found = [cost for other, cost in slips.slips(typed) if other == meant]
    assert (min(found) if found else None) == costs
