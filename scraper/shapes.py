"""The shared words as the contract's JSON writes them. Pure."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scraper.items import Entry, Moment, NextPage, Reading


def entry(one: Entry) -> dict[str, Any]:
    """A row of a listing or of a related list."""
    return {"url": one.url, "title": one.title, **moment(one.published), "truncated": one.truncated}


def moment(one: Moment | None) -> dict[str, Any]:
    """A time and how exactly it is known."""
    return {"published_at": one.at.isoformat() if one else None, "precision": one.precision if one else None}


def next_page(one: NextPage | None) -> dict[str, Any] | None:
    """The way to a listing's next page; of a postback its target, not the form's long hidden fields."""
    if one is None:
        return None
    if one.postback is None:
        return {"url": one.url, "method": "GET"}
    return {"url": one.url, "method": "POST", "target": one.postback.target, "argument": one.postback.argument}


def reading(one: Reading, url: str) -> dict[str, Any]:
    """What `congtin extract` prints of a page."""
    article = one.article
    entries = article.related if article else one.entries
    return {
        "kind": article.kind if article else one.kind,
        "outcome": one.outcome.value,
        "message": one.message,
        "platform": one.platform,
        "url": url,
        "canonical_url": article.canonical_url if article else None,
        "title": article.title if article else one.title,
        **moment(article.published if article else None),
        "published_raw": article.published_raw if article else None,
        "updated_at": article.updated.at.isoformat() if article and article.updated else None,
        "summary": article.summary if article else None,
        "author": article.author if article else None,
        "section": article.section if article else None,
        "body_text": article.body_text if article else "",
        "body_html": article.body_html if article else "",
        "images": [asdict(image) for image in article.images] if article else [],
        "attachments": [asdict(document) for document in article.attachments] if article else [],
        "entries": [entry(row) for row in entries],
        "next_page": next_page(one.next_page),
        "total": one.total,
        "counters": asdict(article.counters) if article else {"votes": None, "online": None, "views": None},
        "procedure": None,
        "procedures": [],
        "numbers": [],
        "language": article.language if article else None,
    }
