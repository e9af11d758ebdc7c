"""An lxml subtree → soup, and soup → HTML, at a third of what BeautifulSoup's own parser and writer take. Pure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup
from bs4.builder import HTMLTreeBuilder
from bs4.element import PreformattedString, Script, Stylesheet, Tag
from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from lxml.etree import _Element as Element

_UNWRITTEN = (PreformattedString, Script, Stylesheet)


class _Copy(HTMLTreeBuilder):
    """Hands a tree that is parsed already to a soup, with some of its attributes."""

    def __init__(self, field: Element, attributes: Collection[str]) -> None:
        super().__init__(multi_valued_attributes={})
        self._field = field
        self._attributes = attributes

    def feed(self, markup: object) -> None:  # noqa: ARG002 - the soup gives us an empty one
        soup, field = self.soup, self._field
        assert soup is not None
        for event, element in etree.iterwalk(field, events=("start", "end", "comment", "pi")):
            following = element.tail
            if event == "start":
                kept = {name: value for name, value in element.items() if name in self._attributes}
                soup.handle_starttag(element.tag, None, None, self.attribute_dict_class(kept))
                following = element.text
            elif event == "end":
                soup.handle_endtag(element.tag)
            else:
                soup.endData()  # what stands before a comment and what stands after it are two texts
            if following and (element is not field or event == "start"):
                soup.handle_data(following)


def of(field: Element, attributes: Collection[str]) -> BeautifulSoup:
    """The soup of an element and all within; of the attributes, those that are named. Values are strings, `class` too."""
    return BeautifulSoup("", builder=_Copy(field, attributes))


def markup(soup: Tag, attributes: Sequence[str]) -> str:
    """What a tag holds, as HTML; of the attributes, those that are named. No comments, no scripts, no style sheets."""
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
