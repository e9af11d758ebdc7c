"""The ways to a reader: one door, behind which each kind of channel has a module.

with Channels(settings) as channels:
    outcome = channels.send("mailto:reader@example.org", message)
"""

from __future__ import annotations

import logging
import ssl
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING

from alerts import posting
from alerts.address import BadAddress, parse
from alerts.channels import others, telegram, webhook
from alerts.channels.mail import Mail
from alerts.channels.pacing import Pacer
from alerts.channels.settings import Limits, Settings
from alerts.items import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from alerts.address import Address
    from alerts.items import Message

__all__ = ["Channels", "Limits", "Pacer", "Settings", "new_secret", "refused", "send"]

new_secret = webhook.new_secret
log = logging.getLogger(__name__)


class Channels:
    """All channels, with what messages to the same server share. One thread uses it at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._mail = Mail(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connections that are kept."""
        self._mail.quit()

    @cached_property
    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context()

    def send(self, address: str, message: Message, *, secrets: Sequence[str] = ()) -> Outcome:
        """Hands a message over to a channel, once. Never raises, and ends within the settings' limits.

        `secrets` are a webhook's, the newest first.
        """
        try:
            return self._sent(parse(address), message, secrets)
        except BadAddress as error:
            return Outcome(end="closed", cause="address", detail=str(error))
        except Exception as error:  # noqa: BLE001 - a fault of ours in one message must not keep the others
            # Its text and its trace may hold an address' secrets.
            log.warning("message %s could not be handed over, by a fault of ours: %s", message.id, type(error).__name__)
            return Outcome(end="later", cause="library", detail=f"our fault: {type(error).__name__}")

    def _sent(self, address: Address, message: Message, secrets: Sequence[str]) -> Outcome:
        if address.kind == "mail":
            return self._mail.send(address.target, message)
        if address.kind == "telegram":
            return telegram.send(address.target, message, self._settings, context=self._context)
        if address.kind == "apprise":
            return others.send(address.target, message, self._settings)
        return webhook.send(
            address.target, message, self._settings, secrets=secrets, now=datetime.now(UTC), context=self._context
        )


def send(address: str, message: Message, settings: Settings, *, secrets: Sequence[str] = ()) -> Outcome:
    """The same as `Channels.send`, for one message."""
    with Channels(settings) as channels:
        return channels.send(address, message, secrets=secrets)


def refused(address: Address, settings: Settings) -> str | None:
    """Why no message can go to an address as things are set up; None if one may. Nothing is sent.

    A name is not resolved: what it stands for may change, and is checked when it is connected to.
    """
    if address.kind == "mail" and settings.mail_server is None:
        return "mail needs CONGTIN_SMTP_URL and CONGTIN_MAIL_FROM"
    if address.kind == "telegram" and not settings.telegram_token:
        return "Telegram needs CONGTIN_TELEGRAM_TOKEN"
    if address.kind == "webhook":
        return posting.refused_url(address.target, settings.allow_networks)
    if address.kind == "apprise" and not others.is_known(address.target, settings):
        return "this is no address of the service as Apprise knows it: https://github.com/caronc/apprise/wiki"
    return None
