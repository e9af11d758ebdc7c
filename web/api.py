"""The HTTP API: the shapes of the contract, as the command line prints them."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel

from scraper.items import VIETNAM, Change, Level
from storage.procedure_lists import Wanted
from storage.records import NoRecord
from storage.search.answer import BadCursor, Question, Sort
from storage.timeline import State
from web.archive import LAST_VERSION, MOST_EVENTS, Archive

MOST_PROCEDURES = 500


class Problem(BaseModel):
    """What went wrong, in a sentence."""

    error: str


EventKind = Literal[
    "article.new", "article.changed", "article.gone", "article.returned",
    "document.added", "document.changed",
    "procedure.new", "procedure.amended", "procedure.replaced", "procedure.abolished", "procedure.changed",
    "source.ill", "source.recovered",
    "record.updated", "record.withheld",
]  # fmt: skip


def archive(request: Request) -> Archive:
    """The archive that the application has opened."""
    found: Archive = request.app.state.archive
    return found


Open = Annotated[Archive, Depends(archive)]
Version = Annotated[int | None, Query(ge=1, le=LAST_VERSION)]

router = APIRouter(prefix="/api/v1", tags=["congtin"], responses={"4XX": {"model": Problem}})


@router.get("/search")
def search(
    archive: Open,
    q: str = "",
    kind: Annotated[tuple[str, ...], Query()] = (),
    source: Annotated[tuple[str, ...], Query()] = (),
    field: Annotated[tuple[str, ...], Query()] = (),
    since: Annotated[date | None, Query(alias="from")] = None,
    until: Annotated[date | None, Query(alias="to")] = None,
    sort: Sort = "relevance",
    limit: int = 20,
    cursor: str | None = None,
) -> dict[str, Any]:
    """Searches titles, bodies, captions and names of attachments; without `q`, everything."""
    try:
        asked = Question(
            typed=q,
            kinds=kind,
            sources=source,
            fields=field,
            since=since,
            until=until,
            sort=sort,
            limit=limit,
            cursor=cursor,
        )
        return archive.search(asked)
    except BadCursor as error:
        raise HTTPException(400, str(error)) from None


@router.get("/procedures")
def procedures(
    archive: Open,
    q: str = "",
    state: State | None = None,
    change: Change | None = None,
    field: str | None = None,
    level: Level | None = None,
    source: str | None = None,
    since: date | None = None,
    as_of: date | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_PROCEDURES)] = 50,
    offset: Annotated[int, Query(ge=0, lt=2**31)] = 0,
) -> list[dict[str, Any]]:
    """Administrative procedures as they stand today, or stood on the day `as_of`."""
    wanted = Wanted(
        as_of=as_of or datetime.now(VIETNAM).date(), typed=q, state=state, change=change, field=field, level=level,
        source=source, since=since,
    )  # fmt: skip
    return archive.procedures(wanted, limit=limit, offset=offset)[1]


@router.get("/records/{name}")
def record(archive: Open, name: str, version: Version = None, as_of: date | None = None) -> dict[str, Any]:
    """A record as it is, or as one of its versions was; a procedure by its id or code, as it stood on a day."""
    try:
        return archive.record(name, version, as_of)
    except NoRecord as error:
        raise HTTPException(404, str(error)) from None


@router.get("/records/{name}/history")
def history(archive: Open, name: str) -> list[dict[str, Any]]:
    """A record's versions, the first one first."""
    try:
        return archive.history(name)
    except NoRecord as error:
        raise HTTPException(404, str(error)) from None


@router.get("/records/{name}/diff")
def diff(
    archive: Open,
    name: str,
    old: Annotated[Version, Query(alias="from")] = None,
    new: Annotated[Version, Query(alias="to")] = None,
) -> dict[str, Any]:
    """What changed between two versions, word by word; by default between the last two."""
    try:
        return archive.compare(name, old, new)
    except NoRecord as error:
        raise HTTPException(404, str(error)) from None


@router.get("/events")
def events(
    archive: Open,
    since: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    kind: Annotated[tuple[EventKind, ...], Query()] = (),
    limit: int = 100,
) -> list[dict[str, Any]]:
    """What happened after a cursor, oldest first."""
    return archive.events(since, kind, min(max(limit, 1), MOST_EVENTS))


@router.get("/status")
def status(archive: Open) -> list[dict[str, Any]]:
    """Health of all sources."""
    return archive.status()
