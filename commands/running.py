"""Commands that run until they are told to stop: the scheduler, the web server, both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import console
from commands import app, config, database, delivering, every_source, find_source, log_to_stderr
from console import Exit

if TYPE_CHECKING:
    from scraper.config import Config
    from storage.database import Database

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]


@app.command(epilog="Example: congtin schedule, or congtin schedule thanh-hoa/snv")
def schedule(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID…]", help="Has the scheduler that runs crawl these next, before all others."),
    ] = None,
    deliver: Annotated[bool, typer.Option(help="Also send what watches are to hear of.")] = True,
) -> None:
    """Crawl every source when it is due, for ever, and send alerts; with sources, have these crawled next."""
    if sources:
        _wish(sources)
        return
    import asyncio

    from scheduler import Scheduler
    from spiders.loader import catalogue

    settings = config()
    log_to_stderr()

    def signature() -> object:
        return tuple((str(file), _changed(file)) for file in catalogue(settings).files.values())

    def usable() -> Iterable[Any]:
        return every_source(settings)[0]

    with closing(database()) as opened, _delivering(settings, opened) if deliver else nullcontext():
        asyncio.run(Scheduler(opened, catalogue=usable, signature=signature, budget=settings.budget).run())


@contextmanager
def _delivering(settings: Config, opened: Database) -> Iterator[None]:
    """Sends what watches are to hear of, in a thread beside what is done meanwhile."""
    import threading

    dispatcher = delivering.dispatching(settings, opened)
    thread = threading.Thread(target=dispatcher.run, name="alerts", daemon=True)
    thread.start()
    try:
        yield
    finally:
        dispatcher.stop()
        thread.join(delivering.PATIENCE_SECONDS)
        delivering.end(dispatcher)


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


@app.command(epilog="Example: congtin serve --port 8000")
def serve(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve the search and reading pages, until Ctrl-C."""
    import demo as demonstration

    raise typer.Exit(demonstration.serve(config(), host=host, port=port))


@app.command(epilog="Example: congtin up --host 0.0.0.0 --port 8000")
def up(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Run the scheduler, the web server and the sending of alerts: all that a server needs."""
    from supervisor import Supervisor

    log_to_stderr()
    database().close()  # one that cannot be used is told of once
    code = Supervisor(
        [["serve", "--host", host, "--port", str(port)], ["schedule", "--no-deliver"], ["deliver", "--follow"]]
    ).run()
    raise typer.Exit(code or Exit.DONE)
