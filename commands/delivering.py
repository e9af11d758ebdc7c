"""The commands that hand over what watches are to hear of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

import console
from commands import Json, app, config, database, log_to_stderr, watching
from commands.watching import Id, watch_app
from console import Exit, fail

if TYPE_CHECKING:
    from alerts.dispatch import Dispatcher
    from alerts.telling import Names
    from scraper.config import Config
    from storage.database import Database

_INTERRUPTED = 130
PATIENCE_SECONDS = 8.0
"""How long a command that is told to stop waits for messages that are on their way."""


@watch_app.command("test", epilog="Example: congtin watch test 5qk2m4yfx7d3a6be")
def try_out(watch: Id, json: Json = False) -> None:
    """Send a trial to each channel of a watch, and say what came of it; exit code 3 when one failed."""
    from alerts import trial, watches
    from alerts.channels import Channels, Settings

    settings = config()
    opened = database()
    try:
        with Channels(Settings.of(settings)) as sender:
            rows = trial.run(opened, watch, sender, _names(settings), now=datetime.now(UTC))
    except watches.NoWatch as error:
        fail(str(error), Exit.USAGE)
    finally:
        opened.close()
    if json:
        console.as_json(rows)
    else:
        console.table(["channel", "outcome", "cause", "note"], [[*row.values()] for row in rows])
    if any(row["outcome"] != "taken" for row in rows):
        raise typer.Exit(Exit.FAILED)


@app.command(epilog="Example: congtin deliver, or congtin deliver --again 5qk2m4yfx7d3a6be")
def deliver(
    follow: Annotated[bool, typer.Option("--follow", help="Go on until told to stop, as `up` does.")] = False,
    again: Annotated[list[str] | None, typer.Option("--again", metavar="ID", help="Of messages given up.")] = None,
    dead: Annotated[bool, typer.Option("--dead", help="Once more all messages that were given up.")] = False,
    json: Json = False,
) -> None:
    """Send what watches are to hear of; exit code 3 when something failed."""
    from alerts import outbox, standing

    settings = config()
    opened = database()
    try:
        if follow:
            _follow(settings, opened)
            return
        if dead or again:
            with opened.writing() as session:
                count = outbox.again(session, messages=again or [], now=datetime.now(UTC))
            if again and count < len(set(again)):
                fail(
                    "not all of these are messages that were given up; `congtin deliver --json` lists them", Exit.USAGE
                )
        dispatcher = dispatching(settings, opened)
        try:
            tally = dispatcher.once()
        finally:
            dispatcher.close()
        with opened.reading() as session:
            told = {"sent": tally.sent, "failed": tally.failed, **standing.report(session)}
    finally:
        opened.close()
    if json:
        console.as_json(told)
    else:
        _tell(told)
    if told["failed"] or told["paused_channels"]:
        raise typer.Exit(Exit.FAILED)


def dispatching(settings: Config, opened: Database) -> Dispatcher:
    """A dispatcher with the operator's accounts; to be closed."""
    from alerts.channels import Channels, Settings
    from alerts.dispatch import Dispatcher

    accounts = Settings.of(settings)
    return Dispatcher(opened, lambda: Channels(accounts), _names(settings))


def _follow(settings: Config, opened: Database) -> None:
    """Delivers until SIGTERM or SIGINT; a second one ends it at once."""
    import os
    import signal

    log_to_stderr()
    dispatcher = dispatching(settings, opened)
    stopping = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopping
        if stopping:
            os._exit(_INTERRUPTED)
        stopping = True
        dispatcher.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    try:
        dispatcher.run()
    finally:
        end(dispatcher)


def end(dispatcher: Dispatcher) -> None:
    """Ends a dispatcher, and the process with it where a receiver takes too long: the next one sends that again."""
    import os

    if not dispatcher.close(PATIENCE_SECONDS):
        os._exit(Exit.DONE)


def _names(settings: Config) -> Names:
    from alerts.telling import Names
    from spiders.loader import catalogue

    sources = {source.id: source.name for source in catalogue(settings).usable()}
    return Names(sources=sources, public_url=settings.public_url)


def _tell(told: dict[str, Any]) -> None:
    console.fields({name: told[name] for name in ("sent", "failed", "pending")})
    for one in told["failing"]:
        watching.tell_channel(one)
    if told["dead"]:
        console.table(
            ["given up", "watch", "channel", "at", "cause"],
            [[one["id"], one["watch"], one["channel"], console.day(one["at"]), one["cause"]] for one in told["dead"]],
        )
