"""Other services (Slack, Discord, Teams, ntfy, Matrix …), by way of Apprise, in a process of its own.

Apart from ours, because Apprise connects where a user's address says and has no bound on how long that takes in all:
in its process every connection is checked as it is made, redirects and rebound names included, and the process is
killed when its time is over. It is told by its standard input what to do, so that no list of processes shows a secret.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alerts.chats import brief
from alerts.items import Outcome

if TYPE_CHECKING:
    from alerts.channels.settings import Settings
    from alerts.items import Message

_ROOT = Path(__file__).parents[2]
_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "SYSTEMROOT")
"""What the child has of our environment: no setting of ours, which may hold secrets, and no proxy."""
START = 10.0
"""Seconds that a machine under load may need until the child has loaded Apprise, beside the attempt's own."""


def send(address: str, message: Message, settings: Settings) -> Outcome:
    """Hands a message over to a service. What it answers, Apprise does not tell: taken, or not."""
    title, body = brief(message)
    said = _asked({"address": address, "title": title, "body": body}, settings)
    if said is None:
        return Outcome(end="unknown", cause="timeout", detail="the service did not answer in time")
    if said.get("taken") is True:
        return Outcome(end="taken")
    if said.get("refused"):
        return Outcome(end="later", cause="address", detail=str(said["refused"]))
    if said.get("wrong"):
        return Outcome(end="closed", cause="address", detail="Apprise takes this for no address of the service")
    if broken := said.get("broken"):
        return Outcome(end="unknown", cause=broken, detail="sent, and no answer came")
    return Outcome(end="later", cause="library", detail="the service did not take it; Apprise does not say why")


def is_known(address: str, settings: Settings) -> bool:
    """Whether Apprise takes an address for one of the service that it names; nothing is sent."""
    said = _asked({"address": address}, settings)
    return said is not None and not said.get("wrong", True)


def _asked(task: dict[str, Any], settings: Settings) -> dict[str, Any] | None:
    """The child's answer; empty if it died, None if its time was over."""
    networks = [str(network) for network in settings.allow_networks]
    task |= {"parent": os.getpid(), "networks": networks, "seconds": settings.limits.connect}
    code = "from alerts.others_child import main; main()"
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - it is ourselves
            [sys.executable, "-c", code],
            input=json.dumps(task).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env=environment,
            timeout=settings.limits.total + START,
            check=False,
        )
        said = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return None
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
