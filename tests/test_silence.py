"""A portal that answers as ever and says nothing new (C24): STALE, told to the operator, over with the next news."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from scripted import ARTICLE, LISTING, Site, serving
from sqlalchemy import create_engine, text

from scraper.items import VIETNAM

if TYPE_CHECKING:
    from collections.abc import Iterable
    from http.server import BaseHTTPRequestHandler
    from typing import Any

    from command import Congtin

NEWS = "/portal/Pages/Tin-tuc.aspx"
SOURCE = f'name = "Cổng thử"\nurl = "{{url}}"\nplatform = "sharepoint"\nsections.news = ["{NEWS}"]\n'
ROW = '<p class="channel-news-title"><a href="{path}">Tin số {ago}</a> <span>({day:%d/%m/%Y} 4:24 CH)</span></p>'


def show(site: Site, ago: Iterable[int]) -> None:
    """Has the section list articles of so many days ago; it answers 304 to who knows them."""
    days = list(ago)
    rows = []
    for one in days:
        path = f"/portal/Pages/2023-7-18/Tin-{one}abc.aspx"
        rows.append(ROW.format(path=path, ago=one, day=datetime.now(VIETNAM) - timedelta(days=one)))
        site.answers[path] = (200, {}, ARTICLE.format(number=one).encode())
    etag, body = f'"{min(days)}"', LISTING.format(rows="\n".join(rows)).encode()

    def answer(handler: BaseHTTPRequestHandler) -> Any:
        known = handler.headers["If-None-Match"] == etag
        return (304, {"ETag": etag}, b"") if known else (200, {"ETag": etag}, body)

    site.answers[NEWS] = answer


@pytest.mark.long
def test_a_section_that_breaks_its_rhythm_is_stale_and_recovers_with_its_next_news(congtin: Congtin) -> None:
    with serving() as site:
        congtin.source("sample", SOURCE.format(url=site.url))
        show(site, range(30, 42))
        assert congtin.crawl()["verdict"] == "healthy"  # it was as silent when we came
        database = create_engine(f"sqlite:///{congtin.data / 'congtin.db'}")
        with database.begin() as session:
            before = datetime.now(VIETNAM) - timedelta(days=31)
            session.execute(text("UPDATE runs SET opened_at = :at"), {"at": f"{before:%Y-%m-%d %H:%M:%S}"})
        database.dispose()
        for _ in range(2):
            report = congtin.crawl(expect=3)
            assert (report["verdict"], report["cause_code"], report["new"], report["gone"]) == ("thin", "silent", 0, 0)
            assert {"STALE"} <= set(report["outcomes"])
            (failure,) = report["failures"]
            assert (failure["url"].endswith(NEWS.lower()), failure["outcome"]) == (True, "STALE")
            assert "its newest entry is of" in failure["message"]
        (status,) = congtin.json("status", "sample", expect=3)
        assert (status["cause_code"], status["stale"], status["articles"]) == ("silent", True, 12)
        show(site, range(12))
        assert congtin.crawl()["verdict"] == "healthy"
        told = [event["kind"] for event in congtin.events() if event["kind"].startswith("source.")]
        assert told == ["source.ill", "source.recovered"]
