"""Listings, home page and feed of the sample portal."""

from __future__ import annotations

from email.utils import format_datetime
from html import escape
from typing import TYPE_CHECKING

from sample import chrome, dates
from sample.viewstate import GRID, Link, pager_links

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sample.articles import Article
    from sample.portal import Row

SECTION_NAMES = {"news": "Tin tức", "activity": "Hoạt động ngành", "procedures": "Thủ tục hành chính"}
_LINKS_EACH_SIDE = 5


def news_rows(rows: Sequence[Row]) -> str:
    """Lines of "Tin tức"."""
    return "".join(
        f'<div class="channel-news-item"><div class="channel-news-title">{_link(row)}'
        f' <span class="channel-news-date">{dates.list_time(row.head.published)}</span></div></div>\n'
        for row in rows
    )


def article_rows(rows: Sequence[Row]) -> str:
    """Lines of "Hoạt động ngành"."""
    return "".join(
        f'<div class="tandan-div-article-news"><p class="tandan-p-article-news-title">{_link(row)}</p>'
        f'<span class="tandan-span-date">{dates.list_time(row.head.published)}</span></div>\n'
        for row in rows
    )


def numbered_pager(page: int, pages: int) -> str:
    """The pager of "Tin tức": numbers around the current one, which is a span."""
    first, last = max(1, page - _LINKS_EACH_SIDE), min(pages, page + _LINKS_EACH_SIDE)
    numbers = "".join(
        f'<span class="CurrentPage">{number}</span>'
        if number == page
        else f'<a href="{chrome.NEWS}?PageIndex={number}">{number}</a>'
        for number in range(first, last + 1)
    )
    return f'<div class="Paging">{numbers}</div>\n'


def next_pager(page: int, pages: int) -> str:
    """The pager of "Hoạt động ngành": "<" back and "Tiếp >" onward, no numbers."""
    back = f'<a href="{chrome.ACTIVITY}?PageIndex={page - 1}">&lt;</a> ' if page > 1 else ""
    following = f'<a href="{chrome.ACTIVITY}?PageIndex={page + 1}">'
    onward = f"{following}Tiếp</a> {following}&gt;</a>" if page < pages else ""
    return f'<div class="Paging">{back}{onward}</div>\n'


def listing(section: str, rows: str, pager: str) -> bytes:
    """The main part of a listing page."""
    return f'<div class="TD-channel">\n{_heading(section)}{rows}{pager}</div>\n'.encode()


def grid(rows: Sequence[Row], page: int, pages: int) -> bytes:
    """The main part of "Thủ tục hành chính": a grid whose pager posts back."""
    lines = "".join(
        f'<tr><td>{number}</td><td><p class="tandan-p-article-news-title">{_link(row)}</p>'
        f'<span class="tandan-span-date">{dates.list_time(row.head.published)}</span></td></tr>\n'
        for number, row in enumerate(rows, 1)
    )
    pager = ""
    if pages > 1:
        cells = "".join(_grid_cell(link, current=link.page == page) for link in pager_links(page, pages))
        pager = f'<tr class="pager"><td colspan="2"><table><tbody><tr>{cells}</tr></tbody></table></td></tr>\n'
    return (
        f'<div class="TD-channel">\n{_heading("procedures")}'
        f'<table class="grid" id="{GRID.replace("$", "_")}"><tbody>\n{lines}{pager}</tbody></table></div>\n'
    ).encode()


def _grid_cell(link: Link, *, current: bool) -> str:
    if current:
        return f"<td><span>{link.label}</span></td>"
    call = f"javascript:__doPostBack('{GRID}','Page${link.page}')".replace("'", "&#39;")  # as ASP.NET writes it
    return f'<td><a href="{call}">{link.label}</a></td>'


def home(news: Sequence[Row], activity: Sequence[Row], procedures: Sequence[Row]) -> bytes:
    """The main part of the home page: a box with the newest news, a short list of each section."""
    boxes = "".join(
        f'<div class="TD-box-news"><p class="TD-box-news-title">{_link(row)}</p></div>\n' for row in news[:3]
    )
    modules = (
        _module(chrome.NEWS, "news", news[3:])
        + _module(chrome.ACTIVITY, "activity", activity)
        + _module(chrome.PROCEDURES, "procedures", procedures)
    )
    return f'<div class="TD-box-news-main">\n{boxes}</div>\n{modules}'.encode()


def _module(href: str, section: str, rows: Sequence[Row]) -> str:
    lines = "".join(
        f'<p class="tandan-p-module-news-title">{_link(row)} '
        f'<span class="ngay">{dates.home_day(row.head.published)}</span></p>\n'
        for row in rows
    )
    return f'<div class="TD-module"><h3><a href="{href}">{SECTION_NAMES[section]}</a></h3>\n{lines}</div>\n'


def feed(articles: Sequence[tuple[Row, Article]], origin: str) -> bytes:
    """The RSS feed of "Hoạt động ngành".

    Args:
        articles: The newest lines of the section, with their articles.
        origin: Scheme and host for the absolute links a feed must have.
    """
    items = "".join(
        f"<item><title>{escape(row.head.title)}</title><link>{origin}{row.path}</link>"
        f'<guid isPermaLink="true">{origin}{row.path}</guid><pubDate>{format_datetime(row.head.published)}</pubDate>'
        f"<description>{escape(article.summary or article.paragraphs[0])}</description></item>\n"
        for row, article in articles
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0"><channel>\n'
        f"<title>{SECTION_NAMES['activity']} - {chrome.SITE_NAME}</title><link>{origin}{chrome.ACTIVITY}</link>\n"
        f"<description>{SECTION_NAMES['activity']}</description><language>vi</language>\n{items}</channel></rss>\n"
    ).encode()


def _link(row: Row) -> str:
    return f'<a href="{row.path}">{escape(row.head.title)}</a>'


def _heading(section: str) -> str:
    return f'<h2 class="TD-channel-title">{SECTION_NAMES[section]}</h2>\n'
