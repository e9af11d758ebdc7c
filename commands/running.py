"""Commands that run until they are told to stop: the scheduler, the web server, both."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

import console
from commands import app, config, database, every_source, find_source
from console import Exit

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]


@app.command(epilog="Example: congtin schedule, or congtin schedule thanh-hoa/snv")
def schedule(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID…]", help="Has the scheduler that runs crawl these next, before all others."),
    ] = None,
) -> None:
    """Crawl every source when it is due, for ever; with sources, have these crawled next."""
    if sources:
        _wish(sources)
        return
    import asyncio

    from scheduler import Scheduler
    from spiders.loader import catalogue

    settings = config()
    _log()

    def signature() -> object:
        return tuple((str(file), _changed(file)) for file in catalogue(settings).files.values())

    def usable() -> Iterable[Any]:
        return every_source(settings)[0]

    opened = database()
    try:
        asyncio.run(Scheduler(opened, catalogue=usable, signature=signature, budget=settings.budget).run())
    finally:
        opened.close()


def _changed(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:  # taken away at this very moment
        return 0


def _wish(sources: list[str]) -> None:
    from datetime import UTC, datetime

    from storage import schedule as table

    found = [find_source(name).id for name in sources]
    opened = database()
    with opened.writing() as session:
        for name in found:
            table.want(session, name, at=datetime.now(UTC))
    opened.close()
    console.err.print(f"{', '.join(found)}: crawled next, if a scheduler runs.", markup=False, soft_wrap=True)


def _log() -> None:
    """What the scheduler does, on standard error: as lines, or as JSON where the operator wants it so."""
    from scraper import logs

    if not logs.install(config(), level="INFO"):
        logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("congtin").setLevel(logging.INFO)


@app.command(epilog="Example: congtin serve --port 8000")
def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the search and reading pages, until Ctrl-C."""
    import demo as demonstration

    raise typer.Exit(demonstration.serve(config(), host=host, port=port))


@app.command(epilog="Example: congtin up --host 0.0.0.0 --port 8000")
def up(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run the scheduler and the web server: all that a server needs."""
    from supervisor import Supervisor

    _log()
    database().close()  # one that cannot be used is told of once
    code = Supervisor([["serve", "--host", host, "--port", str(port)], ["schedule"]]).run()
    raise typer.Exit(code or Exit.DONE)
