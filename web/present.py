"""From stored text to what may stand on a page: bodies made inert, addresses checked, long sameness folded. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import nh3
from markupsafe import Markup

from scraper import text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_TAGS = frozenset(
    re.findall(
        r"\w+",
        "a b blockquote br caption cite code dd del div dl dt em figcaption figure h2 h3 h4 h5 h6 hr i img ins li ol p "
        "pre q s small strong sub sup table tbody td tfoot th thead tr u ul",
    )
)
_ATTRIBUTES = {"a": {"href", "title"}, "img": {"src", "alt"}} | {tag: {"colspan", "rowspan"} for tag in ("td", "th")}
_REL = "noopener noreferrer nofollow"
# nh3 quotes every attribute and escapes what stands in it, so that a tag ends at the first ">".
_PICTURE = re.compile(r"<img([^>]*)>")
_ATTRIBUTE = re.compile(r' (src|alt)="([^"]*)"')
_TOP_HEADING = re.compile(r"<(/?)h1\b", re.IGNORECASE)
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_FILE_NAME = re.compile(r"\S*\.\w{3,4}", re.ASCII)


def body(html: str, picture: str) -> Markup:
    """A record's HTML with inert tags only, made so again however clean it was stored.

    Nothing of it is loaded: a reader of the archive must not be seen by the portal (and its pictures may have changed
    since). Each picture becomes a link to it, which says `picture`; its caption stays where it was.

    >>> body('<p onclick="x()">Một<script>y()</script></p><img src="https://a.vn/1.jpg">', "Ảnh")
    Markup('<p>Một</p><a class="picture" href="https://a.vn/1.jpg" rel="noopener noreferrer nofollow">Ảnh</a>')
    """
    # The page has its own first heading, and direction overrides could turn the text around it.
    html = _TOP_HEADING.sub(r"<\1h2", _DIRECTION.sub("", html))
    inert = nh3.clean(
        html,
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https"},
        url_relative="deny",
        link_rel=_REL,
    )
    return Markup(_PICTURE.sub(lambda found: _linked(found[1], Markup.escape(picture)), inert))  # noqa: S704 - nh3's


def _linked(attributes: str, picture: str) -> str:
    """A picture as a link; the attributes are nh3's own writing and escaped already."""
    found = dict(_ATTRIBUTE.findall(attributes))
    alternative = found.get("alt", "").strip()
    if alternative and not _FILE_NAME.fullmatch(unescape(alternative)):
        picture = f"{picture}: {alternative}"
    if "src" not in found:
        return picture if alternative else ""
    return f'<a class="picture" href="{found["src"]}" rel="{_REL}">{picture}</a>'


def snippet(marked: str) -> Markup:
    """A snippet of the search, sure to hold no tag but `<mark>`; words found side by side are marked as one.

    >>> snippet("<mark>thi</mark> <mark>đua</mark> &lt;b&gt;")
    Markup('<mark>thi đua</mark> &lt;b&gt;')
    """
    inert = nh3.clean(_DIRECTION.sub("", marked), tags={"mark"}, attributes={})
    return Markup(inert.replace("</mark> <mark>", " "))  # noqa: S704 - nh3's


def address(url: str | None) -> str:
    """An address that a link may have; empty where it is none: what a portal links to may begin with `javascript:`."""
    return url if url and re.match(r"https?://[^\s\\]", url, re.IGNORECASE) else ""


def same_words(typed: str, understood: str) -> bool:
    """Whether a query was read as it was typed, but for case, spaces and marks between words.

    >>> same_words("Thi đua, khen thưởng", "thi đua khen thưởng"), same_words("42/2022", '"42 2022"')
    (True, False)
    """
    words = (word.strip(".,;:!?…") for word in text.exact(typed).split())
    return " ".join(filter(None, words)) == understood


def query(parameters: Iterable[tuple[str, str | None]]) -> str:
    """A query string of the parameters that say something; empty where none does."""
    said = urlencode([(name, value) for name, value in parameters if value])
    return f"?{said}" if said else ""


def feed(source: str) -> str:
    """Where the feed of a source is.

    >>> feed("thanh-hoa/snv")
    '/feeds/source/thanh-hoa/snv.atom'
    """
    return f"/feeds/source/{quote(source)}.atom"


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a comparison: kept `=`, added `+`, removed `-`, or kept and too long to be shown at once `…`."""

    sign: str
    words: str


_NEAR = 240
_WORTH_FOLDING = 900


def parts(changes: Sequence[Sequence[str]]) -> Iterator[Part]:
    """A comparison in which long stretches without a change are folded but for what is near to one.

    The space before a changed word is no change.

    >>> [part.words for part in parts([("=", "là"), ("-", " mười"), ("+", " năm")])]
    ['là', ' ', 'mười', ' ', 'năm']
    """
    for place, (sign, words) in enumerate(changes):
        if sign != "=":
            bare = words.lstrip(" ")
            if bare and bare != words:
                yield Part("=", words[: -len(bare)])
            yield Part(sign, bare or words)
            continue
        if len(words) < _WORTH_FOLDING:
            yield Part(sign, words)
            continue
        start = _gap(words, _NEAR) if place else 0
        end = _gap(words, len(words) - _NEAR) if place < len(changes) - 1 else len(words)
        if start:
            yield Part("=", words[:start])
        yield Part("…", words[start:end])
        if end < len(words):
            yield Part("=", words[end:])


def _gap(words: str, near: int) -> int:
    """Where a word ends at or soon after a place."""
    found = re.compile(r"\s").search(words, near, near + 60)
    return found.start() if found else near
