"""A response and its source's layout → what the page says. Pure: no network, clock or database.

This runs in the reader child: a page may be hostile, so nothing here is called by the process that crawls.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from lxml import etree

from scraper import (
    announcements,
    article,
    attached,
    deadlines,
    decode,
    detect,
    feeds,
    head,
    hijack,
    legal,
    listing,
    outcomes,
    procedures,
    rest,
    sketch,
    text,
    urls,
)
from scraper.items import Reading
from scraper.outcomes import Outcome
from scraper.selectors import said, select, visible_texts
from scraper.sources import undeclared

if TYPE_CHECKING:
    from datetime import datetime

    from lxml.etree import _Element as Element

    from scraper.head import Head
    from scraper.items import Article, ArticleKind, Page, Procedure
    from scraper.rest import Rest
    from scraper.sources import Source

_EMPTY_LISTING = re.compile(r"(khong|chua) co (du lieu|bai viet|tin bai|ban ghi|noi dung|thu tuc|van ban)")
_PROCEDURES = re.compile("thủ tục hành chính|TTHC", re.IGNORECASE)
_NO_TITLE = "the page has no title: these are the words of its address"
_TOO_MANY = f"more than {listing.MOST_ENTRIES:,} links: what follows is left out"
# How a document's number begins: "1234/QĐ", "45/2023" (and not 18/07/2023), "Quyết định số 15", "QĐ2338". Most articles
# name none, and whole numbers take ten times as long. The first sign is sought, and then what stands before it.
_NUMBERS = (
    re.compile(r"/(?<=[\da-z ]/)(?<!/\d/)(?<!/\d\d/)/? ?(?:(?:19|20)\d\d(?!\d)|[A-Za-zĐđ])"),
    re.compile(r" số(?<=[hưtno] số):? ?\d"),
    re.compile(r"[QN][ĐD] ?[-/]?\d"),
)
_REFRESH = re.compile(r"\s*\d?(?:\.\d*)?\s*[;,]\s*(?:url\s*=\s*)?[\"']?([^\"'>\s]+)", re.IGNORECASE)


class TooComplex(ValueError):
    """A page that libxml2 gives up on: nested too deep."""


def read(page: Page, source: Source, *, now: datetime | None = None) -> Reading:
    """What a page says. Never raises for what the page holds: the outcome tells."""
    try:
        return _read(page, source, now)
    except decode.Truncated as error:
        return Reading(kind="other", outcome=Outcome.TRUNCATED, message=str(error))
    except decode.TooBig as error:
        return Reading(kind="other", outcome=Outcome.TOO_BIG, message=str(error))
    except (decode.Garbled, feeds.NoFeed, rest.NoRows) as error:
        return Reading(kind="other", outcome=Outcome.BROKEN, message=str(error))
    except TooComplex as error:
        return Reading(kind="other", outcome=Outcome.TOO_COMPLEX, message=str(error))


def _read(page: Page, source: Source, now: datetime | None) -> Reading:
    plain = decode.unfold(page.body, page.content_encoding)
    if not plain.strip():
        return Reading(kind="other", outcome=Outcome.EMPTY, message="an empty body")
    if other := decode.kind(plain):
        return Reading(kind="other", outcome=Outcome.BROKEN, message=f"{other}, not a page")
    if page.role == "feed":
        return Reading(kind="feed", outcome=Outcome.OK, entries=feeds.feed(plain, page.url, now=now))
    if page.role == "sitemap":
        if plain.startswith(b"\x1f\x8b"):
            plain = decode.unfold(plain, "gzip")
        found, sitemaps = feeds.sitemap(plain, page.url, now=now)
        return Reading(kind="sitemap", outcome=Outcome.OK, entries=found, sitemaps=sitemaps)
    if (asked := source.layout.rest) and asked.answers(page.url):
        return _answered(plain, page, source, asked)
    markup = decode.utf8(plain, page.content_type)
    root = tree(markup)
    if root is None:
        return Reading(kind="other", outcome=Outcome.EMPTY, message="no element in the page")
    why = ""
    if page.platforms:
        guess = detect.platform_of(markup, page.platforms)
        why = str(guess or "no platform shows two of its marks")
        source = undeclared(guess.platform if guess else page.platforms[-1], page.url)
    told = head.read(root, page.url, source.layout.title_ends)
    if gone := hijack.evidence(root, markup, page.url):
        return Reading(kind="other", outcome=Outcome.DRIFT, message=gone, platform=source.platform, title=told.title)
    tells = procedures.read(root, source.layout) if procedures.may_tell(markup) else procedures.NOTHING
    if page.role in {"detail", "any"}:
        one = article.read(root, told, page.url, source, now, place=tells.place)
        if one and (
            page.role == "detail" or tells.place is not None or one.published or source.is_article(one.canonical_url)
        ):
            return _detail(one, tells, source)
    if page.role in {"listing", "home", "any"} and (
        rows := _listing(root, markup, page, source, told, tells.procedures, why, now)
    ):
        return rows
    return _nothing(root, markup, page, source, told.title)


def _listing(
    root: Element,
    markup: bytes,
    page: Page,
    source: Source,
    told: Head,
    told_of: tuple[Procedure, ...],
    why: str,
    now: datetime | None,
) -> Reading | None:
    """The rows of a page that lists articles, further listings or procedures; None where it lists nothing."""
    wide = page.role == "home"
    found = listing.entries(root, source.layout, told.base, is_article=source.shows_article, wide=wide, now=now)
    further = listing.sections(root, told.base, is_article=source.shows_article) if page.explore else ()
    rows = told_of or procedures.of_entries(found)
    if not (found or further or rows):
        return None
    stated = source.layout.selectors.listing_links
    return Reading(
        kind="listing",
        outcome=Outcome.OK,
        strayed=bool(stated) and not wide and not select(root, stated),
        message="; ".join(filter(None, (why, _TOO_MANY if len(found) >= listing.MOST_ENTRIES else ""))),
        platform=source.platform,
        title=told.title,
        entries=found,
        next_page=listing.next_page(root, source.layout, told.base, page.number),
        total=listing.total(root, markup.decode("utf-8", "replace"), source.layout.totals),
        sections=further,
        procedures=rows,
    )


def _answered(plain: bytes, page: Page, source: Source, asked: Rest) -> Reading:
    """A listing that came as JSON."""
    rows = rest.read(plain, asked, page.url, page.number)
    return Reading(
        kind="listing",
        outcome=Outcome.OK if rows.procedures or rows.entries else Outcome.EMPTY_OK,
        message="" if rows.entries else "the list ends before this page" if page.number > 1 else "an empty list",
        platform=source.platform,
        entries=rows.entries,
        next_page=rows.next_page,
        total=rows.total,
        procedures=rows.procedures,
    )


def _detail(one: Article, tells: procedures.Found, source: Source) -> Reading:
    """An article's page, or a procedure's: what it is, and the documents that it names."""
    tells = attached.of_decision(tells.titled(one.title, one.body_text), one.title, one.body_text)
    kind: ArticleKind = "procedure" if tells.procedure else "article"
    words = f"{one.title}\n{one.body_text}"
    published = one.published.at.date() if one.published else None
    announced = announcements.announced(one.title, one.body_text) if _PROCEDURES.search(words) else ()
    rows = tells.procedures
    if announced and not (rows or tells.procedure):  # an article that names them in its lines
        rows = attached.in_lines(one.title, one.body_text)
    return Reading(
        kind=kind,
        outcome=Outcome.OK,
        message=_NO_TITLE if one.title == article.title_of_address(one.canonical_url) else "",
        platform=source.platform,
        article=replace(one, kind=kind) if kind != one.kind else one,
        sketch=sketch.of(one.body_text),
        procedure=tells.procedure,
        procedures=rows,
        announced=tuple((said.change, said.evidence) for said in announced),
        numbers=legal.numbers(words) if any(begin.search(words) for begin in _NUMBERS) else (),
        deadlines=deadlines.read(one.title, one.body_text, published),
    )


def tree(markup: bytes) -> Element | None:
    """Clean UTF-8 → an lxml tree; None where there is no element. Raises TooComplex."""
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=False)  # not lxml.html's, which asks Python for each element
    try:
        root: Element | None = etree.fromstring(markup, parser)
    except etree.XMLSyntaxError as error:  # of HTML there is no wrong syntax: libxml2 ran out of memory
        raise TooComplex(f"libxml2 gave up: {error}") from None
    if parser.error_log.filter_from_level(etree.ErrorLevels.FATAL):
        for fault in parser.error_log.filter_from_level(etree.ErrorLevels.FATAL):
            if "depth" in fault.message.lower():
                raise TooComplex(f"line {fault.line}: {fault.message}")
    return root


def _nothing(root: Element, markup: bytes, page: Page, source: Source, title: str) -> Reading:
    """A page with neither an article nor a listing: what is it then?"""
    visible = text.clean(" ".join(visible_texts(root)))
    folded = text.fold(visible)
    heads = [text.fold(title), *(text.fold(said(heading)) for heading in root.iter("h1", "h2", "h3"))]

    def reading(
        kind: Literal["blocked", "not_found", "login", "listing", "other"], outcome: Outcome, why: str
    ) -> Reading:
        return Reading(kind=kind, outcome=outcome, message=why, platform=source.platform, title=title)

    told = outcomes.of_text(markup.decode("utf-8", "replace"), visible)
    if told:
        return reading("blocked", told, f"the page is no content but says: {visible[:120]!r}")
    if any(re.search(pattern, head) for pattern in source.layout.not_found for head in heads):
        return reading("not_found", Outcome.SOFT404, f"answered 200 and says {title[:120]!r}")
    asked = any((field.get("type") or "").lower() == "password" for field in root.iter("input"))
    if asked or select(root, source.layout.login):
        return reading("login", Outcome.LOGIN, "a login form instead of the page")
    if to := _sent_on(root, page.url):
        looped = to.partition("#")[0].lower() == page.url.lower()
        outcome = Outcome.REDIRECT_LOOP if looped else Outcome.MOVED
        return reading("other", outcome, f"the page does nothing but send on to {to}")
    if not visible:
        return reading("other", Outcome.EMPTY, "no visible text")
    if page.role != "listing" and select(root, source.layout.hollow):
        return reading("other", Outcome.EMPTY, "the frame of a record's page, without the record")
    if page.role == "listing" and _EMPTY_LISTING.search(folded):
        return reading("listing", Outcome.EMPTY_OK, "the listing says that it is empty")
    if page.role == "any":
        return reading("other", Outcome.OK, "neither an article nor a listing")
    missed = "listing_links" if page.role == "listing" else "body"
    return reading("other", Outcome.DRIFT, f"selectors.{missed} of {source.platform} meets nothing on this page")


def _sent_on(root: Element, url: str) -> str | None:
    """Where a meta refresh leads at once; one that leads there after a while is a page that keeps itself new."""
    for element in root.iter("meta"):
        if (element.get("http-equiv") or "").lower() == "refresh" and (
            to := _REFRESH.match(element.get("content") or "")
        ):
            return urls.join(url, to[1])
    return None
