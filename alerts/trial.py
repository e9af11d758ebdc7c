"""A trial: each channel of a watch is sent a message that says so, and nothing is noted anywhere."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from alerts import signing, telling, watches
from scraper.urls import record_id
from storage.alert_tables import Channel, WatchChannel

if TYPE_CHECKING:
    from datetime import datetime

    from alerts.dispatch import Sender
    from alerts.telling import Names
    from storage.database import Database


def run(database: Database, name: str, sender: Sender, names: Names, *, now: datetime) -> list[dict[str, Any]]:
    """What came of a trial of each channel of a watch, paused ones too. Raises NoWatch."""
    asked = (
        select(Channel, WatchChannel.token)
        .join(WatchChannel, WatchChannel.channel == Channel.id)
        .where(WatchChannel.watch == name, WatchChannel.until.is_(None))
        .order_by(WatchChannel.position)
    )
    with database.reading() as session:
        watch = watches.find(session, name)
        channels = session.execute(asked).all()
    told = []
    for channel, token in channels:
        message = telling.message(
            watch,
            names,
            id=record_id(f"test {channel.id} {secrets.token_hex(16)}"),
            kind="test",
            at=now,
            thread=watch.id,
            token=token,
        )
        outcome = sender.send(channel.address, message, secrets=signing.secrets(channel, now))
        told.append(
            {"channel": channel.shown, "outcome": outcome.end, "cause": outcome.cause or None, "note": outcome.detail}
        )
    return told
