"""A feed as Atom 1.0 (RFC 4287), RSS 2.0 and JSON Feed 1.1, and lists of feeds as OPML 2.0. Pure.

Whatever a portal wrote comes out well-formed: characters that XML cannot hold are left out.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lxml import etree
from lxml.builder import ElementMaker

from scraper import text
from scraper.items import VIETNAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

ATOM, CONTENT, DUBLIN = (
    "http://www.w3.org/2005/Atom", "http://purl.org/rss/1.0/modules/content/", "http://purl.org/dc/elements/1.1/",
)  # fmt: skip
NEVER = datetime.fromtimestamp(0, UTC)
"""When a feed without entries was updated: Atom wants a time."""
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNKNOWN_TYPE = "application/octet-stream"


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """A document that belongs to an item; `size` is in bytes, where it is known."""

    url: str
    title: str = ""
    media_type: str = _UNKNOWN_TYPE
    size: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Category:
    """A word that an item is filed under (`term`), of which list of words (`group`), and how people say it."""

    group: str
    term: str
    label: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One entry. `id` is a URI for ever, `url` our page of it, `portal` that of the portal.

    `updated` is when it was last told of, `published` when the portal published it, if that is known. `html` is inert
    already, `summary` is text.
    """

    id: str
    url: str
    title: str
    updated: datetime
    author: str
    published: datetime | None = None
    precision: str | None = None
    portal: str = ""
    summary: str = ""
    html: str = ""
    language: str = "vi"
    categories: tuple[Category, ...] = ()
    files: tuple[File, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """A page of a feed, with the addresses of itself, of the page that people read, and of other pages (RFC 5005).

    `own` is its address as a list without what chooses a page; `first` is the page that began the walk.
    """

    id: str
    title: str
    subtitle: str
    home: str
    own: str
    first: str
    next: str | None = None
    previous: str | None = None
    language: str = "vi"
    items: Sequence[Item] = field(default=())

    @property
    def updated(self) -> datetime:
        """When the last of its items was."""
        return max((item.updated for item in self.items), default=NEVER)

    @property
    def paging(self) -> Iterator[tuple[str, str]]:
        """Link relations, and what they lead to."""
        for relation in ("first", "next", "previous"):
            if address := getattr(self, relation):
                yield relation, address


def legal(said: str) -> str:
    r"""Text without what XML 1.0 (2.2) allows in no document: most control characters, surrogates.

    >>> legal("mộ\x00t" + chr(0xD800) + chr(0xFFFF) + " hai")
    'một hai'
    """
    return _ILLEGAL.sub("", said)


def line(said: str) -> str:
    """The same as one line, without space around."""
    return text.clean(legal(said))


def uri(address: str) -> str:
    """An address in ASCII, as RSS and enclosures want it.

    >>> uri("https://a.vn/Quyết định.pdf?x=%201")
    'https://a.vn/Quy%E1%BA%BFt%20%C4%91%E1%BB%8Bnh.pdf?x=%201'
    """
    return quote(legal(address), safe="%/:=&?~#+!$,;'@()*[]")


def stamp(at: datetime) -> str:
    """A time by RFC 3339, in Vietnam's zone."""
    return at.astimezone(VIETNAM).isoformat(timespec="seconds")


def atom(feed: Feed) -> bytes:
    """Atom 1.0."""
    make = ElementMaker(namespace=ATOM, nsmap={None: ATOM})
    root = make.feed(
        {"{http://www.w3.org/XML/1998/namespace}lang": feed.language},
        make.id(feed.id),
        make.title(line(feed.title)),
        make.subtitle(line(feed.subtitle)),
        make.updated(stamp(feed.updated)),
        make.author(make.name("congtin")),
        make.generator("congtin"),
        make.link(rel="self", type="application/atom+xml", href=uri(feed.own)),
        make.link(rel="alternate", type="text/html", href=uri(feed.home)),
        *(make.link(rel=relation, type="application/atom+xml", href=uri(to)) for relation, to in feed.paging),
        *(_entry(make, item) for item in feed.items),
    )
    return _written(root)


def _entry(make: ElementMaker, item: Item) -> Any:
    entry = make.entry(
        {"{http://www.w3.org/XML/1998/namespace}lang": item.language},
        make.id(item.id),
        make.title({"type": "text"}, line(item.title)),
        make.updated(stamp(item.updated)),
        make.author(make.name(line(item.author))),
        make.link(rel="alternate", type="text/html", href=uri(item.url)),
    )
    if item.published:
        entry.append(make.published(stamp(item.published)))
    if item.portal:
        entry.append(make.link(rel="via", href=uri(item.portal)))
    for file in item.files:
        told = {"rel": "enclosure", "type": line(file.media_type), "href": uri(file.url), "title": line(file.title)}
        entry.append(make.link(told | ({"length": str(file.size)} if file.size is not None else {})))
    for one in item.categories:
        entry.append(make.category(term=line(one.term), scheme=f"urn:congtin:{one.group}", label=line(one.label)))
    if item.summary:
        entry.append(make.summary({"type": "text"}, legal(item.summary)))
    if item.html:
        entry.append(make.content({"type": "html"}, legal(item.html)))
    return entry


def rss(feed: Feed) -> bytes:
    """RSS 2.0, with Atom's links, Dublin Core's creator, and the whole text beside the summary."""
    make = ElementMaker()
    linked = ElementMaker(namespace=ATOM)
    own, kind = uri(feed.own), "application/rss+xml"
    channel = make.channel(
        make.title(line(feed.title)),
        make.link(uri(feed.home)),
        make.description(line(feed.subtitle)),
        make.language(feed.language),
        make.lastBuildDate(_mail_date(feed.updated)),
        make.generator("congtin"),
        make.docs("https://www.rssboard.org/rss-specification"),
        linked.link(rel="self", type=kind, href=own),
        *(linked.link(rel=relation, type=kind, href=uri(to)) for relation, to in feed.paging),
        *(_rss_item(make, item) for item in feed.items),
    )
    root = etree.Element("rss", version="2.0", nsmap={"atom": ATOM, "content": CONTENT, "dc": DUBLIN})
    root.append(channel)
    return _written(root)


def _rss_item(make: ElementMaker, item: Item) -> Any:
    element = make.item(
        make.title(line(item.title)),
        make.link(uri(item.url)),
        make.guid({"isPermaLink": "false"}, item.id),
        ElementMaker(namespace=DUBLIN).creator(line(item.author)),
        ElementMaker(namespace=ATOM).updated(stamp(item.updated)),
    )
    if item.published:
        element.append(make.pubDate(_mail_date(item.published)))
    for one in item.categories:
        element.append(make.category({"domain": f"urn:congtin:{one.group}"}, line(one.term)))
    if item.summary:
        element.append(make.description(legal(item.summary)))
    if item.html:
        element.append(ElementMaker(namespace=CONTENT).encoded(legal(item.html)))
    for file in item.files[:1]:  # readers know one enclosure to an item; all files stand in the text as well
        told = {"url": uri(file.url), "type": line(file.media_type), "length": str(file.size or 0)}
        element.append(make.enclosure(told))
    return element


def _mail_date(at: datetime) -> str:
    return format_datetime(at.astimezone(VIETNAM))


def json_feed(feed: Feed) -> bytes:
    """JSON Feed 1.1. How finely a date of publication is known stands under `_congtin`."""
    told: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": line(feed.title),
        "description": line(feed.subtitle),
        "home_page_url": uri(feed.home),
        "feed_url": uri(feed.own),
        "language": feed.language,
        "items": [_json_item(item) for item in feed.items],
    }
    if feed.next:
        told["next_url"] = uri(feed.next)
    return json.dumps(told, ensure_ascii=False).encode()


def _json_item(item: Item) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": item.id,
        "url": uri(item.url),
        "external_url": uri(item.portal),
        "title": line(item.title),
        "content_html": legal(item.html),
        "summary": legal(item.summary),
        "date_published": stamp(item.published) if item.published else None,
        "date_modified": stamp(item.updated),
        "authors": [{"name": line(item.author)}],
        "tags": [line(one.label) for one in item.categories],
        "language": item.language,
        "attachments": [
            {"url": uri(one.url), "mime_type": line(one.media_type), "title": line(one.title)}
            | ({"size_in_bytes": one.size} if one.size is not None else {})
            for one in item.files
        ],
        "_congtin": {"precision": item.precision},
    }
    return {name: said for name, said in told.items() if said or name == "content_html"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Outline:
    """A feed in a list of feeds; `group` is what it is listed under."""

    title: str
    group: str
    feed: str
    home: str


def opml(title: str, outlines: Iterable[Outline]) -> bytes:
    """OPML 2.0. Of type `rss` is what readers take for a feed, whatever its format."""
    make = ElementMaker()
    body = make.body()
    groups: dict[str, Any] = {}
    for one in outlines:
        parent = body
        if one.group:
            if one.group not in groups:
                groups[one.group] = make.outline(text=line(one.group))
                body.append(groups[one.group])
            parent = groups[one.group]
        name = line(one.title)
        parent.append(
            make.outline(type="rss", text=name, title=name, xmlUrl=uri(one.feed), htmlUrl=uri(one.home))
        )  # fmt: skip
    return _written(make.opml({"version": "2.0"}, make.head(make.title(line(title))), body))


def _written(root: Any) -> bytes:
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
