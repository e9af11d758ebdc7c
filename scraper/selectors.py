"""Elements of a page: found by CSS selectors (as XPath, compiled once, run in libxml2), read, taken out."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING

from cssselect import HTMLTranslator
from cssselect.parser import SelectorError as _CssError
from lxml import etree

from scraper import text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cssselect.xpath import XPathExpr
    from lxml.etree import _Element as Element

_SPACE = re.compile(r"\s")
_TAG = re.compile("[a-z][a-z0-9]*")
_CLASS = re.compile(r"\.([\w-]+)")
_NAME = re.compile(r"([a-z][a-z0-9]*)?\.([\w-]+)(?: +(?![>+~])([^,]+))?")
_ID = re.compile(r"(?:#([\w-]+)|\[id\$=([\w-]+)\])(?: +(?![>+~])([^,]+))?")
_WITH_ID = etree.XPath("descendant-or-self::*[@id]")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_ARGUMENT = re.compile(r"\[[^\]]*\]|\([^()]*\)")
_COMMA = re.compile(r",(?![^\[(]*[\])])")
# White space says nothing and is half of the texts. lxml's own strings, which know their parents, take twice as long.
_TEXTS = etree.XPath("descendant::text()[normalize-space()]", smart_strings=False)
_VISIBLE = etree.XPath(
    "/*/body/descendant::text()[normalize-space()][not(parent::script or parent::style or parent::noscript)]",
    smart_strings=False,
)
_WORD = re.compile(r"[^ \t\r\n]+")
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
def compile_css(selector: str, prefix: str = "descendant-or-self::") -> etree.XPath:
    """A CSS selector ready to run. Raises SelectorError."""
    if state := _STATE.search(selector):
        raise SelectorError(f"not a CSS selector: {selector!r}: {state[0]} is nothing that a saved page shows")
    try:
        return etree.XPath(_Translator().css_to_xpath(selector, prefix=prefix))
    except (_CssError, etree.XPathError) as error:
        raise SelectorError(f"not a CSS selector: {selector!r}: {error}") from None


def select(root: Element, selectors: Iterable[str]) -> list[Element]:
    """The elements that the first selector to meet any meets, in document order."""
    return next((found for selector in selectors if (found := _found(root, selector))), [])


def select_all(root: Element, selectors: Iterable[str]) -> list[Element]:
    """The elements that any of the selectors meets, each once."""
    return list(dict.fromkeys(element for selector in selectors for element in _found(root, selector)))


def raw_text(element: Element) -> str:
    """The text of an element and all within, as it stands there."""
    # 0.25 µs; joining `itertext` takes 1.2.
    return str(etree.tostring(element, method="text", encoding="unicode", with_tail=False))


def said(element: Element) -> str:
    """The text of an element, as one line."""
    return text.clean(text.unescape_twice(raw_text(element)))


@lru_cache(maxsize=2)
def texts(root: Element) -> Sequence[str]:
    """The texts within an element, in order, each as it stands between two tags; those of scripts, too."""
    found: list[str] = _TEXTS(root)
    return found


@lru_cache(maxsize=2)
def visible_texts(root: Element) -> Sequence[str]:
    """The texts that a page shows, in order, each as it stands between two tags."""
    found: list[str] = _VISIBLE(root)
    return found


def drop(element: Element) -> None:
    """Takes an element out of its tree, and leaves the text after it."""
    parent, before, tail = element.getparent(), element.getprevious(), element.tail
    if tail and before is not None:
        before.tail = (before.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


def _found(root: Element, selector: str) -> list[Element]:
    known = _known(root)
    if selector not in known:
        known[selector] = _search(selector)(root)
    return known[selector]


@lru_cache(maxsize=2)
def _known(root: Element) -> dict[str, list[Element]]:  # noqa: ARG001 - the cache's key
    """What the selectors asked of a tree so far have met. A tree is asked before it is changed."""
    return {}


@lru_cache(maxsize=1024)
def _search(selector: str) -> Callable[[Element], list[Element]]:
    """A selector as a search.

    Most need a class: one look at the tree's index tells who has it, and most often that nobody has.
    """
    if _TAG.fullmatch(selector):
        return lambda root: list(root.iter(selector))
    if whole := _NAME.fullmatch(selector):
        tag, name, below = whole.groups()
        return _below(lambda root: [one for one in _by_class(root).get(name, ()) if tag in {None, one.tag}], below)
    if whole := _ID.fullmatch(selector):
        name, end, below = whole.groups()
        return _below(
            lambda root: [one for one, key in _ids(root) if (key == name if name else key.endswith(end))], below
        )
    alternatives = [one.strip() for one in _COMMA.split(selector)]
    if len(alternatives) > 1:
        return lambda root: _joined(root, alternatives)
    path, needed = compile_css(selector), _needed(selector)
    return lambda root: path(root) if needed <= _by_class(root).keys() else []


def _joined(root: Element, alternatives: Iterable[str]) -> list[Element]:
    """What any of the selectors meets, in document order."""
    met = [found for one in alternatives if (found := _search(one)(root))]
    if len(met) < 2:
        return met[0] if met else []
    wanted = set(chain.from_iterable(met))
    return [element for element in root.iter(*{one.tag for one in wanted}) if element in wanted]


def _below(having: Callable[[Element], list[Element]], selector: str | None) -> Callable[[Element], list[Element]]:
    """The search for what a selector meets within what another search finds; without a selector for that itself."""
    if selector is None:
        return having
    inside = compile_css(selector, "descendant::")
    return lambda root: list(dict.fromkeys(one for around in having(root) for one in inside(around)))


def _needed(selector: str) -> frozenset[str]:
    """The classes without which a selector meets nothing."""
    if "\\" in selector:  # an escape: what it stands for is not for a look to tell
        return frozenset()
    plain, nested = _QUOTED.sub("", selector), 1
    while nested:
        plain, nested = _ARGUMENT.subn("", plain)
    return frozenset(_CLASS.findall(plain))


@lru_cache(maxsize=2)
def _by_class(root: Element) -> Mapping[str, list[Element]]:
    """The elements of a tree by each of their classes, in document order. A tree is asked before it is changed."""
    found: defaultdict[str, list[Element]] = defaultdict(list)
    for element in root.iter():
        if classes := element.get("class"):
            for name in _names(classes):
                found[name].append(element)
    return found


@lru_cache(maxsize=2)
def _ids(root: Element) -> Sequence[tuple[Element, str]]:
    """The elements of a tree that have an id, with it, in document order."""
    return [(element, element.get("id")) for element in _WITH_ID(root)]


@lru_cache(maxsize=4096)
def _names(classes: str) -> Sequence[str]:
    return tuple(dict.fromkeys(_WORD.findall(classes)))
