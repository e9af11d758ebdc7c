"""Answers requests for the sample portal: address in, status, headers and body out."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from sample import chrome, files, listings, national, pages
from sample.messages import SERVER, Answer, Headers, Request, file, html, not_modified, unchanged, weak_etag, zipped
from sample.viewstate import GRID, StateError, Tickets

if TYPE_CHECKING:
    from collections.abc import Callable

    from sample.articles import Article, Section
    from sample.portal import Portal, Row

ROWS = {"news": 20, "activity": 20, "procedures": 10}
_FEED_ITEMS, _RELATED, _RENDERED_KEPT, _DOCUMENTS_KEPT = 30, 5, 512, 64
_PROCEDURES = chrome.PROCEDURES.lower()
_READING, _POSTBACK = frozenset({"GET", "HEAD"}), frozenset({"GET", "HEAD", "POST"})
_TAKES_POSTS = frozenset({_PROCEDURES, national.REST})
_FILE = re.compile(r"/portal/(photos|imageads|linkimage)/\d{4}-\d\d(?:-\d\d)?/[^/]+\.jpe?g")
_DOCUMENT = re.compile(r"/portal/vanban/\d{4}-\d\d/[0-9a-f]{16}[^/]*\.pdf")
_LANGUAGES = re.compile(r"((?:/(?:en|vi))+)/portal/pages/default\.aspx")
_ROBOTS = b"User-agent: *\nDisallow: /_layouts/\nDisallow: /portal/Pages/Tim-kiem.aspx\n"


class Site:
    """The pages of one portal."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self._tickets = Tickets(portal.seed)
        self._rendered = lru_cache(maxsize=_RENDERED_KEPT)(self._render)
        self._related = lru_cache(maxsize=8)(self._render_related)
        self._document = lru_cache(maxsize=_DOCUMENTS_KEPT)(self._write_document)
        self._listing = lru_cache(maxsize=64)(self._render_listing)
        self._fixed: dict[str, Callable[[Request], Answer]] = {
            "/": self._home,
            chrome.HOME.lower(): self._home,
            chrome.NEWS.lower(): lambda request: self._numbered("news", request),
            chrome.ACTIVITY.lower(): lambda request: self._numbered("activity", request),
            _PROCEDURES: self._procedures,
            chrome.FEED.lower(): self._feed,
            chrome.SEARCH.lower(): lambda _request: _page("Tìm kiếm", "<p>Không tìm thấy kết quả nào.</p>"),
            national.REST: national.rest,
            national.DETAIL: national.detail,
            national.FORM: national.form,
            "/robots.txt": lambda _request: file(b"text/plain", _ROBOTS),
        }
        self._empty = {path.lower(): name for path, name in chrome.EMPTY_CHANNELS.items()}

    def answer(self, request: Request) -> Answer:
        """The answer to any request but /_control."""
        path = request.path.lower()
        if request.method not in (_POSTBACK if path in _TAKES_POSTS else _READING):
            return Answer(405, (*SERVER, (b"allow", b"GET, HEAD"), (b"content-length", b"0")), b"")
        handler = self._fixed.get(path)
        if handler:
            return handler(request)
        article = self.portal.find(path)
        if article:
            return self._article_page(article, request)
        return self._document_page(path, request) or self._other(path, request.path)

    # Articles

    def _article_page(self, article: Article, request: Request) -> Answer:
        index = article.head.index
        rendered = self._rendered(index, article.revision)
        validators: Headers = ()
        if index % 3 != 2:
            validators = ((b"etag", rendered.etag),)
        elif index % 4 == 2:
            moment = article.changed.astimezone(UTC).replace(microsecond=0)
            validators = ((b"last-modified", format_datetime(moment, usegmt=True).encode()),)
        if unchanged(request, dict(validators)):
            return not_modified(validators)
        empty = 3 if index % 37 == 5 else None
        hit = chrome.next_hit()
        views = (
            b'<p class="tandan-p-views">L\xc6\xb0\xe1\xbb\xa3t xem: %d</p>\n' % (rendered.views + hit)
            if rendered.views
            else b""
        )
        related = self._related(article.head.section, empty, self.portal.version)
        main = b"".join((rendered.before, views, rendered.after, related))
        action = article.head.path.rsplit("/", 1)[-1].encode()
        return html(chrome.frame(rendered.title, main, action=action), validators)

    def _render(self, index: int, _revision: int) -> pages.Rendered:
        return pages.render(self.portal.article(index))

    def _render_related(self, section: Section, empty: int | None, _version: int) -> bytes:
        return pages.related(self.portal.rows(section, 0, _RELATED), empty=empty)

    # Listings

    def _numbered(self, section: Section, request: Request) -> Answer:
        total = self._pages(section)
        asked = parse_qs(request.query).get("PageIndex", ["1"])[0]
        page = min(max(int(asked), 1), total) if asked.isdecimal() else 1
        main, etag = self._listing(section, page, self.portal.version)
        validators = ((b"etag", etag),)
        if unchanged(request, dict(validators)):
            return not_modified(validators)
        extra = _FEED_LINK if section == "activity" else b""
        name = listings.SECTION_NAMES[section].encode()
        action = (chrome.NEWS if section == "news" else chrome.ACTIVITY).rsplit("/", 1)[-1].encode()
        return html(chrome.frame(name, main, action=action, extra_head=extra), validators)

    def _render_listing(self, section: Section, page: int, _version: int) -> tuple[bytes, bytes]:
        rows, total = self._rows(section, page), self._pages(section)
        if section == "news":
            main = listings.listing(section, listings.news_rows(rows), listings.numbered_pager(page, total))
        else:
            main = listings.listing(section, listings.article_rows(rows), listings.next_pager(page, total))
        return main, weak_etag(main)

    def _procedures(self, request: Request) -> Answer:
        page = 1
        if request.method == "POST":
            form = parse_qs(request.body.decode("latin-1"), keep_blank_values=True)
            posted = {name: values[-1] for name, values in form.items()}
            # As in ASP.NET a post that is none of the grid's shows the first page.
            if posted.get("__EVENTTARGET") == GRID:
                try:
                    page = self._tickets.check(
                        posted.get("__VIEWSTATE", ""),
                        posted.get("__EVENTVALIDATION", ""),
                        posted.get("__EVENTARGUMENT", ""),
                        self.portal.epoch,
                    )
                except StateError as error:
                    return _server_error(str(error))
        total = self._pages("procedures")
        page = min(page, total)
        main = listings.grid(self._rows("procedures", page), page, total)
        name, action = listings.SECTION_NAMES["procedures"].encode(), chrome.PROCEDURES.rsplit("/", 1)[-1].encode()
        state = self._tickets.issue(page, total, self.portal.epoch)
        return html(chrome.frame(name, main, action=action, state=state), ())

    def _pages(self, section: Section) -> int:
        return max(1, -(-self.portal.count(section) // ROWS[section]))

    def _rows(self, section: Section, page: int) -> list[Row]:
        return self.portal.rows(section, (page - 1) * ROWS[section], ROWS[section])

    # The rest

    def _document_page(self, path: str, request: Request) -> Answer | None:
        if not (document := self.portal.document(path)):
            return None
        body, etag = self._document(path, self.portal.version)
        validators = ((b"etag", etag),)
        return (
            not_modified(validators) if unchanged(request, dict(validators)) else file(document.kind, body, *validators)
        )

    def _write_document(self, path: str, _version: int) -> tuple[bytes, bytes]:
        document = self.portal.document(path)
        body = document.content() if document else b""
        return body, weak_etag(body)

    def _home(self, request: Request) -> Answer:
        rows = self.portal.rows
        main = listings.home(rows("news", 0, 8), rows("activity", 0, 6), rows("procedures", 0, 6))
        return zipped(request, html(chrome.frame("Trang chủ".encode(), main), ()))

    def _feed(self, request: Request) -> Answer:
        rows = self.portal.rows("activity", 0, _FEED_ITEMS)
        body = listings.feed([(row, self.portal.article(row.head.index)) for row in rows], request.origin)
        validators = ((b"etag", weak_etag(body)),)
        if unchanged(request, dict(validators)):
            return not_modified(validators)
        return zipped(request, file(b"application/rss+xml; charset=utf-8", body, *validators))

    def _other(self, path: str, written: str) -> Answer:
        if path in self._empty:
            return _page(self._empty[path], "<p>Nội dung đang được cập nhật...</p>")
        if match := _LANGUAGES.fullmatch(path):
            return _language_trap(match[1])
        return _stored_file(path, written) or _page(
            "Trang không tồn tại", "<p>Trang không tồn tại hoặc đã được gỡ bỏ.</p>", status=404
        )


_FEED_LINK = f'<link rel="alternate" type="application/rss+xml" title="RSS" href="{chrome.FEED}">\n'.encode()


def _stored_file(path: str, written: str) -> Answer | None:
    """A picture, document or script; every address of the right form has one."""
    if _FILE.fullmatch(path):
        return file(b"image/jpeg", files.jpeg(written))
    if _DOCUMENT.fullmatch(path):
        return file(b"application/pdf", files.pdf(written))
    if path.endswith(".js"):
        return file(b"application/javascript", b"/* */\n")
    if path.endswith(".css"):
        return file(b"text/css", b"/* */\n")
    if path.startswith("/_layouts/"):
        return _page("Đăng nhập", '<p>Tên đăng nhập: <input name="user"></p>')
    return None


def _page(title: str, text: str, status: int = 200) -> Answer:
    main = f'<div class="TD-channel"><h2 class="TD-channel-title">{title}</h2>\n{text}</div>\n'
    return html(chrome.frame(title.encode(), main.encode()), (), status)


def _language_trap(languages: str) -> Answer:
    """A page whose language links lead one level deeper each, without end."""
    links = "".join(
        f'<a href="{languages}{deeper}/portal/Pages/default.aspx">{name}</a> '
        for deeper, name in (("/vi", "Tiếng Việt"), ("/vi/en", "English"))
    )
    text = f"<p>Department of Home Affairs</p>{links}"
    body = f"<!DOCTYPE html>\n<html><head><title>Home</title></head><body>{text}</body></html>\n"
    return html(body.encode(), ())


def _server_error(message: str) -> Answer:
    heading = "<h1>Server Error in '/' Application.<hr></h1>"
    body = (
        f"<!DOCTYPE html>\n<html><head><title>{message}</title></head>\n"
        f'<body bgcolor="white"><span>{heading}<h2><i>{message}</i></h2></span></body></html>\n'
    )
    return html(body.encode(), (), 500)
