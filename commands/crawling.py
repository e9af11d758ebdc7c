"""Commands that crawl, or serve what was crawled."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer

import console
from commands import Json, app, config, database, every_source, find_source, ports, refusal
from console import Exit, fail


@app.command(epilog="Example: congtin sample --port 8899 --articles 2000 --faults")
def sample(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 8899,
    articles: Annotated[int, typer.Option(min=1, help="How many articles the portal has.")] = 200,
    seed: Annotated[int, typer.Option(help="Another seed is another portal.")] = 1,
    faults: Annotated[
        bool, typer.Option("--faults", help="Misbehave below /faults/, where all faults are listed.")
    ] = False,
) -> None:
    """Serve the sample portal on loopback, until Ctrl-C."""
    from sample import server

    place = f"[bold]http://127.0.0.1:{port}/[/]"
    console.err.print(f"The sample portal: {place} ({articles} articles, and procedures). Ctrl-C ends it.")
    if faults:
        console.err.print(f"What it does wrong: [bold]http://127.0.0.1:{port}/faults/[/]")
    try:
        server.serve(port=port, articles=articles, seed=seed, faults=faults)
    except OSError as error:
        fail(f"port {port} cannot be served: {error}", Exit.LATER)


@app.command(epilog="Example: congtin demo --once")
def demo(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the search page.")] = 8000,
    once: Annotated[bool, typer.Option("--once", help="End after the crawl and print what was found.")] = False,
    articles: Annotated[int, typer.Option(min=1, help="How many articles the sample portal has.")] = 200,
) -> None:
    """Sample portal, crawl with progress, search page: the whole product with no network."""
    import demo as demonstration

    raise typer.Exit(demonstration.run(config(), port=port, once=once, articles=articles))


@app.command(
    epilog="Example: congtin crawl thanh-hoa/snv --recheck, or congtin crawl https://snv.example.gov.vn/ --limit 50"
)
def crawl(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID…|URL…", help="Ids of sources, or home pages of undeclared portals."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every source that is not paused.")] = False,
    recheck: Annotated[bool, typer.Option(help="Ask every known page again, conditionally.")] = False,
    full: Annotated[bool, typer.Option(help="Walk every page of every listing: a backfill.")] = False,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d", "%d/%m/%Y"], help="Leave older entries out.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Fetch at most so many detail pages of each.")] = None,
    platform: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of undeclared portals; found from their pages if not given.")
    ] = None,
    section: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="A poll: of the sources' sections, feeds and hubs only these. More than once."
        ),
    ] = None,
    old: Annotated[
        int | None, typer.Option(min=0, help="Ask so many old pages again at most, instead of 1 % of those known.")
    ] = None,
    most: Annotated[int | None, typer.Option(min=1, help="Send each source so many requests at most.")] = None,
    keep_hours: Annotated[
        bool, typer.Option("--keep-hours", help="End a source's crawl when the hours of its file are over.")
    ] = False,
    json: Json = False,
) -> None:
    """Crawl portals once, now."""
    from spiders import run

    settings = config()
    if every == bool(sources):
        fail("name the sources to crawl, or give --all", Exit.USAGE)
    if every:
        chosen, left_out = every_source(settings)
    else:
        chosen, left_out = [_named(name, platform) for name in dict.fromkeys(sources or [])], 0
        if platform and all("://" not in name for name in sources or []):
            fail("--platform: a source's file says what it is; it is for addresses", Exit.USAGE)
        if why := next(filter(None, (refusal(settings, one.id, one.url, ports(one)) for one in chosen)), None):
            fail(*why)
    if section:
        _check_sections(chosen, section)
    database().close()  # one that cannot be used is told of before anything is asked for
    with console.crawling(quiet=json or not console.err.is_terminal) as progress:
        results = run.crawl(
            chosen, settings, progress=progress, recheck=recheck, full=full,
            since=since.date() if since else None, limit=limit, platform=platform, listings=section or (),
            old=old, most=most, keep_hours=keep_hours,
        )  # fmt: skip
    code = _tell_crawl(results, json=json)
    raise typer.Exit(Exit.FAILED if left_out and code == Exit.DONE else code)


def _check_sections(sources: list[Any], sections: list[str]) -> None:
    """Ends the command where an address is no section of these sources."""
    known = {source.canonical(one.url) for source in sources for one in source.sections}
    for address in sections:
        if not any(source.owns(address) and source.canonical(address) in known for source in sources):
            fail(f"--section: {address} is no section, feed, sitemap or hub of what is to be crawled", Exit.USAGE)


def _named(name: str, platform: str | None) -> Any:
    """The source of an id, or of an address: the one that a file declares for its host, else an undeclared one."""
    from scraper import urls
    from scraper.items import GENERIC
    from scraper.sources import undeclared
    from spiders.loader import catalogue

    if "://" not in name:
        return find_source(name)
    sources = catalogue(config())
    if not urls.host(name):
        fail(f"{name!r} is no http address", Exit.USAGE)
    if platform and platform not in sources.platforms:
        fail(f"no platform {platform!r}; there are {', '.join(sources.platforms)}", Exit.USAGE)
    declared = next((one for one in sources.usable() if one.owns(name)), None)
    if declared and not platform:
        console.err.print(f"{name} belongs to the source {declared.id}", markup=False, soft_wrap=True)
        return declared
    return undeclared(sources.platforms[platform or GENERIC], name)


def _tell_crawl(results: list[Any], *, json: bool) -> Exit:
    """Prints what crawls came to; the exit code that it means."""
    reports = [one.report for one in results if one.report]
    for one in results:
        if one.platform:
            console.err.print(f"{one.source}: {one.platform}", markup=False, soft_wrap=True)
        if why := one.refusal or one.interruption or one.error:
            console.err.print(f"{one.source}: {why}", style="bold red", markup=False)
    if json:
        console.as_json(reports)
    elif reports:
        console.reports(reports)
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


@app.command(epilog="Example: congtin status thanh-hoa/snv --json")
def status(source: Annotated[str | None, typer.Argument(metavar="ID")] = None, json: Json = False) -> None:
    """Health of sources and their last runs, and channels that are paused; exit code 3 when a source is ill."""
    from alerts import standing
    from spiders.loader import catalogue
    from storage import runs, schedule

    names = [find_source(source).id] if source else sorted(catalogue(config()).files)
    with database().reading() as session:
        rows = runs.status(session, names)
        last = runs.recent(session, names[0]) if source else []
        paused = None if source else standing.paused(session)
        if source:
            rows[0] |= schedule.sections(session, names[0])
    if json:
        console.as_json(rows)
    else:
        console.table(
            ["source", "verdict", "cause", "last run", "last good", "next", "articles", "TTHC"],
            [
                [row["source"], row["verdict"] or "never run", row["cause"], console.day(row["last_run"]),
                 console.day(row["last_good"], "day"), console.day(row["next_due"]), row["articles"],
                 row["procedures"]]
                for row in rows
            ],
        )  # fmt: skip
        if source:
            _tell_schedule(rows[0])
        if last:
            console.reports(last)
    if paused and paused.channels:
        said = f"{len(paused.channels)} paused, {paused.waiting:,} alerts wait: {', '.join(paused.channels)}"
        console.err.print(
            f"channels: {said}. `congtin watch list` says why", style="yellow", markup=False, soft_wrap=True
        )
    if any(row["verdict"] not in {None, "healthy"} for row in rows):
        raise typer.Exit(Exit.FAILED)


def _tell_schedule(row: dict[str, Any]) -> None:
    """Prints when a source is due, and why; and the same of each of its sections."""
    due = console.day(row["next_due"])
    console.out.print(f"next: {due}, for {row['why']}" if due else row["why"], markup=False, soft_wrap=True)
    if row["sections"]:
        console.table(
            ["section", "new a day", "every", "last look", "new", "next"],
            [
                [one["url"], f"{one['rate_per_day']:.2g}", _span(one["interval_minutes"]),
                 console.day(one["last_look"]), one["found"], console.day(one["next_due"])]
                for one in row["sections"]
            ],
        )  # fmt: skip
        for one in row["sections"]:
            console.out.print(f"{one['url']}: {one['why']}", markup=False, soft_wrap=True)


def _span(minutes: float | None) -> str:
    return f"{minutes:.0f} min" if minutes is not None else ""
