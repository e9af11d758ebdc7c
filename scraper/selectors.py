"""CSS selectors as compiled XPath: compiled once, run in libxml2."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from cssselect import HTMLTranslator
from cssselect.parser import SelectorError as _CssError
from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cssselect.xpath import XPathExpr
    from lxml.html import HtmlElement

_SPACE = re.compile(r"\s")
_PLAIN = re.compile(r"[\w.#> -]+")
_CLASS = re.compile(r"\.([\w-]+)")
_CLASSES = etree.XPath("//@class", smart_strings=False)
_STATE = re.compile(r":(hover|active|focus|visited|target)(?![\w-])")


class _Translator(HTMLTranslator):
    """Asks first whether the words of an attribute hold one at all: twice as fast, and it is most of the asking."""

    def xpath_attrib_includes(self, xpath: XPathExpr, name: str, value: str | None) -> XPathExpr:
        if value and not _SPACE.search(value):
            xpath.add_condition(f"contains({name}, {self.xpath_literal(value)})")
        return super().xpath_attrib_includes(xpath, name, value)


class SelectorError(ValueError):
    """A selector that is no CSS, or CSS that cannot be asked of a saved page (`:hover`)."""


@lru_cache(maxsize=1024)
def compile_css(selector: str) -> etree.XPath:
    """A CSS selector ready to run. Raises SelectorError."""
    if state := _STATE.search(selector):
        raise SelectorError(f"not a CSS selector: {selector!r}: {state[0]} is nothing that a saved page shows")
    try:
        return etree.XPath(_Translator().css_to_xpath(selector, prefix="descendant-or-self::"))
    except (_CssError, etree.XPathError) as error:
        raise SelectorError(f"not a CSS selector: {selector!r}: {error}") from None


def select(root: HtmlElement, selectors: Iterable[str]) -> list[HtmlElement]:
    """The elements that the first selector to meet any meets, in document order."""
    return next((found for selector in selectors if (found := _found(root, selector))), [])


def select_all(root: HtmlElement, selectors: Iterable[str]) -> list[HtmlElement]:
    """The elements that any of the selectors meets, each once."""
    found: dict[HtmlElement, None] = {}
    for selector in selectors:
        found.update(dict.fromkeys(_found(root, selector)))
    return list(found)


def _found(root: HtmlElement, selector: str) -> list[HtmlElement]:
    """What a selector meets; most meet nothing, and the classes that a page uses tell so at once."""
    if not _classes_of(selector) <= _classes_on(root):
        return []
    found: list[HtmlElement] = compile_css(selector)(root)
    return found


@lru_cache(maxsize=1024)
def _classes_of(selector: str) -> frozenset[str]:
    """The classes without which a selector meets nothing; none where that takes more than a look."""
    return frozenset(_CLASS.findall(selector)) if _PLAIN.fullmatch(selector) else frozenset()


@lru_cache(maxsize=2)
def _classes_on(root: HtmlElement) -> frozenset[str]:
    """All classes of a tree. Elements may go from it meanwhile, but classes never come."""
    return frozenset(" ".join(_CLASSES(root)).split())
