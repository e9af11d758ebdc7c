"""Real procedures of the national portal, from which the sample portal makes its procedure pages (`data/`).

26 whole records, structured by hand from what public crawlers had flattened, and the heads of 150 more.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a list shows of a procedure. `levels` are bộ, tỉnh, xã; `decision` is as somebody typed it."""

    code: str
    name: str
    field: str
    levels: tuple[str, ...]
    kind: str | None
    decision: str
    agency: str | None
    applicants: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way to submit the papers."""

    how: str
    time_limit: str
    fee: str | None
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper of the dossier, with the heading that it stands under and the form to fill in."""

    case: str | None
    name: str
    form: str | None
    originals: int
    copies: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """A document of the legal basis: its number as printed and in normal form, the day it was issued (ISO)."""

    number: str
    normal: str
    title: str
    date: str | None
    issuer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Head):
    """A whole procedure. `results` are names with the national portal's codes for them; texts have lines."""

    carried_out_by: str | None
    place: str | None
    ways: tuple[Way, ...]
    steps: str | None
    dossier: tuple[Paper, ...]
    results: tuple[tuple[str, str], ...]
    legal_basis: tuple[Basis, ...]
    conditions: str | None


@cache
def records() -> tuple[Record, ...]:
    """All whole records."""
    return tuple(_record(row) for row in _data("records.json"))


@cache
def heads() -> tuple[Head, ...]:
    """The heads of further procedures."""
    return tuple(Head(**_tuples(row)) for row in _data("index.json"))


def head(code: str) -> Head:
    """The procedure of that code. Raises KeyError."""
    return _by_code()[code]


@cache
def _by_code() -> dict[str, Head]:
    return {one.code: one for one in (*heads(), *records())}


def _data(name: str) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = json.loads(files("sample").joinpath("data", name).read_text("utf-8"))
    return content


def _tuples(row: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}


def _record(row: dict[str, Any]) -> Record:
    made = _tuples(row)
    made["ways"] = tuple(Way(**way) for way in row["ways"])
    made["dossier"] = tuple(Paper(**paper) for paper in row["dossier"])
    made["results"] = tuple((one["name"], one["code"]) for one in row["results"])
    made["legal_basis"] = tuple(Basis(**basis) for basis in row["legal_basis"])
    return Record(**made)
