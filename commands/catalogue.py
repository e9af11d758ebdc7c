"""Commands on the catalogue of portals, and on single pages."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

import console
from commands import Json, app, config, database, find_source, ports, refusal, sources_app, tell_broken
from console import Exit, fail


@sources_app.command("list", epilog="Example: congtin sources list --json")
def sources_list(json: Json = False) -> None:
    """List all portals."""
    from spiders.loader import catalogue

    sources = catalogue(config())
    tell_broken(sources)
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
        rows.append((name, problems))
    if json:
        console.as_json(
            [{"id": name, "ok": not faults, "errors": [asdict(fault) for fault in faults]} for name, faults in rows]
        )
    else:
        for name, faults in rows:
            console.out.print(f"{'[red]bad[/] ' if faults else '[green]ok[/]  '} {name}")
            for fault in faults:
                console.out.print(f"     {fault}", markup=False, soft_wrap=True)
    if any(faults for _, faults in rows):
        raise typer.Exit(Exit.USAGE)


@sources_app.command("show", epilog="Example: congtin sources show thanh-hoa/snv")
def sources_show(source: Annotated[str, typer.Argument(metavar="ID")], json: Json = False) -> None:
    """Show a portal's settings, with what its platform adds."""
    found = find_source(source)
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
    url: Annotated[str | None, typer.Option(help="The address that a saved page came from.")] = None,
    json: Json = False,
) -> None:
    """Show what would be extracted from a page of a portal, and how to mend its selectors; stores nothing."""
    found = find_source(source)
    listings = [one.url for one in found.sections if one.role == "listing"] or [found.url]
    _extract(
        [page or listings[0]], source=found, platform=None, url=url or _url_of(page, listings), json=json, mend=True
    )


def _url_of(page: str | None, listings: list[str]) -> str | None:
    """The address that a saved page stands for where none is given: the first listing's."""
    return listings[0] if page and not page.startswith(("http://", "https://")) else None


@app.command(epilog="Example: congtin extract saved.html --url https://snv.thanhhoa.gov.vn/portal/Pages/… --json")
def extract(
    pages: Annotated[list[str], typer.Argument(metavar="FILE_OR_URL…")],
    url: Annotated[str | None, typer.Option(help="The address that a saved page came from.")] = None,
    source: Annotated[str | None, typer.Option(metavar="ID", help="Read it as a page of this source.")] = None,
    platform: Annotated[str | None, typer.Option(metavar="NAME", help="Read it as a page of this platform.")] = None,
    json: Json = False,
) -> None:
    """Pages → records; stores nothing. Of several pages one JSON object a line."""
    _extract(pages, source=find_source(source) if source else None, platform=platform, url=url, json=json)


def _extract(
    pages: list[str], *, source: Any, platform: str | None, url: str | None, json: bool, mend: bool = False
) -> None:
    from commands import repair
    from spiders import preview
    from spiders.loader import catalogue

    platforms = catalogue(config()).platforms
    if platform and platform not in platforms:
        fail(f"--platform: no platform {platform!r}; there are {', '.join(sorted(platforms))}", Exit.USAGE)
    for page in pages:
        if page.startswith(("http://", "https://")):
            own = ports(source) if source else {urlsplit(page).port or 80}
            if why := refusal(config(), page, page, own):
                fail(*why)
    failed = False
    kept: list[Any] = []
    for told in preview.extract(pages, config(), source=source, platform=platform, url=url, kept=kept):
        if mend and kept:
            told["repair"] = repair.repair(kept[0], source, config(), database())
        failed = failed or bool(told.get("error"))
        if len(pages) > 1 or (json and told.get("error")):
            console.as_json_line(told)
        elif json:
            told.pop("file")
            console.as_json(told)
        else:
            tell_extract(told)
            if told.get("repair"):
                repair.tell(told["repair"])
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
