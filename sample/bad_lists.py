"""What goes wrong in listings, feeds and sitemaps."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

from sample.bad_pages import page
from sample.faults import HOME, Fault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sample.raw import Line

_XML = "application/xml; charset=utf-8"
_BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">{}]>'.format(
    "".join(f'<!ENTITY {after} "{f"&{before};" * 10}">' for before, after in zip("abcdefgh", "bcdefghi", strict=True))
)
_XXE = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/hostname">]>'
_MANY = 10_000


def rows(entries: Iterable[tuple[str, str]], more: str = "") -> str:
    """A listing as the platform file knows it: addresses and titles."""
    shown = "\n".join(
        f'<p class="channel-news-title"><a href="{address}">{title}</a> <span>(05/01/2026 8:00 SA)</span></p>'
        for address, title in entries
    )
    return (
        '<!DOCTYPE html>\n<html><head><title>Tin tức</title></head><body><div class="TD-main-left">'
        f'<form id="aspnetForm" method="post">\n{shown}\n{more}</form></div></body></html>\n'
    )


def article(name: str) -> str:
    """An address of an article that nothing is the matter with."""
    return f"{HOME}pages/2026-2-5/{name}.aspx"


def _feed(items: str) -> str:
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Tin</title>{items}</channel></rss>'


def _item(link: str, guid: str = "1") -> str:
    return f"<item><title>Tin &i;</title><link>{link}</link><guid>{guid}</guid></item>"


def _map(places: Iterable[str]) -> str:
    return "<urlset>" + "".join(f"<url><loc>{place}</loc></url>" for place in places) + "</urlset>"


_BROKEN = _feed(_item(article("one")) + _item(article("two"))).removesuffix("</channel></rss>")


async def _itself(line: Line) -> None:
    """A sitemap index of itself, again and again."""
    own = line.request.origin + line.request.path
    named = "".join(f"<sitemap><loc>{own}{more}</loc></sitemap>" for more in ["", *(f"?n={n}" for n in range(50))])
    await line.answer(f"<sitemapindex>{named}</sitemapindex>".encode(), f"Content-Type: {_XML}")


@cache
def _long() -> bytes:
    return rows((article(f"long-{number}"), f"Tin số {number}") for number in range(_MANY)).encode()


async def _many(line: Line) -> None:
    await line.answer(_long())


_STATE = '<input type="hidden" name="__VIEWSTATE" value="/wEP"><span class="CurrentPage">1</span>'
_NEXT = "<a href=\"javascript:__doPostBack('ctl00$pager','2')\">2</a>"


async def _forgetful(line: Line) -> None:
    """Page 1 with a form for page 2, whose state is never remembered."""
    if line.request.method == "POST" and parse_qs(line.request.body.decode()).get("__EVENTARGUMENT") == ["2"]:
        await line.answer(b"<html><body>Validation of viewstate MAC failed.</body></html>", status="500 Error")
        return
    await line.answer(rows([(article("paged"), "Tin số một")], _STATE + _NEXT).encode())


_ODD = (
    ("javascript:void(0)", "Một"),
    ("mailto:a@example.org", "Hai"),
    ("//127.0.0.2/faults/pages/2026-2-5/foreign.aspx", "Ba"),
    (f"  {article('spa')}\n ", "Bốn"),
    (article("li\nne"), "Năm"),
    ("data:text/html,x", "Sáu"),
    ("http://[bad/pages/2026-2-5/x.aspx", "Bảy"),
)

LISTS = (
    Fault("A21", "a section that redirects to the home page", "MOVED",
          lambda line: line.answer(b"", f"Location: {HOME}", status="301 Moved"), role="section"),
    Fault("B18-bomb", "a feed with an XML bomb", "OK",
          page(_BOMB + _feed(_item(article("bomb")))[21:], _XML), role="feed"),
    Fault("B18-xxe", "a sitemap that wants a file read", "OK", page(_XXE + _map(["&i;"]), _XML), role="sitemap"),
    Fault("B19", "a broken feed of equal guids and relative links", "OK",
          page(_BROKEN, _XML), role="feed"),
    Fault("B20", "a sitemap index that names itself", "OK", _itself, role="sitemap"),
    Fault("B21", "a feed that answers a page", "BROKEN", page(rows([])), role="feed"),
    Fault("B21-map", "a sitemap that answers a page", "BROKEN", page(rows([])), role="sitemap"),
    Fault("B22-list", "links that lead nowhere, or elsewhere", "OK", page(rows(_ODD)), role="section"),
    Fault("B23", "a form that is out of date when it is posted", "BROKEN", _forgetful, role="section"),
    Fault("B25", "10,000 rows", "OK", _many, role="section", once=True),
    Fault("C8", "a listing that says it is empty", "EMPTY_OK",
          page(rows([], "<p>Không có dữ liệu</p>")), role="section"),
)  # fmt: skip
