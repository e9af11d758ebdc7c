"""Feeds (RSS, Atom) and sitemaps → entries. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import feedparser
from lxml import etree

from scraper import dates, text, urls
from scraper.items import Entry

if TYPE_CHECKING:
    from datetime import datetime

MOST_ENTRIES = 50_000
"""What one sitemap may hold (sitemaps.org, "Sitemap file limits")."""

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")


class NoFeed(ValueError):
    """The bytes are no feed or no sitemap; the message says what they are instead."""


def feed(body: bytes, base: str, *, now: datetime | None = None) -> tuple[Entry, ...]:
    """The entries of an RSS or Atom feed, as it orders them. Raises NoFeed."""
    parsed = feedparser.parse(body, sanitize_html=False, resolve_relative_uris=False)
    if not parsed.get("version"):
        raise NoFeed("neither RSS nor Atom")
    found: dict[str, Entry] = {}
    for row in parsed.entries:
        address = urls.join(base, row.get("link") or row.get("id") or "")
        if address is None or address in found:
            continue
        stamp = row.get("published") or row.get("updated") or ""
        title = text.clean(text.unescape_twice(_TAG.sub(" ", row.get("title") or "")))
        published = dates.past(dates.parse(stamp), now)
        found[address] = Entry(url=address, title=title, published=published, truncated=text.is_cut(title))
    return tuple(found.values())


def sitemap(body: bytes, base: str, *, now: datetime | None = None) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """A sitemap's pages, newest first, and the further sitemaps that an index names. Raises NoFeed.

    `lastmod` is no publication time, so entries carry none; it only orders them.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise NoFeed(f"no XML: {error}") from None
    if root is None or etree.QName(root).localname not in {"urlset", "sitemapindex"}:
        raise NoFeed("XML, but no sitemap")
    pages: list[tuple[float, str]] = []
    further = []
    for row in root[:MOST_ENTRIES]:
        if not isinstance(row.tag, str):
            continue
        values = {etree.QName(cell).localname: (cell.text or "").strip() for cell in row if isinstance(cell.tag, str)}
        address = urls.join(base, values.get("loc", ""))
        if address is None:
            continue
        if etree.QName(row).localname == "sitemap":
            further.append(address)
        else:
            moment = dates.parse(values.get("lastmod", ""), now=now)
            pages.append((-moment.at.timestamp() if moment else 0.0, address))
    pages.sort(key=lambda page: page[0])
    return tuple(Entry(url=address) for address in dict.fromkeys(address for _, address in pages)), tuple(further)
