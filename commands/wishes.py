"""What a watch can be asked for in a command: the options, and how they are read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from console import Exit, fail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scraper.config import Config

Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", help="Kinds of event (procedure.abolished), all of a sort (article), or all."),
]
Sources = Annotated[
    list[str] | None, typer.Option("--source", help="Only of these sources, or folders of them; '' for all.")
]
Fields = Annotated[
    list[str] | None, typer.Option("--field", help="Only procedures whose field has these words; '' for all.")
]
Every = Annotated[
    str | None, typer.Option(metavar="now|day|week", help="At once, or in digests; a new watch's is now.")
]
At = Annotated[int | None, typer.Option(help="Hour of digests, 0 to 23, in Vietnam; a new watch's is 7.")]
On = Annotated[str | None, typer.Option(help="Day of weekly digests, mon to sun; a new watch's is mon.")]
Quiet = Annotated[str | None, typer.Option(metavar="H-H", help="Hours in which nothing is sent, such as 22-6.")]
Language = Annotated[str | None, typer.Option(help="Of messages, vi or en; a new watch's is vi.")]
Name = Annotated[str | None, typer.Option(help="What messages call it, instead of the query.")]
_QUIET = re.compile(r"(\d{1,2})-(\d{1,2})")


def asked(
    settings: Config,
    *,
    kind: list[str] | None,
    source: list[str] | None,
    field: list[str] | None,
    every: str | None,
    at: int | None = None,
    on: str | None = None,
    quiet: str | None = None,
    language: str | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """The parts of an `alerts.watches.Wish` that options name; ends the command where one is wrong.

    Raises BadWatch for what is no kind of event.
    """
    from alerts import watches

    sources = [one for one in source or () if one]
    _known(settings, sources)
    given = {
        "kinds": watches.kinds(kind) if kind else None,
        "sources": None if source is None else tuple(sources),
        "fields": None if field is None else tuple(one for one in field if one),
        "every": _one_of("--every", every, ("now", "day", "week")),
        "hour": at,
        "weekday": None if on is None else watches.DAYS.index(str(_one_of("--on", on, watches.DAYS))),
        "quiet": _hours(quiet) if quiet else None,
        "language": _one_of("--language", language, ("vi", "en")),
        "name": name,
    }
    return {part: value for part, value in given.items() if value is not None}


def usable(settings: Config, addresses: Sequence[str], option: str) -> None:
    """Ends the command where no message could go to one of these addresses as things are set up."""
    from alerts.address import BadAddress, parse
    from alerts.channels import Settings, refused

    for address in addresses:
        try:
            why = refused(parse(address), Settings.of(settings))
        except BadAddress as error:
            fail(f"{option}: {error}", Exit.USAGE)
        if why:
            fail(f"{option} {parse(address).shown}: {why}", Exit.USAGE)


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


def _one_of(option: str, said: str | None, words: Sequence[str]) -> str | None:
    if said is not None and said not in words:
        fail(f"{option}: {said!r} is none of {', '.join(words)}", Exit.USAGE)
    return said


def _hours(said: str) -> tuple[int, int]:
    found = _QUIET.fullmatch(said)
    if found is None:
        fail(f"--quiet: two hours, such as 22-6, and not {said!r}", Exit.USAGE)
    return int(found[1]), int(found[2])
