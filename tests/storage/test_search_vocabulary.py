from __future__ import annotations

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odd_queries import ODD

from scraper import text
from storage.search import vocabulary
from storage.search.query import tokens
from storage.search.slips import is_syllable

ASKED = (
    "TTHC", "UBND", "HĐND", "QĐ", "CCHC", "CBCCVC", "TĐKT", "BHXH", "BHYT", "BHTN", "GD&ĐT", "GDĐT", "LĐTBXH",
    "LĐ-TB&XH", "TN&MT", "TNMT", "KH&ĐT", "TT&TT", "KH&CN", "NN&PTNT", "NN&MT", "VHTT&DL", "VHTTDL", "GTVT", "QLNN",
    "DVC", "DVCTT", "NĐ", "TT", "CV", "TTg", "MTTQ", "HTX", "CNTT", "ATTP", "PCCC", "QSDĐ", "GCNQSDĐ", "KBNN", "ĐKKD",
    "DN", "DNNVV", "NSNN", "XDCB", "GPMB", "KCN", "CCN", "KKT", "CCVC", "VBQPPL", "XLVPHC",
)  # fmt: skip
UNCHANGED = (
    "Hà Nội", "Huế", "Cao Bằng", "Điện Biên", "Hà Tĩnh", "Lai Châu", "Lạng Sơn", "Nghệ An", "Quảng Ninh", "Thanh Hóa",
    "Sơn La",
)  # fmt: skip
"""The units of 34 that Resolution 202/2025/QH15 left as they were."""


def other_words(typed: str) -> list[str]:
    return [other.said for one in vocabulary.expansions(tokens(typed)) for other in one.alternatives]


def old_names(typed: str) -> list[str]:
    expansions = vocabulary.expansions(tokens(typed))
    return [other.said for one in expansions for other in one.alternatives if other.kind == "renamed"]


def test_the_abbreviations_are_many_and_each_name_has_one_row() -> None:
    fulls = [tokens(group.full) for group in vocabulary.groups()]
    assert len(fulls) >= 100
    assert len({tuple(full) for full in fulls}) == len(fulls)


@pytest.mark.parametrize("group", vocabulary.groups(), ids=lambda group: group.full)
def test_an_abbreviation_is_letters_and_no_word(group: vocabulary.Group) -> None:
    assert group.short
    assert len({tuple(tokens(short)) for short in group.short}) == len(group.short)
    for short in group.short:
        assert short == text.clean(short)
        folded = [one for one, _ in tokens(short)]
        assert 1 <= len(folded) <= 3
        assert len(folded) > 1 or not is_syllable(folded[0]), "it would stand for its full name wherever the word is"


@pytest.mark.parametrize("group", vocabulary.groups(), ids=lambda group: group.full)
def test_each_abbreviation_stands_for_its_full_name_however_it_is_typed(group: vocabulary.Group) -> None:
    for short in group.short:
        for typed in (short, short.lower(), text.fold(short), unicodedata.normalize("NFD", short), f"về {short} năm"):
            assert group.full in other_words(typed)


@pytest.mark.parametrize("group", vocabulary.groups(), ids=lambda group: group.full)
def test_each_full_name_stands_for_its_abbreviations_unless_they_have_other_readings(group: vocabulary.Group) -> None:
    sure = {short for short in group.short if tuple(one for _, one in tokens(short)) not in vocabulary.ambiguous()}
    for typed in (group.full, group.full.upper(), text.fold(group.full), unicodedata.normalize("NFD", group.full)):
        assert sure <= set(other_words(typed))
        assert not (set(group.short) - sure) & set(other_words(typed))


@pytest.mark.parametrize("short", ASKED)
def test_the_usual_abbreviations_are_there(short: str) -> None:
    assert other_words(short)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("thu tục hanh chính", True), ("Thu tuc hanh chinh", True), ("quyêt dịnh", True), ("thủ túc hành chính", False),
        ("thủ tục hành chỉnh", False), ("thủ tục và hành chính", False), ("giáo dục đào tạo", True),
        ("giáo dục - đào tạo", True), ("sở giao duc va đào tạo", True), ("lao động, thương binh và xã hội", True),
        ("thu", False), ("đn", False), ("uỷ ban nhân dân", True), ("ủy ban nhân dân", True), ("ửy ban nhân dân", False),
    ],
)  # fmt: skip
def test_marks_may_be_left_off_but_not_be_others(typed: str, said: bool) -> None:
    assert bool(other_words(typed)) is said


def test_all_readings_of_an_abbreviation_are_told_and_none_is_turned_back() -> None:
    assert other_words("TT") == ["thông tư", "trung tâm", "thị trấn"]
    assert other_words("thông tư") == []


def test_a_short_form_counts_only_as_it_is_written() -> None:
    (business,) = vocabulary.expansions(tokens("doanh nghiệp"))[0].alternatives
    assert (business.said, business.exactly) == ("DN", True)
    (decree,) = vocabulary.expansions(tokens("nghị định"))[0].alternatives
    (council,) = vocabulary.expansions(tokens("hội đồng nhân dân"))[0].alternatives
    assert (decree.said, decree.exactly) == ("NĐ", True)
    assert (council.said, council.exactly) == ("HĐND", False)


def test_the_longest_name_counts() -> None:
    assert other_words("văn bản quy phạm pháp luật") == ["VBQPPL", "văn bản QPPL"]
    assert [(one.start, one.end) for one in vocabulary.expansions(tokens("UBND tỉnh Phú Thọ và HĐND"))] == [
        (0, 1), (1, 4), (5, 6),
    ]  # fmt: skip


def test_34_units_were_made_of_63() -> None:
    provinces = [one for one in vocabulary.renamed() if one.source == "202/2025/QH15"]
    old = [was for one in provinces for was in one.was]
    assert len({*old}) == len(old)
    assert len(provinces) + len(UNCHANGED) == 34
    assert len(provinces) + len(UNCHANGED) + len(old) == 63
    assert {one.since for one in provinces} == {date(2025, 7, 1)}
    assert not {one.name for one in provinces} & {*UNCHANGED, *(was.removeprefix("tỉnh ") for was in old)}


@pytest.mark.parametrize("changed", vocabulary.renamed(), ids=lambda one: f"{one.unit} {one.name}")
def test_a_new_name_stands_for_the_old_ones_with_date_and_source(changed: vocabulary.Renamed) -> None:
    whole = f"{changed.unit} {changed.name}".strip()
    for typed in (whole, whole.upper(), text.fold(whole)):
        assert set(changed.was) <= set(old_names(typed))
    (expansion,) = vocabulary.expansions(tokens(whole))
    told = {(other.since, other.source) for other in expansion.alternatives if other.kind == "renamed"}
    assert told == {(changed.since, changed.source)}
    assert "/2024/" in changed.source or "/2025/" in changed.source


@pytest.mark.parametrize("old", [was for one in vocabulary.renamed() for was in one.was])
def test_an_old_name_is_just_itself(old: str) -> None:
    assert old_names(old) == []
    assert old_names(old.removeprefix("tỉnh ")) == []


PHU_THO = ["tỉnh Vĩnh Phúc", "tỉnh Hòa Bình", "Vĩnh Phúc"]


@pytest.mark.parametrize(
    ("typed", "old"),
    [
        ("Phú Thọ", PHU_THO), ("phú thọ", PHU_THO),
        ("phu tho", []), ("phú tho", []), ("tinh phu tho", PHU_THO), ("da nang", []),
        ("đa năng", []), ("Huế", []), ("TP Huế", ["tỉnh Thừa Thiên Huế", "Thừa Thiên Huế"]), ("hòa bình", []),
        ("TP.HCM", ["tỉnh Bà Rịa - Vũng Tàu", "tỉnh Bình Dương", "Bà Rịa - Vũng Tàu"]),
        ("TP. Đồng Nai", ["tỉnh Bình Phước", "Bình Phước"]),
        ("Sở TN&MT", []), ("Sở Xây dựng", ["Sở Giao thông vận tải", "Sở GTVT"]), ("xây dựng", []),
        ("so nn&mt", ["Sở Nông nghiệp và Phát triển nông thôn", "Sở Nông nghiệp và PTNT", "Sở NN&PTNT", "Sở NNPTNT",
                      "Sở Tài nguyên và Môi trường", "Sở TN&MT", "Sở TNMT"]),
    ],
)  # fmt: skip
def test_when_a_name_counts_as_a_new_one(typed: str, old: list[str]) -> None:
    assert old_names(typed) == old


def test_a_city_is_found_by_both_ways_to_write_it() -> None:
    assert "thành phố Hải Phòng" in other_words("TP Hải Phòng")
    assert "TP Hải Phòng" in other_words("thành phố Hải Phòng")


WORDS = [*ODD, "TT", "tỉnh", "Phú", "Thọ", "thu", "tục", "hành", "chính", "Sở", "GD&ĐT", "TP", "hồ", "chí", "minh"]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=8), max_size=12).map(" ".join))
def test_anything_can_be_asked(typed: str) -> None:
    said = tokens(typed[:512])
    end = 0
    for one in vocabulary.expansions(said):
        assert end <= one.start < one.end <= len(said)
        end = one.end
        assert 1 <= len(one.alternatives) <= 16
        assert len({other.written for other in one.alternatives}) == len(one.alternatives)
        for other in one.alternatives:
            assert list(zip(other.folded, other.written, strict=True)) == tokens(other.said)
            assert other.written != tuple(written for _, written in said[one.start : one.end])
