"""The process that Apprise runs in: reads a task from its standard input, prints what came of it, and ends.

A hook of the interpreter (PEP 578) sees each connection before it is made, whatever library makes it, and refuses those
that the address guard refuses. It cannot be taken off again.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

from apprise import Apprise, AppriseAsset, NotifyFormat, OverflowMode

from alerts import posting
from alerts.address import is_secure
from scraper.children import die_with

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scraper.config import Network

_FORBIDDEN = ("subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "socket.sendto", "socket.bind")
"""What sending a message to a service over HTTP never needs."""


class Refused(OSError):
    """The address guard does not let this be connected to."""


def guarded(allowed: Sequence[Network], refusals: list[str], *, secure: bool) -> Callable[[str, tuple[Any, ...]], None]:
    """The hook. What it refuses is noted, since the library makes of it a failure like any other."""

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect":
            why = _why_not(arguments[1], allowed, secure=secure)
        elif event.startswith(_FORBIDDEN):
            why = f"{event} is no way to send a message"
        else:
            return
        if why:
            refusals.append(why)
            raise Refused(why)

    return hook


def _why_not(address: object, allowed: Sequence[Network], *, secure: bool) -> str | None:
    if not (isinstance(address, tuple) and len(address) >= 2):
        return "only hosts of the network are connected to"
    return posting.refused([str(address[0])], int(address[1]), allowed, secure=secure)


def main() -> None:
    """Does what the standard input says, as JSON: `address`, `networks`, `seconds`, and `title` and `body` to send."""
    die_with(os.getppid())
    task = json.load(sys.stdin)
    logging.disable()  # the library writes addresses, secrets and all
    asset = AppriseAsset(
        app_id="congtin", app_desc="congtin", app_url="", http_redirects=False, allow_templates=False,
        secure_logging=True, storage_mode="memory", async_mode=False,
    )  # fmt: skip
    service = Apprise.instantiate(task["address"], asset=asset, suppress_exceptions=True)
    if service is None or "body" not in task:
        sys.stdout.write(json.dumps({"wrong": service is None}))
        return
    service.socket_connect_timeout = service.socket_read_timeout = task["seconds"]
    service.overflow_mode = OverflowMode.TRUNCATE
    refusals: list[str] = []
    networks = [ip_network(network) for network in task["networks"]]
    sys.addaudithook(guarded(networks, refusals, secure=is_secure(task["address"])))
    taken = bool(service.notify(body=task["body"], title=task["title"], body_format=NotifyFormat.TEXT))
    sys.stdout.write(json.dumps({"taken": taken, "refused": "" if taken else next(iter(refusals), "")}))
