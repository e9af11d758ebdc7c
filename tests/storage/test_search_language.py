"""What can be typed, and how it is read."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_queries import ODD

from storage.search import language, query
from storage.search.language import parse
from storage.search.query import All, Any, Expansion, Filter, Not, Term

PIECES = st.sampled_from(
    [
        " ", " ", " ", "a", "bc", "đấ", "thủ tục hành chính", "TTHC",
        '"', '"', "-", "-", "(", ")", "|", " OR ", "*", "≈",
        ":", "nguon:", "loại:", "tu:", "đến:", "so:", "lĩnh vực:", "2023", "07/2023", "31/02/2023",
        "42/2022/NĐ-CP", "12/QĐ",
        "thanh-hoa/snv", "tin", "/", ".", "“", "\u0301", "\u200b", "\ud800", "😀", "\0", "AND", "İ", "ẞ", "01/QĐ-UBND",
    ]
)  # fmt: skip
TYPED = st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=40)


def lawful(typed: str) -> None:
    understood = parse(typed)
    for node in nodes(understood.tree):
        if isinstance(node, Term):
            assert node.folded
            assert len(node.folded) == len(node.written)
            for word in (*node.folded, *node.written):
                assert word
                assert not set(word) & set(' \t\n"()')
    for trouble in understood.troubles:
        assert 0 <= trouble.position <= trouble.position + trouble.length <= len(typed)
        assert trouble.message
        assert trouble.message_en
    said = str(understood.tree)
    said.encode()
    if len(said) <= language.MOST_LETTERS:
        again = parse(said)
        assert again.tree == understood.tree
        assert str(again.tree) == said


def nodes(tree: query.Node) -> list[query.Node]:
    match tree:
        case All() | Any():
            return [tree, *(node for part in tree.parts for node in nodes(part))]
        case Not():
            return [tree, *nodes(tree.part)]
        case Expansion():
            return [tree, *tree.typed, *(one.part for one in tree.also)]
        case _:
            return [tree]


@pytest.mark.parametrize("typed", ODD)
def test_anything_can_be_typed(typed: str) -> None:
    started = time.perf_counter()
    lawful(typed)
    assert time.perf_counter() - started < 2


@given(TYPED)
@settings(max_examples=600)
def test_whatever_is_typed_is_understood_and_reads_back_the_same(typed: str) -> None:
    lawful(typed)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("thi đua khen", "thi đua khen"),
        ('"thi đua" khen', '"thi đua" khen'),
        ("“thi đua” «khen»", '"thi đua" "khen"'),
        ('"chưa đóng', '"chưa đóng"'),
        ("42/2022/NĐ-CP", "42-2022-nđ-cp ≈ số:42/2022/NĐ-CP"),
        ("02/2023/nd-cp hè", "(02-2023-nd-cp ≈ số:02/2023/NĐ-CP) hè"),
        ("-x", "-x"),
        ("--x", "-x"),
        ('-"thi đua"', '-"thi đua"'),
        ("- x", "x"),
        ("a - b", "a b"),
        ("a-b", "a-b"),
        ("2021-2025", "2021-2025"),
        ("NEAR(a, 3)", "near a 3"),
        ("a AND b", "a b"),
        ("Hoà", "hoà"),
        ('"" () *', ""),
        ("a.b", "a-b"),
        ("cải*", "cải*"),
        ("thi đua OR khen thưởng", "thi đua OR khen thưởng"),
        ("a | b HOẶC c", "a OR b OR c"),
        ("a or b", "a or b"),
        ("OR a OR", "a"),
        ("(a OR b) c", "(a OR b) c"),
        ("((a) (b", "a b"),
        ("a) b)", "a b"),
        ("-(a b)", "-(a b)"),
        ("-(-a)", "a"),
        ("tin (đợt 1)", "tin đợt 1"),
        ("nguon:Thanh-Hoa/SNV a", "nguồn:thanh-hoa/snv a"),
        ("nguon:a nguồn:b x", "(nguồn:a OR nguồn:b) x"),
        ("nguon:a -nguon:b", "nguồn:a -nguồn:b"),
        ("a OR b loai:tin", 'loại:"bài viết" (a OR b)'),
        ("(a loai:tin) OR b", '(a loại:"bài viết") OR b'),
        ("kind:document", 'loại:"văn bản"'),
        ('loại:"thủ tục"', 'loại:"thủ tục"'),
        ("Loại: A", "loại a"),
        ("nguồn: báo", "nguồn báo"),
        ('linhvuc:"Đất đai"', 'lĩnhvực:"đất đai"'),
        ('lĩnh vực:"Đất đai"', 'lĩnhvực:"đất đai"'),
        (unicodedata.normalize("NFD", 'lĩnh vực: "đất đai"'), 'lĩnhvực:"đất đai"'),
        ("field:hộ-tịch", 'lĩnhvực:"hộ tịch"'),
        ("so:1234/qd-ubnd", "số:1234/QĐ-UBND"),
        ("Số: 92 /KH-UBND", "số:92/KH-UBND"),
        ("số:42/2022", "số:42/2022"),
        ("tu:2023", "từ:01/01/2023"),
        ("đến:2023", "đến:31/12/2023"),
        ("to:2/2024", "đến:29/02/2024"),
        ("from:2023-07", "từ:01/07/2023"),
        ("từ: 18.7.2023", "từ:18/07/2023"),
        ("từ ngày:2023-07-18", "từ:18/07/2023"),
        ("từ: đây", "từ đây"),
        ("a:b", "a-b"),
        ("C++ 100%", "c 100"),
        ("an@b.gov.vn", "an-b-gov-vn"),
        ("https://a.gov.vn/x?y=1", "https-a-gov-vn-x-y-1"),
        ("TTHC", 'tthc ≈ "thủ tục hành chính"'),
        ("về thủ tục hành chính", 'về (thủ tục hành chính ≈ "tthc")'),
        ("-TTHC", "-tthc"),
        ('"TTHC"', '"tthc"'),
    ],
)
def test_a_query_is_told_as_it_was_read(typed: str, said: str) -> None:
    understood = parse(typed)
    assert str(understood) == said
    assert not [one for one in understood.troubles if "ngoặc kép" not in one.message]


@pytest.mark.parametrize(
    ("typed", "trouble", "said"),
    [
        ("đất tu:31/02/2023 đai", "31/02/2023", "đất đai"),
        ("đất đến:mai", "mai", "đất"),
        ("tu:00/2023", "00/2023", ""),
        ("den:0000", "0000", ""),
        ("loại:bài-thơ", "bài-thơ", ""),
        ("a loai:x b", "x", "a b"),
        ('so:"không số" a', '"không số"', "a"),
        ("linhvuc:*** a", "***", "a"),
        ("a*", "a*", "a"),
        ('hội "thi đua', '"', 'hội "thi đua"'),
    ],
)
def test_what_is_in_trouble_is_pointed_at_and_left_out(typed: str, trouble: str, said: str) -> None:
    understood = parse(typed)
    (one,) = understood.troubles
    assert typed[one.position : one.position + one.length] == trouble
    assert str(understood) == said


def test_what_is_too_long_is_read_up_to_a_bound_and_says_so() -> None:
    many = parse("từ " * 500)
    assert len(query.terms(query.needs(many.tree))) == language.MOST_TERMS
    assert [one.message_en for one in many.troubles] == ["only the first 64 words are read"]
    (long,) = parse("x" * 10_000).troubles
    assert (long.position, long.message) == (2000, "chỉ đọc 2000 ký tự đầu")


def test_words_that_stand_for_others_say_why() -> None:
    (named,) = query.needs(parse("tỉnh Lâm Đồng").tree)
    assert isinstance(named, Expansion)
    assert {(one.why, one.since is not None) for one in named.also} == {("renamed", True)}
    (number,) = query.needs(parse("42/2022/NĐ-CP").tree)
    assert isinstance(number, Expansion)
    assert [(one.part, one.why) for one in number.also] == [(Filter(name="number", value="42/2022/NĐ-CP"), "number")]
