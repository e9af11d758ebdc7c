"""An article's body: its subtree → paragraphs, pictures with their captions, clean HTML. Pure.

These portals write a caption as an ordinary paragraph after the picture (or under it in the same paragraph or table
cell), centred, in italics, or just short and without a full stop. It belongs to the picture, not to the text; no
word of either is lost.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import nh3
from bs4.element import NavigableString, PreformattedString, Script, Stylesheet, Tag, TemplateString

from scraper import soup as soups
from scraper import text, urls
from scraper.items import Image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bs4 import BeautifulSoup
    from lxml.etree import _Element as Element

_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body center caption dd div dl dt fieldset figcaption figure footer form h1 "
        "h2 h3 h4 h5 h6 header hr html li main nav ol p pre section table tbody td tfoot th thead tr ul br",
    )
)
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_KEPT = sorted({"lang", "title"}.union(*_ATTRIBUTES.values()))  # nh3 keeps the first two on any tag
_TELLING = frozenset({*_KEPT, "align", "class", "style", "data-src", "data-original"})
_CLEANER = nh3.Cleaner(
    tags=set(
        re.findall(
            r"\w+",
            "a b blockquote br caption cite code dd del div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins "
            "li ol p pre q s small span strong sub sup table tbody td tfoot th thead tr u ul",
        )
    ),
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https"},
    link_rel=None,
)
_DECORATION = re.compile(r"/_layouts/|/imageads/|/linkimage/|/images?/(icon|btn|spacer)", re.IGNORECASE)
_NUMBERED = re.compile(r"^(\d{1,2}|[IVX]{1,5}|[a-zđ])\s*[.)/]\s|^[-+•*]\s")
_DROPPED_IF_BLANK = frozenset({"p", "div", "span", "figcaption", "em", "i", "b", "strong", "center"})
_SHOWN = frozenset({"img", "table"})
_HOLDERS = frozenset({"p", "div", "td", "th", "figure", "center", "li"})
_CAPTIONS = frozenset({"figcaption", "caption"})
_FRAMES = frozenset({"figure", "table"})
_UNSEEN = (PreformattedString, Script, Stylesheet, TemplateString)
_CAPTION_CLASS = re.compile(r"caption|chu-?thich|image-?note|desc", re.IGNORECASE)

LONGEST_CAPTION = 300
LONGEST_CONTROL = 300
"""What is longer is text, whatever pattern meets it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """What a body says: `text` with one paragraph a line and no captions, `html` with both, its pictures in order."""

    text: str
    html: str
    images: tuple[Image, ...]
    author: str | None = None


NOTHING = Body(text="", html="", images=())
"""The body of a page that has none: an announcement is often a title and a document."""


@dataclass(slots=True, eq=False)
class _Line:
    """One visible line: its text nodes, and how it is set."""

    nodes: list[NavigableString] = field(default_factory=list)
    text: str = ""
    after: Tag | None = None
    """The picture that stands directly before it."""

    def finish(self) -> bool:
        self.text = text.clean("".join(self.nodes))
        return bool(self.text)


def read(field: Element, base: str, noise: Sequence[str] = (), *, printed: str | None = None) -> Body:
    """Reads a body.

    Args:
        field: the element that holds the body, and nothing that does not belong to it.
        base: the address that relative links start from.
        noise: regular expressions of whole paragraphs that are controls and not text.
        printed: the date of publication as the page prints it; a paragraph of it is none, either.
    """
    soup = soups.of(field, _TELLING)
    pictures = _pictures(soup, base)
    lines = [line for line in _lines(soup, pictures) if line.finish()]
    unwanted = [re.compile(pattern, re.IGNORECASE) for pattern in noise]
    stamp = (printed or "").lower()
    kept: list[_Line] = []
    captions: defaultdict[int, list[_Line]] = defaultdict(list)  # by the picture's id: bs4 compares tags by their text
    before: _Line | None = None
    for position, line in enumerate(lines):
        short = len(line.text) <= LONGEST_CONTROL
        if short and (line.text.lower() == stamp or any(pattern.search(line.text) for pattern in unwanted)):
            _remove(line)
            if line.after is not None and position + 1 < len(lines) and lines[position + 1].after is None:
                lines[position + 1].after = line.after
            continue
        picture = _framed(line, pictures)
        if picture is None and line.after is not None and _is_caption(line, last=position == len(lines) - 1):
            picture = line.after
        if picture is None and before is not None and _goes_on(before, line):
            line.after = picture = before.after
        if picture is None:
            kept.append(line)
            before = None
        else:
            line.after = picture
            captions[id(picture)].append(line)
            before = line
    author = _author(kept)
    images = tuple(
        Image(url=str(picture["src"]), caption=" ".join(line.text for line in captions[id(picture)]))
        for picture in pictures
    )
    for picture in pictures:
        if under := captions[id(picture)]:
            _frame(soup, picture, under)
    return Body(text="\n".join(line.text for line in kept), html=_clean(soup, base), images=images, author=author)


def _pictures(soup: BeautifulSoup, base: str) -> list[Tag]:
    found = []
    for picture in soup.find_all("img"):
        # Where a script loads pictures late, `src` is a placeholder.
        named = [str(picture.get(name) or "") for name in ("data-src", "data-original", "src")]
        address = next(filter(None, (urls.join(base, name) for name in named)), None)
        if address is None or _DECORATION.search(address):
            picture.extract()
            continue
        picture["src"] = address
        found.append(picture)
    return found


def _lines(soup: BeautifulSoup, pictures: Sequence[Tag]) -> Iterator[_Line]:
    """The visible lines in order; a block's start and end, a picture and `<br>` end a line."""
    own = frozenset(map(id, pictures))
    blocks: dict[int, Tag | None] = {}  # by what directly holds a text: much is said in one place
    line = _Line()
    block: Tag | None = None
    for node in soup.descendants:
        if isinstance(node, NavigableString):
            if isinstance(node, _UNSEEN) or not node:
                continue
            holder = id(node.parent)
            if holder not in blocks:
                blocks[holder] = _block_around(node)
            around = blocks[holder]
            if around is not block:
                yield line
                line = _Line(after=line.after if not line.nodes or not "".join(line.nodes).strip() else None)
                block = around
            line.nodes.append(node)
        elif isinstance(node, Tag) and (node.name in _BLOCKS or id(node) in own):
            yield line
            blank = not "".join(line.nodes).strip("\xa0 \t\r\n\u200b")
            line = _Line(after=node if id(node) in own else line.after if blank else None)
            block = node if node.name in _BLOCKS and node.name not in {"br", "hr"} else block
    yield line


def _block_around(node: NavigableString) -> Tag | None:
    for parent in node.parents:
        if parent.name in _BLOCKS:
            return parent
    return None


def _set_apart(line: _Line) -> tuple[bool, bool, bool]:
    """Whether the line is centred (or in italics, or marked as a caption), set in bold throughout, set to the right."""
    centred = bold = right = False
    words = [node for node in line.nodes if node.strip("\xa0 \t\r\n")]
    italic = bool(words)
    bold = bool(words)
    for node in words:
        slanted = strong = False
        for parent in node.parents:
            style = f"{parent.get('style') or ''};{parent.get('align') or ''}".replace(" ", "").lower()
            slanted = slanted or parent.name in {"em", "i", "cite"} or "font-style:italic" in style
            strong = strong or parent.name in {"strong", "b"} or "font-weight:bold" in style
            if parent.name in _BLOCKS:
                centred = (
                    centred or "text-align:center" in style or style.endswith(";center") or parent.name == "center"
                )
                right = right or "text-align:right" in style or style.endswith(";right")
                named = str(parent.get("class") or "")
                centred = centred or parent.name == "figcaption" or bool(named and _CAPTION_CLASS.search(named))
                break
        italic = italic and slanted
        bold = bold and strong
    return centred or italic, bold, right


def _parent(node: Tag | NavigableString, names: frozenset[str]) -> Tag | None:
    return next((parent for parent in node.parents if parent.name in names), None)


def _framed(line: _Line, pictures: Sequence[Tag]) -> Tag | None:
    """The picture whose `<figcaption>` the line stands in (or the `<caption>` of a table that holds nothing else)."""
    frame = _parent(line.nodes[0], _CAPTIONS)
    around = _parent(frame, _FRAMES) if frame else None
    if frame is None or around is None:
        return None
    inside = {id(one) for one in around.find_all("img")}
    within = [picture for picture in pictures if id(picture) in inside]
    if frame.name == "caption" and (len(within) != 1 or text.clean(around.get_text()) != text.clean(frame.get_text())):
        return None
    if line.after is not None and id(line.after) in inside:
        return line.after
    return within[0] if within else None


def _goes_on(caption: _Line, line: _Line) -> bool:
    """Whether a line is the second one of a caption: in the same block, and set apart like it."""
    if _block_around(caption.nodes[0]) is not _block_around(line.nodes[0]):
        return False
    if caption.text.endswith((".", "!", "?")) or len(caption.text) + len(line.text) > LONGEST_CAPTION:
        return False
    return _set_apart(caption)[0] and _set_apart(line)[0]


def _is_caption(line: _Line, *, last: bool) -> bool:
    said = line.text
    if len(said) > LONGEST_CAPTION or said.endswith((":", ";", "./.")) or _NUMBERED.match(said):
        return False
    if not any(map(str.isalnum, said)):  # what is left of a bracket around a link
        return False
    apart, bold, right = _set_apart(line)
    if right and last:  # the author's name under a last picture
        return False
    if bold and (not apart or said.isupper()):  # a heading after a picture
        return False
    return apart or (len(said) <= 200 and not said.endswith((".", "!", "?", "…", ".”", '."')))


def _remove(line: _Line) -> None:
    for node in line.nodes:
        node.extract()


def _frame(soup: BeautifulSoup, picture: Tag, lines: Sequence[_Line]) -> None:
    """Puts a picture and its caption into a figure, where the picture stood."""
    figure = soup.new_tag("figure")
    caption = soup.new_tag("figcaption")
    caption.string = " ".join(line.text for line in lines)
    for line in lines:
        _remove(line)
    block = _parent(picture, _HOLDERS)
    if block and block.name in {"p", "center"} and not text.clean(block.get_text()) and len(block.find_all("img")) == 1:
        block.insert_before(figure)
    else:
        if block and block.name in {"p", "center", "figure"}:
            block.name = "div"  # neither may hold a figure
        picture.insert_before(figure)
    figure.append(picture.extract())
    figure.append(caption)


def _author(lines: Sequence[_Line]) -> str | None:
    """The author: a last short line, set to the right or in bold, after the end of the text."""
    if len(lines) < 2:
        return None
    said = lines[-1].text
    if len(said) > 60 or said.endswith((".", ":", "!", "?")) or not any(letter.isalpha() for letter in said):
        return None
    _, bold, right = _set_apart(lines[-1])
    if right:
        return said
    heads_pictures = any(isinstance(one, Tag) and one.name == "img" for one in lines[-1].nodes[-1].next_elements)
    return said if bold and not heads_pictures and lines[-2].text.endswith(("./.", ".")) else None


def _drop_blank(soup: BeautifulSoup) -> None:
    """Takes out the blocks that show nothing."""
    blocks: list[Tag] = []
    showing: set[int] = set()
    for node in soup.descendants:
        if isinstance(node, Tag):
            if node.name in _DROPPED_IF_BLANK:
                blocks.append(node)
            shown = node.name in _SHOWN
        else:
            shown = not isinstance(node, _UNSEEN) and bool(str(node).strip("\xa0\u200b \t\r\n"))
        for parent in node.parents if shown else ():
            if id(parent) in showing:
                break
            showing.add(id(parent))
    for block in blocks:
        if id(block) not in showing:
            block.extract()


def _clean(soup: BeautifulSoup, base: str) -> str:
    for link in soup.find_all("a"):
        address = urls.join(base, str(link.get("href") or ""))
        if address is None:
            del link["href"]
        else:
            link["href"] = address
    _drop_blank(soup)
    html = _CLEANER.clean(soups.markup(soup, _KEPT))
    return re.sub(r"\n\s*\n+", "\n", unicodedata.normalize("NFC", html)).strip()
