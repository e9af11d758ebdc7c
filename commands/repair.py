"""What a redesign did to a source's selectors, and new ones to paste into its file."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import console
from scraper import drift, text

if TYPE_CHECKING:
    from collections.abc import Collection

    from lxml.etree import _Element as Element

    from scraper.config import Config
    from scraper.drift import Said
    from scraper.items import Page, Reading
    from scraper.sources import Source
    from storage.database import Database


def repair(page: Page, source: Source, settings: Config, database: Database) -> dict[str, Any]:
    """What each selector gave and gives on a page of a source, and what is proposed in its place.

    `selectors` are the layout's, with what they met in the archive's last good copy of the page (`gave`, None if there
    is none) and what they meet now (`gives`); `proposed` are new ones by their names, each tried by reading the page
    with it, and `toml` the same as lines of the source's file: empty where all is read as well as it was.
    """
    from scraper import repair, urls
    from storage import last_good
    from storage.captures import Archive, Unreadable

    try:
        canonical = source.canonical(page.url)
    except urls.BadAddress:
        canonical = page.url
    with database.reading() as session:
        kept = last_good.capture(session, source.id, page.url)
        titles = last_good.titles(session, source.id)
        before = last_good.said(session, source.id, canonical)
    old = None
    if kept is not None:
        try:
            record = Archive(settings.data / "archive").read(kept.warc, kept.offset)
        except Unreadable as error:
            console.err.print(f"the page as it was cannot be compared: {error}", markup=False)
        else:
            headers = {name.lower(): value for name, value in record.headers}
            kind, coding = headers.get("content-type", ""), headers.get("content-encoding", "")
            old = _tree(replace(page, body=record.payload, content_type=kind, content_encoding=coding))
    new = _tree(page)
    if new is None:
        return {"selectors": [], "proposed": {}, "toml": ""}
    chosen = repair.page(new, before) if before else {"listing_links": repair.rows(new, page.url, titles)}
    proposed = _tried({name: one for name, one in chosen.items() if one}, page, source, before, titles)
    compared = repair.compare(old, new, source.layout.selectors)
    return {"selectors": [asdict(one) for one in compared], "proposed": proposed, "toml": repair.toml(proposed)}


def _tried(
    chosen: dict[str, str], page: Page, source: Source, before: Said | None, titles: Collection[str]
) -> dict[str, str]:
    """Those of the chosen selectors with which the page is read as it was, and without which it is not."""
    from scraper.outcomes import Outcome
    from spiders import preview

    page = replace(page, role="detail" if before else "listing")
    now = preview.read(page, source)
    then = preview.read(page, _with(source, chosen))
    if not chosen or then.outcome is not Outcome.OK:
        return {}
    if before is None:
        told, had = _known(then, titles), _known(now, titles)
        return chosen if told > had or (told == had and len(then.entries) < len(now.entries)) or now.strayed else {}
    if then.article is None or drift.of_page(then.article, before):
        return {}
    return chosen if now.article is None or drift.of_page(now.article, before) else {}


def _known(reading: Reading, titles: Collection[str]) -> int:
    """How many rows have the title of an article that is known."""
    wanted = {text.fold(title) for title in titles}
    return sum(text.fold(entry.title) in wanted for entry in reading.entries)


def _with(source: Source, chosen: dict[str, str]) -> Source:
    """The source with new selectors in the place of its own."""
    selectors = source.layout.selectors.model_copy(update={name: (one,) for name, one in chosen.items()})
    return replace(source, layout=source.layout.model_copy(update={"selectors": selectors}))


def tell(told: dict[str, Any]) -> None:
    """The same for people: a table of selectors, and the lines to paste."""

    def shown(met: dict[str, Any] | None) -> str:
        return f"{met['count']}  {met['sample']}" if met else "?"

    rows = [[f"{one['name']}: {one['selector']}", shown(one["gave"]), shown(one["gives"])] for one in told["selectors"]]
    if rows:
        console.table(["selector", "gave", "gives"], rows)
    if told["toml"]:
        console.out.print("\nIn the source's file this would read the page as it was:\n", markup=False)
        console.out.print(told["toml"], markup=False, highlight=False, soft_wrap=True)


def _tree(page: Page) -> Element | None:
    from scraper import decode, extract

    try:
        return extract.tree(decode.utf8(decode.unfold(page.body, page.content_encoding), page.content_type))
    except (decode.Truncated, decode.TooBig, decode.Garbled, extract.TooComplex):
        return None
