"""Vietnamese text: clean, keys, words, cut titles, doubly escaped entities."""

import itertools
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scraper.text import clean, clean_lines, exact, fold, is_cut, same_title, syllables, uncut, unescape_twice

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\xad\u202e\u2066\u200e\x00\x1f\x7f\x9f"
LETTERS = "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệghiìỉĩíịklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvxyỳỷỹýỵ"
vietnamese = st.text(st.sampled_from(LETTERS + LETTERS.upper() + " -/.,0123456789"), max_size=60)
awkward = st.text(
    st.sampled_from(
        LETTERS + "ðÐßſİΣſK\u0300\u0301\u0302\u0309\u031b\u0323\u0345\ud800\U0001f600한가 \t\n\xa0_&;." + INVISIBLE
    ),
    max_size=30,
)
anything = st.one_of(vietnamese, awkward, st.text(st.characters(), max_size=40))
quick = settings(max_examples=150)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        (" \xa0\u3000\u2003 ", ""),
        ("Tin\xa0mới\u2009nhất", "Tin mới nhất"),
        ("một\r\n\thai\u2028ba\x85bốn", "một hai ba bốn"),
        ("\ufeffSở Nội vụ", "Sở Nội vụ"),
        ("Thanh\u200b Hóa\xad", "Thanh Hóa"),
        ("\u202egnp.exe\u2066x\u2069", "gnp.exex"),
        ("a\x00b\x01c\x1cd\x7fe\x80f", "abcdef"),
        ("x\ud800y\udfff", "x\ufffdy\ufffd"),
        ("Thu\u031b\u0301", "Thứ"),
        ("e\u200b\u0302", "ê"),
        ("\U0001f600 đ", "\U0001f600 đ"),
        ("a  -  b", "a - b"),
        ("tab\x1funit", "tabunit"),
    ],
)
def test_clean(text, expected):
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("\n \n", ""),
        ("a\n\n b \r\nc", "a\nb\nc"),
        ("a\u2028b\x85c\x0bd", "a\nb\nc\nd"),
        ("a\xa0 b\n\u200b\nc", "a b\nc"),
    ],
)
def test_clean_lines(text, expected):
    assert clean_lines(text) == expected


@quick
@given(anything)
def test_clean_once_is_enough_and_storable(text):
    one = clean(text)
    assert clean(one) == one
    assert clean(unicodedata.normalize("NFD", text)) == one
    assert clean_lines(clean_lines(text)) == clean_lines(text)
    assert clean(clean_lines(text)) == one
    one.encode()
    assert not any(c.isspace() and c != " " for c in one)
    assert not set(one) & set(INVISIBLE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Quyết định", "quyet dinh"),
        ("ĐẤT ĐAI, đường", "dat dai, duong"),
        ("Ðất (với chữ Eth)", "dat (voi chu eth)"),
        ("ươ ƯƠ ỡ ợ", "uo uo o o"),
        ("  Nghị\xa0quyết 42/2022/NĐ-CP ", "nghi quyet 42/2022/nd-cp"),
        ("Straße İ", "strasse i"),
        ("\u0301", ""),
        ("a \u0301 b", "a b"),
        ("Р", "р"),  # a Cyrillic letter stays one
    ],
)
def test_fold(text, expected):
    assert fold(text) == expected


def test_every_vietnamese_letter_folds_to_ascii():
    assert fold(LETTERS).isascii()
    assert fold(LETTERS.upper()) == fold(LETTERS)


@quick
@given(anything)
@example("ͅ")
@example("ᄀ\u0301ᅡ")
def test_keys_are_stable(text):
    assert fold(fold(text)) == fold(text)
    assert exact(exact(text)) == exact(text)
    assert fold(exact(text)) == fold(text)
    assert fold(clean(text)) == fold(text)
    for form in ("NFC", "NFD"):
        assert fold(unicodedata.normalize(form, text)) == fold(text)
        assert exact(unicodedata.normalize(form, text)) == exact(text)


@quick
@given(vietnamese)
def test_keys_forget_case(text):
    assert fold(text.upper()) == fold(text) == fold(text.lower())
    assert exact(text.upper()) == exact(text) == exact(text.lower())


@pytest.mark.parametrize(
    "words",
    [
        "hoà hòa",
        "Hoá HÓA",
        "thuỷ thủy",
        "thuý thúy",
        "khoẻ khỏe",
        "loè lòe",
        "quý qúy",
        "già gìa",
        "giúp giúp",
        "quả qủa",
        "hoàn hòan",
        "toàn tòan",
        "của cuả",
        "mùa muà",
        "ngoài ngòai ngoaì",
        "khuỷu khủyu khuyủ",
        "chuyện chuyệ\u200bn chụyên",
        "được đựơc",
        "thuở thủơ",
        "người ngừơi",
    ],
)
def test_exact_forgets_where_the_tone_stands(words):
    assert len({exact(word) for word in words.split()}) == 1
    assert exact(words.split()[0]) == clean(words.split()[0]).lower()  # the first is today's spelling


def test_exact_keeps_words_apart():
    words = "hoa hoà hoá hoả hoã hoạ hòe thủy thuế múa mưa mua quy quý quỳ gì gi gia già giá của cua đa da dạ đã"
    assert len(set(exact(words).split())) == len(words.split())


@pytest.mark.parametrize(
    "word", ["beyoncé", "são paulo", "naïve", "kuala lumpur", "quốc gia", "giếng", "khúc khuỷu", "yếu"]
)
def test_exact_leaves_right_words(word):
    assert exact(word) == word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" -- ", []),
        ("Số 42/2022/NĐ-CP.", ["Số", "42", "2022", "NĐ", "CP"]),
        ("a_b", ["a", "b"]),
        ("Thu\u031b\u0301 hai", ["Thu\u031b\u0301", "hai"]),
        ("đi\xadện tho\u200bại", ["đi\xadện", "tho\u200bại"]),
        ("a\u200b b\u200b", ["a", "b"]),
        ("\u0301a", ["a"]),
        ("a\u200b\u0301b", ["a\u200b\u0301b"]),
        ("UBND\xa0tỉnh", ["UBND", "tỉnh"]),
    ],
)
def test_syllables(text, expected):
    assert [word.text for word in syllables(text)] == expected


@quick
@given(anything)
def test_syllables_stand_where_they_say(text):
    words = syllables(text)
    assert all(text[word.start : word.end] == word.text for word in words)
    assert all(a.end <= b.start for a, b in itertools.pairwise(words))
    assert all(word.start < word.end for word in words)
    between = list(text)
    for word in words:
        between[word.start : word.end] = " " * (word.end - word.start)
    assert not any(c.isalnum() for c in between)


@quick
@given(anything)
def test_syllables_are_those_of_the_clean_text(text):
    assert [clean(word.text) for word in syllables(text)] == [word.text for word in syllables(clean(text))]


SEED = (
    "Cụm thi đua Sở Nội vụ các tỉnh Bắc Trung Bộ tổ chức sơ kết công tác 6 tháng đầu năm, "
    "triển khai nhiệm vụ 6 tháng cuối năm 2023"
)
SEED_CUT = "Cụm thi đua Sở Nội vụ các tỉnh Bắc Trung Bộ tổ chức sơ kết công tác 6 tháng đầu năm, triển khai..."


@pytest.mark.parametrize(
    ("title", "cut", "rest"),
    [
        (SEED_CUT, True, SEED_CUT[:-3]),
        (SEED, False, SEED),
        ("trong lĩnh vực Thi đua -...", True, "trong lĩnh vực Thi đua"),
        ("Thông báo số 12… ", True, "Thông báo số 12"),
        ("Thông báo (….", False, "Thông báo (…."),
        ("Hỏi.. ", False, "Hỏi.."),
        ("...", False, "..."),
        (" … ", False, "…"),
        ("- ...", False, "- ..."),
        ("", False, ""),
        ("Kết luận.....", True, "Kết luận"),
        ("Kết luận.\u200b..\xa0", True, "Kết luận"),
    ],
)
def test_cut_titles(title, cut, rest):
    assert is_cut(title) is cut
    assert uncut(title) == rest


@quick
@given(anything, st.sampled_from(["", "...", "…", " - ..."]))
def test_uncut_is_whole(text, ending):
    rest = uncut(text + ending)
    assert uncut(rest) == rest
    assert is_cut(rest) is False


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        (SEED_CUT, SEED, True),
        (SEED.upper(), SEED, True),
        (unicodedata.normalize("NFD", SEED_CUT), SEED, True),
        (SEED[:31] + "…", SEED, True),
        ("Thi đua  -Khen thưởng", "thi đua - khen thưởng", True),
        ("Quyết định công bố thủ tục -...", "Quyết định công bố thủ tục hành chính", True),
        (SEED[:31], SEED, False),  # not cut: another title
        (SEED, SEED_CUT, False),  # the second must be whole
        ("Thông báo...", "Thông báo số 12", False),  # too short
        ("Thông báo số 12...", "Thông báo số 13 về việc", False),
        ("", "", False),
        ("...", SEED, False),
        ("", SEED, False),
    ],
)
def test_same_title(first, second, same):
    assert same_title(first, second) is same


@quick
@given(st.integers(20, len(SEED)))
def test_a_title_cut_anywhere_is_the_same(length):
    assert same_title(SEED[:length] + "...", SEED)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ph&ocirc;&nbsp;B&#7897;", "Phô\xa0Bộ"),
        ("B&#x1ED9; &quot;x&quot; &ndash; &hellip;", 'Bộ "x" – …'),
        ("SGD&amp;ĐT", "SGD&ĐT"),
        ("&lt;script&gt;", "&lt;script&gt;"),
        ("&#60;b&#x3E;", "&#60;b&#x3E;"),
        ("&#0; &#8238; &#xD800; &#x110000; &#9999999;", "&#0; &#8238; &#xD800; &#x110000; &#9999999;"),
        ("&notit; &khong; a & b; AT&T;", "&notit; &khong; a & b; AT&T;"),
        ("?a=1&copy=2", "?a=1&copy=2"),
        ("&amp;ocirc;", "&ocirc;"),  # once more, not twice
        ("không có gì", "không có gì"),
    ],
)
def test_unescape_twice(text, expected):
    assert unescape_twice(text) == expected


@quick
@given(st.text(st.sampled_from("&#x;01239aAlgtmpoc <>ô"), max_size=40))
def test_unescape_twice_makes_no_tag(text):
    after = unescape_twice(text)
    assert after.count("<") == text.count("<")
    assert after.count(">") == text.count(">")


@pytest.mark.parametrize("unit", ["a\u200b", "\u200b", "\u0301", "&#", "&amp", "...", " -", "oà", "a\u0301\xad"])
def test_long_input_is_no_trouble(unit):
    text = unit * 20_000
    for function in (clean, clean_lines, fold, exact, syllables, is_cut, uncut, unescape_twice):
        function(text)
