"""The national portal as the sample portal imitates it, crawled: a posted listing, a page for each procedure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sample.server import running

if TYPE_CHECKING:
    from command import Congtin

SOURCE = 'name = "Cổng quốc gia"\nurl = "{url}"\nplatform = "dichvucong"\nsections.procedures = ["/jsp/rest.jsp"]\n'


def test_all_pages_of_the_interface_are_walked_and_every_procedure_is_read(congtin: Congtin) -> None:
    with running(articles=1) as portal:
        congtin.source("national", SOURCE.format(url=portal.url))
        (report,) = congtin.json("crawl", "national", "--full")
        assert report["verdict"] == "healthy"
        assert report["listings"] == 4
        (again,) = congtin.json("crawl", "national")
        assert (again["new"], again["failures"]) == (0, [])
        page = f"{portal.url}p/home/dvc-chi-tiet-thu-tuc-hanh-chinh.html?ma_thu_tuc=1.001939"
        told = congtin.json("extract", page, "--source", "national")
    assert report["new"] == 176
    assert told["kind"] == "procedure"
    one = told["procedure"]
    assert (one["code"], one["decision"]["normal"]) == ("1.001939", "1474/QĐ-BTC")
    assert [way["how"] for way in one["ways"]] == ["Trực tuyến", "Dịch vụ bưu chính", "Trực tiếp"]
    (hit, *_) = congtin.json("search", "dang ky dong cap the bhyt")["hits"]
    assert hit["kind"] == "procedure"
