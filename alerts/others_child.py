"""The process that Apprise runs in: reads a task from its standard input, prints what came of it, and ends.

A hook of the interpreter (PEP 578) sees each connection before it is made, whatever library makes it, and refuses those
that the address guard refuses. It cannot be taken off again.
"""

from __future__ import annotations

import json
import logging
import sys
from ipaddress import ip_network
from typing import TYPE_CHECKING, Any

import requests
from apprise import Apprise, AppriseAsset, NotifyFormat, OverflowMode
from urllib3.exceptions import NewConnectionError

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


def watch(broken: list[str]) -> None:
    """From now on exchanges are noted that broke off where nobody can know whether the service has what it was sent.

    Apprise tells no such thing from a plain no. All its services that a user may name ask by this one method.
    """
    plain = requests.Session.send

    def send(self: requests.Session, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        try:
            return plain(self, request, **kwargs)
        except requests.RequestException as error:
            if may_have_arrived(error):
                broken.append("timeout" if isinstance(error, requests.Timeout) else "connection")
            raise

    requests.Session.send = send  # type: ignore[method-assign]  # the library has no other door


def may_have_arrived(error: requests.RequestException) -> bool:
    """Whether a request that ended so may have been read: it surely was not where no connection came about."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError | requests.exceptions.ProxyError):
        return False
    reason = getattr(error.args[0], "reason", None) if error.args else None
    broke = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
    return isinstance(error, broke) and not isinstance(reason, NewConnectionError)


def main() -> None:
    """Does what the standard input says, as JSON: `address`, `networks`, `seconds`, and `title` and `body` to send.

    `parent` is the process that waits for it: where that is gone, nothing is sent.
    """
    task = json.load(sys.stdin)
    die_with(task["parent"])
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
    broken: list[str] = []
    watch(broken)
    taken = bool(service.notify(body=task["body"], title=task["title"], body_format=NotifyFormat.TEXT))
    why = {"refused": next(iter(refusals), ""), "broken": next(iter(broken), "")}
    sys.stdout.write(json.dumps({"taken": True} if taken else why))
