"""The commands of watches: saved searches that tell someone."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

import console
from commands import Json, app, config, database, wishes
from commands.wishes import At, Every, Fields, Kinds, Language, Name, On, Quiet, Sources
from console import Exit, fail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alerts.preview import Preview
    from alerts.watches import Made, Wish
    from scraper.config import Config
    from storage.database import Database

watch_app = typer.Typer(help="Saved searches that tell someone.", no_args_is_help=True)
app.add_typer(watch_app, name="watch")

Id = Annotated[str, typer.Argument(metavar="ID", help="Of a watch, as `watch list` shows it.")]
_CHANNEL = "mailto:…, webhook+https://…, telegram:…"


@contextmanager
def _opened() -> Iterator[Database]:
    """The database; ends the command where there is no such watch, or what was asked for is none."""
    from alerts.watches import BadWatch, NoWatch

    opened = database()
    try:
        yield opened
    except (BadWatch, NoWatch) as error:
        fail(str(error), Exit.USAGE)
    finally:
        opened.close()


@watch_app.command(
    epilog="Example: congtin watch add 'đất đai -\"thi đua\"' --to mailto:reader@example.org --every day"
)
def add(
    query: Annotated[str, typer.Argument(help="A search, as in the search box; '' for everything.")],
    to: Annotated[list[str], typer.Option("--to", metavar="CHANNEL", help=_CHANNEL)],
    kind: Kinds = None,
    source: Sources = None,
    field: Fields = None,
    every: Every = None,
    at: At = None,
    on: On = None,
    quiet: Quiet = None,
    language: Language = None,
    name: Name = None,
    json: Json = False,
) -> None:
    """Make a watch: tell channels of what happens from now on that a search would find."""
    from alerts import listing, watches

    settings = config()
    wishes.usable(settings, to, "--to")
    with _opened() as opened:
        wish = watches.Wish(query=query, **wishes.asked(
            settings, kind=kind, source=source, field=field, every=every, at=at, on=on, quiet=quiet, language=language,
            name=name,
        ))  # fmt: skip
        with opened.writing() as session:
            made = watches.add(session, wish, to, now=datetime.now(UTC))
            same = listing.same(session, made.id)
        _tell_made(settings, opened, made, json=json)
        for other in same:
            console.warn(f"{other} tells the same, and one channel of it is the same: its reader hears it twice.")
    if not settings.public_url:
        console.warn(
            "CONGTIN_PUBLIC_URL is not set: messages have no link to our copy, and no way out for their reader."
        )


@watch_app.command(
    epilog="Example: congtin watch change 5qk2m4yfx7d3a6be --every day --add-to mailto:other@example.org"
)
def change(
    watch: Id,
    query: Annotated[str | None, typer.Option(help="Another search; '' for everything.")] = None,
    kind: Kinds = None,
    source: Sources = None,
    field: Fields = None,
    every: Every = None,
    at: At = None,
    on: On = None,
    quiet: Quiet = None,
    no_quiet: Annotated[bool, typer.Option("--no-quiet", help="No hours are quiet any more.")] = False,
    language: Language = None,
    name: Name = None,
    add_to: Annotated[list[str] | None, typer.Option("--add-to", metavar="CHANNEL", help=_CHANNEL)] = None,
    no_to: Annotated[
        list[str] | None,
        typer.Option(
            "--no-to", metavar="CHANNEL", help="One to take away: its address, or the four letters behind it."
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Change a watch from now on; what is not named stays as it is. What happened before is told as it was promised."""
    from alerts import watches

    settings = config()
    if quiet and no_quiet:
        fail("--quiet and --no-quiet cannot both be", Exit.USAGE)
    wishes.usable(settings, add_to or [], "--add-to")
    with _opened() as opened:
        parts = wishes.asked(
            settings, kind=kind, source=source, field=field, every=every, at=at, on=on, quiet=quiet, language=language,
            name=name,
        )  # fmt: skip
        parts |= {"query": query} if query is not None else {}
        parts |= {"quiet": None} if no_quiet else {}
        with opened.writing() as session:
            made = watches.change(
                session, watch, lambda wish: replace(wish, **parts), to=add_to or (), no_to=no_to or (),
                now=datetime.now(UTC),
            )  # fmt: skip
        _tell_made(settings, opened, made, json=json)


def _tell_made(settings: Config, opened: Database, made: Made, *, json: bool) -> None:
    """What a watch is now; a warning, if it would flood."""
    from alerts import watches

    with opened.reading() as session:
        row = watches.find(session, made.id)
        wish, feed = watches.wish(row), watches.feed(row, settings.public_url)
    if json:
        console.as_json({
            "id": made.id, "understood": made.understood, "channels": list(made.channels), "secrets": made.secrets,
            "feed": feed,
        })  # fmt: skip
    else:
        console.fields(
            {"id": made.id, "understood": made.understood or "everything", "channels": ", ".join(made.channels)}
        )
        if feed:
            console.out.print(f"feed: {feed}", markup=False, soft_wrap=True)
        for shown, secret in made.secrets.items():
            console.out.print(f"{shown}: its secret, told this once: {secret}", markup=False, soft_wrap=True)
    _warn(_previewed(settings, opened, wish))


@watch_app.command("list", epilog="Example: congtin watch list --json")
def list_(json: Json = False) -> None:
    """All watches, and how many messages each has had; exit code 3 when a channel of one is paused."""
    from alerts import listing

    opened = database()
    with opened.reading() as session:
        rows = listing.listed(session, public_url=config().public_url)
    opened.close()
    if json:
        console.as_json(rows)
    else:
        columns = ["id", "query", "every", "channels", "sent", "pending", "failed"]
        console.table(columns, [[_cell(row, name) for name in columns] for row in rows])
        if not rows:
            console.warn("There is no watch yet: `congtin watch add` makes one.")
        for row in rows:
            if row["feed"]:
                console.out.print(f"{row['id']}: {row['feed']}", markup=False, soft_wrap=True)
        for one in {channel["id"]: channel for row in rows for channel in row["channel_states"]}.values():
            if one["since"]:
                tell_channel(one)
    if any(channel["paused"] for row in rows for channel in row["channel_states"]):
        raise typer.Exit(Exit.FAILED)


@watch_app.command(epilog="Example: congtin watch show 5qk2m4yfx7d3a6be --limit 50")
def show(
    watch: Id,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="How many of its last messages.")] = 20,
    json: Json = False,
) -> None:
    """What a watch asks for, how its channels are, and its last messages."""
    from alerts import listing

    with _opened() as opened, opened.reading() as session:
        told = listing.shown(session, watch, public_url=config().public_url, limit=limit)
    if json:
        console.as_json(told)
        return
    console.fields(_options(told))
    places = {one["address"]: place for place, one in enumerate(told["channel_states"], 1)}
    console.table(["to", "channel", "sent", "pending", "failed", "next attempt"], [
        [places[one["address"]], one["address"], one["sent"], one["pending"], one["failed"],
         "paused" if one["paused"] else console.day(one["next_attempt"])]
        for one in told["channel_states"]
    ])  # fmt: skip
    for one in told["channel_states"]:
        if one["since"]:
            tell_channel(one)
    console.table(["id", "made", "to", "kind", "title", "state"], [
        [one["id"], console.day(one["at"]), places.get(one["channel"], one["channel"]), one["kind"], _title(one),
         one["state"]]
        for one in told["messages"]
    ])  # fmt: skip


def _options(told: dict[str, Any]) -> dict[str, object]:
    """A watch's options as words, without those that say nothing."""
    every = "paused" if told["paused"] else told["every"]
    if told["every"] != "now":
        every += f", {told['weekday']} at {told['hour']}" if told["every"] == "week" else f" at {told['hour']}"
    said = {
        "id": told["id"], "name": told["name"], "query": told["query"] or "everything",
        "kinds": ", ".join(told["kinds"]), "sources": ", ".join(told["sources"]), "fields": ", ".join(told["fields"]),
        "every": every,
        "quiet": "{}-{}".format(*told["quiet"]) if told["quiet"] else "", "language": told["language"],
        "since": console.day(told["created_at"]), "feed": told["feed"],
    }  # fmt: skip
    return {name: value for name, value in said.items() if value}


def _title(message: dict[str, Any]) -> str:
    """What a message tells of, and what was the matter with it, in a line."""
    others = message["events"] - 1
    older = f"{message['noted']} older pages" if message["noted"] else ""
    said = ", ".join(filter(None, (message["title"], f"and {others} more" if others > 0 else "", older)))
    return f"{said} ({message['cause']}, {message['attempts']} attempts)" if message["cause"] else said


@watch_app.command(epilog="Example: congtin watch preview 'đất đai' --kind procedure")
def preview(
    query: Annotated[str, typer.Argument(metavar="QUERY|ID", help="A search, or a watch that there is.")],
    kind: Kinds = None,
    source: Sources = None,
    field: Fields = None,
    every: Every = None,
    at: At = None,
    on: On = None,
    quiet: Quiet = None,
    json: Json = False,
) -> None:
    """Say what a watch would have sent over the last 30 days."""
    from alerts import watches

    settings = config()
    with _opened() as opened:
        given = wishes.asked(
            settings, kind=kind, source=source, field=field, every=every, at=at, on=on, quiet=quiet
        )  # fmt: skip
        with opened.reading() as session:
            wish = watches.wish_of(session, query) or watches.Wish(query=query, **given)
        watches.check(wish)
        told = _previewed(settings, opened, wish)
    if json:
        console.as_json(told.shape())
        return
    about = "about " if told.estimated else ""
    console.fields({"matches": f"{about}{told.matches} in 30 days, {told.per_day:g} a day"})
    if told.estimated:
        console.warn("Not all of these days were watched: older pages count by the day of their publication.")
    _warn(told)
    for one in told.would_send:
        console.out.print(_foretold(one), markup=False, soft_wrap=True)


def _foretold(one: dict[str, Any]) -> str:
    """What a preview says of an event, or of some that are told together."""
    if "day" in one:
        return f"{console.day(one['day'], 'day')}  {one['count']} together"
    return f"{console.day(one['at'] if one['origin'] == 'poll' else one['published_at'])}  {one['title']}"


@watch_app.command(epilog="Example: congtin watch pause 5qk2m4yfx7d3a6be --resume")
def pause(
    watch: Id,
    resume: Annotated[bool, typer.Option("--resume", help="Go on, from now; channels that fail are tried.")] = False,
) -> None:
    """Have a watch hear nothing from now on; what is queued for it is dropped."""
    from alerts import watches

    _apply(watches.resume if resume else watches.pause, watch)


@watch_app.command(epilog="Example: congtin watch remove 5qk2m4yfx7d3a6be")
def remove(watch: Id) -> None:
    """End a watch; what is queued for it is dropped."""
    from alerts import watches

    _apply(watches.remove, watch)


def _previewed(settings: Config, opened: Database, wish: Wish) -> Preview:
    from alerts.digests import Rhythm
    from alerts.preview import preview
    from storage.search.answer import Searcher

    return preview(
        opened, Searcher(opened, settings.data / "index"), wish.query, kinds=wish.kinds, sources=wish.sources,
        fields=wish.fields, rhythm=Rhythm(every=wish.every, hour=wish.hour, weekday=wish.weekday, quiet=wish.quiet),
        now=datetime.now(UTC),
    )  # fmt: skip


def _warn(told: Preview) -> None:
    """Warns of floods, on standard error."""
    if told.flood:
        said = (
            f"More than 20 of these came on one day of the last 30 ({told.per_day:g} a day): so many come as digests."
        )
        console.warn(f"{said} Narrow the query, or take --every day.")


def _apply(what: Callable[..., None], watch: str) -> None:
    with _opened() as opened, opened.writing() as session:
        what(session, watch, now=datetime.now(UTC))


def _cell(row: dict[str, Any], name: str) -> object:
    if name == "every":
        return "paused" if row["paused"] else row["every"]
    if name == "channels":
        return "\n".join(row[name]) or "none: its readers left"
    if name == "query":
        within = ", ".join([*row["sources"], *row["fields"]])
        return (row["query"] or "everything") + (f" ({within})" if within else "")
    return row[name]


def tell_channel(one: dict[str, Any]) -> None:
    """Says that a channel fails, since when, and why."""
    state = "paused: it fails" if one["paused"] else "failing"
    why = ", ".join(filter(None, (one["cause"], one["detail"])))
    said = f"{one['address']} is {state} since {console.day(one['since'])}: {why}"
    console.out.print(said, markup=False, soft_wrap=True)
