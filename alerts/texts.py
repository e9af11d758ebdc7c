"""A message in the forms that channels take. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from storage.events import iso

if TYPE_CHECKING:
    from alerts.items import Happening, Message

TYPES = {"event": "alert.event", "digest": "alert.digest", "notice": "alert.notice", "test": "alert.test"}
"""What a webhook's payload calls each kind of message."""


def payload(message: Message) -> dict[str, Any]:
    """A message as a webhook's JSON: `type`, `timestamp` and `data`, described in docs/webhooks.md."""
    return {
        "type": TYPES[message.kind],
        "timestamp": iso(message.at),
        "data": {
            "watch": {"id": message.watch, "query": message.query, "manage": message.manage, "search": message.search},
            "events": [event(happening) for happening in message.happenings],
            "total": message.total,
            "noted": [{"source": source, "count": count} for source, count in message.noted],
            "said": message.said,
            "again": message.again,
        },
    }


def event(happening: Happening) -> dict[str, Any]:
    """An event in the shape that `congtin events` prints, as far as it is told, with the links of its record."""
    return {
        "id": happening.event,
        "kind": happening.kind,
        "at": iso(happening.at),
        "source": happening.source,
        "source_name": happening.source_name,
        "record": happening.record,
        "version": happening.version,
        "origin": "poll",
        "title": happening.title,
        "url": happening.url,
        "page": happening.page,
        "published_at": iso(happening.published_at),
        "precision": happening.precision,
        "changes": [
            {"field": passage.field, "words": [list(part) for part in passage.words]} for passage in happening.changed
        ],
        "documents": [{"title": title, "url": url} for title, url in happening.documents],
        "also": list(happening.also),
    }
