"""An lxml subtree → soup, and soup → HTML, at a third of what BeautifulSoup's own parser and writer take. Pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup
from bs4.builder import HTMLTreeBuilder
from bs4.element import NavigableString, PreformattedString, Script, Stylesheet, Tag

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from bs4.element import PageElement
    from lxml.etree import _Element as Element

_SPACES = BeautifulSoup.ASCII_SPACES
_UNWRITTEN = (PreformattedString, Script, Stylesheet)


class _Copy(HTMLTreeBuilder):
    """Makes a soup of a tree that is parsed already, with some of its attributes.

    It links the nodes itself, in their order: what BeautifulSoup does besides is for markup that is yet to be repaired.
    """

    def __init__(self, field: Element, attributes: Collection[str]) -> None:
        super().__init__(multi_valued_attributes={})
        self._field = field
        self._attributes = attributes
        self._last: PageElement | None = None

    def feed(self, markup: object) -> None:  # noqa: ARG002 - the soup hands on an empty one
        assert self.soup is not None
        self._last = self.soup
        self._tag(self._field, self.soup, NavigableString, verbatim=False)

    def _tag(self, element: Element, parent: Tag, strings: type[NavigableString], *, verbatim: bool) -> None:
        name = element.tag
        kept = {key: value for key, value in element.items() if key in self._attributes}
        tag = Tag(None, self, name, None, None, kept, parent, self._last)
        parent.contents.append(tag)
        self._last = tag
        strings = self.string_containers.get(name, strings)
        verbatim = verbatim or name in self.preserve_whitespace_tags
        self._text(element.text, tag, strings, verbatim=verbatim)
        for child in element:
            if isinstance(child.tag, str):  # and no comment
                self._tag(child, tag, strings, verbatim=verbatim)
            self._text(child.tail, tag, strings, verbatim=verbatim)

    def _text(self, text: str | None, parent: Tag, strings: type[NavigableString], *, verbatim: bool) -> None:
        if not text:
            return
        if not verbatim and not text.strip(_SPACES):
            text = "\n" if "\n" in text else " "
        string = strings(text)
        string.setup(parent, self._last)
        parent.contents.append(string)
        self._last = string


def of(field: Element, attributes: Collection[str]) -> BeautifulSoup:
    """The soup of an element and all within, with the attributes that are named. Values are strings, `class` too."""
    return BeautifulSoup("", builder=_Copy(field, attributes))


def markup(soup: Tag, attributes: Sequence[str]) -> str:
    """What a tag holds, as HTML, with the attributes that are named. No comments, scripts or style sheets."""
    return "".join(_written(soup, attributes))


def _written(tag: Tag, attributes: Sequence[str]) -> Iterator[str]:
    for child in tag.contents:
        if isinstance(child, Tag):
            held = child.attrs
            yield f"<{child.name}"
            yield from (f' {name}="{escape(str(held[name]))}"' for name in attributes if name in held)
            yield ">"
            yield from _written(child, attributes)
            if not child.is_empty_element:
                yield f"</{child.name}>"
        elif not isinstance(child, _UNWRITTEN):
            yield escape(str(child), quote=False)
