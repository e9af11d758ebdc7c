"""The page of sources says to whoever has no other channel that alerts wait."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from small_archive import opened
from sqlalchemy import select

from alerts import outbox, watches
from storage.alert_tables import Channel
from storage.database import Database

if TYPE_CHECKING:
    from scraper.config import Config


async def test_the_page_of_sources_counts_channels_that_are_paused_and_names_none(filled: Config) -> None:
    database, now = Database(filled), datetime.now(UTC)
    with database.writing() as session:
        watches.add(session, watches.Wish(query="đất"), ["mailto:reader@example.org"], now=now)
    async with opened(filled) as browser:
        assert "đang ngừng" not in (await browser.get("/sources?lang=vi")).text
        with database.writing() as session:
            outbox.pause(session, session.scalars(select(Channel)).one(), now=now)
        vi, en = [(await browser.get(f"/sources?lang={language}")).text for language in ("vi", "en")]
        api = (await browser.get("/api/v1/status")).json()
    database.close()
    assert "1 kênh thông báo đang ngừng" in vi
    assert "0 thông báo đang chờ gửi." in vi
    assert "1 channel of alerts is paused" in en
    assert "reader@example.org" not in vi + en
    assert isinstance(api, list)
