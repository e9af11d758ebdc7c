"""Procedures and their decisions in feeds, and the calendar of days on which something takes effect."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import known_procedures
import pytest
from databases import KINDS
from feed_reading import ids, read
from icalendar import Calendar
from known_procedures import GUILD, HOUSE, MEDAL, tell
from small_archive import EDITED, T0
from sqlalchemy import update

from scraper.items import VIETNAM
from storage import events
from storage.database import Database
from storage.document_tables import Content, Document
from storage.identity import procedure_id
from storage.models import Article
from web.feed_items import urn

if TYPE_CHECKING:
    from scraper.config import Config


async def test_two_days_of_one_record_are_two(browser, database):
    with database.writing() as session:
        session.execute(update(Content).values(effective=date(2024, 3, 1)))
        session.execute(update(Document).values(content="sha256:paper"))
    both = Calendar.from_ical((await browser.get("/calendar.ics?from=2024-03-01")).content).walk("VEVENT")
    assert len(both) == len({str(one["uid"]) for one in both}) == 2


async def test_the_calendar_has_days_of_documents(browser, database):
    with database.writing() as session:
        session.execute(update(Content).values(effective=date(2024, 3, 1)))
    (event,) = Calendar.from_ical((await browser.get("/calendar.ics?from=2024-03-01")).content).walk("VEVENT")
    assert (str(event["summary"]), event["dtstart"].dt) == ("Ngày có hiệu lực: Phụ lục <u>1</u>", date(2024, 3, 1))
    assert str(event["url"]) == f"http://127.0.0.1/record/{EDITED}"
    assert b"VEVENT" not in (await browser.get("/calendar.ics?from=2024-03-02")).content
    assert b"VEVENT" not in (await browser.get("/calendar.ics?from=2024-03-01&source=lam-dong/ubnd")).content
    with database.writing() as session:
        events.append(session, "record.withheld", session.get_one(Article, EDITED), at=T0, origin="poll")
    assert b"VEVENT" not in (await browser.get("/calendar.ics?from=2024-03-01")).content


@pytest.mark.parametrize("kind", KINDS, indirect=True)
class TestProcedures:
    @pytest.fixture
    def filled(self, settings: Config) -> Config:
        database = Database(settings)
        known_procedures.fill(database)
        database.close()
        return settings

    async def test_a_procedure_is_told_of_once_with_its_decisions(self, browser):
        found = await read(browser, "/feeds/kind/procedure.atom")
        names = [entry.id for entry in found.entries]
        assert names[0] == urn(f"record/{procedure_id(MEDAL)}")  # the only one that was edited since
        assert len(set(names)) == len(names) == 5
        (guild,) = [one for one in found.entries if one.id == urn(f"record/{procedure_id(GUILD)}")]
        assert "Bị bãi bỏ" in guild.summary
        assert "345/QĐ-UBND" in guild.summary
        assert "Ngày có hiệu lực 01/06/2024" in guild.summary
        (house,) = [one for one in found.entries if one.id == urn(f"record/{procedure_id(HOUSE)}")]
        assert "345/QĐ-UBND, 02/05/2024 (" in house.summary  # it says of no day of effect
        everything = await read(browser, "/feeds/all.atom")
        assert sum(entry.title == guild.title for entry in everything.entries) == 1
        medal = [one for one in everything.entries if one.title == found.entries[0].title]
        assert len(medal) == 1  # its own page is the procedure, as search has it

    async def test_a_field_however_it_is_accented(self, browser):
        for said in ("Xây dựng", "xay dung"):
            found = await read(browser, f"/feeds/field/{quote(said)}.atom")
            assert [entry.id for entry in found.entries] == ids(procedure_id(HOUSE))

    async def test_the_calendar_has_days_that_decisions_state(self, browser, filled):
        async def days(query: str = "") -> dict[str, date]:
            response = await browser.get(f"/calendar.ics?from=2000-01-01{query}")
            assert response.headers["content-type"] == "text/calendar; charset=utf-8"
            calendar = Calendar.from_ical(response.content)
            return {str(one["summary"]): one["dtstart"].dt for one in calendar.walk("VEVENT")}

        everything = await days()
        assert set(everything.values()) == {date(2023, 2, 1), date(2024, 6, 1), date(2199, 1, 1)}
        assert [name for name, day in everything.items() if day.year == 2024] == ["Bị bãi bỏ: Thành lập hội"]
        assert list(await days("&q=thanh+lap")) == ["Bị bãi bỏ: Thành lập hội"]
        assert list(await days("&field=to+chuc+phi+chinh+phu")) == ["Bị bãi bỏ: Thành lập hội"]
        assert not await days("&source=none")
        assert len((await browser.get("/calendar.ics")).text.split("BEGIN:VEVENT")) == 2
        body = (await browser.get("/calendar.ics?from=2000-01-01")).content
        again = await browser.get("/calendar.ics?from=2000-01-01")
        tag = again.headers["etag"]
        assert body == again.content
        database = Database(filled)
        told = known_procedures.news(GUILD, "Thành lập hội", "abolished", known_procedures.SECOND)
        with database.writing() as session:  # the day is corrected
            tell(session, "/qd-345", replace(told, effective_from=date(2024, 7, 1)), origin="poll",
                 at=datetime(2025, 3, 12, tzinfo=VIETNAM))  # fmt: skip
        database.close()
        corrected = await browser.get("/calendar.ics?from=2000-01-01", headers={"If-None-Match": tag})
        assert corrected.status_code == 200
        after = Calendar.from_ical(corrected.content)
        changed = {str(one["uid"]): one["dtstart"].dt for one in after.walk("VEVENT")}
        before = {str(one["uid"]): one["dtstart"].dt for one in Calendar.from_ical(body).walk("VEVENT")}
        (uid,) = [uid for uid, day in before.items() if day == date(2024, 6, 1)]
        assert changed[uid] == date(2024, 7, 1)
