"""A small archive as a crawl would leave it, a browser without a network, and ways to look at a page."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
from lxml import html as lxml_html

from scraper.items import VIETNAM
from storage import events
from storage.document_tables import Content, Document, Link
from storage.models import Article, ArticleVersion, Capture, Page, Run
from web.app import create

if TYPE_CHECKING:
    from scraper.config import Config
    from storage.database import Database

NAMES = {"thanh-hoa/snv": "Sở Nội vụ tỉnh Thanh Hóa", "lam-dong/ubnd": "Cổng tỉnh Lâm Đồng"}
PAPER = "ddddddddddddddd5"
EDITED, HOSTILE, GONE = "aaaaaaaaaaaaaaa2", "bbbbbbbbbbbbbbb3", "ccccccccccccccc4"
EVERY_PAGE = [
    "/", "/?q=phep", "/?q=alert", f"/record/{EDITED}", f"/record/{HOSTILE}", f"/record/{GONE}",
    f"/record/{EDITED}?version=1", f"/record/{EDITED}/diff", "/sources", "/nowhere", "/record/none", "/?cursor=x",
]  # fmt: skip
T0 = datetime(2023, 7, 18, 10, 0, tzinfo=UTC)
LONG = "Điều khoản không đổi. " * 120


def version(record: str, number: int, **said: Any) -> ArticleVersion:
    blank = {
        "at": T0 + timedelta(days=number - 1),
        "origin": "backfill" if number == 1 else "poll",
        "content_hash": f"{record}{number}",
        "title": "",
        "body_text": "",
        "body_html": "",
        "images": [],
        "attachments": [],
        "language": "vi",
        "words_added": 0,
        "words_removed": 0,
    }
    return ArticleVersion(record=record, version=number, **(blank | said))


def article(record: str, **said: Any) -> Article:
    address = f"https://snv.thanhhoa.gov.vn/portal/pages/{record}.aspx"
    blank = {
        "source": "thanh-hoa/snv",
        "platform": "sharepoint",
        "kind": "article",
        "section": "news",
        "canonical_url": address,
        "url": address,
        "state": "live",
        "version": 1,
        "content_hash": record,
        "first_seen": T0,
        "last_checked": T0 + timedelta(days=2),
        "changed_at": T0,
        "counters": {},
        "related": [],
    }
    return Article(id=record, **(blank | said))


def fill(database: Database) -> None:
    minute = datetime(2023, 7, 18, 16, 24, tzinfo=VIETNAM)
    day = datetime(2024, 2, 5, tzinfo=VIETNAM)
    with database.writing() as session:
        for source, verdict, cause in (("thanh-hoa/snv", "healthy", None), ("x/unnamed", "blocked", "<b>403</b>")):
            session.add(
                Run(source=source, origin="poll", opened_at=T0, closed_at=T0 + timedelta(minutes=3), verdict=verdict,
                    cause=cause, completed=True, report={"cause_code": cause and "refused"})
            )  # fmt: skip
        capture = Capture(
            at=T0, url="https://snv.thanhhoa.gov.vn/", record_type="response", status=200,
            warc="congtin-20230718.warc.gz", offset=4711, length=900, digest="sha256:feed",
        )  # fmt: skip
        session.add(capture)
        edited = article(
            EDITED,
            title="Tổng kết phong trào thi đua khen thưởng năm 2023",
            version=2,
            published_at=minute,
            precision="minute",
            counters={"votes": 1511, "online": None, "views": None},
            related=[
                {"url": "https://snv.thanhhoa.gov.vn/1", "title": "", "published_at": None, "precision": None},
                {"url": "javascript:alert(2)", "title": "Tin <i>độc</i>", "published_at": None, "precision": None},
            ],
        )
        hostile = article(
            HOSTILE,
            title="<script>alert(1)</script> Thủ tục cấp phép",
            source="lam-dong/ubnd",
            kind="procedure",
            section="procedures",
            url="javascript:alert(3)",
            published_at=day,
            precision="day",
        )
        gone = article(GONE, title="Thông báo đã rút", published_at=None, precision=None, state="gone")
        session.add_all([edited, hostile, gone])
        session.flush()
        for url in (edited.url, "https://snv.thanhhoa.gov.vn/cu.aspx"):
            session.add(
                Page(source=edited.source, canonical_url=url, url=url, record=EDITED, first_seen=T0, owed=False)
            )
        session.add(
            Page(source=gone.source, canonical_url=gone.url, url=gone.url, record=GONE, first_seen=T0, owed=False,
                 missing=3, missing_since=datetime(2023, 8, 1, 2, 0, tzinfo=UTC))
        )  # fmt: skip
        body = "Thời hạn giải quyết là {days} ngày làm việc, theo Nghị định 42/2022/NĐ-CP.\n" + LONG
        for number, days in ((1, "mười"), (2, "năm")):
            text = body.format(days=days)
            session.add(
                version(
                    EDITED, number, title=edited.title, body_text=text, published_at=minute, precision="minute",
                    published_raw="Đăng lúc: 18/07/2023 16:24:00 (GMT+7)", author="Nguyễn Văn A",
                    body_html="".join(f"<p>{line}</p>" for line in text.split("\n"))
                    + '<figure><img src="https://snv.thanhhoa.gov.vn/1.jpg"><figcaption>Lễ ký</figcaption></figure>',
                    images=[{"url": "https://snv.thanhhoa.gov.vn/1.jpg", "caption": "Lễ ký"}],
                    attachments=[{"url": "https://snv.thanhhoa.gov.vn/qd", "title": "Quyết định", "media_type": None}],
                    words_added=number, words_removed=number - 1, capture=capture.id,
                )
            )  # fmt: skip
        session.add(
            version(
                HOSTILE, 1, title=hostile.title, published_at=day, precision="day",
                body_text="Cấp phép <script>alert(4)</script> & xây dựng",
                body_html=(
                    '<p onclick="alert(5)" style="position:fixed">Cấp phép</p><script>alert(6)</script>'
                    '<img src="x.png" onerror="alert(7)"><img src="javascript:alert(8)">'
                    '<a href="javascript:alert(9)">nhấn</a><iframe src="https://evil.example/"></iframe>'
                    '<form action="https://evil.example/"><input name="mat_khau"></form><meta http-equiv="refresh">'
                    '<svg onload="alert(10)"><style>*{display:none}</style></svg>\u202eđảo'
                    '<img src="https://evil.example/a.png?&quot;><script>alert(11)</script>" alt="Sơ đồ &gt; 1">'
                ),
                images=[{"url": "https://evil.example/a.png", "caption": "<b>chú thích</b> phép"}],
                attachments=[{"url": "data:text/html,x", "title": "<img src=x onerror=alert(12)>", "media_type": None}],
            )
        )  # fmt: skip
        session.add(version(GONE, 1, title=gone.title, body_text="Thông báo"))
        session.flush()
        session.add(
            Content(
                digest="sha256:paper", size=1_536_000, media_type="application/pdf", outcome="OK", page_count=2,
                text="Trang đầu\fBiểu mẫu phụ lục thứ hai <b>đậm</b>", flags=["scanned", "ocr"], read_at=T0,
                members=[{"name": "../../<i>mật</i>.pdf", "size": 1, "media_type": None, "first": 0, "pages": 2}],
            )
        )  # fmt: skip
        session.flush()
        for name, title, held in ((PAPER, "Phụ lục <u>1</u>", "sha256:paper"), ("d2", "Tệp hỏng", None)):
            url = f"https://snv.thanhhoa.gov.vn/{name}.pdf"
            session.add(
                Document(
                    id=name, source=edited.source, canonical_url=url, url=url, version=int(bool(held)), content=held,
                    outcome="OK" if held else "NOT_FOUND", message="" if held else "status 404", first_seen=T0,
                    failures=0,
                )
            )  # fmt: skip
            session.flush()
            session.add(Link(record=EDITED, document=name, position=int(not held), title=title, since=T0))
        for row in (edited, hostile, gone):
            events.append(session, "article.new", row, at=T0, origin="backfill")


class opened:  # noqa: N801 - read as `async with opened(settings) as client`
    """The application over a data folder, started and ended as a server would."""

    def __init__(self, settings: Config, **headers: str) -> None:
        self.app = create(settings, names=NAMES)
        self._life = self.app.router.lifespan_context(self.app)
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers)

    async def __aenter__(self) -> httpx.AsyncClient:
        await self._life.__aenter__()
        return self._client

    async def __aexit__(self, *error: object) -> None:
        await self._client.aclose()
        await self._life.__aexit__(*error)


def tree(response):
    return lxml_html.document_fromstring(response.content)


def said(node):
    return " ".join(node.text_content().split())


async def straight(browser: httpx.AsyncClient, path: str, query: bytes = b"") -> tuple[int, str]:
    """A GET with a path and a query that no client would send: status and text."""
    sent: list[Any] = []
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode("utf-8", "replace"), "root_path": "", "query_string": query,
        "headers": [(b"host", b"127.0.0.1")], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
    }  # fmt: skip

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    with suppress(Exception):  # the server logs it; what counts is what the reader was sent
        await browser._transport.app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], body.decode()
