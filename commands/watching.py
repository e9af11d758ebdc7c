"""The commands of watches: making and ending them, and sending what they are to hear of."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

import console
from commands import Json, app, config, database, log_to_stderr
from console import Exit, fail

if TYPE_CHECKING:
    from collections.abc import Callable

    from alerts.dispatch import Dispatcher
    from alerts.items import Every, Language
    from alerts.preview import Preview
    from alerts.telling import Names
    from alerts.watches import Wish
    from scraper.config import Config
    from storage.database import Database

watch_app = typer.Typer(help="Saved searches that tell someone.", no_args_is_help=True)
app.add_typer(watch_app, name="watch")

Id = Annotated[str, typer.Argument(metavar="ID", help="Of a watch, as `watch list` shows it.")]
Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", help="Kinds of event (procedure.abolished), all of a sort (article), or all."),
]
Sources = Annotated[list[str] | None, typer.Option("--source", help="Only of these sources, or folders of them.")]
Fields = Annotated[list[str] | None, typer.Option("--field", help="Only procedures whose field has these words.")]
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_INTERRUPTED = 130
PATIENCE_SECONDS = 8.0
"""How long a command that is told to stop waits for messages that are on their way."""
_QUIET = re.compile(r"(\d{1,2})-(\d{1,2})")


@watch_app.command(
    epilog="Example: congtin watch add 'đất đai -\"thi đua\"' --to mailto:reader@example.org --every day"
)
def add(
    query: Annotated[str, typer.Argument(help="A search, as in the search box; '' for everything.")],
    to: Annotated[list[str], typer.Option("--to", metavar="CHANNEL", help="mailto:…, webhook+https://…, telegram:…")],
    kind: Kinds = None,
    source: Sources = None,
    field: Fields = None,
    every: Annotated[str, typer.Option(help="now, day or week.")] = "now",
    at: Annotated[int, typer.Option(help="Hour of digests, 0 to 23, in Vietnam.")] = 7,
    on: Annotated[str, typer.Option(help="Day of weekly digests: mon to sun.")] = "mon",
    quiet: Annotated[str, typer.Option(metavar="H-H", help="Hours in which nothing is sent, such as 22-6.")] = "",
    language: Annotated[str, typer.Option(help="Of messages: vi or en.")] = "vi",
    name: Annotated[str, typer.Option(help="What messages call it, instead of the query.")] = "",
    json: Json = False,
) -> None:
    """Make a watch: tell channels of what happens from now on that a search would find."""
    from alerts import watches

    settings = config()
    _known(settings, source or [])
    _usable(settings, to)
    try:
        wish = watches.Wish(
            query=query, kinds=watches.kinds(kind or []), sources=tuple(source or ()), fields=tuple(field or ()),
            every=cast("Every", _one_of("--every", every, ("now", "day", "week"))), hour=at,
            weekday=_DAYS.index(_one_of("--on", on, _DAYS)), quiet=_hours(quiet),
            language=cast("Language", _one_of("--language", language, ("vi", "en"))), name=name,
        )  # fmt: skip
        opened = database()
        with opened.writing() as session:
            made = watches.add(session, wish, to, now=datetime.now(UTC))
            feed = watches.feed(watches.find(session, made.id), settings.public_url)
    except watches.BadWatch as error:
        fail(str(error), Exit.USAGE)
    told = {
        "id": made.id,
        "understood": made.understood,
        "channels": list(made.channels),
        "secrets": made.secrets,
        "feed": feed,
    }
    if json:
        console.as_json(told)
    else:
        console.fields(
            {"id": made.id, "understood": made.understood or "everything", "channels": ", ".join(made.channels)}
        )
        if feed:
            console.out.print(f"feed: {feed}", markup=False, soft_wrap=True)
        for shown, secret in made.secrets.items():
            console.out.print(f"{shown}: its secret, told this once: {secret}", markup=False, soft_wrap=True)
    _warn(_previewed(settings, opened, wish))
    opened.close()


@watch_app.command("list", epilog="Example: congtin watch list --json")
def list_(json: Json = False) -> None:
    """All watches, and how many messages each has had; exit code 3 when a channel of one is paused."""
    from alerts import watches

    opened = database()
    with opened.reading() as session:
        rows = watches.listed(session, public_url=config().public_url)
    opened.close()
    if json:
        console.as_json(rows)
    else:
        columns = ["id", "query", "every", "channels", "sent", "pending", "failed"]
        console.table(columns, [[_cell(row, name) for name in columns] for row in rows])
        for row in rows:
            if row["feed"]:
                console.out.print(f"{row['id']}: {row['feed']}", markup=False, soft_wrap=True)
        for one in {channel["id"]: channel for row in rows for channel in row["channel_states"]}.values():
            if one["since"]:
                _tell_channel(one)
    if any(channel["paused"] for row in rows for channel in row["channel_states"]):
        raise typer.Exit(Exit.FAILED)


@watch_app.command(epilog="Example: congtin watch preview 'đất đai' --kind procedure")
def preview(
    query: Annotated[str, typer.Argument(metavar="QUERY|ID", help="A search, or a watch that there is.")],
    kind: Kinds = None,
    source: Sources = None,
    field: Fields = None,
    every: Annotated[str, typer.Option(help="now, day or week.")] = "now",
    json: Json = False,
) -> None:
    """Say what a watch would have sent over the last 30 days."""
    from alerts import watches

    settings = config()
    _known(settings, source or [])
    opened = database()
    try:
        wish = watches.Wish(
            query=query, kinds=watches.kinds(kind or []), sources=tuple(source or ()), fields=tuple(field or ()),
            every=cast("Every", _one_of("--every", every, ("now", "day", "week"))),
        )  # fmt: skip
        with opened.reading() as session:
            wish = watches.wish_of(session, query) or wish
        watches.check(wish)
        told = _previewed(settings, opened, wish)
    except watches.BadWatch as error:
        fail(str(error), Exit.USAGE)
    finally:
        opened.close()
    if json:
        console.as_json(told.shape())
        return
    about = "about " if told.estimated else ""
    console.fields({"matches": f"{about}{told.matches} in 30 days, {told.per_day:g} a day"})
    _warn(told)
    for one in told.would_send:
        said = f"{one['day']}  {one['count']} together" if "day" in one else f"{console.day(one['at'])}  {one['title']}"
        console.out.print(said, markup=False, soft_wrap=True)


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


@watch_app.command(epilog="Example: congtin watch pause 5qk2m4yfx7d3a6be --resume")
def pause(
    watch: Id,
    resume: Annotated[bool, typer.Option("--resume", help="Go on, from now; paused channels are tried again.")] = False,
) -> None:
    """Have a watch hear nothing from now on; what is queued for it is dropped."""
    from alerts import watches

    _change(watches.resume if resume else watches.pause, watch)


@watch_app.command(epilog="Example: congtin watch remove 5qk2m4yfx7d3a6be")
def remove(watch: Id) -> None:
    """End a watch; what is queued for it is dropped."""
    from alerts import watches

    _change(watches.remove, watch)


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


def _previewed(settings: Config, opened: Database, wish: Wish) -> Preview:
    from alerts.preview import preview
    from storage.search.answer import Searcher

    return preview(
        opened, Searcher(opened, settings.data / "index"), wish.query, kinds=wish.kinds, sources=wish.sources,
        fields=wish.fields, every=wish.every, now=datetime.now(UTC),
    )  # fmt: skip


def _warn(told: Preview) -> None:
    """Warns of floods, on standard error."""
    if told.flood:
        said = (
            f"More than 20 of these came on one day of the last 30 ({told.per_day:g} a day): so many come as digests."
        )
        console.err.print(
            f"{said} Narrow the query, or take --every day.", style="yellow", markup=False, soft_wrap=True
        )


def _usable(settings: Config, addresses: list[str]) -> None:
    """Ends the command where no message could go to one of these addresses as things are set up."""
    from alerts.address import BadAddress, parse
    from alerts.channels import Settings, refused

    for address in addresses:
        try:
            why = refused(parse(address), Settings.of(settings))
        except BadAddress as error:
            fail(f"--to: {error}", Exit.USAGE)
        if why:
            fail(f"--to {parse(address).shown}: {why}", Exit.USAGE)


def _change(change: Callable[..., None], watch: str) -> None:
    from alerts.watches import NoWatch

    opened = database()
    try:
        with opened.writing() as session:
            change(session, watch, now=datetime.now(UTC))
    except NoWatch as error:
        fail(str(error), Exit.USAGE)
    finally:
        opened.close()


def _names(settings: Config) -> Names:
    from alerts.telling import Names
    from spiders.loader import catalogue

    sources = {source.id: source.name for source in catalogue(settings).usable()}
    return Names(sources=sources, public_url=settings.public_url)


def _known(settings: Config, sources: list[str]) -> None:
    """Ends the command where a name is none of a source, nor of a folder of sources."""
    from spiders.loader import catalogue

    files = catalogue(settings).files
    for name in sources:
        if not any(file == name or file.startswith(f"{name}/") for file in files):
            fail(
                f"there is no source {name!r}, and no folder of sources. `congtin sources list` shows them all",
                Exit.USAGE,
            )


def _one_of(option: str, said: str, words: tuple[str, ...]) -> str:
    if said not in words:
        fail(f"{option}: {said!r} is none of {', '.join(words)}", Exit.USAGE)
    return said


def _hours(said: str) -> tuple[int, int] | None:
    if not said:
        return None
    found = _QUIET.fullmatch(said)
    if found is None:
        fail(f"--quiet: two hours, such as 22-6, and not {said!r}", Exit.USAGE)
    return int(found[1]), int(found[2])


def _cell(row: dict[str, Any], name: str) -> object:
    if name == "every":
        return "paused" if row["paused"] else row["every"]
    return ", ".join(row[name]) if name == "channels" else row[name]


def _tell_channel(one: dict[str, Any]) -> None:
    """Says that a channel fails, since when, and why."""
    state = "paused: it fails" if one["paused"] else "failing"
    said = f"{one['address']} is {state} since {console.day(one['since'])}: {one['cause']} {one['detail']}".rstrip()
    console.out.print(said, markup=False, soft_wrap=True)


def _tell(told: dict[str, Any]) -> None:
    console.fields({name: told[name] for name in ("sent", "failed", "pending")})
    for one in told["failing"]:
        _tell_channel(one)
    if told["dead"]:
        console.table(
            ["given up", "watch", "channel", "at", "cause"],
            [[one["id"], one["watch"], one["channel"], console.day(one["at"]), one["cause"]] for one in told["dead"]],
        )
