"""The `congtin` command: parses words, calls one function, prints a table or JSON."""

from __future__ import annotations

import os
import sys
import time
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import typer
from rich.markup import escape

import console
from console import Exit, fail
from scraper.config import BadConfig, Config

if TYPE_CHECKING:
    from collections.abc import Sequence

app = typer.Typer(
    help="Archives, searches and monitors the news and procedure pages of Vietnamese provincial portals.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
)
sources_app = typer.Typer(help="The catalogue of portals.", no_args_is_help=True)
app.add_typer(sources_app, name="sources")

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d", "%d/%m/%Y"])]


def config() -> Config:
    """The operator's settings; ends the command where one is wrong."""
    try:
        return Config.from_environment(os.environ)
    except BadConfig as error:
        fail(str(error), Exit.USAGE)


def _source(name: str) -> Any:
    from scraper.sources import BadSource, UnknownSource
    from spiders.loader import catalogue

    try:
        return catalogue(config()).load(name)
    except UnknownSource as error:
        fail(f"{error}. `congtin sources list` shows them all", Exit.USAGE)
    except BadSource as error:
        fail(str(error), Exit.USAGE)


def _database() -> Any:
    from storage.database import Database, DatabaseError

    try:
        return Database(config())
    except DatabaseError as error:
        fail(str(error), Exit.LATER)


@app.command(epilog="Example: congtin sample --port 8899 --articles 2000")
def sample(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8899,
    articles: Annotated[int, typer.Option(min=1, help="How many articles the portal has.")] = 200,
    seed: Annotated[int, typer.Option(help="Another seed is another portal.")] = 1,
) -> None:
    """Serve the sample portal on loopback, until Ctrl-C."""
    from sample import server

    console.err.print(f"The sample portal: [bold]http://127.0.0.1:{port}/[/] ({articles} articles). Ctrl-C ends it.")
    try:
        server.serve(port=port, articles=articles, seed=seed)
    except OSError as error:
        fail(f"port {port} cannot be served: {error}", Exit.LATER)


@app.command(epilog="Example: congtin demo --once")
def demo(
    port: Annotated[int, typer.Option(help="Port of the search page.")] = 8000,
    once: Annotated[bool, typer.Option("--once", help="End after the crawl and print what was found.")] = False,
    articles: Annotated[int, typer.Option(min=1, help="How many articles the sample portal has.")] = 200,
) -> None:
    """Sample portal, crawl with progress, search page: the whole product with no network."""
    import demo as demonstration

    raise typer.Exit(demonstration.run(config(), port=port, once=once, articles=articles))


@app.command(epilog="Example: congtin crawl thanh-hoa/snv --recheck")
def crawl(
    sources: Annotated[list[str] | None, typer.Argument(metavar="ID…", help="Ids of sources.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every source that is not paused.")] = False,
    recheck: Annotated[bool, typer.Option(help="Ask every known page again, conditionally.")] = False,
    full: Annotated[bool, typer.Option(help="Walk every page of every listing: a backfill.")] = False,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d", "%d/%m/%Y"], help="Leave older entries out.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Fetch at most so many detail pages of each.")] = None,
    json: Json = False,
) -> None:
    """Crawl portals once, now."""
    from spiders import run

    settings = config()
    if every == bool(sources):
        fail("name the sources to crawl, or give --all", Exit.USAGE)
    if sources and (addresses := [name for name in sources if "://" in name]):
        fail(
            f"{addresses[0]} is an address: write a source file for it (docs/adding-a-portal.md) and name its id",
            Exit.USAGE,
        )
    if every:
        chosen, left_out = _every_source(settings)
    else:
        chosen, left_out = [_source(name) for name in dict.fromkeys(sources or [])], 0
        if refusal := next(filter(None, (_refusal(settings, one.id, one.url, _ports(one)) for one in chosen)), None):
            fail(*refusal)
    with console.crawling(quiet=json or not console.err.is_terminal) as progress:
        results = run.crawl(
            chosen, settings, progress=progress, recheck=recheck, full=full,
            since=since.date() if since else None, limit=limit,
        )  # fmt: skip
    code = _tell_crawl(results, json=json)
    raise typer.Exit(Exit.FAILED if left_out and code == Exit.DONE else code)


def _every_source(settings: Config) -> tuple[list[Any], int]:
    """The sources that may be crawled, and how many were left out: each of those is told of, and stops no other."""
    from spiders.loader import catalogue

    sources = catalogue(settings)
    chosen, left_out = [], _tell_broken(sources)
    for source in sources.usable():
        if source.file.paused:
            continue
        if refusal := _refusal(settings, source.id, source.url, _ports(source)):
            console.err.print(f"left out: {refusal[0]}", style="yellow", markup=False, soft_wrap=True)
            left_out += 1
        else:
            chosen.append(source)
    return chosen, left_out


def _tell_broken(sources: Any) -> int:
    """Says what is wrong with source files that cannot be used; how many they are."""
    broken = [problems for name in sorted(sources.files) if (problems := sources.check(name))]
    for problems in broken:
        for problem in problems:
            console.err.print(f"left out: {problem}", style="yellow", markup=False, soft_wrap=True)
    return len(broken)


def _refusal(settings: Config, name: str, url: str, ports: set[int]) -> tuple[str, Exit] | None:
    """Why an address may not be asked as the operator has set things up."""
    from scraper import guard
    from spiders.portal import is_loopback

    if why := guard.refused_url(url, settings.allow_networks, ports):
        return f"{name}: {why}", Exit.REFUSED
    if not settings.contact and not is_loopback(url):
        why = "set CONGTIN_CONTACT to a URL or mail address for the user agent: real portals want one"
        return f"{name}: {why}", Exit.USAGE
    return None


def _ports(source: Any) -> set[int]:
    return {int(host.rpartition(":")[2]) for host in source.hosts if host.rpartition(":")[2].isdecimal()}


def _tell_crawl(results: list[Any], *, json: bool) -> Exit:
    """Prints what crawls came to; the exit code that it means."""
    reports = [one.report for one in results if one.report]
    for one in results:
        if why := one.refusal or one.interruption or one.error:
            console.err.print(f"{one.source}: {why}", style="bold red", markup=False)
    if json:
        console.as_json(reports)
    elif reports:
        tell_reports(reports)
    if any(one.error for one in results):
        return Exit.OURS
    if any(one.refusal for one in results):
        return Exit.REFUSED
    ill = any(report["verdict"] != "healthy" or report["failures"] for report in reports) or len(reports) < len(results)
    if ill and reports and all(_unreached(report) for report in reports):
        return Exit.LATER
    if ill and reports and all(set(report["outcomes"]) == {"ROBOTS"} for report in reports):
        return Exit.REFUSED
    return Exit.FAILED if ill else Exit.DONE


def _unreached(report: dict[str, Any]) -> bool:
    """Whether a crawl met a host that is down: nothing at all was had from it."""
    return report["verdict"] == "failed" and set(report["outcomes"]) <= {"ROBOTS", "DNS", "NETWORK", "TIMEOUT", "TLS"}


def tell_reports(reports: list[dict[str, Any]]) -> None:
    """A table of crawls, and below it what failed."""
    counted = ("new", "changed", "unchanged", "gone")
    console.table(
        ["source", "verdict", "new", "changed", "same", "gone", "failed", "requests", "304", "MB", "s"],
        [
            [
                report["source"], report["verdict"], *(report[name] for name in counted), len(report["failures"]),
                report["requests"], report["not_modified"], f"{report['bytes'] / 1e6:.1f}", f"{report['seconds']:.1f}",
            ]
            for report in reports
        ],
    )  # fmt: skip
    for report in reports:
        if report["cause"]:
            console.out.print(f"{report['source']}: {report['cause']}", markup=False)
        for failure in report["failures"][:20]:
            console.out.print(f"  {failure['outcome']}  {failure['url']}  {failure['message']}", markup=False)
        if len(report["failures"]) > 20:
            console.out.print(f"  … and {len(report['failures']) - 20} more: --json lists them all")


@app.command(
    context_settings={"ignore_unknown_options": True},
    epilog='Example: congtin search "thi dua khen thuong" --sort newest',
)
def search(
    query: Annotated[str, typer.Argument(help='Words, with or without accents; "a phrase"; -not.')],
    kind: Annotated[list[str] | None, typer.Option(help="article, procedure or document.")] = None,
    source: Annotated[list[str] | None, typer.Option(help="Only of these sources.")] = None,
    since: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d", "%d/%m/%Y"])] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d", "%d/%m/%Y"])] = None,
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
        typed=query, kinds=tuple(kind or ()), sources=tuple(source or ()), since=_day(since), until=_day(until),
        sort="newest" if sort == "newest" else "relevance", limit=limit, cursor=cursor,
    )  # fmt: skip
    try:
        answer = Searcher(_database(), config().data / "index").search(question)
    except BadCursor as error:
        fail(f"--cursor: {error}", Exit.USAGE)
    if json:
        console.as_json(answer)
    else:
        for hit in answer["hits"]:
            when = console.day(hit["published_at"], hit["precision"])
            console.out.print(f"[bold]{escape(hit['title'])}[/]", soft_wrap=True)
            console.out.print(f"  [cyan]{hit['id']}[/]  {hit['source']}  {when}  {escape(hit['url'])}", soft_wrap=True)
            console.out.print(f"  {console.snippet(hit['snippet'])}\n", soft_wrap=True)
        stale = "; the index is still catching up" if answer["stale"] else ""
        console.out.print(f"{answer['total']} found in {answer['took_ms']} ms{stale}")
        if answer["next_cursor"]:
            console.out.print(f"More: --cursor {answer['next_cursor']}")
    if not answer["hits"]:
        raise typer.Exit(Exit.NOTHING)


def _closed(given: list[str] | None, known: Sequence[str]) -> None:
    if strange := [word for word in given or () if word not in known]:
        fail(f"--kind: {strange[0]!r} is none of {', '.join(known)}", Exit.USAGE)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _record(read: Any) -> Any:
    """What `read` finds in a session; ends the command where there is no such record."""
    from storage.records import NoRecord

    with _database().reading() as session:
        try:
            return read(session)
        except NoRecord as error:
            fail(str(error), Exit.NOTHING)


@app.command(epilog="Example: congtin show k3jf2m5qa7xw2cde --version 1")
def show(
    record: Annotated[str, typer.Argument(metavar="ID")],
    version: Annotated[int | None, typer.Option(min=1)] = None,
    json: Json = False,
) -> None:
    """Show a record, whole."""
    from storage import records

    told = _record(lambda session: records.show(session, record, version))
    if json:
        console.as_json(told)
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
    for image in told["images"]:
        console.out.print(f"[picture] {image['caption']}  {image['url']}", markup=False, soft_wrap=True)
    for document in told["attachments"]:
        console.out.print(f"[document] {document['title']}  {document['url']}", markup=False, soft_wrap=True)


@app.command(epilog="Example: congtin history k3jf2m5qa7xw2cde")
def history(record: Annotated[str, typer.Argument(metavar="ID")], json: Json = False) -> None:
    """List a record's versions."""
    from storage import records

    versions = _record(lambda session: records.history(session, record))
    if json:
        console.as_json(versions)
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
    record: Annotated[str, typer.Argument(metavar="ID")],
    old: Annotated[int | None, typer.Argument(metavar="V1", min=1)] = None,
    new: Annotated[int | None, typer.Argument(metavar="V2", min=1)] = None,
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
    database, cursor = _database(), since
    try:
        while True:
            with database.reading() as session:
                found = [log.shape(event) for event in log.since(session, cursor, kinds=kind or ())]
            for event in found:
                cursor = event["cursor"]
                if json:
                    console.as_json_line(event)
                else:
                    line = f"{event['cursor']:>6}  {console.day(event['at'])}  {event['kind']:<16} {event['origin']:<9}"
                    console.out.print(f"{line} {event['record']}  {event['title']}", markup=False, soft_wrap=True)
            if not found and not follow:
                return
            if not found:
                time.sleep(1)
    except KeyboardInterrupt:
        return


@app.command(epilog="Example: congtin status thanh-hoa/snv --json")
def status(source: Annotated[str | None, typer.Argument(metavar="ID")] = None, json: Json = False) -> None:
    """Health of sources and their last runs; exit code 3 when something is ill."""
    from spiders.loader import catalogue
    from storage import runs

    names = [_source(source).id] if source else sorted(catalogue(config()).files)
    with _database().reading() as session:
        rows = runs.status(session, names)
        last = runs.recent(session, names[0]) if source else []
    if json:
        console.as_json(rows)
    else:
        console.table(
            ["source", "verdict", "cause", "last run", "last good", "articles"],
            [
                [row["source"], row["verdict"] or "never run", row["cause"], console.day(row["last_run"]),
                 console.day(row["last_good"]), row["articles"]]
                for row in rows
            ],
        )  # fmt: skip
        if last:
            tell_reports(last)
    if any(row["verdict"] not in {None, "healthy"} for row in rows):
        raise typer.Exit(Exit.FAILED)


@app.command(epilog="Example: congtin serve --port 8000")
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
) -> None:
    """Serve the search and reading pages, until Ctrl-C."""
    import demo as demonstration

    raise typer.Exit(demonstration.serve(config(), host=host, port=port))


@sources_app.command("list", epilog="Example: congtin sources list --json")
def sources_list(json: Json = False) -> None:
    """List all portals."""
    from spiders.loader import catalogue

    sources = catalogue(config())
    _tell_broken(sources)
    rows = [
        {
            "id": source.id,
            "name": source.name,
            "url": source.url,
            "platform": source.platform,
            "sections": source.file.sections.model_dump(mode="json"),
            "verified": source.file.verified.isoformat() if source.file.verified else None,
            "paused": source.file.paused,
        }
        for source in sources.usable()
    ]
    if json:
        console.as_json(rows)
    else:
        console.table(["id", "name", "url", "platform", "verified"], [
            [row["id"], row["name"], row["url"], row["platform"], row["verified"] or "no"] for row in rows
        ])  # fmt: skip


@sources_app.command("check", epilog="Example: congtin sources check thanh-hoa/snv")
def sources_check(
    sources: Annotated[list[str] | None, typer.Argument(metavar="ID…")] = None, json: Json = False
) -> None:
    """Validate source files; exit code 2 when one is wrong."""
    from dataclasses import asdict

    from scraper.sources import UnknownSource
    from spiders.loader import catalogue

    files = catalogue(config())
    rows = []
    for name in sources or sorted(files.files):
        try:
            problems = files.check(name)
        except UnknownSource as error:
            fail(str(error), Exit.USAGE)
        rows.append((name, [asdict(problem) for problem in problems]))
    if json:
        console.as_json([{"id": name, "ok": not faults, "errors": faults} for name, faults in rows])
    else:
        for name, faults in rows:
            console.out.print(f"{'[red]bad[/] ' if faults else '[green]ok[/]  '} {name}")
            for fault in faults:
                place = f"{fault['file']}:{fault['line']}"
                console.out.print(f"     {place}: {fault['key']}: {fault['message']}", markup=False, soft_wrap=True)
    if any(faults for _, faults in rows):
        raise typer.Exit(Exit.USAGE)


@sources_app.command("show", epilog="Example: congtin sources show thanh-hoa/snv")
def sources_show(source: Annotated[str, typer.Argument(metavar="ID")], json: Json = False) -> None:
    """Show a portal's settings, with what its platform adds."""
    found = _source(source)
    told = {
        "id": found.id,
        **found.file.model_dump(mode="json", by_alias=True),
        "listings": [{"kind": one.kind, "role": one.role, "url": one.url} for one in found.sections],
        "layout": found.layout.model_dump(mode="json"),
    }
    if json:
        console.as_json(told)
    else:
        layout = told.pop("layout")
        console.fields({**told, "listings": "\n          ".join(one["url"] for one in told["listings"])})
        console.fields({f"selectors.{name}": " | ".join(value) for name, value in layout["selectors"].items()})


@sources_app.command("test", epilog="Example: congtin sources test thanh-hoa/snv --page saved.html")
def sources_test(
    source: Annotated[str, typer.Argument(metavar="ID")],
    page: Annotated[str | None, typer.Option(help="A saved page or an address; default: the first listing.")] = None,
    json: Json = False,
) -> None:
    """Show what would be extracted from a page of a portal; stores nothing."""
    found = _source(source)
    listings = [one.url for one in found.sections if one.role == "listing"] or [found.url]
    _extract([page or listings[0]], source=found, platform=None, url=None, json=json)


@app.command(epilog="Example: congtin extract saved.html --url https://snv.thanhhoa.gov.vn/portal/Pages/… --json")
def extract(
    pages: Annotated[list[str], typer.Argument(metavar="FILE_OR_URL…")],
    url: Annotated[str | None, typer.Option(help="The address that a saved page came from.")] = None,
    source: Annotated[str | None, typer.Option(metavar="ID", help="Read it as a page of this source.")] = None,
    platform: Annotated[str | None, typer.Option(metavar="NAME", help="Read it as a page of this platform.")] = None,
    json: Json = False,
) -> None:
    """Pages → records; stores nothing. Of several pages one JSON object a line."""
    _extract(pages, source=_source(source) if source else None, platform=platform, url=url, json=json)


def _extract(pages: list[str], *, source: Any, platform: str | None, url: str | None, json: bool) -> None:
    from spiders import preview
    from spiders.loader import catalogue

    platforms = catalogue(config()).platforms
    if platform and platform not in platforms:
        fail(f"--platform: no platform {platform!r}; there are {', '.join(sorted(platforms))}", Exit.USAGE)
    for page in pages:
        if page.startswith(("http://", "https://")):
            own = _ports(source) if source else {urlsplit(page).port or 80}
            if refusal := _refusal(config(), page, page, own):
                fail(*refusal)
    failed = False
    for told in preview.extract(pages, config(), source=source, platform=platform, url=url):
        failed = failed or bool(told.get("error"))
        if len(pages) > 1 or (json and told.get("error")):
            console.as_json_line(told)
        elif json:
            told.pop("file")
            console.as_json(told)
        else:
            tell_extract(told)
    if failed:
        raise typer.Exit(Exit.FAILED)


def tell_extract(told: dict[str, Any]) -> None:
    """What one page gave, for people."""
    if told.get("error"):
        console.err.print(f"{told['file']}: {told['error']}", markup=False)
        return
    shown = ("kind", "outcome", "message", "platform", "canonical_url", "title", "published_raw", "author", "summary")
    console.fields({name: told.get(name) for name in shown})
    console.fields({"published": console.day(told["published_at"], told["precision"])})
    if told["body_text"]:
        console.out.print(f"\n{told['body_text']}\n", markup=False, soft_wrap=True)
    for name in ("images", "attachments", "entries"):
        for one in told[name]:
            words = " | ".join(str(value) for value in one.values() if value)
            console.out.print(f"[{name}] {words}", markup=False, soft_wrap=True)
    if told["next_page"]:
        console.out.print(f"[next page] {told['next_page']['url']}", markup=False, soft_wrap=True)


def main() -> None:
    """Runs the command. A fault of ours is one line and exit code 1, with CONGTIN_DEBUG a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("CONGTIN_DEBUG"):
            raise
        console.err.print(
            f"congtin: our fault: {type(error).__name__}: {error} (CONGTIN_DEBUG=1 shows where)", markup=False
        )
        sys.exit(int(Exit.OURS))


if __name__ == "__main__":
    main()
