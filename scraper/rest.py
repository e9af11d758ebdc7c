"""A listing that a portal answers as JSON to a form posted to one address: how to ask, and what its rows say. Pure.

What a portal wants to be asked and how it calls things stands in its platform's file, table `rest`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NoReturn
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from scraper import labels, legal, urls
from scraper.items import Entry, NextPage, Postback, Procedure
from scraper.text import clean, is_cut

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_ROWS = 5_000
"""More rows than this on one page are a trap or a mistake (the catalogue's D18)."""

_NAMED = re.compile(r"\{(\w+)\}")


class NoRows(ValueError):
    """An answer that is no list of rows: HTML, JSON with a byte order mark or NaN (RFC 8259), an error."""


def _pairs(value: Any) -> Any:
    return tuple(value.items()) if isinstance(value, dict) else value


class Names(BaseModel):
    """What the portal calls the fields of a procedure."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = ""
    name: str = ""
    field: str = ""
    agency: str = ""
    carried_out_by: str = ""


class Rest(BaseModel):
    """How a listing is asked for and read.

    `path` is the address that takes the `form`, in whose values {page} (from 1) and {size} are replaced. `url` is the
    address of a row's own page, with the row's values by their names in braces; `title` and `total` name values.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Annotated[str, StringConstraints(pattern="^/")]
    form: Annotated[tuple[tuple[str, str], ...], BeforeValidator(_pairs)]
    url: str
    title: str
    total: str = ""
    size: int = Field(default=50, gt=0, le=MOST_ROWS)
    names: Names = Names()

    def answers(self, address: str) -> bool:
        """Whether it is this interface that stands behind an address."""
        return urlsplit(address).path == self.path


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """What one answer lists; `total` is how many rows there are on all pages, as far as it says."""

    entries: tuple[Entry, ...]
    procedures: tuple[Procedure, ...]
    next_page: NextPage | None
    total: int | None


def ask(rest: Rest, address: str, page: int) -> NextPage:
    """The request for a page, counted from 1."""
    size, number = str(rest.size), str(page)
    fields = tuple((name, value.replace("{page}", number).replace("{size}", size)) for name, value in rest.form)
    return NextPage(url=address, postback=Postback(target="", argument="", fields=fields))


def read(body: bytes, rest: Rest, address: str, page: int) -> Rows:
    """The rows of an answer. Raises NoRows."""
    rows = _rows(body)
    entries: dict[str, Entry] = {}
    for row in rows:
        if (to := _address(row, rest, address)) and (title := _text(row, rest.title)):
            entries.setdefault(to, Entry(url=to, title=title, truncated=is_cut(title)))
    procedures = tuple(one for one in (_procedure(row, rest.names) for row in rows) if one.code)
    if rows and not (entries or procedures):
        raise NoRows(f"{len(rows)} rows, and none has what the layout's names ask for")
    stated = [_text(row, rest.total) for row in rows[:1]]
    total = next((int(number) for number in stated if number.isascii() and number.isdigit() and len(number) < 10), None)
    more = len(rows) >= rest.size if total is None else page * rest.size < total
    return Rows(
        entries=tuple(entries.values()),
        procedures=procedures,
        next_page=ask(rest, address, page + 1) if rows and more else None,
        total=total,
    )


def _rows(body: bytes) -> list[Mapping[str, Any]]:
    try:
        # Strictly: what begins with a byte order mark or holds NaN was not written by the interface that we know.
        rows = json.loads(body.decode("utf-8"), parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise NoRows(f"no JSON: {error}") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NoRows(f"JSON, but no list of rows: {clean(body[:200].decode('utf-8', 'replace'))}")
    return rows[:MOST_ROWS]


def _refused(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name) if name else None
    return clean(str(value)) if isinstance(value, str | int) else ""


def _address(row: Mapping[str, Any], rest: Rest, base: str) -> str | None:
    """The address of a row's own page; None where the row lacks one of its parts."""
    parts = {name: _text(row, name) for name in _NAMED.findall(rest.url)}
    if not all(parts.values()):
        return None
    return urls.join(base, _NAMED.sub(lambda name: quote(parts[name[1]], safe=""), rest.url))


def _procedure(row: Mapping[str, Any], names: Names) -> Procedure:
    def said(name: str) -> str | None:
        value = _text(row, name)
        return None if labels.is_nothing(value) else value

    return Procedure(
        code=legal.code(_text(row, names.code)),
        name=_text(row, names.name),
        field=said(names.field),
        agency=said(names.agency),
        carried_out_by=said(names.carried_out_by),
        raw=tuple((name, value) for name in row if (value := _text(row, name))),
    )
