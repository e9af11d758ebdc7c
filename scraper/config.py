"""What the operator set, read once from the environment: every variable begins with `CONGTIN_`."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from email.errors import MessageError
from email.policy import SMTP
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from email.headerregistry import Address

_CONTACT = re.compile(r"https?://[^\s/]+\.[^\s/]+\S*|(mailto:)?[^\s@:/]+@[^\s@/]+\.[^\s@/]+", re.IGNORECASE)
"""A URL or a mail address: what the operator of a portal can find us by."""
_HOST = re.compile(r"[a-z0-9.-]+|[0-9a-f:.]+")
LOGS = ("text", "json")
TELEGRAM = "https://api.telegram.org"
_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{20,100}")
_MAIL_PORTS = {"smtps": 465, "smtp": 25}
_MAIL_FORM = "must be smtp://user:password@host:port, a / or # in a password written %2F, %23"
_SUBMISSION = 587  # RFC 6409: where users hand mail over, and say who they are

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadConfig(ValueError):
    """A variable that cannot be used; the message names it."""


@dataclass(frozen=True, kw_only=True)
class MailServer:
    """Where mail is handed over. `security` is `tls` from the first byte, or `starttls` after a greeting."""

    host: str
    port: int
    security: Literal["tls", "starttls"]
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class Config:
    """The operator's settings.

    `data` holds the database, archive and index; `sources` is a folder of further source files; `gone_hours` is over
    how long a page must be missing; `budget` is how many requests a day the scheduler's polls may take in all (None:
    a hundred for each source); `contact` stands in the user agent; `allow_networks` are those that the address guard
    would refuse; `opt_out` are hosts that are never asked, for whoever runs them asked for that.
    `log` is one of LOGS: how what is logged looks. `mail_server`, `mail_from` and `telegram_token` are
    what alerts are sent with, and `bounce_address` is where mail servers report what they could not deliver, if that
    is not `mail_from`; `public_url`, without a slash at its end, is where others find the web pages.
    """

    data: Path
    database_url: str
    sources: Path
    gone_hours: float = 48.0
    contact: str = ""
    log: str = "text"
    budget: int | None = None
    allow_networks: tuple[Network, ...] = ()
    mail_server: MailServer | None = None
    mail_from: str = ""
    bounce_address: str = ""
    telegram_token: str = field(default="", repr=False)
    telegram_url: str = TELEGRAM
    public_url: str = ""
    opt_out: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Config:
        """Reads the variables. Raises BadConfig."""

        def setting(name: str, default: str = "") -> str:
            key = f"CONGTIN_{name}"
            if file := environment.get(f"{key}_FILE"):
                try:
                    return Path(file).read_text("utf-8").strip()
                except OSError as error:
                    raise BadConfig(f"{key}_FILE: {error}") from None
            return environment.get(key) or default

        contact = setting("CONTACT")
        if contact and not _CONTACT.fullmatch(contact):
            raise BadConfig(f"CONGTIN_CONTACT: neither a URL nor a mail address: {contact!r}")
        log = setting("LOG", "text")
        if log not in LOGS:
            raise BadConfig(f"CONGTIN_LOG: {log!r} is none of {', '.join(LOGS)}")
        sources = setting("SOURCES")
        if sources and not Path(sources).is_dir():
            raise BadConfig(f"CONGTIN_SOURCES: there is no folder {sources}")
        data = Path(setting("DATA", "data")).absolute()
        try:
            gone_hours = float(setting("GONE_HOURS", "48"))
        except ValueError:
            raise BadConfig(f"CONGTIN_GONE_HOURS: not a number: {setting('GONE_HOURS')!r}") from None
        mail_server, mail_from = _mail_server(setting("SMTP_URL")), _mail_from(setting("MAIL_FROM"))
        if mail_server and not mail_from:
            raise BadConfig("CONGTIN_MAIL_FROM: mail needs a sender where CONGTIN_SMTP_URL is set")
        return cls(
            data=data,
            database_url=setting("DATABASE_URL", f"sqlite:///{data / 'congtin.db'}"),
            sources=Path(sources).absolute() if sources else data / "sources",
            gone_hours=gone_hours,
            contact=contact,
            log=log,
            budget=_budget(setting("BUDGET")),
            allow_networks=tuple(_network(word) for word in setting("ALLOW_NETWORKS").split(",") if word.strip()),
            mail_server=mail_server,
            mail_from=mail_from,
            bounce_address=_bounce_address(setting("BOUNCE_ADDRESS")),
            telegram_token=_telegram_token(setting("TELEGRAM_TOKEN")),
            telegram_url=_base("TELEGRAM_URL", setting("TELEGRAM_URL", TELEGRAM)),
            public_url=_base("PUBLIC_URL", setting("PUBLIC_URL")),
            opt_out=tuple(_host(word) for word in re.split(r"[\s,]+", setting("OPT_OUT")) if word),
        )


def _budget(said: str) -> int | None:
    if not said:
        return None
    if not said.isdecimal() or not int(said):
        raise BadConfig(f"CONGTIN_BUDGET: not a number of requests a day: {said!r}")
    return int(said)


def _host(word: str) -> str:
    name = word.lower().rstrip(".").removeprefix("www.").strip("[]")
    if not _HOST.fullmatch(name):
        raise BadConfig(f"CONGTIN_OPT_OUT: not a host: {word!r}")
    return name


def _network(word: str) -> Network:
    try:
        return ipaddress.ip_network(word.strip(), strict=False)
    except ValueError as error:
        raise BadConfig(f"CONGTIN_ALLOW_NETWORKS: {error}") from None


def _mail_server(url: str) -> MailServer | None:
    """A server by its URL, which no message repeats: it holds the password."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadConfig(f"CONGTIN_SMTP_URL: not a URL, or its port is no number: it {_MAIL_FORM}") from None
    if parts.scheme not in _MAIL_PORTS:
        raise BadConfig(f"CONGTIN_SMTP_URL: begins with smtp:// or smtps://, and not {parts.scheme!r}")
    if not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise BadConfig(f"CONGTIN_SMTP_URL: {_MAIL_FORM}")
    if bool(parts.username) != bool(parts.password):
        raise BadConfig("CONGTIN_SMTP_URL: a user without a password, or a password without a user")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not (user + password).isascii():
        raise BadConfig("CONGTIN_SMTP_URL: user and password must be ASCII, as the mail library sends no other")
    usual = _SUBMISSION if parts.scheme == "smtp" and parts.username else _MAIL_PORTS[parts.scheme]
    return MailServer(
        host=parts.hostname,
        port=port or usual,
        security="tls" if parts.scheme == "smtps" else "starttls",
        user=user,
        password=password,
    )


def _mail_from(said: str) -> str:
    """A sender's address, with a name before it or not, as a header takes it."""
    return str(_sender("MAIL_FROM", said)) if said else ""


def _bounce_address(said: str) -> str:
    """A return path (RFC 5321 §4.1.1.2): an address, whatever name stands before it."""
    return str(_sender("BOUNCE_ADDRESS", said).addr_spec) if said else ""


def _sender(name: str, said: str) -> Address:
    addresses: tuple[Address, ...] = ()
    try:
        addresses = SMTP.header_factory("From", said).addresses
        (one,) = addresses
        whole = said.isprintable() and _CONTACT.fullmatch(one.addr_spec) and one.addr_spec.isascii()
    except (ValueError, MessageError, IndexError):
        whole = None
    if not whole:
        raise BadConfig(f"CONGTIN_{name}: not one mail address, such as Cổng tin <tin@example.org>: {said!r}")
    return addresses[0]


def _telegram_token(said: str) -> str:
    if said and not _TOKEN.fullmatch(said):
        raise BadConfig("CONGTIN_TELEGRAM_TOKEN: not a bot's token, such as 123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11")
    return said


def _base(name: str, said: str) -> str:
    """A URL that paths are put after."""
    if not said:
        return ""
    try:
        parts = urlsplit(said)
        whole = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        whole = False
    if whole and "@" in parts.netloc:  # the message does not repeat it
        raise BadConfig(f"CONGTIN_{name}: a user or password has no place in it")
    if not whole or parts.query or parts.fragment or re.search(r"[\0- \\]", said):
        raise BadConfig(
            f"CONGTIN_{name}: not a URL that paths can be put after, such as https://tin.example.org: {said!r}"
        )
    return said.rstrip("/")
