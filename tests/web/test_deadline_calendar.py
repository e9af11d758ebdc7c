"""Deadlines in the calendar: at their hour or for their day, under a name that stays."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from icalendar import Calendar
from small_archive import EDITED, HOSTILE, T0
from sqlalchemy import update

from scraper.items import VIETNAM
from storage import events
from storage.document_tables import Content
from storage.models import Article, PrintedDeadline


def due(record: str, what: str, evidence: str, on: datetime, precision: str = "day") -> PrintedDeadline:
    return PrintedDeadline(
        record=record, key=f"page {what} 1", position=0, at=on, precision=precision, what=what, evidence=evidence,
        told_at=T0,
    )  # fmt: skip


async def test_the_calendar_has_deadlines_at_their_hour_or_for_their_day(browser, database):
    sentence = "Thời hạn nhận hồ sơ: đến 17 giờ ngày 20/8/2023; gửi về Sở."
    with database.writing() as session:
        session.execute(update(Content).values(effective=date(2024, 3, 1)))
        session.add(due(EDITED, "applications", sentence, datetime(2023, 8, 20, 17, 0, tzinfo=VIETNAM), "minute"))
        session.add(due(HOSTILE, "comments", "Góp ý <b>trước</b> ngày 5/3", datetime(2024, 3, 5, tzinfo=VIETNAM)))
    calendar = Calendar.from_ical((await browser.get("/calendar.ics?from=2023-01-01")).content)
    effect, first, second = calendar.walk("VEVENT")
    assert str(first["summary"]) == "Hạn nộp hồ sơ, đăng ký: Tổng kết phong trào thi đua khen thưởng năm 2023"
    assert first["dtstart"].dt == datetime(2023, 8, 20, 17, 0, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh"))
    assert "dtend" not in first
    copy = f"http://127.0.0.1/record/{EDITED}"
    assert str(first["url"]) == copy
    portal = f"https://snv.thanhhoa.gov.vn/portal/pages/{EDITED}.aspx"
    assert str(first["description"]).split("\n") == [sentence, "Sở Nội vụ tỉnh Thanh Hóa", copy, portal]
    assert [str(one) for one in first["categories"].cats] == ["Thời hạn"]
    assert (second["dtstart"].dt, second["dtend"].dt) == (date(2024, 3, 5), date(2024, 3, 6))
    assert str(second["summary"]).startswith("Hạn góp ý: <script>")
    assert len({str(one["uid"]) for one in (effect, first, second)}) == 3
    (zone,) = calendar.walk("VTIMEZONE")
    assert str(zone["tzid"]) == "Asia/Ho_Chi_Minh"

    async def kinds(query: str) -> list[str]:
        found = Calendar.from_ical((await browser.get(f"/calendar.ics?from=2023-01-01&{query}")).content)
        return [str(one["summary"]).partition(":")[0] for one in found.walk("VEVENT")]

    assert await kinds("kind=deadline") == ["Hạn nộp hồ sơ, đăng ký", "Hạn góp ý"]
    assert await kinds("kind=effect") == ["Ngày có hiệu lực"]
    assert await kinds("kind=deadline&lang=en") == ["Applications due", "Comments due"]
    assert await kinds("kind=deadline&q=nhan+ho+so") == ["Hạn nộp hồ sơ, đăng ký"]
    assert await kinds("kind=deadline&source=lam-dong/ubnd") == ["Hạn góp ý"]
    assert await kinds("kind=deadline&from=2023-08-21") == ["Hạn góp ý"]
    assert (await browser.get("/calendar.ics?kind=x")).status_code == 404
    with database.writing() as session:
        events.append(session, "record.withheld", session.get_one(Article, EDITED), at=T0, origin="poll")
    assert await kinds("kind=deadline") == ["Hạn góp ý"]


async def test_a_deadlines_name_stays_when_its_day_is_corrected(browser, database):
    async def uid() -> str:
        found = Calendar.from_ical((await browser.get("/calendar.ics?from=2023-01-01")).content).walk("VEVENT")
        return str(found[0]["uid"])

    with database.writing() as session:
        session.add(due(EDITED, "applications", "Hạn nộp hồ sơ: 20/8/2023", datetime(2023, 8, 20, tzinfo=VIETNAM)))
    before = await uid()
    with database.writing() as session:
        session.execute(update(PrintedDeadline).values(at=datetime(2023, 8, 31, tzinfo=VIETNAM)))
    assert await uid() == before
