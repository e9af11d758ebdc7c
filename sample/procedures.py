"""The procedure pages of the sample portal: single procedures, a list of 40, decisions, and one for each kind of file.

They are the same on every portal, whatever its seed and size, and stand at the end of "Thủ tục hành chính".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from sample import addresses, attachments, tables
from sample.announcements import IN_DOCX, LIFE, SCANNED
from sample.articles import VIETNAM, Article, Attachment, Head
from sample.records import heads, records

if TYPE_CHECKING:
    from collections.abc import Callable

    from sample.announcements import Decision
    from sample.records import Record

FIRST_INDEX = 800_000  # far above the number of any other article, and below what an address can hold
LISTED = 40
_OLDEST = datetime(2025, 7, 1, 8, tzinfo=VIETNAM)
PDF = b"application/pdf"
DOCX = b"application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_TYPES = {
    "pdf": PDF,
    "docx": DOCX,
    "doc": b"application/octet-stream",  # as IIS does where nobody has told it
    "zip": b"application/x-zip-compressed",
}


@dataclass(frozen=True, slots=True)
class Document:
    """A file as the portal serves it."""

    kind: bytes
    content: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Page:
    """A page before it has a number: days are ISO dates, files are (title, name, content)."""

    title: str
    day: str
    paragraphs: tuple[str, ...]
    html: str = ""
    files: tuple[tuple[str, str, Callable[[], bytes]], ...] = ()


@cache
def articles() -> dict[int, Article]:
    """All these pages by the number of their article, newest first."""
    pages = sorted(_pages(), key=lambda page: page.day, reverse=True)
    return {FIRST_INDEX + at: _article(FIRST_INDEX + at, page) for at, page in enumerate(pages)}


@cache
def documents() -> dict[str, Document]:
    """The files of all these pages by the small letters of their path."""
    return {
        _place(page, name).lower(): Document(_TYPES[name.rsplit(".", 1)[1]], content)
        for page in _pages()
        for _, name, content in page.files
    }


def described() -> frozenset[str]:
    """The codes of the procedures that have a page of their own, or a row of the list."""
    return frozenset(one.code for one in (*_with_pages(), *heads()[:LISTED]))


def _article(index: int, page: Page) -> Article:
    published = datetime.fromisoformat(page.day).replace(tzinfo=VIETNAM) + timedelta(hours=8, minutes=index % 60)
    path = addresses.old_style(index, page.title, published)
    return Article(
        head=Head(index, "procedures", page.title, published, path),
        summary="",
        paragraphs=page.paragraphs,
        pictures=(),
        attachments=tuple(Attachment(_place(page, name), title) for title, name, _ in page.files),
        author="",
        tags=(),
        changed=published,
        html=page.html,
    )


def _place(page: Page, name: str) -> str:
    mark = hashlib.blake2b(f"{page.title}:{name}".encode(), digest_size=8).hexdigest()
    return f"/portal/VanBan/{page.day[:7]}/{mark}{name}"


@cache
def _pages() -> tuple[Page, ...]:
    return (*_single(), _list(), *_decisions(), *_files())


def _single() -> list[Page]:
    """A page for each whole record that has steps, in turn in the layouts of `tables`."""
    pages = []
    for at, record in enumerate(_with_pages()):
        day = (_OLDEST + timedelta(days=at)).date().isoformat()
        files = [("Nội dung thủ tục hành chính", f"{record.code}.pdf", partial(attachments.procedure_text, record))]
        if record.dossier:
            files.append(("Mẫu đơn đề nghị", f"{record.code}-don.docx", partial(attachments.form, record)))
        html = tables.SINGLE[at % len(tables.SINGLE)](record)
        pages.append(Page(record.name, day, ("Thông tin chi tiết về thủ tục hành chính:",), html, tuple(files)))
    return pages


def _with_pages() -> list[Record]:
    return [record for record in records() if record.steps and record.legal_basis]


def _list() -> Page:
    listed = sorted(heads()[:LISTED], key=lambda one: (one.field, one.code))
    return Page(
        f"Danh mục {LISTED} thủ tục hành chính thực hiện tại Trung tâm Phục vụ hành chính công tỉnh",
        "2025-08-05",
        ("Danh mục thủ tục hành chính đang có hiệu lực theo từng lĩnh vực:",),
        tables.many(listed),
    )


def _decisions() -> list[Page]:
    announced = "Chi tiết từng thủ tục hành chính xem trong tệp đính kèm dưới đây./."
    in_docx = (
        (f"Quyết định số {IN_DOCX.number}", "quyet-dinh-2150.pdf", partial(attachments.special, "decision.pdf")),
        ("Phụ lục danh mục thủ tục hành chính", "phu-luc-2150.docx", partial(attachments.special, "annex.docx")),
    )
    scanned = (
        (f"Quyết định số {SCANNED.number} (bản quét)", "scan0001.pdf", partial(attachments.special, "scanned.pdf")),
    )
    return [
        Page(IN_DOCX.title, IN_DOCX.signed, (_announced(IN_DOCX), announced), "", in_docx),
        Page(SCANNED.title, SCANNED.signed, (_announced(SCANNED), announced), "", scanned),
        *(Page(one.title, one.signed, (_announced(one),), tables.annex(one)) for one in LIFE),
    ]


def _announced(decision: Decision) -> str:
    signed, effective = ("/".join(reversed(day.split("-"))) for day in (decision.signed, decision.effective))
    return f"Ngày {signed}, Chủ tịch UBND tỉnh ký {decision.title}. Quyết định có hiệu lực kể từ ngày {effective}."


def _files() -> list[Page]:
    """A page for each file that is hard to read or bad, and one for a file that only changes when told to."""
    named = (
        ("Mẫu đơn đề nghị cấp lại Thẻ công chứng viên", "Mẫu đơn (Word 97-2003)", "mau-don.doc", "form.doc"),
        ("Bộ hồ sơ mẫu thủ tục hành chính lĩnh vực Công chứng", "Bộ hồ sơ mẫu", "ho-so-mau.zip", "hostile.zip"),
        ("Bộ thủ tục hành chính thuộc thẩm quyền cấp tỉnh", "Bộ thủ tục (200 trang)", "bo-tthc.pdf", "long.pdf"),
        ("Hồ sơ trình công bố thủ tục hành chính", "Tờ trình", "to-trinh.pdf", "encrypted.pdf"),
        ("Quy trình nội bộ giải quyết thủ tục hành chính", "Quy trình nội bộ", "quy-trinh.pdf", "cut.pdf"),
        ("Báo cáo rà soát thủ tục hành chính", "Báo cáo rà soát", "bao-cao.pdf", "error.pdf"),
        ("Danh mục thủ tục hành chính cập nhật thường xuyên", "Danh mục", "danh-muc.docx", "annex.docx"),
    )
    return [
        Page(
            title,
            (_OLDEST + timedelta(days=60 + at)).date().isoformat(),
            (f"{title} được đăng tải để các tổ chức, cá nhân biết và thực hiện./.",),
            "",
            ((link, name, partial(attachments.special, stored)),),
        )
        for at, (title, link, name, stored) in enumerate(named)
    ]
