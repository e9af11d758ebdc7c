"""A response and its source's layout → what the page says. Pure: no network, clock or database.

This runs in the reader child: a page may be hostile, so nothing here is called by the process that crawls.
"""

from __future__ import annotations

import copy
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

from lxml import etree, html

from scraper import body, dates, decode, feeds, listing, outcomes, text, urls
from scraper.items import Article, Attachment, Counters, Reading
from scraper.outcomes import Outcome
from scraper.selectors import select, select_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from lxml.html import HtmlElement

    from scraper.items import Moment
    from scraper.sources import Source

Role = Literal["detail", "listing", "feed", "sitemap", "any"]

DOCUMENT_TYPES = {
    "pdf": "application/pdf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ppt": "application/vnd.ms-powerpoint",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "rtf": "application/rtf",
    "odt": "application/vnd.oasis.opendocument.text",
    "zip": "application/zip",
    "rar": "application/vnd.rar",
    "7z": "application/x-7z-compressed",
}
_EMPTY_LISTING = re.compile(r"(khong|chua) co (du lieu|bai viet|tin bai|ban ghi|noi dung|thu tuc|van ban)")
_DOCUMENT = re.compile(rf"({'|'.join(DOCUMENT_TYPES)})\s*([?#]|$)|%2e", re.IGNORECASE)
_SHORT_TEXTS = etree.XPath("//body//text()[string-length(.) < 120]")
_STAMP = re.compile(
    r"(dang|cap nhat|xuat ban)( tin| bai)?( luc| vao)?( ngay)?\b|(ngay|thoi gian) (dang|cap nhat|xuat ban)\b"
)
_LONGEST_STAMP = 80
# Plain strings: lxml's own, which know their parents, take twice as long.
_UNSEEN = "parent::script or parent::style or parent::noscript"
_VISIBLE = etree.XPath(f"//body//text()[not({_UNSEEN})]", smart_strings=False)
_VISIBLE_SHORT = etree.XPath(f"//body//text()[string-length() < 120][not({_UNSEEN})]", smart_strings=False)


_LETTERS = re.compile(r"[^\W\d_]")
_ASCII_LETTERS = re.compile("[A-Za-z]")


class TooComplex(ValueError):
    """A page that libxml2 gives up on: nested too deep."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """One response to read: its bytes as they came, and what is known of where it stands.

    `role` is what the address is meant to be, `number` a listing's page, counted from 1.
    """

    url: str
    body: bytes
    content_type: str = ""
    content_encoding: str = ""
    role: Role = "any"
    number: int = 1


def read(page: Page, source: Source, *, now: datetime | None = None) -> Reading:
    """What a page says. Never raises for what the page holds: the outcome tells."""
    try:
        return _read(page, source, now)
    except decode.Truncated as error:
        return Reading(kind="other", outcome=Outcome.TRUNCATED, message=str(error))
    except decode.TooBig as error:
        return Reading(kind="other", outcome=Outcome.TOO_BIG, message=str(error))
    except (decode.Garbled, feeds.NoFeed) as error:
        return Reading(kind="other", outcome=Outcome.BROKEN, message=str(error))
    except TooComplex as error:
        return Reading(kind="other", outcome=Outcome.TOO_COMPLEX, message=str(error))


def _read(page: Page, source: Source, now: datetime | None) -> Reading:
    plain = decode.unfold(page.body, page.content_encoding)
    if not plain.strip():
        return Reading(kind="other", outcome=Outcome.EMPTY, message="an empty body")
    if page.role == "feed":
        return Reading(kind="feed", outcome=Outcome.OK, entries=feeds.feed(plain, page.url))
    if page.role == "sitemap":
        if plain.startswith(b"\x1f\x8b"):
            plain = decode.unfold(plain, "gzip")
        found, further = feeds.sitemap(plain, page.url, now=now)
        return Reading(kind="sitemap", outcome=Outcome.OK, entries=found, sitemaps=further)
    markup = decode.utf8(plain, page.content_type)
    root = tree(markup)
    if root is None:
        return Reading(kind="other", outcome=Outcome.EMPTY, message="no element in the page")
    base = _base(root, page.url)
    if page.role in {"detail", "any"}:
        article = _article(root, page, source, base, now)
        if article and (page.role == "detail" or article.published or source.is_article(article.canonical_url)):
            return Reading(kind="article", outcome=Outcome.OK, platform=source.platform, article=article)
    if page.role in {"listing", "any"}:

        def is_article(address: str) -> bool:
            return _is_article(source, address)

        found = listing.entries(root, source.layout, base, is_article=is_article, now=now)
        if found:
            onward = listing.next_page(root, source.layout, base, page.number)
            return Reading(
                kind="listing",
                outcome=Outcome.OK,
                platform=source.platform,
                title=_page_title(root, source),
                entries=found,
                next_page=onward,
            )
    return _nothing(root, markup, page, source)


def tree(markup: bytes) -> HtmlElement | None:
    """Clean UTF-8 → an lxml tree; None where there is no element. Raises TooComplex."""
    parser = html.HTMLParser(encoding="utf-8", huge_tree=False)
    try:
        root = html.document_fromstring(markup, parser=parser)
    except etree.ParserError:
        return None
    except etree.XMLSyntaxError as error:  # of HTML there is no wrong syntax: libxml2 ran out of memory
        raise TooComplex(f"libxml2 gave up: {error}") from None
    if parser.error_log.filter_from_level(etree.ErrorLevels.FATAL):
        for fault in parser.error_log.filter_from_level(etree.ErrorLevels.FATAL):
            if "depth" in fault.message.lower():
                raise TooComplex(f"line {fault.line}: {fault.message}")
    return root


def _is_article(source: Source, address: str) -> bool:
    try:
        return bool(source.layout.article_paths) and source.is_article(source.canonical(address))
    except urls.BadAddress:
        return False


def _canonical(source: Source, address: str) -> str:
    """The address that names the page; as it is where it is none, as of a file that somebody hands over."""
    try:
        return source.canonical(address)
    except urls.BadAddress:
        return address


def _base(root: HtmlElement, url: str) -> str:
    """The address that relative links start from; a `<base>` of another host is not believed."""
    for element in root.iter("base"):
        to = urls.join(url, element.get("href") or "")
        if to and urls.host(to) == urls.host(url):
            return to
    return url


def _text(element: HtmlElement) -> str:
    return text.clean(text.unescape_twice("".join(element.itertext())))


def _first(root: HtmlElement, selectors: Iterable[str]) -> str:
    """The text of the first element that has any."""
    for selector in selectors:
        for element in select(root, [selector]):
            if said := _text(element):
                return said
    return ""


def _meta(root: HtmlElement, *names: str) -> str:
    for name in names:
        for element in root.iter("meta"):
            if name in {element.get("property"), element.get("name")} and element.get("content"):
                return text.clean(element.get("content") or "")
    return ""


def _head_title(root: HtmlElement) -> str:
    element = next(root.iter("title"), None)
    return "" if element is None else _text(element)


def _page_title(root: HtmlElement, source: Source) -> str:
    title = _head_title(root)
    for ending in source.layout.title_ends:
        title = re.sub(ending, "", title)
    return title


def _article(root: HtmlElement, page: Page, source: Source, base: str, now: datetime | None) -> Article | None:
    layout = source.layout
    field = _body_field(root, layout.selectors.body)
    title = _title(root, source)
    if field is None and not source.is_article(_canonical(source, page.url)):
        return None
    published, raw = _published(root, page.url, source, now)
    noise = [*layout.noise, f"^{re.escape(raw)}$"] if raw else layout.noise
    content = body.NOTHING if field is None else body.read(_body_html(field, source, title), base, noise)
    attachments = _attachments(root, field, source, base)
    if not title or not (content.text or content.images or attachments):
        return None
    canonical = _canonical(source, page.url)
    return Article(
        url=page.url,
        canonical_url=canonical,
        title=title,
        published=published,
        published_raw=raw,
        updated=dates.parse(_meta(root, "article:modified_time"), now=now),
        summary=_first(root, layout.selectors.summary) or None,
        author=_first(root, layout.selectors.author) or content.author,
        body_text=content.text,
        body_html=content.html,
        images=content.images,
        attachments=attachments,
        related=listing.related(
            root, layout, base, is_article=lambda to: _is_article(source, to) or not layout.article_paths, now=now
        ),
        counters=_counters(root, source),
        language=_language(content.text or title),
    )


def _body_field(root: HtmlElement, selectors: Sequence[str]) -> HtmlElement | None:
    """The fullest of the fields that may hold the body: SharePoint pages have several, some of them empty.

    The first selector that meets a full one decides, unless a later one meets a full element that holds none of
    these: then they stand in the frame of the page and not in the article.
    """
    chosen: list[HtmlElement] = []
    for selector in selectors:
        fields = [field for field in select(root, [selector]) if _weight(field)]
        if not chosen or not fields:
            chosen = chosen or fields
            continue
        around = set(fields)
        inside = [field for field in chosen if field in around or not around.isdisjoint(field.iterancestors())]
        holding = {parent for field in fields for parent in (field, *field.iterancestors())}
        chosen = inside or [field for field in chosen if field in holding] or fields
    return max(chosen, key=_weight, default=None)


def _weight(field: HtmlElement) -> int:
    words = len("".join("".join(field.itertext()).split()).replace("\u200b", "").replace("\ufeff", ""))
    return words + 20 * sum(1 for _ in field.iter("img", "a"))


def _body_html(field: HtmlElement, source: Source, title: str) -> str:
    selectors = source.layout.selectors
    field = copy.deepcopy(field)
    field.tail = None
    listing.drop_related(field, source.layout)
    unwanted = select_all(field, (*selectors.strip, *selectors.published, *selectors.summary))
    headings = [*select_all(field, selectors.title), *field.iter("h1", "h2", "h3", "h4")]
    unwanted += [one for one in headings if _text(one) == title]
    for element in unwanted:
        if element is not field and element.getparent() is not None:
            element.drop_tree()
    return str(etree.tostring(field, encoding="unicode", method="html"))


def _title(root: HtmlElement, source: Source) -> str:
    """The page's title; a cut one gives way to a whole one that begins like it.

    Of several headings that one is taken which the head of the page names, too; the portal's own name is none.
    """
    named = [said for said in (_meta(root, "og:title"), _page_title(root, source)) if said]
    shown: list[str] = []
    for selector in source.layout.selectors.title:
        shown = [said for said in map(_text, select(root, [selector])) if said and not _is_portal(said, root, source)]
        if shown:
            break
    agreed = [said for said in shown if any(text.same_title(said, whole) for whole in named)]
    candidates = [*agreed[:1], *shown[:1], *named]
    if not candidates:
        return ""
    best = candidates[0]
    if text.is_cut(best):
        best = next((one for one in candidates if not text.is_cut(one) and text.same_title(best, one)), best)
    return best


def _is_portal(said: str, root: HtmlElement, source: Source) -> bool:
    """Whether a heading is the name that the portal appends to the titles of all its pages."""
    whole = _head_title(root)
    appended = whole[len(_page_title(root, source)) :]
    return bool(appended) and text.fold(said) in text.fold(appended)


def _published(root: HtmlElement, url: str, source: Source, now: datetime | None) -> tuple[Moment | None, str | None]:
    """What the page prints, else what its meta tags say, else the date folder of its address."""
    printed = _first(root, source.layout.selectors.published) or _printed_date(root, now)
    stamps = [printed, _meta(root, "article:published_time", "datePublished", "DC.Date")]
    for stamp in stamps:
        if moment := dates.parse(stamp, now=now):
            return moment, stamp
    moment = dates.from_path(urlsplit(url).path)
    return moment, printed or (moment.at.date().isoformat() if moment else None)


def _printed_date(root: HtmlElement, now: datetime | None) -> str:
    """A line "Đăng ngày …" that no selector meets."""
    for node in _SHORT_TEXTS(root):
        if not _STAMP.match(text.fold(node)):
            continue
        box = node.getparent() if node.is_text else None
        for said in (text.clean(node), _text(box) if box is not None else ""):
            if len(said) <= _LONGEST_STAMP and dates.parse(said, now=now):
                return said
    return ""


def _attachments(root: HtmlElement, field: HtmlElement | None, source: Source, base: str) -> tuple[Attachment, ...]:
    """Documents linked from the article's frame and from the page's own lists of attachments."""
    selectors = source.layout.selectors
    frame = _frame(root, field, selectors.title)
    areas = [area for area in (field, frame, *select_all(root, selectors.attachments)) if area is not None]
    links = dict.fromkeys(link for area in areas for link in area.iter("a") if _document_type(link.get("href") or ""))
    foreign = set(select(root, selectors.related)) if links else set()
    found: dict[str, Attachment] = {}
    for link in links:
        address = urls.join(base, link.get("href") or "")
        kind = _document_type(address) if address else None
        if address and kind and link not in foreign:
            title = _text(link) or text.clean(link.get("title") or "")
            if address not in found or not found[address].title:
                found[address] = Attachment(url=address, title=title, media_type=kind)
    return tuple(found.values())


def _frame(root: HtmlElement, field: HtmlElement | None, titles: Sequence[str]) -> HtmlElement | None:
    """The smallest element around both title and body: lists of attachments stand beside the body, in no fixed class.

    Where there is no body, it is the smallest one around the title and a document. None where that is the whole page.
    """
    heads = select(root, titles)
    if not heads:
        return None
    around = [heads[0], *heads[0].iterancestors()]
    if field is None:
        frame = next((one for one in around if any(_document_type(to.get("href") or "") for to in one.iter("a"))), None)
    else:
        inside = {field, *field.iterancestors()}
        frame = next((one for one in around if one in inside), None)
    return None if frame is None or frame.tag in {"body", "html", "form"} else frame


def _document_type(address: str) -> str | None:
    if not _DOCUMENT.search(address):
        return None
    name = unquote(re.split("[?#]", address, maxsplit=1)[0]).rsplit("/", 1)[-1].strip().lower()
    return DOCUMENT_TYPES.get(name.rsplit(".", 1)[-1]) if "." in name else None


def _visible(root: HtmlElement) -> str:
    return text.clean(" ".join(_VISIBLE(root)))


def _counters(root: HtmlElement, source: Source) -> Counters:
    patterns = source.layout.counters
    if not (patterns.votes or patterns.online or patterns.views):
        return Counters()
    # Numbers stand in short texts, and those of the article need not be searched.
    short = " ".join(_VISIBLE_SHORT(root))
    visible = unicodedata.normalize("NFC", " ".join(short.split()))

    def number(expressions: Iterable[str]) -> int | None:
        for expression in expressions:
            if match := re.search(expression, visible, re.IGNORECASE):
                digits = re.sub(r"\D", "", match[1])
                return int(digits[:15]) if digits else None
        return None

    return Counters(votes=number(patterns.votes), online=number(patterns.online), views=number(patterns.views))


def _language(words: str) -> str | None:
    """`vi` or `en`, by letters: what `<html lang>` says is wrong on many of these pages."""
    words = words[:1_500]
    letters = len(_LETTERS.findall(words))
    if not letters:
        return None
    marked = letters - len(_ASCII_LETTERS.findall(words))
    return "vi" if marked * 50 > letters else "en"


def _nothing(root: HtmlElement, markup: bytes, page: Page, source: Source) -> Reading:
    """A page with neither an article nor a listing: what is it then?"""
    title = _page_title(root, source)
    visible = _visible(root)
    folded = text.fold(visible)
    heads = [text.fold(title), *(text.fold(_text(head)) for head in root.iter("h1", "h2", "h3"))]

    def reading(
        kind: Literal["blocked", "not_found", "login", "listing", "other"], outcome: Outcome, why: str
    ) -> Reading:
        return Reading(kind=kind, outcome=outcome, message=why, platform=source.platform, title=title)

    told = outcomes.of_text(markup.decode("utf-8", "replace"), visible)
    if told:
        return reading("blocked", told, f"the page is no content but says: {visible[:120]!r}")
    if any(re.search(pattern, head) for pattern in source.layout.not_found for head in heads):
        return reading("not_found", Outcome.SOFT404, f"answered 200 and says {title[:120]!r}")
    if any((field.get("type") or "").lower() == "password" for field in root.iter("input")):
        return reading("login", Outcome.LOGIN, "a login form instead of the page")
    if not visible:
        return reading("other", Outcome.EMPTY, "no visible text")
    if page.role == "listing" and _EMPTY_LISTING.search(folded):
        return reading("listing", Outcome.EMPTY_OK, "the listing says that it is empty")
    if page.role == "any":
        return reading("other", Outcome.OK, "neither an article nor a listing")
    missed = "listing_links" if page.role == "listing" else "body"
    return reading("other", Outcome.DRIFT, f"selectors.{missed} of {source.platform} meets nothing on this page")
