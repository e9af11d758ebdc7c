"""What a robots.txt of odd form allows (the catalogue's F5 to F8, RFC 9309); the others in tests/test_manners.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from scripted import serving
from test_drift import NEWS, path, show

if TYPE_CHECKING:
    from command import Congtin

SOURCE = f"""\
name = "Cổng thử"
url = "{{url}}"
platform = "sharepoint"
sections.news = ["{NEWS}"]
"""
HTML = "<html><body><h1>Không tìm thấy trang</h1><p>Disallow: /</p></body></html>"
PADDED = "User-agent: *\n" + "# lời dặn\n" * 36_000 + f"Disallow: {path(1)}\n"
FORMED = (
    f"\ufeffUser-agent: khac\r\nDisallow: /\r\n\r\nUser-agent: *\r\nDisallow: /*1abc.aspx$\r\nDisallow: {path(2)[:-5]}"
    f"\r\nAllow: {path(2)}\r\n\r\nUser-agent: *\r\nDisallow: {path(3)}\r\n"
)


@pytest.mark.parametrize(
    ("robots", "asked"),
    [(HTML, {0, 1, 2, 3}), (PADDED, {0, 2, 3}), (FORMED, {0, 2})],
    ids=["F5: a page with 200", "F6: a rule after 400 kB", "F8: mark, CRLF, wildcards, longest match, groups"],
)
def test_what_odd_robots_files_allow(congtin: Congtin, robots: str, asked: set[int]) -> None:
    with serving() as site:
        congtin.source("sample", SOURCE.format(url=site.url))
        show(site, NEWS, range(4))
        site.answers["/robots.txt"] = (200, {"Content-Type": "text/plain"}, robots.encode())
        congtin.run("crawl", "sample", expect=None)
        paths = {path for _, path, _ in site.asked}
    assert {number for number in range(4) if path(number) in paths} == asked


def test_a_refused_robots_file_that_forbids_all_keeps_us_out(congtin: Congtin) -> None:
    """F7."""
    with serving() as site:
        congtin.source("sample", SOURCE.format(url=site.url))
        show(site, NEWS, range(4))
        site.answers["/robots.txt"] = (403, {}, b"User-agent: *\nDisallow: /\n")
        congtin.run("crawl", "sample", expect=None)
        assert {path for _, path, _ in site.asked} <= {"/robots.txt"}
