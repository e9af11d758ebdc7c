"""What channels are set up with: the operator's accounts, and how long and how much they wait for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from alerts.address import bare
from scraper.config import TELEGRAM

if TYPE_CHECKING:
    from scraper.config import Config, MailServer, Network


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Bounds on one attempt: seconds until a connection stands, seconds in all, and bytes of an answer.

    `mail` is the same in all for SMTP, and `greeting` until the server has greeted: it may look for viruses before it
    answers (RFC 5321 §4.5.3.2 grants minutes), and who leaves early does not know what became of the message. All must
    be shorter than a claim of the outbox.
    """

    connect: float = 10.0
    total: float = 20.0
    answer: int = 64 * 1024
    greeting: float = 30.0
    mail: float = 200.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What channels are set up with. What has no account cannot be sent to: its outcome is `configuration`."""

    mail_server: MailServer | None = None
    mail_from: str = ""
    bounce_address: str = ""
    telegram_token: str = field(default="", repr=False)
    telegram_url: str = TELEGRAM
    public_url: str = ""
    allow_networks: tuple[Network, ...] = ()
    limits: Limits = Limits()

    @classmethod
    def of(cls, config: Config) -> Settings:
        """The channels' part of what the operator set."""
        return cls(
            mail_server=config.mail_server,
            mail_from=config.mail_from,
            bounce_address=config.bounce_address,
            telegram_token=config.telegram_token,
            telegram_url=config.telegram_url,
            public_url=config.public_url,
            allow_networks=config.allow_networks,
        )

    @property
    def return_path(self) -> str:
        """Where mail servers report what they could not deliver."""
        return self.bounce_address or bare(self.mail_from)

    @property
    def host(self) -> str:
        """What stands right of the @ in ids that are ours: the public address's host, or else the sender's."""
        host = urlsplit(self.public_url).hostname or bare(self.mail_from).rpartition("@")[2] or "congtin.invalid"
        return re.sub(r"[^A-Za-z0-9.-]", "-", host)
