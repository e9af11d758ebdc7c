"""The keys of a layout: how one content system writes its pages, as a platform states them and a source overrides them.

What they hold is checked here: selectors are CSS, patterns compile and have the group that is wanted of them.
"""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from scraper import urls
from scraper.rest import Rest
from scraper.selectors import SelectorError, compile_css


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _css(value: str) -> str:
    try:
        compile_css(value)
    except SelectorError as error:
        raise ValueError(str(error)) from None
    return value


def _regex(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return value


def _grouped(value: str) -> str:
    if re.compile(value).groups < 1:
        raise ValueError("needs a group, which is what is wanted: ([0-9.,]+)")
    return value


def _address(value: str) -> str:
    if urls.join("http://portal.invalid/", value) is None:
        raise ValueError(f"not an http address and not a path: {value!r}")
    return value


Css = Annotated[tuple[Annotated[str, AfterValidator(_css)], ...], BeforeValidator(_listed)]
Regexes = Annotated[tuple[Annotated[str, AfterValidator(_regex)], ...], BeforeValidator(_listed)]
Grouped = Annotated[
    tuple[Annotated[str, AfterValidator(_regex), AfterValidator(_grouped)], ...], BeforeValidator(_listed)
]
Paths = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Address = Annotated[str, AfterValidator(_address)]
Addresses = Annotated[tuple[Address, ...], BeforeValidator(_listed)]


class Table(BaseModel):
    """A table of a source or platform file: no key but its own."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Selectors(Table):
    """Where things stand on a page: CSS selectors, tried in order until one of them gives something."""

    listing_links: Css = ()
    next_page: Css = ()
    title: Css = ()
    published: Css = ()
    summary: Css = ()
    author: Css = ()
    body: Css = ()
    strip: Css = ()
    attachments: Css = ()
    related: Css = ()


class Counters(Table):
    """Regular expressions whose first group is the number that the page shows."""

    votes: Grouped = ()
    online: Grouped = ()
    views: Grouped = ()


class Layout(Table):
    """How one content system writes its pages: the part that a platform states and a source may override."""

    fold_case: bool = False
    """The server does not tell `/Pages` from `/pages` (IIS)."""
    drop_parameters: tuple[str, ...] = ()
    article_paths: Regexes = ()
    """Paths (and queries) of article pages; with none given, every link of a listing is followed."""
    article_numbers: Grouped = ()
    """The number in an article's path (and query), as the first group: it stays when the words beside it change."""
    page_parameter: str | None = None
    title_ends: Regexes = ()
    """What the portal appends to the `<title>` of every page."""
    noise: Regexes = ()
    """Whole paragraphs inside the body that are controls and not text."""
    related_headings: tuple[str, ...] = ()
    """Headings above the list of other articles, without accents and in lower case."""
    not_found: Regexes = ()
    """Words of the main block (accents dropped, lower case) that say: no such page, although the status is 200."""
    login: Css = ()
    """What a page asks for a login with, where that is no password field."""
    hollow: Css = ()
    """What a detail page still shows when the portal has lost the record that belongs there."""
    downloads: Grouped = ()
    """Handlers (`onclick`) that fetch a document; the first group is its address."""
    totals: Grouped = ()
    """How a listing says how many entries it has on all its pages; the first group is the number."""
    selectors: Selectors = Selectors()
    counters: Counters = Counters()
    rest: Rest | None = None
    """The interface that answers listings as JSON, where the portal has one."""


class Platform(Layout):
    """A content system that many portals share."""

    id: str
    name: str
    detect: tuple[str, ...] = ()
    """Strings of the HTML that give the system away; the platform with most of them wins."""
