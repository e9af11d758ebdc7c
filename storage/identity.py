"""Which procedure is meant: by its code on whatever portal, else by its name on one, until its code is learned."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from scraper import text, urls
from storage import places
from storage.procedure_tables import Procedure, ProcedurePlace
from storage.successions import procedure_id

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from scraper import items

_CODE = re.compile(r"[\w.\-]{1,40}", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sighting:
    """What one page just said of procedures, and where.

    `own` is the procedure whose page it is, `rows` are all others that it names; `listing` says that it lists what is
    in force. `article` is the record of the page itself, if it is one; `published` its date, `document` the number of
    the document that it is, which decides what its rows announce where they name no other. `whole` says that the page
    shows all it has: what it told of before and does no more, is not there any more. `held` is the id of the document
    that is the page, where it is one, for portals give documents new addresses.
    """

    own: items.Procedure | None = None
    rows: Sequence[items.Procedure] = ()
    listing: bool = False
    source: str
    platform: str
    canonical_url: str
    url: str
    origin: str
    at: datetime
    article: str | None = None
    published: items.Moment | None = None
    document: items.DocumentNumber | None = None
    capture: int | None = None
    whole: bool = True
    held: str | None = None

    @property
    def page(self) -> str:
        """What names the page, be it over http or https, with or without `www.`."""
        return f"document {self.held}" if self.held else urls.key(self.canonical_url)


def here(session: Session, sighting: Sighting) -> dict[str, ProcedurePlace]:
    """The places at this page, by procedure."""
    return {place.record: place for place in session.scalars(on_page(ProcedurePlace, sighting))}


def on_page(table: type[Any], sighting: Sighting) -> Any:
    """A query for the rows of a table that this page made."""
    return select(table).where(table.source == sighting.source, table.page == sighting.page)


def resolve(session: Session, sighting: Sighting) -> dict[str, tuple[Procedure, list[items.Procedure]]]:
    """The procedures that a page speaks of, by id, in the page's order, each with all that the page says of it.

    One that nobody knew has version 0. One that was known without its code, which this page tells, is merged.
    """
    return _Resolver(session, sighting).found()


class _Resolver:
    """Which procedures a page speaks of: known ones, new ones, and ones whose code it is the first to tell."""

    def __init__(self, session: Session, sighting: Sighting) -> None:
        self._session = session
        self._sighting = sighting
        self._rows: dict[str, Procedure] = {}

    def found(self) -> dict[str, tuple[Procedure, list[items.Procedure]]]:
        sighting = self._sighting
        said = [sighting.own, *sighting.rows] if sighting.own else sighting.rows
        named = [one for one in said if _code(one) or text.words(one.name)]
        named.sort(key=lambda one: _code(one) is None)  # a name without its code may be that of another row with it
        keys = {places.name_key(one.name) for one in named if text.words(one.name)}
        wanted = {procedure_id(code) for one in named if (code := _code(one))} | set(map(self._name, keys))
        self._rows = {row.id: row for row in among(self._session, Procedure.id, wanted)}
        found: dict[str, tuple[Procedure, list[items.Procedure]]] = {}
        twins: dict[str, Procedure] | None = None
        for one in named:
            if _code(one):
                row = self._coded(one)
            else:
                if twins is None:
                    twins = self._coded_twins({places.name_key(one.name) for one in named if not _code(one)}, found)
                row = self._uncoded(one, twins)
            found.setdefault(row.id, (row, []))[1].append(one)
        self._session.flush()
        return found

    def _name(self, key: str) -> str:
        return urls.record_id(f"thu-tuc {self._sighting.source} {key}")

    def _coded(self, one: items.Procedure) -> Procedure:
        code = _code(one)
        assert code is not None
        row = self._rows.get(procedure_id(code)) or self._create(procedure_id(code), code, one)
        for other in self._formerly(one):
            if other.code is None and other.merged_into is None:
                places.merge(self._session, other, row, at=self._sighting.at, origin=self._sighting.origin)
        return row

    def _formerly(self, one: items.Procedure) -> list[Procedure]:
        """The procedures without a code that this one may have been so far: the name's, and the page's own."""
        former = [self._rows.get(self._name(places.name_key(one.name)))] if text.words(one.name) else []
        if one is self._sighting.own:
            former.append(self._of_this_page())
        return [row for row in dict.fromkeys(former) if row is not None]

    def _of_this_page(self) -> Procedure | None:
        """The procedure that the page was so far, whatever it was called then."""
        own = [place.record for place in here(self._session, self._sighting).values() if place.role == "page"]
        return self._session.get(Procedure, own[0]) if own else None

    def _uncoded(self, one: items.Procedure, twins: dict[str, Procedure]) -> Procedure:
        """Without a code: the page's own, the coded one of that name that this portal knows, else a new one."""
        if one is self._sighting.own and (own := self._of_this_page()):
            return own
        key = places.name_key(one.name)
        row = self._rows.get(self._name(key))
        if row is not None and row.merged_into is not None:
            return self._session.get_one(Procedure, row.merged_into)
        return row or twins.get(key) or self._create(self._name(key), None, one)

    def _coded_twins(self, keys: set[str], here: Collection[str]) -> dict[str, Procedure]:
        """By name, the coded procedures of this page, this portal or the national one, where there is only one."""
        self._session.flush()
        coded = [row for row in among(self._session, Procedure.name_key, keys) if row.code is not None]
        if not coded:
            return {}
        known = among(self._session, ProcedurePlace.record, {row.id for row in coded})
        near = {place.record for place in known if place.source == self._sighting.source or places.is_national(place)}
        near |= set(here)
        counted = Counter(row.name_key for row in coded if row.id in near)
        return {row.name_key: row for row in coded if row.id in near and counted[row.name_key] == 1}

    def _create(self, name: str, code: str | None, one: items.Procedure) -> Procedure:
        sighting = self._sighting
        row = Procedure(
            id=name, code=code, name=one.name, name_key=places.name_key(one.name), words="", source=sighting.source,
            platform=sighting.platform, url=sighting.url, version=0, fields={}, first_seen=sighting.at,
            last_checked=sighting.at,
        )  # fmt: skip
        self._session.add(row)
        self._rows[name] = row
        return row


def among(session: Session, column: Any, values: Iterable[str]) -> Iterator[Any]:
    """The rows whose column has one of the values."""
    for some in places.chunks(values):
        yield from session.scalars(select(column.class_).where(column.in_(some)))


def _code(one: items.Procedure) -> str | None:
    return one.code if one.code and _CODE.fullmatch(one.code) else None
