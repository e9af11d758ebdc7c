"""A channel's address: read, brought to one form, and told without its secrets. Pure.

`mailto:reader@example.org` · `webhook+https://host/path` · `telegram:CHAT` · an Apprise address of SERVICES. Who writes
an address is a user: nothing here, and nothing that is reached by it, may be able to run a program, read a file or
reach the operator's own network. Whether the host may be connected to is seen when it is (`alerts.posting`).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

Kind = Literal["mail", "webhook", "telegram", "apprise"]

SERVICES: dict[str, str] = {
    "discord": "Discord", "gchat": "Google Chat", "gotify": "Gotify", "gotifys": "Gotify", "lark": "Lark",
    "line": "LINE", "matrix": "Matrix", "matrixs": "Matrix", "mmost": "Mattermost", "mmosts": "Mattermost", "nctalk":
    "Nextcloud Talk", "nctalks": "Nextcloud Talk", "ntfy": "ntfy", "ntfys": "ntfy", "pbul": "Pushbullet",
    "pover": "Pushover", "rocket": "Rocket.Chat", "rockets": "Rocket.Chat", "signal": "Signal", "signals": "Signal",
    "slack": "Slack", "viber": "Viber", "webex": "Webex", "workflows": "Microsoft Teams", "zalo": "Zalo",
    "zulip": "Zulip",
}  # fmt: skip
"""Schemes of Apprise that a user may name, and what they are called. All the others are refused: among them are ones
that write to the host's log and bus, and ones that send what they are told to wherever they are told."""
PARAMETERS = frozenset({
    "api-version", "channel", "channels", "from", "id", "key", "mode", "pa", "path", "powerautomate", "priority",
    "secret", "sig", "silent", "sound", "sp", "sv", "team", "thread", "to", "token", "url_prefix", "ver", "version",
    "webhook",
})  # fmt: skip
"""What may stand behind the `?` of an Apprise address. All the others are refused: `template` and `attach` read files
of the host, `verify` turns certificates off, `rto` and `cto` lengthen time-outs."""

_LONGEST = 1_000
_BAD_CHARACTER = re.compile("[\0- \\\\\x7f-\xa0\u2028\u2029\ud800-\udfff]")
# RFC 5321 §4.1.2, without quoted local parts, comments and address literals: nobody's mail has them.
_LOCAL = re.compile(r"(?!.{65})[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_HOST = re.compile(r"(?!.{254})[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?")
_TOP = re.compile(r"\.[a-z][a-z0-9-]*$")
_IPV6 = re.compile(r"[0-9a-f:.]{2,45}")
_CHAT = re.compile(r"-?[1-9][0-9]{0,18}|@[a-z][a-z0-9_]{3,31}", re.IGNORECASE)


class BadAddress(ValueError):
    """Not an address that a message can be sent to. The text says why, and repeats nothing that may be secret."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """A channel's address.

    `key` is its one form, which `parse` takes too: two addresses with the same key are one channel. It may hold
    secrets. `shown` holds none, and tells channels apart.
    """

    kind: Kind
    key: str = field(repr=False)
    shown: str

    @property
    def target(self) -> str:
        """What comes after our own scheme: mail address, URL of a webhook, chat; of Apprise's addresses, the whole."""
        if self.kind == "apprise":
            return self.key
        return self.key.removeprefix("mailto:").removeprefix("webhook+").removeprefix("telegram:")


def parse(text: str) -> Address:
    """An address as a person types it. Raises BadAddress.

    >>> parse("mailto:Reader@Example.ORG").key
    'mailto:Reader@example.org'
    >>> parse("webhook+https://Hooks.example.org:443/in/s3cr3t").shown
    'webhook+https://hooks.example.org/… (27v7)'
    """
    text = text.strip()
    if len(text) > _LONGEST:
        raise BadAddress(f"an address has {_LONGEST:,} characters at most")
    if _BAD_CHARACTER.search(text):
        raise BadAddress("the address holds a space, a backslash or a control character")
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if not colon or not rest:
        raise BadAddress(
            "an address begins with mailto:, webhook+https://, telegram: or a service's name, such as slack://"
        )
    if scheme == "mailto":
        return _mail(rest)
    if scheme in {"webhook+https", "webhook+http"}:
        return _webhook(scheme, rest)
    if scheme == "telegram":
        return _telegram(rest)
    if scheme in SERVICES:
        return _apprise(scheme, rest)
    if scheme in {"http", "https"}:
        raise BadAddress(f"a webhook's address begins with webhook+{scheme}://")
    raise BadAddress(
        f"no alerts are sent by {scheme[:30]!r}; mailto, webhook+https, telegram, {', '.join(SERVICES)} are known"
    )


def bare(sender: str) -> str:
    """The address of a sender that has a name before it, or has not.

    >>> bare("Cổng tin <tin@example.org>"), bare("tin@example.org")
    ('tin@example.org', 'tin@example.org')
    """
    return sender.rpartition("<")[2].rstrip(">")


def is_secure(address: str) -> bool:
    """Whether an Apprise address is one of TLS: a service that has both has a scheme with an `s` at its end for it."""
    return f"{address.partition(':')[0].lower()}s" not in SERVICES


def _mail(rest: str) -> Address:
    local, at, domain = unquote(rest).rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        raise BadAddress("not one mail address, such as mailto:reader@example.org")
    host = _host(domain)
    if host != "localhost" and not _TOP.search(host):
        raise BadAddress(f"{host!r} is no domain that mail goes to, such as example.org")
    key = f"mailto:{local}@{host}"
    return Address(kind="mail", key=key, shown=key)


def _webhook(scheme: str, rest: str) -> Address:
    if not rest.startswith("//"):
        raise BadAddress(f"a webhook's address begins with {scheme}://")
    inner = scheme.removeprefix("webhook+")
    try:
        parts = urlsplit(f"{inner}:{rest}")
        port = parts.port
    except ValueError:
        raise BadAddress("the webhook's address is no URL") from None
    if "@" in parts.netloc:
        raise BadAddress("a webhook's address holds no user or password: its messages are signed instead")
    if parts.fragment or port == 0:
        raise BadAddress("a webhook's address has no # in it, and no port 0")
    if "[" in parts.netloc and ":" not in (parts.hostname or ""):
        raise BadAddress("between brackets stands an IPv6 address")
    host = _host(parts.hostname or "")
    usual = port is None or port == {"http": 80, "https": 443}[inner]
    netloc = host if usual else f"{host}:{port}"
    # Escapes stay as they are, and what was typed as it is spoken is escaped.
    path, query = (quote(part, safe="%/:@!$&'()*+,;=?-._~") for part in (parts.path or "/", parts.query))
    key = urlunsplit((scheme, netloc, path, query, ""))
    plain = path == "/" and not query
    return Address(kind="webhook", key=key, shown=f"{scheme}://{netloc}/" + ("" if plain else f"… ({_mark(key)})"))


def _telegram(rest: str) -> Address:
    if not _CHAT.fullmatch(rest):
        raise BadAddress(
            "not a chat of Telegram: a number, such as telegram:-1001234567890, or telegram:@name of a channel"
        )
    key = f"telegram:{rest.lower()}"  # names of channels are told apart by their letters alone
    return Address(kind="telegram", key=key, shown=key)


def _apprise(scheme: str, rest: str) -> Address:
    if not rest.startswith("//") or not rest[2:]:
        raise BadAddress(f"an address of {SERVICES[scheme]} begins with {scheme}://")
    _, _, query = rest.partition("?")
    if re.search("[#;?]", query):
        raise BadAddress("behind the ? of the address stands another mark than & and =")
    # Some parameters of Apprise bear a sign in front, which adds headers or fields: they are none of these.
    wrong = sorted({name for name, _ in parse_qsl(query, keep_blank_values=True)} - PARAMETERS)
    if wrong:
        raise BadAddress(f"the parameter {wrong[0][:30]!r} is not taken in an address of {SERVICES[scheme]}")
    key = f"{scheme}:{rest}"
    return Address(kind="apprise", key=key, shown=f"{scheme}://… ({_mark(key)})")


def _host(said: str) -> str:
    """A host's name in lower case and punycode, or an IP address; raises BadAddress."""
    if ":" in said:
        if _IPV6.fullmatch(said.lower()):
            return f"[{said.lower()}]"
        raise BadAddress("the host is no name and no IP address")
    try:
        host = said.lower() if said.isascii() else said.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise BadAddress("the host is no name that the network knows") from None
    if not _HOST.fullmatch(host):
        raise BadAddress("the host is no name that the network knows")
    return host.removesuffix(".")


def _mark(key: str) -> str:
    """Four letters by which two addresses are told apart that may not be shown."""
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    return "".join(alphabet[byte & 31] for byte in hashlib.sha256(key.encode()).digest()[:4])
