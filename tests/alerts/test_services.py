"""The services of Apprise, in a process of its own: what comes of a message, and that nothing private is reached."""

from __future__ import annotations

import json
import logging
import socket
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests
from receivers import IMPATIENT, LOOPBACK, Receiver, receiver
from told import ONE
from urllib3.exceptions import ProtocolError

from alerts.address import parse
from alerts.channels import Limits, Settings, others, refused, send
from alerts.others_child import Refused, guarded, may_have_arrived

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.items import Outcome

OPENED = Settings(allow_networks=LOOPBACK, limits=Limits(connect=10, total=60))


@pytest.fixture(scope="module")
def web() -> Iterator[Receiver]:
    with receiver() as opened:
        yield opened


def gotify(web: Receiver) -> str:
    return f"gotify://127.0.0.1:{web.port}/s3cr3tT0ken.abc"


def ends(outcome: Outcome) -> tuple[str, str]:
    return outcome.end, outcome.cause


def test_a_message_arrives(web: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    web.told.clear()
    web.answers.append((200, {}, b"{}"))
    outcome = send(gotify(web), ONE, OPENED)
    assert outcome.end == "taken"
    said = web.bodies()[0]
    assert said["title"].startswith("Thủ tục bị bãi bỏ: ")
    assert "https://tin.example.org/record/recordprocedure2" in said["message"]
    assert "s3cr3t" not in repr(outcome) + caplog.text


def test_what_is_not_taken_is_tried_again_and_a_redirect_not_followed(web: Receiver) -> None:
    web.told.clear()
    web.answers.extend([(307, {"Location": f"{web.url}/elsewhere"}, b"")])
    assert ends(send(gotify(web), ONE, OPENED)) == ("later", "library")
    assert len(web.told) == 1


def test_what_nobody_answered_to_may_have_arrived(web: Receiver) -> None:
    """H6: Apprise tells of a plain no and of an answer that never came the same."""
    web.answers.extend([lambda handler: handler.connection.shutdown(socket.SHUT_RDWR), lambda _: web.over.wait(5)])
    impatient = Settings(allow_networks=LOOPBACK, limits=Limits(connect=1, total=60))
    assert ends(send(gotify(web), ONE, impatient)) == ("unknown", "connection")
    assert ends(send(gotify(web), ONE, impatient)) == ("unknown", "timeout")


def test_what_nobody_was_connected_to_has_not_arrived() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert ends(send(f"gotify://127.0.0.1:{port}/s3cr3tT0ken.abc", ONE, OPENED)) == ("later", "library")


BROKEN: list[tuple[requests.RequestException, bool]] = [
    (requests.ReadTimeout(), True),
    (requests.ConnectionError(ProtocolError("Connection aborted.")), True),
    (requests.exceptions.ChunkedEncodingError(), True),
    (requests.ConnectTimeout(), False),
    (requests.exceptions.SSLError(), False),
    (requests.exceptions.ProxyError(), False),
    (requests.exceptions.InvalidURL(), False),
    (requests.TooManyRedirects(), False),
]


@pytest.mark.parametrize(("error", "expected"), BROKEN)
def test_what_broke_off_after_a_connection_may_have_arrived(error: requests.RequestException, expected: bool) -> None:
    assert may_have_arrived(error) is expected


def test_a_child_whose_parent_is_dead_sends_nothing(web: Receiver) -> None:
    web.told.clear()
    task = {"address": gotify(web), "title": "", "body": "", "networks": ["127.0.0.0/8"], "seconds": 5, "parent": 1}
    code = "from alerts.others_child import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], input=json.dumps(task).encode(), capture_output=True, cwd=others._ROOT,
        timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, web.told) == (0, b"", [])


def test_a_private_network_is_not_reached(web: Receiver) -> None:
    web.told.clear()
    outcome = send(gotify(web), ONE, Settings(limits=OPENED.limits))
    assert ends(outcome) == ("later", "address")
    assert "127.0.0.1" not in outcome.detail
    assert web.told == []


def test_an_address_that_the_service_has_not_is_told_at_the_door() -> None:
    assert "no address of the service" in str(refused(parse("slack://x"), OPENED))
    assert refused(parse("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ"), OPENED) is None
    assert ends(send("slack://x", ONE, OPENED)) == ("closed", "address")


def test_the_process_is_killed_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(others, "START", 0.0)
    at_once = Settings(allow_networks=LOOPBACK, limits=replace(IMPATIENT, total=0.001))
    outcome = send("gotify://127.0.0.1/s3cr3tT0ken.abc", ONE, at_once)
    assert ends(outcome) == ("unknown", "timeout")


def test_a_process_that_dies_is_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert ends(send("gotify://127.0.0.1/s3cr3tT0ken.abc", ONE, OPENED)) == ("later", "library")


HOOKED = [
    ("socket.connect", (None, ("10.0.0.1", 443)), True),
    ("socket.connect", (None, ("169.254.169.254", 80)), True),
    ("socket.connect", (None, ("::1", 443, 0, 0)), True),
    ("socket.connect", (None, "/run/docker.sock"), True),
    ("socket.connect", (None, ("8.8.8.8", 25)), True),
    ("socket.connect", (None, ("8.8.8.8", 443)), False),
    ("socket.connect", (None, ("127.0.0.1", 9000)), False),
    ("socket.sendto", (None, ("8.8.8.8", 53)), True),
    ("subprocess.Popen", ("/bin/sh", [], None, None), True),
    ("os.system", ("id",), True),
    ("open", ("/etc/hosts", "r", 0), False),
]  # fmt: skip


@pytest.mark.parametrize(("event", "arguments", "expected"), HOOKED)
def test_the_hook_refuses_what_the_guard_does(event: str, arguments: tuple[Any, ...], expected: bool) -> None:
    refusals: list[str] = []
    hook = guarded(LOOPBACK, refusals, secure=True)
    if expected:
        with pytest.raises(Refused):
            hook(event, arguments)
    else:
        hook(event, arguments)
    assert bool(refusals) is expected


def test_a_plain_scheme_goes_to_opened_networks_only() -> None:
    hook = guarded(LOOPBACK, [], secure=False)
    hook("socket.connect", (None, ("127.0.0.1", 80)))
    with pytest.raises(Refused):
        hook("socket.connect", (None, ("8.8.8.8", 80)))


def test_the_interpreter_asks_the_hook_before_any_connection() -> None:
    """PEP 578, for whatever library connects: on the real interpreter, in a process that ends with the test."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        code = (
            "import sys, urllib.request; from alerts.others_child import guarded\n"
            "sys.addaudithook(guarded([], [], secure=True))\n"
            f"urllib.request.urlopen('http://127.0.0.1:{listening.getsockname()[1]}/', timeout=1)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=others._ROOT, timeout=60, check=False
        )
    assert "Refused" in done.stderr
