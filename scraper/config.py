"""What the operator set, read once from the environment: every variable begins with `CONGTIN_`."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTACT = re.compile(r"https?://[^\s/]+\.[^\s/]+\S*|(mailto:)?[^\s@:/]+@[^\s@/]+\.[^\s@/]+", re.IGNORECASE)
"""A URL or a mail address: what the operator of a portal can find us by."""
LOGS = ("text", "json")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadConfig(ValueError):
    """A variable that cannot be used; the message names it."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """The operator's settings.

    `data` holds the database, archive and index; `sources` is a folder of further source files; `gone_hours` is over
    how long a page must be missing; `budget` is how many requests a day the scheduler's polls may take in all (None:
    a hundred for each source); `contact` stands in the user agent; `allow_networks` are those that the address guard
    would refuse. `log` is one of LOGS: how what is logged looks.
    """

    data: Path
    database_url: str
    sources: Path
    gone_hours: float = 48.0
    contact: str = ""
    log: str = "text"
    budget: int | None = None
    allow_networks: tuple[Network, ...] = ()

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
        return cls(
            data=data,
            database_url=setting("DATABASE_URL", f"sqlite:///{data / 'congtin.db'}"),
            sources=Path(sources).absolute() if sources else data / "sources",
            gone_hours=gone_hours,
            contact=contact,
            log=log,
            budget=_budget(setting("BUDGET")),
            allow_networks=tuple(_network(word) for word in setting("ALLOW_NETWORKS").split(",") if word.strip()),
        )


def _budget(said: str) -> int | None:
    if not said:
        return None
    if not said.isdecimal() or not int(said):
        raise BadConfig(f"CONGTIN_BUDGET: not a number of requests a day: {said!r}")
    return int(said)


def _network(word: str) -> Network:
    try:
        return ipaddress.ip_network(word.strip(), strict=False)
    except ValueError as error:
        raise BadConfig(f"CONGTIN_ALLOW_NETWORKS: {error}") from None
