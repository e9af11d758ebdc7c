"""Procedures on the command line: which stand how on a day, and one of them whole."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape

import console
from commands import Json, app, database
from console import Exit, fail

_LABELS = {
    "field": "field", "levels": "levels", "kind": "kind", "agency": "decided by", "carried_out_by": "carried out by",
    "applicants": "applicants", "time_limit": "time limit", "fees": "fees", "result": "result",
    "conditions": "conditions",
}  # fmt: skip


@app.command(
    epilog="Example: congtin procedures --change abolished --since 01/01/2025, "
    "or congtin procedures 'cap phep' --state in-force --as-of 03/05/2024"
)
def procedures(
    query: Annotated[str, typer.Argument(help="Words of name, code, field or decision, with or without accents.")] = "",
    state: Annotated[
        str | None, typer.Option(help="in-force, not-yet, replaced, abolished or unknown, on that day.")
    ] = None,
    change: Annotated[
        str | None, typer.Option(help="With a decision that made it new, amended, replaced or abolished.")
    ] = None,
    field: Annotated[str | None, typer.Option(help="Words of its field (lĩnh vực).")] = None,
    level: Annotated[str | None, typer.Option(help="bộ, tỉnh, huyện or xã.")] = None,
    source: Annotated[str | None, typer.Option(help="Only those that this source tells of.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%d/%m/%Y"], help="A decision takes effect, or an edit was seen, since then."
        ),
    ] = None,
    as_of: Annotated[
        datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d", "%d/%m/%Y"], help="As they stood on that day.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
    offset: Annotated[int, typer.Option(min=0, max=1_000_000, help="How many to leave out before these.")] = 0,
    json: Json = False,
) -> None:
    """List administrative procedures and how they stand, today or on any day."""
    from storage import procedure_lists
    from storage.timeline import CHANGES, STATES

    _one_of("--state", state, STATES)
    _one_of("--change", change, CHANGES)
    level = _level(level)
    day = (as_of or datetime.now()).date()  # noqa: DTZ005 - the day on the reader's wall
    wanted = procedure_lists.Wanted(
        as_of=day, typed=query, state=state, change=change, field=field, level=level, source=source,
        since=since.date() if since else None,
    )  # fmt: skip
    with database().reading() as session:
        total, found = procedure_lists.listed(session, wanted, limit=limit, offset=offset)
    if json:
        console.as_json(found)
    elif found:
        _table(found)
        shown = "" if total == len(found) else f", {len(found)} shown: --limit and --offset show others"
        console.out.print(f"{total} found, as of {day:%d/%m/%Y}{shown}")
    if not found:
        if not json:
            console.out.print(f"nothing found, as of {day:%d/%m/%Y}")
        raise typer.Exit(Exit.NOTHING)


def _level(typed: str | None) -> str | None:
    """A level as it is kept, however it was typed: `tinh` is `tỉnh`."""
    from scraper.text import fold

    known = {fold(level): level for level in ("bộ", "tỉnh", "huyện", "xã")}
    level = known.get(fold(typed), typed) if typed else typed
    _one_of("--level", level, tuple(known.values()))
    return level


def _one_of(option: str, given: str | None, known: tuple[str, ...]) -> None:
    if given is not None and given not in known:
        fail(f"{option}: {given!r} is none of {', '.join(known)}", Exit.USAGE)


_ROOMY = 110
"""Columns of a terminal from which the table has one for each thing that it tells."""


def _table(found: list[dict[str, Any]]) -> None:
    rows = [
        (
            one["code"] or one["id"], one["name"], one["field"] or "", ", ".join(one["levels"]), one["state"],
            number(one["decision"]), day(one["effective_from"]), len(one["places"]),
        )
        for one in found
    ]  # fmt: skip
    if console.out.width >= _ROOMY:
        console.table(["code", "name", "field", "levels", "state", "decision", "effective", "places"], rows)
        return
    console.table(
        ["code", "name", "state", "places"],
        [
            [code, _lines(name, " · ".join(filter(None, (field, levels)))), _lines(state, decision, effective), places]
            for code, name, field, levels, state, decision, effective, places in rows
        ],
    )


def _lines(*said: str) -> str:
    return "\n".join(filter(None, said))


def number(decision: dict[str, Any] | None) -> str:
    """A decision by its number, as it was understood or else as it was written."""
    return (decision["normal"] or decision["raw"]) if decision else ""


def day(iso: str | None) -> str:
    """A day as Vietnamese readers write it."""
    return f"{date.fromisoformat(iso):%d/%m/%Y}" if iso else ""


def show(told: dict[str, Any]) -> None:
    """Prints a procedure: how it stands, what it says, its timeline, and where it is told of."""
    said = told["procedure"]
    console.out.print(f"[bold]{escape(told['title'])}[/]\n", soft_wrap=True)
    since = f" since {day(said['state_since'])}" if said["state_since"] else ""
    console.fields(
        {
            "code": said["code"],
            "id": told["id"],
            "state": said["state"] + since,
            "decision": number(said["decision"]),
            "effective": day(said["effective_from"]),
            **{label: _text(said[name]) for name, label in _LABELS.items()},
            "version": f"{told['version']} of {told['versions']}",
            "first seen": console.day(told["first_seen"]),
            "last checked": console.day(told["last_checked"]),
        }
    )
    if said["ways"]:
        console.out.print()
        console.table(
            ["way", "time limit", "fee", "note"],
            [[way["how"], way["time_limit"], way["fee"], way["note"]] for way in said["ways"]],
        )
    if said["dossier"]:
        console.out.print()
        console.table(
            ["title", "case", "form", "originals", "copies"],
            [[item["name"], item["case"], item["form"], item["originals"], item["copies"]] for item in said["dossier"]],
        )
    if said["steps"]:
        console.out.print(f"\n{said['steps']}", markup=False, soft_wrap=True)
    for basis in said["legal_basis"]:
        console.out.print(f"[legal basis] {number(basis)}  {basis['title'] or ''}", markup=False, soft_wrap=True)
    _timeline(said["timeline"])
    for place in said["places"]:
        ended = f"  (until {console.day(place['ended_at'])})" if place["ended_at"] else ""
        line = f"[{place['role']}] {place['source']}  {place['url']}  version {place['version']}{ended}"
        console.out.print(line, markup=False, soft_wrap=True)


def _text(value: Any) -> str | None:
    return ", ".join(value) if isinstance(value, list) else value


def _timeline(steps: list[dict[str, Any]]) -> None:
    if steps:
        console.out.print()
        console.table(
            ["effective", "what", "decision", "title", "by"],
            [
                [day(step["effective_from"]), step["change"], number(step["decision"]), step["evidence"], step["basis"]]
                for step in steps
            ],
        )
        console.out.print()


def history(told: list[dict[str, Any]]) -> None:
    """Prints versions and steps in the order of their days."""
    console.table(
        ["at", "what", "decision", "title", "source"],
        [
            [
                console.day(one["at"], "day" if one["step"] else "minute"),
                one["step"]["change"] if one["step"] else _version(one),
                number(one["step"]["decision"]) if one["step"] else "",
                one["step"]["evidence"] if one["step"] else one["title"],
                one["source"],
            ]
            for one in told
        ],
    )


def _version(one: dict[str, Any]) -> str:
    return f"version {one['version']} (+{one['words_added']} -{one['words_removed']})"
