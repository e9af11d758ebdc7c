"""A reader who wants no more messages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from small_archive import opened
from sqlalchemy import select

from alerts import listing, watches
from storage.alert_tables import WatchChannel
from storage.database import Database

if TYPE_CHECKING:
    from scraper.config import Config

MAIL = "mailto:reader@example.org"


@pytest.fixture
def token(filled: Config) -> str:
    database = Database(filled)
    with database.writing() as session:
        watches.add(session, watches.Wish(query="<b>đất</b>", sources=("snv",)), [MAIL], now=datetime.now(UTC))
        found = session.scalars(select(WatchChannel.token)).one()
    database.close()
    return found


def channels(config: Config) -> list[str]:
    database = Database(config)
    with database.reading() as session:
        (row,) = listing.listed(session)
    database.close()
    told: list[str] = row["channels"]
    return told


async def test_looking_at_the_page_changes_nothing_and_its_button_ends_the_messages(filled: Config, token: str) -> None:
    async with opened(filled) as browser:
        shown = await browser.get(f"/leave/{token}?lang=en")
        assert shown.status_code == 200
        assert "&lt;b&gt;đất&lt;/b&gt; (nguồn:snv)</strong>" in shown.text
        assert "<button" in shown.text
        assert channels(filled) == [MAIL]
        for _ in range(2):
            answer = await browser.post(f"/leave/{token}", data={"List-Unsubscribe": "One-Click"})
            assert answer.status_code == 200
        assert "From now on you get no more alerts" in (await browser.get(f"/leave/{token}?lang=en")).text
    assert channels(filled) == []


@pytest.mark.parametrize("made_up", ["x", "%C4%91", "%00", "a" * 3_000])
async def test_an_address_that_is_none_is_not_found(filled: Config, token: str, made_up: str) -> None:
    async with opened(filled) as browser:
        for answer in (await browser.get(f"/leave/{made_up}"), await browser.post(f"/leave/{made_up}")):
            assert answer.status_code == 404
            assert token not in answer.text
    assert channels(filled) == [MAIL]
