"""Feeds of everything, a source, a kind, a field, a search and a watch; the list of them; the calendar."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request, Response
from sqlalchemy import select

from alerts import telling, watches
from scraper import text
from storage import deadlines, effects, latest
from storage.models import Event
from storage.search.answer import BadCursor, Question
from storage.search.language import MOST_LETTERS
from web import calendars, feed_formats, present, texts
from web.api import Open  # noqa: TC001 - FastAPI reads it at run time
from web.feed_items import Maker, urn
from web.pages import GET, MOST_OF_CURSOR, day

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from web.archive import Archive
    from web.feed_formats import Feed, Item
    from web.texts import Texts

PER_PAGE = 50
FORMS: dict[str, tuple[str, Callable[[Feed], bytes]]] = {
    "atom": ("application/atom+xml", feed_formats.atom),
    "rss": ("application/rss+xml", feed_formats.rss),
    "json": ("application/feed+json", feed_formats.json_feed),
}
_EDITION = 1
"""Goes up when the same records are written another way: what readers have kept is no longer good then."""
_SETTLED = timedelta(seconds=5)
"""Times of HTTP are whole seconds: within the one of the last event another could still come."""
_CALENDAR_DAYS, _MOST_DAYS = 365, 2_000

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A page of a feed before its entries are made: the events that they tell of, and where the others are.

    `name` is what the feed is called for ever. The queries of other pages are None where there are none. `is_current`
    says that nothing is missing that the log has: where it is not, a time is no validator, for the last event's stays
    when what it tells of comes in.
    """

    name: str
    title: str
    home: str
    told: Sequence[Event]
    query: tuple[tuple[str, str], ...] = ()
    first: tuple[tuple[str, str], ...] = ()
    next: tuple[tuple[str, str], ...] | None = None
    previous: tuple[tuple[str, str], ...] | None = None
    is_private: bool = False
    is_current: bool = True


def base(request: Request, archive: Archive) -> str:
    """The address of our pages, without a slash at its end: the operator's, else that of the request."""
    return archive.public_url or str(request.base_url).rstrip("/")


@router.api_route("/feeds/all.{form}", methods=GET)
def everything(request: Request, archive: Open, form: str) -> Response:
    """All records, by what was last told of them."""
    said = _said(request)
    return _of_log(request, archive, form, latest.Scope(), "feed/all", said("feed.all"), "/")


@router.api_route("/feeds/source/{source:path}.{form}", methods=GET)
def of_source(request: Request, archive: Open, form: str, source: str) -> Response:
    """Those that a source tells of."""
    if source not in archive.overview().sources:
        raise HTTPException(404)
    home = "/" + present.query([("source", source)])
    scope = latest.Scope(source=source)
    return _of_log(request, archive, form, scope, f"feed/source/{source}", archive.name(source), home)


@router.api_route("/feeds/kind/{kind}.{form}", methods=GET)
def of_kind(request: Request, archive: Open, form: str, kind: str) -> Response:
    """Those of which something of this kind was told: `article`, `document`, `procedure`, or a kind of event."""
    if kind not in latest.TOLD and kind not in latest.GROUPS:
        raise HTTPException(404)
    said = _said(request)
    title = said.word("kind" if kind in latest.GROUPS else "kind_of_event", kind)
    home = "/" + present.query([("kind", kind.partition(".")[0])])
    return _of_log(request, archive, form, latest.Scope(kind=kind), f"feed/kind/{kind}", title, home)


@router.api_route("/feeds/field/{field:path}.{form}", methods=GET)
def of_field(request: Request, archive: Open, form: str, field: str) -> Response:
    """Procedures of a field, however its name is accented."""
    fields = _fields(archive, field)
    home = "/procedures" + present.query([("field", fields[0])])
    scope = latest.Scope(fields=fields)
    return _of_log(request, archive, form, scope, f"feed/field/{text.fold(fields[0])}", fields[0], home)


@router.api_route("/feeds/search.{form}", methods=GET)
def of_search(request: Request, archive: Open, form: str) -> Response:
    """What a search finds, the newest first; the same parameters as the search page's."""
    given = request.query_params
    asked = {name: text.clean(given.get(name, "")[:MOST_LETTERS]) for name in ("q", "source", "kind", "field")}
    days = {name: _day(given[name]) for name in ("from", "to") if given.get(name)}
    question = Question(
        typed=asked["q"], since=days.get("from"), until=days.get("to"), sort="newest", limit=PER_PAGE,
        cursor=given.get("cursor", "")[:MOST_OF_CURSOR] or None, kinds=_chosen(asked["kind"]),
        sources=_chosen(asked["source"]), fields=_chosen(asked["field"]),
    )  # fmt: skip
    try:
        answer = archive.search(question)
    except BadCursor:
        raise HTTPException(400) from None
    narrowed = asked | {name: one.isoformat() for name, one in days.items()}
    parameters = tuple((name, value) for name, value in narrowed.items() if value)
    ids = [str(hit["id"]) for hit in answer["hits"]]
    with archive.database.reading() as session:
        last = latest.of(session, ids)
    following = answer["next_cursor"]
    return _answered(request, archive, form, Page(
        name=f"feed/search{present.query(parameters)}", title=_said(request)("feed.search", query=asked["q"] or "…"),
        home="/" + present.query((*parameters, ("sort", "newest"))), told=[last[one] for one in ids if one in last],
        query=parameters, next=(("cursor", following),) if following else None, is_current=not answer["stale"],
    ))  # fmt: skip


@router.api_route("/feeds/watch/{watch}.{form}", methods=GET)
def of_watch(request: Request, archive: Open, form: str, watch: str) -> Response:
    """What a watch was to hear of; for whoever has its token, and nobody else learns whether there is such a watch."""
    token, before = request.query_params.get("token", ""), _cursor(request, "before")
    with archive.database.reading() as session:
        try:
            row = watches.feed_of(session, watch, token)
        except watches.NoWatch:
            raise HTTPException(404) from None
        found = watches.told(session, watch, before=before, limit=PER_PAGE + 1)
    told, said = found[:PER_PAGE], _said(request)
    return _answered(request, archive, form, Page(
        name=f"feed/watch/{watch}", title=said("feed.watch", query=telling.called(row) or said("leaving.everything")),
        home="/" + present.query([("q", row.query)]), told=told, query=(("token", token),),
        next=(("before", str(told[-1].cursor)),) if len(found) > PER_PAGE else None, is_private=True, is_current=False,
    ))  # fmt: skip


def _chosen(value: str) -> tuple[str, ...]:
    return (value,) if value else ()


def _cursor(request: Request, name: str) -> int | None:
    """A cursor of the event log in the address. Refuses what is none."""
    said = request.query_params.get(name, "")
    if said and not (said.isascii() and said.isdigit() and len(said) <= 18):
        raise HTTPException(400)
    return int(said) if said else None


def _said(request: Request) -> Texts:
    """Vietnamese, unless the address asks for another language: a feed is the same for all who ask for it."""
    wish = request.query_params.get("lang", "")
    return texts.load(wish if wish in texts.LANGUAGES else texts.LANGUAGES[0])


def _fields(archive: Archive, said: str) -> tuple[str, ...]:
    """All ways in which procedures write this field. Refuses what is none."""
    found = tuple(one for one in archive.fields() if text.fold(one) == text.fold(said))
    if not found:
        raise HTTPException(404)
    return found


def _day(said: str) -> date:
    """A day that was asked for; one that cannot be read is refused, and not passed over."""
    if (found := day(said)) is None:
        raise HTTPException(400)
    return found


def _of_log(
    request: Request, archive: Archive, form: str, scope: latest.Scope, name: str, title: str, home: str
) -> Response:
    given, asked_until = request.query_params, _cursor(request, "until")
    try:
        after = latest.Place.read(given["after"]) if given.get("after") else None
    except ValueError:
        raise HTTPException(400) from None
    with archive.database.reading() as session:
        until = latest.last(session, scope) if asked_until is None else asked_until
        leaf = latest.page(session, scope, until=until, after=after, limit=PER_PAGE)
    walk = (("until", str(until)),)
    previous = (*walk, ("after", str(leaf.previous))) if leaf.previous else walk if leaf.is_second else None
    return _answered(request, archive, form, Page(
        name=name, title=title, home=home, told=leaf.events, first=() if asked_until is None else walk,
        next=(*walk, ("after", str(leaf.next))) if leaf.next else None, previous=previous,
    ))  # fmt: skip


def _answered(request: Request, archive: Archive, form: str, page: Page) -> Response:
    """The page in a format, or that the reader has it already, which needs no entry to be made."""
    if form not in FORMS:
        raise HTTPException(404)
    maker = Maker(base=base(request, archive), said=_said(request), name=archive.name)
    records = {event.record for event in page.told if event.record}
    with archive.database.reading() as session:
        known = latest.marks(session, records)
        last = select(Event.at).order_by(Event.cursor.desc()).limit(1)
        at = session.scalar(last) if page.is_current else None
        headers = {
            "ETag": _tag(request, maker, page, known),
            "Cache-Control": "private, no-cache" if page.is_private else "public, max-age=60",
        }
        if at is not None:
            headers["Last-Modified"] = format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True)
        if _has(request, headers, at):
            return Response(status_code=304, headers=headers)
        items = (maker.of_events if page.is_private else maker.of_records)(session, page.told)
    media_type, write = FORMS[form]
    return Response(
        write(_feed(request, maker, page, items)), headers=headers, media_type=f"{media_type}; charset=utf-8"
    )


def _feed(request: Request, maker: Maker, page: Page, items: Sequence[Item]) -> Feed:
    language = (("lang", maker.said.language),) if maker.said.language != texts.LANGUAGES[0] else ()
    path = quote(request.url.path)

    def address(which: tuple[tuple[str, str], ...] | None) -> str | None:
        return None if which is None else maker.base + path + present.query((*page.query, *language, *which))

    return feed_formats.Feed(
        id=urn(page.name), title=f"{page.title} · {maker.said('site.name')}", subtitle=maker.said("site.tagline"),
        home=maker.base + page.home, own=address(_own(request)) or "", first=address(page.first) or "",
        next=address(page.next), previous=address(page.previous), language=maker.said.language, items=items,
    )  # fmt: skip


def _own(request: Request) -> tuple[tuple[str, str], ...]:
    """What chooses the page that was asked for."""
    return tuple(
        (name, said) for name in ("until", "after", "cursor", "before") if (said := request.query_params.get(name))
    )


def _tag(request: Request, maker: Maker, page: Page, known: dict[str, int]) -> str:
    """A validator of all that the body is made of."""
    told = [(event.cursor, known.get(event.record or ""), maker.name(event.source)) for event in page.told]
    made = repr((_EDITION, maker.base, maker.said.language, str(request.url.path), page.title, page.query,
                 _own(request), page.next, page.previous, told))  # fmt: skip
    return f'"{hashlib.sha256(made.encode("utf-8", "replace")).hexdigest()[:24]}"'


def _has(request: Request, headers: dict[str, str], at: datetime | None) -> bool:
    """Whether the reader has this already (RFC 9110, 13.1): by the tag, or where it sent none by the time.

    A time must be the very one that we sent: an event's is when it happened, and others may be entered later.
    """
    tags = request.headers.get("if-none-match")
    if tags is not None:
        return _names(tags, headers["ETag"])
    since = request.headers.get("if-modified-since")
    return since is not None and since == headers.get("Last-Modified") and at is not None and _is_settled(at)


def _names(tags: str, tag: str) -> bool:
    """Whether an If-None-Match names a tag."""
    return tags.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in tags.split(",")}


def _whole(request: Request, body: bytes, media_type: str) -> Response:
    """What is made whole each time, with a tag of itself."""
    headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:24]}"', "Cache-Control": "public, max-age=60"}
    if _names(request.headers.get("if-none-match", ""), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=f"{media_type}; charset=utf-8")


def _is_settled(at: datetime) -> bool:
    return datetime.now(UTC) - at > _SETTLED


@router.api_route("/feeds.opml", methods=GET)
def opml(request: Request, archive: Open) -> Response:
    """All feeds of sources, in their folders, after the one of everything."""
    here, said = base(request, archive), _said(request)
    outlines = [feed_formats.Outline(title=said("feed.all"), group="", feed=f"{here}/feeds/all.atom", home=f"{here}/")]
    outlines += [
        feed_formats.Outline(
            title=archive.name(source), group=source.rpartition("/")[0], feed=here + present.feed(source),
            home=f"{here}/{present.query([('source', source)])}",
        )
        for source in archive.overview().sources
    ]  # fmt: skip
    return _whole(request, feed_formats.opml(said("site.name"), outlines), "text/x-opml")


@router.api_route("/calendar.ics", methods=GET)
def calendar(request: Request, archive: Open) -> Response:
    """Days on which decisions and documents take effect, and days until when records ask for something.

    They are those from a year ago on, or `from` a day; `kind` is `effect` or `deadline`, where only these are wanted.
    """
    given = request.query_params
    kind = given.get("kind", "")
    if kind not in {"", "effect", "deadline"}:
        raise HTTPException(404)
    a_year_ago = datetime.now(UTC).date() - timedelta(days=_CALENDAR_DAYS)
    since = _day(given["from"]) if given.get("from") else a_year_ago
    field = given.get("field", "")
    wanted = effects.Wanted(
        since=since, typed=given.get("q", "")[:MOST_LETTERS], source=given.get("source") or None,
        fields=_fields(archive, field) if field else (),
    )  # fmt: skip
    with archive.database.reading() as session:
        taking = [] if kind == "deadline" else effects.listed(session, wanted, limit=_MOST_DAYS)
        due = [] if kind == "effect" else deadlines.listed(session, wanted, limit=_MOST_DAYS)
    here, said = base(request, archive), _said(request)
    occasions = [_occasion(one, here, said, archive) for one in taking]
    occasions += [_due(one, here, said, archive) for one in due]
    name = said.word("calendar", kind) if kind else said("feed.calendar")
    return _whole(request, calendars.calendar(name, occasions), "text/calendar")


def _occasion(one: effects.Effect, here: str, said: Texts, archive: Archive) -> calendars.Occasion:
    what = said.word("change", one.change) if one.change else said.word("field", "effective_from")
    return calendars.Occasion(
        id=f"{one.record} {one.key}", on=one.day, told_at=one.told_at, title=f"{what}: {one.title}",
        url=f"{here}/record/{one.record}", note="\n".join(filter(None, (one.number, archive.name(one.source)))),
        categories=tuple(filter(None, (said.word("kind", "procedure" if one.change else "document"), one.field))),
    )  # fmt: skip


def _due(one: deadlines.Due, here: str, said: Texts, archive: Archive) -> calendars.Occasion:
    on, copy = one.deadline.on, f"{here}/record/{one.record}"
    return calendars.Occasion(
        id=f"{one.record} deadline {one.key}", on=on.at if on.precision == "minute" else on.at.date(),
        told_at=one.told_at, title=f"{said.word('deadline', one.deadline.what)}: {one.title}", url=copy,
        note="\n".join((one.deadline.evidence, archive.name(one.source), copy, one.url)),
        categories=(said.word("calendar", "deadline"),),
    )  # fmt: skip
