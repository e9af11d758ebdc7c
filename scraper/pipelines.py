"""Validate: a record needs a title and something under it; too little is no record, and is kept as a failure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scraper.items import Article, Visit
from scraper.outcomes import Outcome


class Validate:
    """Turns a visit whose article says too little into one that failed, so that it is listed and tried again."""

    def process_item(self, item: Any) -> Any:
        """The visit, or the visit as a failure."""
        if not isinstance(item, Visit) or item.reading is None or item.reading.article is None:
            return item
        if lacking := lacks(item.reading.article):
            return replace(item, outcome=Outcome.EMPTY, message=f"no record: {lacking}", reading=None, validators=None)
        return item


def lacks(article: Article) -> str | None:
    """What an article lacks to be a record. An announcement of procedures is often a title and a PDF."""
    if not article.title:
        return "the page has no title"
    if not (article.body_text or article.attachments or article.images):
        return "the page has neither text nor attachment nor picture"
    return None
