"""The national portal's interface: how it is asked, what its answers list, and answers that are none."""

import json
from urllib.parse import parse_qsl

import pytest
import seed
from hypothesis import given
from hypothesis import strategies as st

from scraper import rest
from scraper.extract import read
from scraper.items import Page
from scraper.outcomes import Outcome
from spiders.loader import catalogue, spider

SOURCE = catalogue(seed.Config.from_environment({})).load("dichvucong")
REST = SOURCE.layout.rest
HERE = "https://dichvucong.gov.vn/jsp/rest.jsp"
ROW = {
    "ID": "432777",
    "PROCEDURE_CODE": "1.015045",
    "PROCEDURE_NAME": "Tặng Giấy khen  cấp xã",
    "FIELD_NAME": "Thi đua - Khen thưởng",
    "PUBLISHED_AGENCY": "Bộ Nội vụ",
    "IMPLEMENTATION_AGENCY": "Không có thông tin",
    "AMOUNT": "120",
}


def answered(body, number=1):
    body = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    return read(Page(url=HERE, body=body, content_type="application/json", role="listing", number=number), SOURCE)


def test_a_page_is_asked_for_by_a_form():
    asked = rest.ask(REST, HERE, 3)
    ((name, value),) = asked.postback.form
    params = json.loads(value)
    assert (asked.url, name) == (HERE, "params")
    assert (params["service"], params["pageIndex"], params["recordPerPage"]) == (
        "procedure_advanced_search_service_v2", 3, 50,
    )  # fmt: skip


def test_rows_are_entries_and_procedures():
    found = answered([ROW, ROW | {"PROCEDURE_CODE": "2.000111", "FIELD_NAME": None}, {"PROCEDURE_NAME": "Không mã"}])
    assert (found.kind, found.outcome, found.total) == ("listing", Outcome.OK, 120)
    place = "https://dichvucong.gov.vn/p/home/dvc-chi-tiet-thu-tuc-hanh-chinh.html?ma_thu_tuc="
    assert [(one.url, one.title) for one in found.entries] == [
        (f"{place}1.015045", "Tặng Giấy khen cấp xã"),
        (f"{place}2.000111", "Tặng Giấy khen cấp xã"),
    ]
    assert all(SOURCE.is_article(SOURCE.canonical(one.url)) for one in found.entries)
    assert [(one.code, one.field, one.carried_out_by) for one in found.procedures] == [
        ("1.015045", "Thi đua - Khen thưởng", None),
        ("2.000111", None, None),
    ]
    assert dict(found.procedures[0].raw)["PUBLISHED_AGENCY"] == "Bộ Nội vụ"


def test_pages_follow_until_all_are_listed():
    following = answered([ROW]).next_page
    assert json.loads(dict(following.postback.form)["params"])["pageIndex"] == 2
    assert answered([ROW], number=3).next_page is None
    untold = {name: value for name, value in ROW.items() if name != "AMOUNT"}
    assert answered([untold] * 50).next_page is not None
    assert answered([untold] * 49).next_page is None
    assert answered([]).outcome is answered([], number=9).outcome is Outcome.EMPTY_OK


@pytest.mark.parametrize(
    "body",
    [
        b"<html><body>HTTP Status 500</body></html>",
        b"\xef\xbb\xbf[]",
        b'[{"ID": NaN}]',
        b"[{]",
        b"\xff\xfe",
        b'{"error": "no such service"}',
        b'["a"]',
        b"[" * 100_000,
        b"null",
    ],
)
def test_what_is_no_list_of_rows_is_broken(body):
    found = answered(body)
    assert (found.kind, found.outcome) == ("other", Outcome.BROKEN)
    assert found.message.startswith(("no JSON", "JSON, but no list"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9), lambda one: st.lists(one, max_size=3)
)


@given(st.lists(st.dictionaries(st.sampled_from([*ROW]) | st.text(max_size=3), JSON, max_size=8), max_size=4))
def test_no_rows_raise(rows):
    told = answered(rows)
    empty = Outcome.BROKEN if rows else Outcome.EMPTY_OK
    assert told.outcome is (Outcome.OK if told.entries or told.procedures else empty)


def test_rows_whose_values_have_other_names_are_broken():
    told = answered([{f"x{name}": value for name, value in ROW.items()}] * 3)
    assert told.outcome is Outcome.BROKEN
    assert told.message == "3 rows, and none has what the layout's names ask for"


def test_the_spider_posts_its_first_page_and_the_next_ones():
    crawler = spider(SOURCE)()
    (first,) = crawler._first_page(SOURCE.sections[0])
    assert (first.method, first.url) == ("POST", HERE)
    assert "pageIndex" in dict(parse_qsl(first.body.decode()))["params"]
    assert not first.meta["dont_retry"]
    onward = answered([ROW]).next_page
    second = crawler._listing(onward.url, first.meta["walk"], onward=onward)
    assert json.loads(dict(parse_qsl(second.body.decode()))["params"])["pageIndex"] == 2
