"""What a message says, whatever it is sent by: its subject, its parts in order, and its JSON. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from alerts.words import load
from scraper import shapes, text
from scraper.items import VIETNAM
from storage.events import iso

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alerts.items import Happening, Message, Passage
    from alerts.words import Words

KINDS = (
    "procedure.abolished", "procedure.replaced", "procedure.amended", "procedure.new", "procedure.changed",
    "article.new", "document.added", "article.changed", "document.changed", "article.gone", "article.returned",
    "source.ill", "source.recovered",
)  # fmt: skip
"""Kinds of event in the order in which a digest tells them: what changes the law before what changes a page."""
TYPES = {"event": "alert.event", "digest": "alert.digest", "notice": "alert.notice", "test": "alert.test"}
"""What a webhook's payload calls each kind of message."""

_LONGEST_SUBJECT = 160
_KEPT = 160
_CHANGED = 600
_PASSAGE = 1_500
_KINDS_IN_SUBJECT = 3
_DAYS = frozenset({"published_at", "effective_from"})
_FILES = frozenset({"attachments", "images"})

_ADDRESS_OR_TYPE = re.compile(r"(?<!\S)(?:https?://\S+|(?:application|audio|image|text|video)/[\w.+-]+)(?!\S)")
_SENTENCE, _MOST_DUE = 200, 5

Part = tuple[str, str]
"""A sign (`=` kept, `+` added, `-` removed) and words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """What happened on one source: how much of what is shown, and by kind, in the order of KINDS."""

    source: str
    count: int
    kinds: tuple[tuple[str, tuple[Happening, ...]], ...]


def shorter(words: str, most: int) -> str:
    """A text cut at a word, with an ellipsis in the place of the rest; of a word that is too long, its beginning.

    >>> shorter("bãi bỏ thủ tục", 12), shorter("bãi bỏ", 12), shorter("x" * 20, 5)
    ('bãi bỏ thủ…', 'bãi bỏ', 'xxxx…')
    """
    if len(words) <= most:
        return words
    cut = words[: most - 1]
    if not words[most - 1].isspace() and (space := cut.rfind(" ")) > most // 2:
        cut = cut[:space]
    return cut.rstrip(" .,;:–-") + "…"


def link(url: str) -> str:
    """An address that a link may have; empty where it is none: what a portal links to may begin with `javascript:`."""
    return url if re.fullmatch(r"https?://[^\s\0-\x20\x7f-\xa0\\<>\"\ud800-\udfff]+", url, re.IGNORECASE) else ""


def query(message: Message) -> str:
    """What the reader watches, as it was understood."""
    return text.clean(message.query) or load(message.language)("letter.everything")


def title(happening: Happening, words: Words, most: int = 1_000) -> str:
    """An event's title on one line."""
    return shorter(text.clean(happening.title), most) or words("letter.untitled")


def headline(message: Message) -> str:
    """What happened, in a few words and without a mark of repetition: the heading of a mail."""
    words = load(message.language)
    if message.kind == "test":
        return words("letter.test")
    if message.kind == "notice":
        return words("letter.notice")
    if message.kind == "event" and message.happenings:
        return words.word("kind_of_event", message.happenings[0].kind)
    if not message.happenings:
        return words("letter.only_noted")
    counted = by_kind(message.happenings)
    if len(counted) <= _KINDS_IN_SUBJECT and message.total <= len(message.happenings):
        return ", ".join(f"{words.word('kind_of_event', kind)} ({len(some)})" for kind, some in counted)
    return words.count("letter.digest", max(message.total, len(message.happenings)))


def subject(message: Message) -> str:
    """The same with what it is about: one line, without any control character, of 160 characters at most."""
    words = load(message.language)
    if message.kind == "event" and message.happenings:
        about = title(message.happenings[0], words)
    elif message.kind == "notice":
        about = text.clean(message.said)
    else:
        about = query(message)
    again = f"{words('letter.again')} " if message.again else ""
    return shorter(f"{again}{headline(message)}" + (f": {about}" if about else ""), _LONGEST_SUBJECT)


def by_kind(happenings: Sequence[Happening]) -> list[tuple[str, tuple[Happening, ...]]]:
    """Events parted by kind, in the order of KINDS."""
    kinds = [kind for kind in KINDS if any(one.kind == kind for one in happenings)]
    kinds += dict.fromkeys(one.kind for one in happenings if one.kind not in KINDS)
    return [(kind, tuple(one for one in happenings if one.kind == kind)) for kind in kinds]


def groups(happenings: Sequence[Happening]) -> list[Group]:
    """Events parted by source (in the order in which they come), and each source's by kind."""
    parted: dict[str, list[Happening]] = {}
    for one in happenings:
        parted.setdefault(one.source, []).append(one)
    return [
        Group(source=text.clean(some[0].source_name) or source, count=len(some), kinds=tuple(by_kind(some)))
        for source, some in parted.items()
    ]


def left_out(message: Message) -> int:
    """How many events a message stands for and does not show."""
    return max(0, message.total - len(message.happenings)) if message.happenings else 0


def passages(happening: Happening, words: Words, most: int = _PASSAGE) -> list[tuple[str, list[Part]]]:
    """What changed, field by field: the field's name and its parts, no longer than people read."""
    found = []
    for passage in happening.changed:
        said = [
            (sign, _day(some, words) if passage.field in _DAYS else text.clean_lines(f"|{some}|")[1:-1])
            for sign, some in (_named(passage) if passage.field in _FILES else passage.words)
        ]
        if parts := list(_bounded(said, most)):
            found.append((text.clean(words.word("field", passage.field)), parts))
    return found


def _named(passage: Passage) -> Sequence[Part]:
    """What changed of attachments and pictures, by their names: people do not read addresses and media types.

    The whole where nothing else changed.
    """
    named = [(sign, _ADDRESS_OR_TYPE.sub("", some)) for sign, some in passage.words]
    return named if any(sign != "=" and some.strip() for sign, some in named) else passage.words


def due(happening: Happening, words: Words) -> list[str]:
    """The deadlines, each on a line: "Hạn góp ý: 30/11/2025 – …", with the beginning of the sentence that says so."""
    return [
        f"{words.word('deadline', one.what)}: {words.moment(one.on.at, one.on.precision)} – "
        f"{shorter(text.clean(one.evidence), _SENTENCE)}"
        for one in happening.due[:_MOST_DUE]
    ]


def _bounded(said: Sequence[Part], most: int) -> Iterator[Part]:
    """Parts in which what was kept is cut to what is near a change, and the whole is cut at its end.

    The space before a changed word is no change; what was put in the place of something stands apart from it.
    """
    before, spaced = "=", True
    for place, (sign, words) in enumerate(said):
        if most <= 0:
            yield "=", " …"
            return
        shown = shorter(words, _CHANGED) if sign != "=" else _near(words, first=not place, last=place == len(said) - 1)
        if sign != "=":
            bare = shown.strip(" ")
            if not spaced and (shown.startswith(" ") or before != "="):
                yield "=", " "
            shown = bare
        elif spaced:
            shown = shown.lstrip(" ")
        if not shown:
            continue
        yield sign, shown
        before, spaced = sign, shown[-1].isspace()
        most -= len(shown)


def _near(words: str, *, first: bool, last: bool) -> str:
    """Of words that were kept, those next to a change."""
    if len(words) <= _KEPT:
        return words
    half = _KEPT // 2
    start = "" if first else words[:half].rpartition(" ")[0] + " "
    end = "" if last else " " + words[-half:].partition(" ")[2]
    return f"{start}…{end}"


def _day(said: str, words: Words) -> str:
    """A moment as it stands in a change: ISO 8601, without a time or at midnight where only the day is known."""
    try:
        at = datetime.fromisoformat(said.strip())
    except ValueError:
        return text.clean(said)
    is_day = at.tzinfo is None or "T00:00:00" in said
    return words.moment(at.replace(tzinfo=at.tzinfo or VIETNAM), "day" if is_day else "minute")


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
        "excerpt": happening.excerpt,
        "changes": [
            {"field": passage.field, "words": [list(part) for part in passage.words]} for passage in happening.changed
        ],
        "deadlines": list(map(shapes.deadline, happening.due)),
        "documents": [{"title": title, "url": url} for title, url in happening.documents],
        "also": list(happening.also),
    }
