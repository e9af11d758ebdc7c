"""The commands of `congtin`, a module for each kind: crawling, reading the archive, the catalogue of portals.

Here is what they share: the application that they register with, and the ways to a setting, a source, the database.
Each command loads what it needs, so that `--help` takes half a second.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated, Any

import typer

import console
from console import Exit, fail
from scraper.config import BadConfig, Config

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


def config() -> Config:
    """The operator's settings; ends the command where one is wrong."""
    try:
        return Config.from_environment(os.environ)
    except BadConfig as error:
        fail(str(error), Exit.USAGE)


def find_source(name: str) -> Any:
    """A source of the catalogue; ends the command where there is none, or its file is wrong."""
    from scraper.sources import BadSource, UnknownSource
    from spiders.loader import catalogue

    try:
        return catalogue(config()).load(name)
    except UnknownSource as error:
        fail(f"{error}. `congtin sources list` shows them all", Exit.USAGE)
    except BadSource as error:
        fail(str(error), Exit.USAGE)


def database() -> Any:
    """The database, made if it is not there; ends the command where it cannot be used."""
    from storage.database import Database, DatabaseError

    try:
        return Database(config())
    except DatabaseError as error:
        fail(str(error), Exit.USAGE if error.wrong else Exit.LATER)


def log_to_stderr() -> None:
    """Has a command that runs for long say on standard error what it does: in lines, or as the operator wants it."""
    from scraper import logs

    if not logs.install(config(), level="INFO"):
        logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("congtin").setLevel(logging.INFO)


def tell_broken(sources: Any) -> int:
    """Says what is wrong with source files that cannot be used; how many they are."""
    broken = [problems for name in sorted(sources.files) if (problems := sources.check(name))]
    for problems in broken:
        for problem in problems:
            console.err.print(f"left out: {problem}", style="yellow", markup=False, soft_wrap=True)
    return len(broken)


def refusal(settings: Config, name: str, url: str, ports: set[int]) -> tuple[str, Exit] | None:
    """Why an address may not be asked as the operator has set things up."""
    from scraper import guard
    from spiders.visits import is_loopback

    if why := guard.opted_out(url, settings.opt_out) or guard.refused_url(url, settings.allow_networks, ports):
        return f"{name}: {why}", Exit.REFUSED
    if not settings.contact and not is_loopback(url):
        why = "set CONGTIN_CONTACT to a URL or mail address for the user agent: real portals want one"
        return f"{name}: {why}", Exit.USAGE
    return None


def ports(source: Any) -> set[int]:
    """The ports that a source's addresses state."""
    return {int(host.rpartition(":")[2]) for host in source.hosts if host.rpartition(":")[2].isdecimal()}


def every_source(settings: Config) -> tuple[list[Any], int]:
    """The sources that may be crawled, and how many were left out: each of those is told of, and stops no other."""
    from spiders.loader import catalogue

    sources = catalogue(settings)
    chosen, left_out = [], tell_broken(sources)
    for source in sources.usable():
        if source.file.paused:
            continue
        if why := refusal(settings, source.id, source.url, ports(source)):
            console.err.print(f"left out: {why[0]}", style="yellow", markup=False, soft_wrap=True)
            left_out += 1
        else:
            chosen.append(source)
    return chosen, left_out
