"""Numbers of documents and codes of procedures: portals.md sections 4, 7 and 8.

The labelled strings are in tests/pages/legal; they were labelled by reading. The floors are what the reader reaches;
a change that loses one string must say why.
"""

import csv
import tomllib
import unicodedata
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scraper.abbreviations import flat, plain
from scraper.items import DocumentNumber
from scraper.legal import code, codes, key, listed, number, numbers
from scraper.text import clean, clean_lines

LABELLED = Path(__file__).parents[1] / "pages" / "legal"
quick = settings(max_examples=200)


def table(name):
    with (LABELLED / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


FIELDS = table("fields.tsv")
TEXTS = tomllib.loads((LABELLED / "texts.toml").read_text("utf-8"))["text"]


def as_labelled(one):
    read = {"normal": one.normal, "type": one.type, "number": one.number, "issuer": one.issuer}
    read |= {"year": one.year and str(one.year), "date": one.date and one.date.isoformat()}
    return {name: value or "" for name, value in read.items()}


def test_every_labelled_field_is_read_as_a_person_reads_it():
    wrong = {row["raw"]: as_labelled(number(row["raw"])) for row in FIELDS}
    wrong = {row["raw"]: wrong[row["raw"]] for row in FIELDS if wrong[row["raw"]] | {"raw": row["raw"]} != row}
    assert wrong == {}
    assert len(FIELDS) >= 490


def test_what_is_not_read_stays_raw_with_its_reason():
    for row in FIELDS:
        one = number(row["raw"])
        assert one.raw == clean(row["raw"])
        assert bool(one.reason) == (one.normal is None)


REASONS = [
    ("2774", "no type and no issuer"),
    ("61/2018", "no type and no issuer"),
    ("Quyết định số 15", "no issuer"),
    ("45/TB", "no issuer"),
    ("Demo/QĐ-BCA", "no running number"),
    ("…/QĐ-UBND", "no running number"),
    ("3582;3583;3584", "several numbers"),
    ("12/QĐ-UBND, 13/QĐ-UBND", "several numbers"),
    ("18/07/2023", "a date without a number"),
    ("Đang cập nhật", "no digits"),
    ("", "empty"),
    ("\u200b ", "empty"),
    ("037 3852 246 - 12", "not in the form of a document number"),
]


@pytest.mark.parametrize(("raw", "reason"), REASONS)
def test_reasons(raw, reason):
    one = number(raw)
    assert (one.normal, one.reason) == (None, reason)


def precision_and_recall(pairs):
    """Of (found, wanted) sets."""
    right = sum(len(found & wanted) for found, wanted in pairs)
    return right / sum(len(found) for found, _ in pairs), right / sum(len(wanted) for _, wanted in pairs)


def test_numbers_in_running_text():
    pairs = [({one.normal for one in numbers(item["text"])}, set(item["numbers"])) for item in TEXTS]
    precision, recall = precision_and_recall(pairs)
    assert precision >= 0.99
    assert recall >= 0.99
    assert len(TEXTS) >= 100
    assert sum(not item["numbers"] for item in TEXTS) >= 22


def test_numbers_in_running_text_keep_its_order():
    for item in TEXTS:
        assert [one.normal for one in numbers(item["text"])] == item["numbers"]


def test_dates_beside_numbers():
    found = [{(one.normal, one.date) for one in numbers(item["text"]) if one.date} for item in TEXTS]
    precision, recall = precision_and_recall(
        [(dated, set(item.get("dates", {}).items())) for dated, item in zip(found, TEXTS, strict=True)]
    )
    assert precision >= 0.99
    assert recall >= 0.99


def test_titles_beside_numbers():
    for item in TEXTS:
        titles = {one.normal: one.title for one in numbers(item["text"])}
        for normal, title in item.get("titles", {}).items():
            assert titles[normal] == title


def test_a_number_is_found_once_with_what_is_first_said_beside_it():
    text = "Theo 258/QĐ-UBND. Quyết định số 258 /QĐ-UBND ngày 29/4/2021 về việc ban hành Kế hoạch; QĐ 258/QD-UBND"
    (one,) = numbers(text)
    assert one == DocumentNumber(
        raw="258/QĐ-UBND",
        normal="258/QĐ-UBND",
        type="QĐ",
        number="258",
        issuer="UBND",
        date=date(2021, 4, 29),
        title="về việc ban hành Kế hoạch",
    )


def test_a_number_without_issuer_is_named_if_words_and_a_date_say_so():
    (one,) = numbers("Thông tư số 51 (ngày 31/12/2021) của Bộ GDĐT; Thông báo số 4; Chỉ thị 16")
    assert (one.normal, one.type, one.number, one.date) == (None, "TT", "51", date(2021, 12, 31))


LISTS = [
    ("3582;3583;3584", [None, None, None]),
    ("12, 13/QĐ-UBND", ["12/QĐ-UBND", "13/QĐ-UBND"]),
    ("3809, 3810, 3811 và 3812/QĐ-UBND", ["3809/QĐ-UBND", "3810/QĐ-UBND", "3811/QĐ-UBND", "3812/QĐ-UBND"]),
    ("12/QĐ-UBND; 45/KH-SNV\n105a/QĐ-NHNN", ["12/QĐ-UBND", "45/KH-SNV", "105a/QĐ-NHNN"]),
    ("12/QĐ-UBND và 13/QĐ-UBND", ["12/QĐ-UBND", "13/QĐ-UBND"]),
    ("12 & 13/QĐ-UBND;", ["12/QĐ-UBND", "13/QĐ-UBND"]),
    ("Quyết định số 12/QĐ-UBND, ngày 29/4/2021", ["12/QĐ-UBND"]),
    ("12/QĐ-UBND ngày 29/4/2021 về việc sửa đổi, bổ sung và thay thế quy chế", ["12/QĐ-UBND"]),
    ("", []),
]


@pytest.mark.parametrize(("raw", "normals"), LISTS)
def test_lists(raw, normals):
    assert [one.normal for one in listed(raw)] == normals


SAME = [
    "1234/QĐ-UBND",
    "1234 / QĐ - UBND",
    "1234/QÐ-UBND",
    "1234/QD-UBND",
    "1234/QĐ–UBND",
    "1234/QĐ/UBND",
    "1234/QĐ_UBND",
    "1234/QĐUBND",
    "1234-QĐ/UBND",
    "1234-QĐ-UBND",
    "1234./QĐ-UBND",
    "1234\\QĐ-UBND",
    "1234//QĐ-UBND",
    "01234/QĐ-UBND",
    "1.234/QĐ-UBND",
    "Số: 1234/QĐ-UBND",
    "SỐ 1234/QĐ-UBND",
    "số hiệu: 1234/QĐ-UBND",
    "QĐ số 1234/QĐ-UBND",
    "Quyết định 1234/QĐ-UBND ngày 02 tháng 12 năm 2019 của UBND tỉnh",
    "QĐ/1234-UBND",
    "QĐ1234-UBND",
    "QĐ-UBND số 1234",
    "1234/qđ-ubnd",
    "1234_QD-UBND.pdf",
    "1234/QĐ-UВND",
]


@pytest.mark.parametrize("raw", SAME)
def test_all_ways_to_write_a_number_have_one_normal_form(raw):
    assert number(raw).normal == "1234/QĐ-UBND"


def test_the_same_number_without_accents_and_decomposed():
    for row in FIELDS:
        normal = number(row["raw"]).normal
        assert number(unicodedata.normalize("NFD", row["raw"])).normal == normal
        bare = number(plain(row["raw"]).replace("Đ", "D").replace("đ", "d")).normal
        assert key(bare or "") == key(normal or "")
        if "ĐHA" not in row["raw"]:  # the abbreviation of some school: nobody knows of its Đ
            assert bare == normal


text_like = st.text(st.sampled_from("0123456789/-. ,;:()QĐDNTKHBCUVPSqđubndtg&\n_ốạƯ") | st.characters(), max_size=60)


@quick
@given(text_like)
def test_nothing_raises_and_normal_forms_are_fixed_points(text):
    for one in (number(text), *listed(text), *numbers(text)):
        assert one.normal is not None or one.reason
        if one.normal:
            again = number(one.normal)
            assert (again.normal, again.reason) == (one.normal, None)
    assert set(codes(text)) >= ({code(text)} - {None})


@quick
@given(
    st.lists(st.sampled_from([item["text"] for item in TEXTS] + [row["raw"] for row in FIELDS]), max_size=3), text_like
)
def test_what_is_found_in_a_text_is_a_part_of_it(parts, noise):
    text = noise.join(parts)
    for one in numbers(text):
        assert one.raw in clean_lines(text)
        assert one.title is None or one.title in clean_lines(text)


@quick
@given(st.text())
def test_plain_and_flat_keep_every_place(text):
    assert len(plain(text)) == len(text) == len(flat(text))


def test_normal_forms_are_fixed_points():
    for row in FIELDS:
        if row["normal"]:
            assert number(row["normal"]).normal == row["normal"]


CODES = [
    ("1.001234", ["1.001234"]),
    ("1.001234.000.00.00.H56", ["1.001234"]),
    ("2.000815.000.00.00.H55.02", ["2.000815"]),
    ("1.010708.000.00.00.G22", ["1.010708"]),
    ("1.115126", ["1.115126"]),
    ("Mã TTHC: 1 . 001234", ["1.001234"]),
    ("Mã thủ tục: 1.00 1234", ["1.001234"]),
    ("1. 001234.000. 00.00.H56", ["1.001234"]),
    ("Mã thủ tục1.001939Số quyết định1474/QĐ-BTC", ["1.001939"]),
    ("(1.001234); 2.000449, 1.001234,3.000161.", ["1.001234", "2.000449", "3.000161"]),
    ("1.000.000 đồng", []),
    ("1.500000", []),
    ("1.100000 đồng/hồ sơ", []),
    ("1.150000đ", []),
    ("1.0012345", []),
    ("10.001234", []),
    ("v1.001234", []),
    ("KQ.G01.000005", []),
    ("1.010.708", []),
    ("18.07.2023", []),
    ("phiên bản 1.00123", []),
    ("ĐT: 0237.3852246", []),
    ("1.748m so với mặt nước biển; 99,906%", []),
]


@pytest.mark.parametrize(("text", "expected"), CODES)
def test_codes(text, expected):
    assert list(codes(text)) == expected
    assert code(text) == (expected[0] if expected else None)
