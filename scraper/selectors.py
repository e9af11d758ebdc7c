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

    from lxml.html import HtmlElement

_STATE = re.compile(r":(hover|active|focus|visited|target)(?![\w-])")


class SelectorError(ValueError):
    """A selector that is no CSS, or CSS that cannot be asked of a saved page (`:hover`)."""


@lru_cache(maxsize=1024)
def compile_css(selector: str) -> etree.XPath:
    """A CSS selector ready to run. Raises SelectorError."""
    if state := _STATE.search(selector):
        raise SelectorError(f"not a CSS selector: {selector!r}: {state[0]} is nothing that a saved page shows")
    try:
        return etree.XPath(HTMLTranslator().css_to_xpath(selector, prefix="descendant-or-self::"))
    except (_CssError, etree.XPathError) as error:
        raise SelectorError(f"not a CSS selector: {selector!r}: {error}") from None


def select(root: HtmlElement, selectors: Iterable[str]) -> list[HtmlElement]:
    """The elements that the first selector to meet any meets, in document order."""
    for selector in selectors:
        found: list[HtmlElement] = compile_css(selector)(root)
        if found:
            return found
    return []


def select_all(root: HtmlElement, selectors: Iterable[str]) -> list[HtmlElement]:
    """The elements that any of the selectors meets, each once."""
    found: dict[HtmlElement, None] = {}
    for selector in selectors:
        found.update(dict.fromkeys(compile_css(selector)(root)))
    return list(found)
