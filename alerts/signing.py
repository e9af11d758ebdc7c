"""The secrets that a webhook's messages are signed with. A new one takes the old one's place; for a day both hold."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from alerts import watches
from alerts.channels import new_secret

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from storage.alert_tables import Channel

BOTH = timedelta(hours=24)
"""How long messages are signed with both, so that a receiver has the time to change."""


def secrets(channel: Channel, now: datetime) -> list[str]:
    """What messages are signed with at a moment, the newest first; none but a webhook has any."""
    former = channel.former_secret if channel.former_until and now < channel.former_until else None
    return [one for one in (channel.secret, former) if one]


def renew(session: Session, watch: str, channel: str, *, now: datetime) -> tuple[str, str]:
    """Gives a webhook a new secret; how it is shown, and the secret: this is the only time that it is told.

    `channel` is its id, its address, or how it is shown. For a writing session. Raises NoWatch where there is no such
    watch, BadWatch where it has no such webhook.
    """
    row = watches.channel_of(session, watches.find(session, watch), channel, kind="webhook")
    row.former_secret, row.former_until, row.secret = row.secret, now + BOTH, new_secret()
    session.flush()
    return row.shown, row.secret
