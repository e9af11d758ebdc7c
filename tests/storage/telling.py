"""What tests of procedures need: a procedure, a page that tells of it, how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from making import NOON, SITE
from sqlalchemy import select

from scraper.items import DocumentNumber, Procedure, Way
from storage import events, places, procedures, timeline
from storage.identity import Sighting, procedure_id
from storage.procedure_tables import Procedure as Row
from storage.procedure_tables import ProcedurePlace

if TYPE_CHECKING:
    from datetime import date, datetime

    from sqlalchemy.orm import Session

CODE = "1.001234"
PAGE = Procedure(
    code=CODE,
    name="Thủ tục tặng thưởng Bằng khen của Chủ tịch UBND tỉnh",
    field="Thi đua - Khen thưởng",
    levels=("tỉnh",),
    agency="UBND tỉnh",
    ways=(Way(how="Trực tiếp", time_limit="25 ngày"), Way(how="Trực tuyến", time_limit="25 ngày")),
    steps="Bước 1: nộp hồ sơ.\nBước 2: nhận kết quả.",
    time_limit="25 ngày làm việc",
    legal_basis=(DocumentNumber(raw="98/2023/NĐ-CP", normal="98/2023/NĐ-CP", type="NĐ"),),
    raw=(("Mã thủ tục", CODE), ("Thời hạn", "25 ngày làm việc"), ("Lượt xem", "12")),
)
ROW = Procedure(code=CODE, name=PAGE.name, field="Thi đua khen thưởng", raw=(("STT", "1"), ("Tên", PAGE.name)))


def decision(number: str = "12/QĐ-UBND", **fields: Any) -> DocumentNumber:
    return DocumentNumber(raw=number, normal=number, type="QĐ", issuer="UBND", **fields)


def news(change: Any, number: DocumentNumber | None = None, **fields: Any) -> Procedure:
    told = {"code": CODE, "name": PAGE.name, "evidence": f"thủ tục {change}"} | fields
    return Procedure(change=change, decision=number, **told)


def tell(
    session: Session, *rows: Procedure, own: Procedure | None = None, path: str = "/tt/1", source: str = "snv",
    platform: str = "sharepoint", at: datetime = NOON, **others: Any,
) -> dict[str, int]:  # fmt: skip
    sighting = Sighting(
        own=own, rows=rows, source=source, platform=platform, canonical_url=SITE + path, url=SITE + path, at=at,
        **{"origin": "poll"} | others,
    )  # fmt: skip
    happened = procedures.save(session, sighting)
    session.expire_all()
    return dict(happened)


def row(session: Session, name: str = procedure_id(CODE)) -> Row:
    return session.get_one(Row, name)


def standing(session: Session, day: date) -> str:
    steps = places.steps(places.announcements(session, procedure_id(CODE)))
    here = session.scalars(select(ProcedurePlace).where(ProcedurePlace.record == procedure_id(CODE))).all()
    listings = [one for place in here if (one := places.listing(place, None))]
    return timeline.state(steps, listings, day).state


def kinds(session: Session) -> list[str]:
    return [one.kind for one in events.since(session)]
