from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from storage.search import query

ODD = [
    "", " ", "42/2022/NĐ-CP", '"', '""', '"a', 'a"b', '-"', '-""', "(", ")", "*", "^", "NEAR(", "NEAR(a b, 3)", "AND",
    "a AND", "OR", "NOT", "-x", "--x", "-", "- x", "a.b", "col:x", "title:x", "\0", "a\0b", "😀", "👩‍👩‍👧",
    "x" * 100_000, "a " * 50_000, '"' * 1000, "-" * 1000, "\ud800", "a\udfffb", "\\", "a\\", "{}", "[a TO b]", "a~2",
    "a^2", "+a", "%", "'; DROP TABLE articles; --", "<script>", "\u0301", "a\u0301\u0301\u0301", "１２", "中文", "ẞ",
    "İ", "#cursor", "_", "a_b", "1_000", "\u200b", "đ", "Đ", "\t\n", "é\u200bè",
]  # fmt: skip
TYPED = st.text(st.sampled_from('ab dđĐấ"-/.()*^:\0\ud800😀\u0301\u200b'), max_size=40) | st.text(max_size=40)


def lawful(typed: str) -> None:
    understood = query.parse(typed)
    assert len(understood.terms) <= query.MOST_TERMS
    for term in understood.terms:
        assert term.folded
        assert len(term.folded) == len(term.written)
        for word in (*term.folded, *term.written):
            assert word
            assert not set(word) & set(" \t\n")
    str(understood).encode()
    assert query.parse(str(understood)).wanted == query.parse(str(query.parse(str(understood)))).wanted


@pytest.mark.parametrize("typed", ODD)
def test_anything_can_be_typed(typed: str) -> None:
    lawful(typed)


@given(TYPED)
@settings(max_examples=300)
def test_whatever_is_typed_is_understood_somehow(typed: str) -> None:
    lawful(typed)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("thi đua khen thưởng", "thi đua khen thưởng"),
        ('"thi đua" khen', '"thi đua" khen'),
        ('"chưa đóng', '"chưa đóng"'),
        ("42/2022/NĐ-CP", '"42 2022 nđ cp"'),
        ("-x", "-x"),
        ("--x", "-x"),
        ('-"thi đua"', '-"thi đua"'),
        ("- x", "x"),
        ("a - b", "a b"),
        ("2021-2025", '"2021 2025"'),
        ("AND NEAR(a", 'and "near a"'),
        ("Hoà", "hòa"),
        ('"" () *', ""),
        ("a.b", '"a b"'),
    ],
)
def test_a_query_is_told_as_it_was_read(typed: str, said: str) -> None:
    assert unicodedata.normalize("NFC", str(query.parse(typed))).replace("hoà", "hòa") == said


def test_accents_are_told_apart_where_there_are_some() -> None:
    assert [term.accented for term in query.parse("đất dat Đ d 42").terms] == [True, False, True, False, False]


@given(st.text(st.sampled_from('ab dđấ.-\n"<&\u0301\u200b\ud800'), max_size=60), TYPED)
@example("Hội nghị thi đua, khen thưởng", "thi đua")
@settings(max_examples=300)
def test_marks_are_places_of_the_text_in_order(said: str, typed: str) -> None:
    terms = query.parse(typed).wanted
    wanted = {term.folded for term in terms}
    place = 0
    for start, end in query.marks(said, terms):
        assert place <= start < end <= len(said)
        assert tuple(folded for folded, _ in query.tokens(said[start:end])) in wanted
        place = end


@pytest.mark.parametrize(
    ("said", "typed", "marked"),
    [
        ("Hội nghị thi đua", "thi dua", ["thi", "đua"]),
        ("Hội nghị thi đua", '"thi dua"', ["thi đua"]),
        ("bán đất, bản đồ", "bản", ["bán", "bản"]),
        ("bán đất, bản đồ", '"bản"', ["bản"]),
        ("Nghị định 42/2022/NĐ-CP", "42/2022/nd-cp", ["42/2022/NĐ-CP"]),
        ("hoà bình, hòa giải", '"hòa"', ["hoà", "hòa"]),
        ("một hai", "-một hai", ["hai"]),
        (unicodedata.normalize("NFD", "đất đai"), "dat", [unicodedata.normalize("NFD", "đất")]),
    ],
)
def test_what_was_asked_for_is_marked(said: str, typed: str, marked: list[str]) -> None:
    found = query.marks(said, query.parse(typed).wanted)
    assert [said[start:end] for start, end in found] == marked
