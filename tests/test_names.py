"""A portal's names: an address that moves to https and to `www.`, and one of two addresses that is broken.

The catalogue's A24 and A39.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from scripted import serving

from sample.certificates import AUTHORITY, contexts

if TYPE_CHECKING:
    from pathlib import Path

    from command import Congtin

BARE, WHOLE = "snv.test", "www.snv.test"
SOURCE = """\
name = "Cổng thử"
url = "http://snv.test:{port}/"
platform = "sharepoint"
delay = 0
sections.news = ["/portal/Pages/Tin-tuc.aspx"]
"""


def crawl(congtin: Congtin, *words: str) -> dict[str, Any]:
    report: dict[str, Any] = congtin.watched("snv", *words)["reports"]["snv"]
    return report


def named(*names: str, addresses: str = "127.0.0.1") -> list[str]:
    return [word for name in names for word in ("--host", f"{name}={addresses}")]


@pytest.mark.long
@pytest.mark.parametrize("known_before", [False, True])
def test_a_portal_that_moves_to_https_and_www_keeps_its_records(
    congtin: Congtin, tmp_path: Path, known_before: bool
) -> None:
    context = contexts(tmp_path, WHOLE)["sound"]
    congtin.environment["SSL_CERT_FILE"] = str(tmp_path / AUTHORITY)
    with serving(context) as site:
        port = int(site.url.rstrip("/").rsplit(":", 1)[1])
        congtin.source("snv", SOURCE.format(port=port))
        sound = dict(site.answers)
        if known_before:
            assert crawl(congtin, *named(BARE))["new"] == 3
        for path, answer in sound.items():

            def moved(handler: Any, path: str = path, answer: Any = answer) -> Any:
                home = f"https://{WHOLE}:{port}"
                over_tls = hasattr(handler.connection, "cipher")
                there = over_tls and handler.headers["Host"] == f"{WHOLE}:{port}"
                return answer if there else (301, {"Location": home + path}, b"")

            site.answers[path] = moved
        for times in range(2):
            site.asked.clear()
            report = crawl(congtin, *named(BARE, WHOLE), "--recheck")
            assert (report["verdict"], report["failures"], report["changed"], report["gone"]) == ("healthy", [], 0, 0)
            assert report["new"] == (0 if known_before or times else 3)
        for path in site.paths:
            assert len(site.times(path)) == 1  # asked where it is, not where it was
    hits = congtin.json("search", "")["hits"]
    assert {hit["url"] for hit in hits} == {f"https://{WHOLE}:{port}{path}" for path in site.paths}
    kinds = [event["kind"] for event in congtin.events()]
    assert kinds == ["article.new"] * 3 + ["record.updated"] * (3 if known_before else 0)


def test_a_broken_ipv6_address_beside_a_good_one_holds_nothing_up(congtin: Congtin) -> None:
    with serving() as site:
        congtin.source("snv", SOURCE.format(port=site.url.rstrip("/").rsplit(":", 1)[1]))
        # 100::/64 is where nothing ever answers (RFC 6666).
        report = crawl(congtin, *named(BARE, addresses="100::1,127.0.0.1"), "--set", "DOWNLOAD_TIMEOUT=5")
    assert (report["new"], report["failures"]) == (3, [])
    assert report["seconds"] < 5
