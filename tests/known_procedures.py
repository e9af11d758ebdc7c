"""An archive with a few procedures in it, as crawls of two portals and of the national one would leave it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from scraper import shapes
from scraper.items import VIETNAM as ZONE
from scraper.items import Article, Attachment, DocumentNumber, DossierItem, Moment, Procedure, Way
from storage import articles, numbers, pages, procedures
from storage.identity import Sighting

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from storage.database import Database

T0 = datetime(2025, 3, 10, 5, 0, tzinfo=UTC)
SITE = "https://snv.example.vn"
MEDAL, HOUSE, GUILD, FESTIVAL = "1.001234", "1.002345", "1.003456", "2.000111"
FIRST = DocumentNumber(
    raw="Quyết định số 12/QĐ-UBND", normal="12/QĐ-UBND", type="QĐ", number="12", issuer="UBND", date=date(2023, 1, 10),
    title="Về việc công bố thủ tục hành chính mới ban hành",
)  # fmt: skip
SECOND = DocumentNumber(
    raw="345/QĐ-UBND", normal="345/QĐ-UBND", type="QĐ", number="345", issuer="UBND", date=date(2024, 5, 2)
)
BASIS = DocumentNumber(
    raw="98/2023/NĐ-CP", normal="98/2023/NĐ-CP", type="NĐ", number="98", year=2023, issuer="CP",
    title="Quy định chi tiết thi hành một số điều của Luật Thi đua, khen thưởng",
)  # fmt: skip
PAGE = Procedure(
    code=MEDAL,
    name="Thủ tục tặng thưởng Bằng khen của Chủ tịch Ủy ban nhân dân tỉnh",
    field="Thi đua - Khen thưởng",
    levels=("tỉnh",),
    kind="TTHC được luật giao quy định chi tiết",
    agency="Ủy ban nhân dân tỉnh",
    carried_out_by="Sở Nội vụ",
    applicants=("Cán bộ, công chức, viên chức", "Doanh nghiệp"),
    ways=(
        Way(how="Trực tiếp", time_limit="25 ngày làm việc", fee="Không", note="Tại Trung tâm phục vụ hành chính công"),
        Way(how="Trực tuyến", time_limit="25 ngày làm việc", fee="Không"),
        Way(how="Dịch vụ bưu chính", time_limit="25 ngày làm việc"),
    ),
    steps="Bước 1: Cơ quan, đơn vị lập hồ sơ đề nghị.\nBước 2: Sở Nội vụ thẩm định.\nBước 3: Chủ tịch tỉnh quyết định.",
    dossier=(
        DossierItem(name="Tờ trình đề nghị", case="Hồ sơ chung", form="Mẫu số 01", originals=1, copies=0),
        DossierItem(name="Báo cáo thành tích", case="Hồ sơ chung", form="Mẫu số 02", originals=1, copies=2),
    ),
    time_limit="25 ngày làm việc",
    fees="Không",
    result="Quyết định khen thưởng",
    legal_basis=(BASIS,),
    conditions="Có thành tích xuất sắc <script>alert(1)</script>",
    raw=(("Mã thủ tục", MEDAL), ("Thời hạn giải quyết", "25 ngày làm việc"), ("Địa chỉ tiếp nhận", "28 Lê Lợi")),
)


def news(code: str | None, name: str, change: Any, number: DocumentNumber | None, **fields: Any) -> Procedure:
    told = {
        "new": "thủ tục hành chính mới ban hành", "amended": "được sửa đổi, bổ sung", "abolished": "bị bãi bỏ",
        "replaced": "được thay thế",
    }  # fmt: skip
    return Procedure(code=code, name=name, change=change, evidence=told[change], decision=number, **fields)


def article(
    session: Session, path: str, title: str, *, named: tuple[DocumentNumber, ...] = (), source: str = "thanh-hoa/snv",
    at: datetime = T0, **fields: Any,
) -> str:  # fmt: skip
    """Keeps an article as a crawl would; its id."""
    url = SITE + path
    said = Article(
        url=url, canonical_url=url, title=title, **{"body_text": title, "body_html": f"<p>{title}</p>"} | fields
    )
    row = pages.one(session, source, url, url=url, section="procedures", at=at)
    sighting = articles.Sighting(
        article=said, page=row, source=source, platform="sharepoint", section="procedures", origin="backfill", at=at,
        capture=None,
    )  # fmt: skip
    articles.save(session, sighting)
    session.flush()
    assert row.record
    numbers.save(session, row.record, title, [(source, shapes.number(one)) for one in named])
    return row.record


def tell(
    session: Session, path: str, *rows: Procedure, own: Procedure | None = None, source: str = "thanh-hoa/snv",
    at: datetime = T0, origin: str = "backfill", **others: Any,
) -> None:  # fmt: skip
    """Keeps what a page tells of procedures."""
    sighting = Sighting(
        own=own, rows=rows, source=source, platform=source.partition("/")[0], canonical_url=SITE + path,
        url=SITE + path, origin=origin, at=at, **others,
    )  # fmt: skip
    procedures.save(session, sighting)


def fill(database: Database) -> dict[str, str]:
    """Fills an archive; the ids of its articles by name."""
    with database.writing() as session:
        told = {
            "decision": article(
                session, "/qd-12", "Quyết định số 12/QĐ-UBND công bố thủ tục hành chính", named=(FIRST, BASIS),
            ),
            "news": article(session, "/tin-1", "Triển khai các thủ tục mới", named=(FIRST,), source="lam-dong/ubnd"),
            "near": article(session, "/tin-2", "Sở Nội vụ triển khai", named=(FIRST,)),
            "page": article(
                session, "/tthc/bang-khen", PAGE.name, body_text="Thủ tục tặng Bằng khen.\nLời riêng của trang",
                attachments=(Attachment(url=SITE + "/mau-01.docx", title="Mẫu số 01"),),
            ),
        }  # fmt: skip
        moment = Moment(at=datetime(2023, 1, 12, tzinfo=ZONE), precision="day")
        tell(
            session, "/qd-12",
            news(MEDAL, PAGE.name, "new", FIRST, effective_from=date(2023, 2, 1)),
            news(HOUSE, "Cấp giấy phép xây dựng nhà ở riêng lẻ", "new", FIRST, field="Xây dựng", levels=("xã",)),
            news(GUILD, "Thành lập hội", "new", FIRST, field="Tổ chức phi chính phủ", levels=("bộ", "tỉnh")),
            article=told["decision"], published=moment,
        )  # fmt: skip
        tell(session, "/tthc/bang-khen", own=PAGE, article=told["page"])
        tell(session, "/dvc?id=1", own=PAGE, source="dichvucong")
        tell(
            session, "/qd-345",
            news(HOUSE, "Cấp giấy phép xây dựng nhà ở riêng lẻ", "amended", SECOND),
            news(GUILD, "Thành lập hội", "abolished", SECOND, effective_from=date(2024, 6, 1)),
            news(None, "Thủ tục đặc thù của tỉnh", "new", SECOND, effective_from=date(2199, 1, 1)),
        )  # fmt: skip
        tell(
            session,
            "/ds",
            Procedure(code=FESTIVAL, name="Tổ chức lễ hội", field="Văn hóa", levels=("tỉnh",)),
            listing=True,
        )
    with database.writing() as session:
        edited = PAGE.time_limit, "20 ngày làm việc"
        raw = tuple((label, said.replace(*edited) if said else "") for label, said in PAGE.raw)  # type: ignore[arg-type]
        from dataclasses import replace

        later = T0 + timedelta(days=3)
        tell(
            session, "/dvc?id=1", own=replace(PAGE, time_limit=edited[1], raw=raw), source="dichvucong", at=later,
            origin="poll",
        )  # fmt: skip
    return told
