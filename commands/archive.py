"""Commands that read the archive."""

from __future__ import annotations

import time
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

import console
from commands import Json, app, config, database, procedures
from console import Exit, fail

if TYPE_CHECKING:
    from collections.abc import Sequence


@app.command(
    context_settings={"ignore_unknown_options": True},
    epilog='Example: congtin search "thi dua khen thuong" --sort newest',
)
def search(
    query: Annotated[
        str, typer.Argument(help='Words; "a phrase"; -not; a OR b; begin*; nguon:, loai:, linhvuc:, so:, tu:, den:.')
    ],
    kind: Annotated[list[str] | None, typer.Option(help="article, procedure or document.")] = None,
    source: Annotated[list[str] | None, typer.Option(help="Only of these sources.")] = None,
    field: Annotated[list[str] | None, typer.Option(help="Only procedures of these fields (lĩnh vực).")] = None,
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d", "%d/%m/%Y"], help="Published on that day or later."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=["%Y-%m-%d", "%d/%m/%Y"], help="Published on that day or before.")
    ] = None,
    sort: Annotated[str, typer.Option(help="relevance or newest.")] = "relevance",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 10,
    cursor: Annotated[str | None, typer.Option(help="Where the last answer's next_cursor leads.")] = None,
    json: Json = False,
) -> None:
    """Search the archive."""
    from storage.search.answer import BadCursor, Question, Searcher

    if sort not in {"relevance", "newest"}:
        fail(f"--sort: relevance or newest, not {sort!r}", Exit.USAGE)
    _closed(kind, ("article", "procedure", "document"))
    question = Question(
        typed=query, kinds=tuple(kind or ()), sources=tuple(source or ()), fields=tuple(field or ()),
        since=_day(since), until=_day(until),
        sort="newest" if sort == "newest" else "relevance", limit=limit, cursor=cursor,
    )  # fmt: skip
    try:
        answer = Searcher(database(), config().data / "index").search(question)
    except BadCursor as error:
        fail(f"--cursor: {error}", Exit.USAGE)
    if json:
        console.as_json(answer)
    else:
        _said_of(answer)
        for hit in answer["hits"]:
            when = console.day(hit["published_at"], hit["precision"])
            console.out.print(f"[bold]{escape(hit['title'])}[/]", soft_wrap=True)
            console.out.print(f"  [cyan]{hit['id']}[/]  {hit['source']}  {when}  {escape(hit['url'])}", soft_wrap=True)
            if document := hit["document"]:
                page = f", page {document['page']}" if document["page"] else ""
                console.out.print(f"  in {document['title']}{page}:", markup=False, soft_wrap=True)
            console.out.print(f"  {console.snippet(hit['snippet'])}", soft_wrap=True)
            if hit["more"]:
                console.out.print(f"  same story: {' '.join(hit['more'])}", soft_wrap=True)
            console.out.print()
        stale = "; the index is still catching up" if answer["stale"] else ""
        console.out.print(f"{answer['total']} found in {answer['took_ms']} ms{stale}")
        if answer["next_cursor"]:
            console.out.print(f"More: --cursor {answer['next_cursor']}")
    if not answer["hits"]:
        raise typer.Exit(Exit.NOTHING)


def _said_of(answer: dict[str, Any]) -> None:
    """How a query was understood, what in it was not, and what was probably meant."""
    if answer["understood"] != answer["query"].strip():
        console.out.print(f"understood as: {answer['understood'] or 'nothing'}", markup=False, soft_wrap=True)
    for trouble in answer["troubles"]:
        start, end = trouble["position"], trouble["position"] + trouble["length"]
        where = f" (at {start + 1}: {answer['query'][start:end]})" if trouble["length"] else ""
        console.out.print(f"{trouble['message']} / {trouble['message_en']}{where}", markup=False, soft_wrap=True)
    if answer["suggestion"]:
        console.out.print(f"có phải bạn muốn tìm: {answer['suggestion']}", markup=False, soft_wrap=True)


def _closed(given: list[str] | None, known: Sequence[str]) -> None:
    if strange := [word for word in given or () if word not in known]:
        fail(f"--kind: {strange[0]!r} is none of {', '.join(known)}", Exit.USAGE)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _record(read: Any) -> Any:
    """What `read` finds in a session; ends the command where there is no such record."""
    from storage.records import NoRecord

    with database().reading() as session:
        try:
            return read(session)
        except NoRecord as error:
            fail(str(error), Exit.NOTHING)


@app.command(epilog="Example: congtin show k3jf2m5qa7xw2cde --version 1, or congtin show 1.001234 --as-of 03/05/2024")
def show(
    record: Annotated[str, typer.Argument(metavar="ID|CODE", help="A record's id, or a procedure's code.")],
    version: Annotated[int | None, typer.Option(min=1, help="The last one, if not given.")] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option("--as-of", formats=["%Y-%m-%d", "%d/%m/%Y"], help="How a procedure stood on that day."),
    ] = None,
    json: Json = False,
) -> None:
    """Show a record, whole."""
    from storage import records

    told = _record(lambda session: records.show(session, record, version, day=_day(as_of)))
    if json:
        console.as_json(told)
        return
    if _is_procedure(told):
        procedures.show(told)
        return
    console.out.print(f"[bold]{escape(told['title'])}[/]\n", soft_wrap=True)
    capture = told["capture"] or {}
    console.fields(
        {
            "source": told["source"],
            "published": console.day(told["published_at"], told["precision"]),
            "as printed": told["published_raw"],
            "address": told["url"],
            "state": told["state"],
            "version": f"{told['version']} of {told['versions']}",
            "first seen": console.day(told["first_seen"]),
            "last checked": console.day(told["last_checked"]),
            "archived in": f"{capture.get('warc')} at byte {capture.get('offset')}" if capture else None,
            "digest": capture.get("digest"),
        }
    )
    console.out.print(f"\n{told['body_text']}\n", markup=False, soft_wrap=True)
    for one in told["deadlines"]:
        line = f"[due {console.day(one['on'], one['precision'])}] {one['what']}: {' '.join(one['evidence'].split())}"
        console.out.print(line, markup=False, soft_wrap=True)
    for image in told["images"]:
        console.out.print(f"[picture] {image['caption']}  {image['url']}", markup=False, soft_wrap=True)
    for document in told["documents"] or told["attachments"]:
        console.out.print(f"[document] {document['title']}  {document['url']}", markup=False, soft_wrap=True)
        if cause := document.get("cause"):
            console.out.print(f"           {document['outcome']}: {cause}", markup=False, soft_wrap=True)
    for one in filter(None, (told["procedure"], *told["procedures"])):
        change = one["change"] or "names"
        console.out.print(f"[{change}] {one['code'] or one['id']}  {one['name']}", markup=False, soft_wrap=True)
    for named in told["numbers"]:
        line = f"[number] {procedures.number(named)}  {' '.join(named['records'])}"
        console.out.print(line.rstrip(), markup=False, soft_wrap=True)
    for naming in told["named_by"]:
        console.out.print(f"[named by] {naming['id']}  {naming['title']}", markup=False, soft_wrap=True)


def _is_procedure(told: dict[str, Any]) -> bool:
    """Whether a record is a procedure itself, and not a page that tells of one."""
    return "timeline" in (told["procedure"] or {})


@app.command(epilog="Example: congtin history k3jf2m5qa7xw2cde")
def history(
    record: Annotated[str, typer.Argument(metavar="ID|CODE", help="A record's id, or a procedure's code.")],
    json: Json = False,
) -> None:
    """List a record's versions; a procedure's with the steps of its timeline."""
    from storage import records

    versions = _record(lambda session: records.history(session, record))
    if json:
        console.as_json(versions)
        return
    if "step" in versions[0]:
        procedures.history(versions)
        return
    console.table(
        ["version", "at", "title", "origin", "words +", "words -"],
        [
            [
                one["version"],
                console.day(one["at"]),
                one["title"],
                one["origin"],
                one["words_added"],
                one["words_removed"],
            ]
            for one in versions
        ],
    )


@app.command(epilog="Example: congtin diff k3jf2m5qa7xw2cde 1 2")
def diff(
    record: Annotated[str, typer.Argument(metavar="ID|CODE", help="A record's id, or a procedure's code.")],
    old: Annotated[int | None, typer.Argument(metavar="V1", min=1, help="The older version.")] = None,
    new: Annotated[int | None, typer.Argument(metavar="V2", min=1, help="The newer version.")] = None,
    json: Json = False,
) -> None:
    """Show what changed between two versions, word by word; by default between the last two."""
    from storage import records

    told = _record(lambda session: records.compare(session, record, old, new))
    if json:
        console.as_json(told)
        return
    console.out.print(f"version {told['from']} → {told['to']}")
    if not told["fields"]:
        console.out.print("no field differs")
    for field, parts in told["fields"].items():
        console.out.print(f"\n[bold]{field}[/]\n{console.change(parts)}", soft_wrap=True)


@app.command(epilog="Example: congtin events --since 120 --kind article.changed --json")
def events(
    since: Annotated[int, typer.Option(min=0, metavar="CURSOR", help="Only what came after this cursor.")] = 0,
    kind: Annotated[list[str] | None, typer.Option(help="Only these kinds.")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Wait for more, until Ctrl-C.")] = False,
    json: Json = False,
) -> None:
    """Print what happened, oldest first; with --json one object a line."""
    from storage import events as log

    _closed(kind, log.KINDS)
    log_of, cursor = database(), since
    try:
        while True:
            with log_of.reading() as session:
                found = [log.shape(event) for event in log.since(session, cursor, kinds=kind or ())]
            for event in found:
                cursor = event["cursor"]
                if json:
                    console.as_json_line(event)
                else:
                    line = f"{event['cursor']:>6}  {console.day(event['at'])}  {event['kind']:<16} {event['origin']:<9}"
                    console.out.print(
                        f"{line} {event['record'] or event['source']}  {event['title']}", markup=False, soft_wrap=True
                    )
            if not found and not follow:
                return
            if not found:
                time.sleep(1)
    except KeyboardInterrupt:
        return
