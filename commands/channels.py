"""The commands of watches' channels: a webhook's new secret, and mail that came back."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

import console
from commands import Json, config, database
from commands.watching import Id, watch_app
from console import Exit, fail


@watch_app.command(epilog="Example: congtin watch secret 5qk2m4yfx7d3a6be webhook+https://example.org/in")
def secret(
    watch: Id,
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Its address, or the four letters behind it.")],
    json: Json = False,
) -> None:
    """Give a webhook a new secret, told this once; for 24 hours messages are signed with the old one as well."""
    from alerts import signing
    from alerts.watches import BadWatch, NoWatch

    opened = database()
    try:
        with opened.writing() as session:
            shown, made = signing.renew(session, watch, channel, now=datetime.now(UTC))
    except (BadWatch, NoWatch) as error:
        fail(str(error), Exit.USAGE)
    finally:
        opened.close()
    if json:
        console.as_json({"channel": shown, "secret": made})
    else:
        console.out.print(f"{shown}: its secret, told this once: {made}", markup=False, soft_wrap=True)


@watch_app.command(epilog="Example, in a mail server's aliases: congtin-bounces: |/usr/bin/congtin watch bounce")
def bounce(
    file: Annotated[Path | None, typer.Argument(help="The mail; without it, standard input.")] = None,
    json: Json = False,
) -> None:
    """Count a mail that came back on its channel, which is paused where no mail arrives; exit code 2 for any other."""
    from alerts import bounces, returned
    from alerts.channels import Settings

    try:
        with file.open("rb") if file else sys.stdin.buffer as opened_file:
            data = opened_file.read(bounces.LARGEST)
    except OSError as error:
        fail(f"the mail cannot be read: {error}", Exit.USAGE)
    settings = config()
    opened = None
    try:
        report = bounces.read(data)
        opened = database()
        with opened.writing() as session:
            noted = returned.note(session, report, host=Settings.of(settings).host, now=datetime.now(UTC))
    except bounces.NoBounce as error:
        fail(f"{error}; nothing was changed", Exit.USAGE)
    finally:
        if opened:
            opened.close()
    if json:
        console.as_json(asdict(noted))
        return
    sort = "for good" if noted.permanent else "late"
    said = "counted" if noted.counted else "it was counted before"
    state = ", and the channel is paused" if noted.paused else ""
    console.out.print(f"{noted.channel}: {sort}, {noted.status}: {said}{state}", markup=False, soft_wrap=True)
