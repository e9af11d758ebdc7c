"""What the head of a page says of it: its title, its meta tags, where its links start from. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scraper import text, urls
from scraper.selectors import said

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lxml.etree import _Element as Element


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """`whole` is the page's `<title>`, `title` the same without what the portal appends to all of them."""

    whole: str
    title: str
    base: str
    tags: Mapping[str, str]

    @property
    def appended(self) -> str:
        """What the portal appends to the title: most often its own name."""
        return self.whole[len(self.title) :]

    def meta(self, *names: str) -> str:
        """What the first of the meta tags says that is there."""
        return next((text.clean(self.tags[name]) for name in names if name in self.tags), "")


def read(root: Element, url: str, title_ends: Iterable[str]) -> Head:
    """Reads the head of the page at an address. `title_ends` are what the portal appends to titles."""
    whole: str | None = None
    base: str | None = None
    tags: dict[str, str] = {}
    for element in root.iter("title", "meta", "base"):
        if element.tag == "meta":
            content = element.get("content")
            for name in (element.get("property"), element.get("name")) if content else ():
                tags.setdefault(name, content)
        elif element.tag == "title":
            whole = said(element) if whole is None else whole
        elif base is None:
            base = _base(element.get("href", ""), url)
    whole = title = whole or ""
    for ending in title_ends:
        title = re.sub(ending, "", title)
    return Head(whole=whole, title=title, base=base or url, tags=tags)


def _base(href: str, url: str) -> str | None:
    """The address that relative links start from; a `<base>` of another host is not believed."""
    to = urls.join(url, href)
    return to if to and urls.host(to) == urls.host(url) else None
