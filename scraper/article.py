"""A page that holds one article → Article: which of its elements is the body, the title, the date. Pure."""

from __future__ import annotations

import copy
import re
import unicodedata
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from lxml import etree

from scraper import body, dates, generic, listing, text, urls
from scraper.items import Article, Attachment, Counters
from scraper.media_types import document_type
from scraper.selectors import drop, raw_text, said, select, select_all, visible_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from lxml.etree import _Element as Element

    from scraper.head import Head
    from scraper.items import Moment
    from scraper.sources import Source

_LABEL = re.compile(
    r"(bam vao day( de)? )?(tai (ve|xuong|file|tep)|download)( (tai day|file|tep|may|ve))*|xem( chi tiet)?|tai day"
)
_PLACES = etree.XPath("/*/body/descendant::text()[. = $line]")
_STAMP = re.compile(
    r"(dang|cap nhat|xuat ban)( tin| bai)?( luc| vao)?( ngay)?\b|(ngay|thoi gian) (dang|cap nhat|xuat ban)\b"
)
_SHOWN = etree.XPath("descendant::text()[not(parent::script or parent::style)]", smart_strings=False)
_LONGEST_STAMP = 80
_SHORT = 120
_NO_DIGITS = re.compile(r"\D+")
_BESIDE = 80
"""How far from a counter's number its words may begin or end."""
_FEWEST_HYPHENS = 2
"""A name in an address with fewer is that of a page ("chi-tiet.aspx"), and not made of an article's title."""
_HITS = re.compile(r"\s*\(\s*\d+\s*-?\s*lượt[^()]*\)\s*$", re.IGNORECASE)
_UNTITLED = re.compile(r"untitled( document| page)?|no title|new page|(khong co )?tieu de")
_NO_LETTERS = re.compile(r"[\W\d_]+")


def read(
    root: Element, head: Head, url: str, source: Source, now: datetime | None, place: Element | None = None
) -> Article | None:
    """The article of the page at an address; None where there is none.

    `place` is an element that belongs to it whatever the layout says: where the page tells of a procedure.
    """
    layout = source.layout
    profiled = bool(layout.selectors.body)
    field = around = _body_field(root, layout.selectors.body) if profiled else place
    record = None
    if place is not None and field not in {place, *place.iterancestors()}:
        field = around = place
    elif field is None and not profiled and (found := generic.read(root, head.base)):
        field, around, record = found.field, found.place, found.record
    canonical = _canonical(source, url)
    if field is None and not (profiled and source.is_article(canonical)):
        return None
    title = (record and record.title) or _title(root, head, layout.selectors.title) or title_of_address(canonical)
    published, raw = _published(root, head, url, source, now, issued=record.issued if record else "")
    content = body.NOTHING
    if field is not None:
        # A table is a record, of which the date is a part and no line above the text.
        printed = None if record or field.tag == "table" else raw
        content = body.read(_body(field, source, title), head.base, layout.noise, printed=printed)
    attachments = _attachments(root, around, source, head.base)
    if not title or not (content.text or content.images or attachments):
        return None
    return Article(
        url=url,
        canonical_url=canonical,
        title=title,
        published=published,
        published_raw=raw,
        updated=dates.parse(head.meta("article:modified_time"), now=now),
        summary=_first(root, layout.selectors.summary) or None,
        author=_first(root, layout.selectors.author) or content.author,
        body_text=content.text,
        body_html=content.html,
        images=content.images,
        attachments=attachments,
        related=listing.related(
            root, layout, head.base, is_article=lambda to: source.shows_article(to) or not layout.article_paths, now=now
        ),
        counters=_counters(root, source),
        language=_language(content.text or title),
    )


def _canonical(source: Source, address: str) -> str:
    """The address that names the page; as it is where it is none, as of a file that somebody hands over."""
    try:
        return source.canonical(address)
    except urls.BadAddress:
        return address


def _first(root: Element, selectors: Iterable[str]) -> str:
    """The text of the first element that has any."""
    return next(filter(None, (_shown(element) for one in selectors for element in select(root, [one]))), "")


def _shown(element: Element) -> str:
    """What an element says, without what it says to the browser alone (E18)."""
    if next(element.iter("script", "style"), None) is None:
        return said(element)
    return text.clean(" ".join(_SHOWN(element)))


def _body_field(root: Element, selectors: Sequence[str]) -> Element | None:
    """The fullest of the fields that may hold the body: SharePoint pages have several, some of them empty.

    The first selector that meets a full one decides, unless a later one meets a full element that holds none of
    these: then they stand in the frame of the page and not in the article.
    """
    chosen: list[Element] = []
    weights: dict[Element, int] = {}
    for selector in selectors:
        met = select(root, [selector])
        weights.update((field, _weight(field)) for field in met if field not in weights)
        fields = [field for field in met if weights[field]]
        if not chosen or not fields:
            chosen = chosen or fields
            continue
        around = set(fields)
        inside = [field for field in chosen if field in around or not around.isdisjoint(field.iterancestors())]
        holding = {parent for field in fields for parent in (field, *field.iterancestors())}
        chosen = inside or [field for field in chosen if field in holding] or fields
    return max(chosen, key=weights.__getitem__, default=None)


def _weight(field: Element) -> int:
    words = len("".join(raw_text(field).split()).replace("\u200b", "").replace("\ufeff", ""))
    return words + 20 * sum(1 for _ in field.iter("img", "a"))


def _body(field: Element, source: Source, title: str) -> Element:
    """A copy of the body without what does not belong to it."""
    selectors = source.layout.selectors
    field = copy.deepcopy(field)
    listing.drop_related(field, source.layout)
    beside = () if field.tag == "table" else (*selectors.published, *selectors.summary)
    unwanted = select_all(field, (*selectors.strip, *beside))
    headings = [*select_all(field, selectors.title), *field.iter("h1", "h2", "h3", "h4")]
    unwanted += [one for one in headings if said(one) == title]
    for element in unwanted:
        if element is not field and element.getparent() is not None:
            drop(element)
    return field


def _title(root: Element, head: Head, selectors: Iterable[str]) -> str:
    """The page's title; a cut one gives way to a whole one that begins like it.

    Of several headings that one is taken which the head of the page names, too; the portal's own name is none.
    """
    named = [one for one in (head.meta("og:title"), head.title) if _is_title(one)]
    appended = text.fold(head.appended)
    shown: list[str] = []
    for selector in selectors:
        shown = [
            heading
            for heading in map(_shown, select(root, [selector]))
            if _is_title(heading) and text.fold(heading) not in appended
        ]
        if shown:
            break
    agreed = [heading for heading in shown if any(text.same_title(heading, whole) for whole in named)]
    candidates = [*agreed[:1], *shown[:1], *named]
    if not candidates:
        return ""
    best = candidates[0]
    if text.is_cut(best):
        best = next((one for one in candidates if not text.is_cut(one) and text.same_title(best, one)), best)
    return best


def _is_title(words: str) -> bool:
    return any(map(str.isalnum, words)) and not _UNTITLED.fullmatch(text.fold(words).strip(" .:()[]"))


def title_of_address(canonical_url: str) -> str:
    """The words of an address, for an article that has no title of its own (E12); empty where it has none, either.

    >>> title_of_address("https://example.vn/tin?/hop-giao-ban-thang-7/8422437")
    'Hop giao ban thang 7'
    """
    path = re.sub(r"\Ahttps?://[^/?]*", "", canonical_url)
    names = [re.sub(r"\.\w{1,5}\Z|\A\d+-|-\d{4,}(?=\.|\Z)", "", unquote(name)) for name in re.split(r"[/?]", path)]
    words = next((name for name in reversed(names) if "=" not in name and name.count("-") >= _FEWEST_HYPHENS), "")
    title = text.clean(re.sub(r"[-_+]+", " ", words))
    return title[:1].upper() + title[1:]


def _published(
    root: Element, head: Head, url: str, source: Source, now: datetime | None, *, issued: str = ""
) -> tuple[Moment | None, str | None]:
    """What the page prints, else what its meta tags say, else the date folder of its address."""
    printed = _first(root, source.layout.selectors.published) or _printed_date(root, now)
    stamps = [printed, head.meta("article:published_time", "datePublished", "DC.Date")]
    for stamp in stamps:
        if moment := dates.past(dates.parse(stamp, now=now), now):
            return moment, stamp
    if not source.layout.selectors.body:
        return generic.published(root, url, issued=issued, now=now)
    moment = dates.past(dates.from_path(urlsplit(url).path), now)
    return moment, printed or (moment.at.date().isoformat() if moment else None)


def _printed_date(root: Element, now: datetime | None) -> str:
    """A line "Đăng ngày …" that no selector meets."""
    lines = dict.fromkeys(filter(_is_stamp, visible_texts(root)))
    for node in (node for line in lines for node in _PLACES(root, line=line)):
        box = node.getparent() if node.is_text else None
        for line in (text.clean(node), said(box) if box is not None else ""):
            if len(line) <= _LONGEST_STAMP and dates.parse(line, now=now):
                return line
    return ""


@lru_cache(maxsize=4096)
def _is_stamp(words: str) -> bool:
    return len(words) < _SHORT and bool(_STAMP.match(text.fold(words)))


def _attachments(root: Element, field: Element | None, source: Source, base: str) -> tuple[Attachment, ...]:
    """Documents linked from the article's frame and from the page's own lists of attachments."""
    selectors, handlers = source.layout.selectors, source.layout.downloads
    frame = _frame(root, field, selectors.title, handlers)
    areas = [area for area in (field, frame, *select_all(root, selectors.attachments)) if area is not None]
    links = {link: to for area in areas for link in area.iter("a") if (to := _document(link, handlers))}
    foreign = set(select(root, selectors.related)) if links else set()
    found: dict[str, Attachment] = {}
    for link, to in links.items():
        address = urls.join(base, to)
        title = _HITS.sub("", said(link))
        kind = document_type(address) or document_type(title) if address else None
        if address and kind and link not in foreign:
            if not title or _LABEL.fullmatch(text.fold(title).strip(" .:()[]")):
                title = text.clean(link.get("title") or "")
            if address not in found or not found[address].title:
                found[address] = Attachment(url=address, title=title, media_type=kind)
    return tuple(found.values())


def _document(link: Element, handlers: Iterable[str]) -> str:
    """The document that a link leads to, by address or by script; empty where it leads to none."""
    address = link.get("href") or ""
    if document_type(address):
        return address
    script = link.get("onclick") or ""
    named = (match[1] for handler in handlers for match in [re.search(handler, script)] if match) if script else ()
    return next((one for one in named if document_type(one) or document_type(_HITS.sub("", said(link)))), "")


def _frame(root: Element, field: Element | None, titles: Sequence[str], handlers: Sequence[str]) -> Element | None:
    """The smallest element around both title and body: lists of attachments stand beside the body, in no fixed class.

    Where there is no body, it is the smallest one around the title and a document. None where that is the whole page.
    """
    heads = select(root, titles)
    if not heads:
        return None
    around = [heads[0], *heads[0].iterancestors()]
    if field is None:
        holding: set[Element] = set()
        for link in root.iter("a"):
            if _document(link, handlers):
                holding.update(takewhile(lambda one: one not in holding, (link, *link.iterancestors())))
        frame = next((one for one in around if one in holding), None)
    else:
        inside = {field, *field.iterancestors()}
        frame = next((one for one in around if one in inside), None)
    return None if frame is None or frame.tag in {"body", "html", "form"} else frame


def _counters(root: Element, source: Source) -> Counters:
    patterns = source.layout.counters
    if not (patterns.votes or patterns.online or patterns.views):
        return Counters()
    # Numbers stand in short texts, and those of the article need not be searched; nor what is far from any number.
    short = " ".join(one for one in visible_texts(root) if len(one) < _SHORT)
    visible = unicodedata.normalize("NFC", _NO_DIGITS.sub(_its_ends, " ".join(short.split())))

    def number(expressions: Iterable[str]) -> int | None:
        for expression in expressions:
            if match := re.search(expression, visible, re.IGNORECASE):
                digits = re.sub(r"\D", "", match[1])
                return int(digits[:15]) if digits else None
        return None

    return Counters(votes=number(patterns.votes), online=number(patterns.online), views=number(patterns.views))


def _its_ends(found: re.Match[str]) -> str:
    words = found[0]
    return words if len(words) <= 2 * _BESIDE else f"{words[:_BESIDE]}\0{words[-_BESIDE:]}"


def _language(words: str) -> str | None:
    """`vi` or `en`, by letters: what `<html lang>` says is wrong on many of these pages."""
    letters = _NO_LETTERS.sub("", words[:1_500])
    if not letters:
        return None
    marked = len(letters) - len(letters.encode("ascii", "ignore"))
    return "vi" if marked * 50 > len(letters) else "en"
