"""Webhooks: signed as Standard Webhooks says, handed over within bounds, and never to where they must not go."""

from __future__ import annotations

import base64
import json
import logging
import socket
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from receivers import IMPATIENT, LOOPBACK, QUICK, Receiver, receiver
from standardwebhooks import Webhook, WebhookVerificationError
from told import ABOLISHED, DIGEST, ONE

from alerts import posting
from alerts.channels import Channels, Limits, Settings, new_secret, send
from sample.certificates import AUTHORITY, contexts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alerts.items import Outcome

OPENED = Settings(allow_networks=LOOPBACK, limits=QUICK)
HURRIED = replace(OPENED, limits=IMPATIENT)
SECRET = new_secret()


@pytest.fixture(scope="module")
def hook() -> Iterator[Receiver]:
    with receiver() as opened:
        yield opened


def sent(hook: Receiver, answer: Any = None, *, settings: Settings = OPENED, **given: Any) -> Outcome:
    """What comes of a message to a receiver that answers so."""
    hook.told.clear()
    hook.answers.clear()
    if answer is not None:
        hook.answers.append(answer)
    return send(hook.webhook, given.pop("message", ONE), settings, secrets=given.pop("secrets", [SECRET]))


def ends(outcome: Outcome) -> tuple[str, str]:
    return outcome.end, outcome.cause


def test_the_reference_library_takes_the_signature(hook: Receiver) -> None:
    """H25."""
    assert sent(hook).end == "taken"
    path, headers, body = hook.told[0]
    assert path == "/hook"
    said = Webhook(SECRET).verify(body, headers)
    assert said["type"] == "alert.event"
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"event", b"other"), headers)


def test_a_secret_is_as_long_as_the_standard_wants_it_and_nobody_elses() -> None:
    """Standard Webhooks 1.0, "Signature scheme": between 24 and 64 bytes."""
    assert 24 <= len(base64.b64decode(SECRET.removeprefix("whsec_"))) <= 64
    assert new_secret() != SECRET


def test_while_secrets_change_both_signatures_hold(hook: Receiver) -> None:
    """H25."""
    new = new_secret()
    assert sent(hook, secrets=[new, SECRET]).end == "taken"
    _, headers, body = hook.told[0]
    for secret in (new, SECRET):
        assert Webhook(secret).verify(body, headers)


@given(st.binary(min_size=1, max_size=64), st.text(min_size=1, max_size=20), st.text(max_size=200))
def test_any_signature_is_the_reference_librarys(key: bytes, name: str, body: str) -> None:
    from alerts.channels import webhook

    secret, at = "whsec_" + base64.b64encode(key).decode(), datetime(2026, 1, 1, tzinfo=UTC)
    name, body = (said.encode("utf-8", "replace").decode() for said in (name, body))
    expected = Webhook(secret).sign(name, at, body)
    assert webhook.signature(secret, name, int(at.timestamp()), body.encode()) == expected


def test_what_is_no_secret_is_our_mistake(hook: Receiver) -> None:
    for secrets in ([], ["whsec_"], ["whsec_%%%"], [SECRET, ""]):
        assert ends(sent(hook, secrets=secrets)) == ("later", "configuration")
    assert hook.told == []


def test_the_timestamp_is_fresh_and_the_id_the_same_at_each_attempt(
    hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """H26, H6: a receiver whose clock is right within five minutes takes any attempt, however old the message is."""
    old = replace(ONE, at=datetime.now(UTC) - timedelta(days=3))
    hook.told.clear()
    for answer in (500, 200):
        hook.answers.append((answer, {}, b""))
        send(hook.webhook, old, OPENED, secrets=[SECRET])
    for _, headers, body in hook.told:
        assert Webhook(SECRET).verify(body, headers)
    assert [headers["webhook-id"] for _, headers, _ in hook.told] == [ONE.id, ONE.id]
    moments = [int(headers["webhook-timestamp"]) for _, headers, _ in hook.told]
    assert all(abs(moment - time.time()) < 10 for moment in moments)


def test_the_payload_is_as_documented(hook: Receiver) -> None:
    sent(hook, message=DIGEST)
    said = hook.bodies()[0]
    assert said.keys() == {"type", "timestamp", "data"}
    assert (said["type"], said["timestamp"]) == ("alert.digest", "2026-11-25T09:05:00+07:00")
    data = said["data"]
    assert data.keys() == {"watch", "events", "total", "noted", "said", "again"}
    assert (data["total"], data["noted"], data["again"]) == (403, [{"source": "Sở Y tế", "count": 412}], False)
    event = data["events"][1]
    assert event.keys() == {
        "id", "kind", "at", "source", "source_name", "record", "version", "origin", "title", "url", "page",
        "published_at", "precision", "excerpt", "changes", "deadlines", "documents", "also",
    }  # fmt: skip
    assert (event["id"], event["kind"], event["title"]) == (ABOLISHED.event, "procedure.abolished", ABOLISHED.title)
    assert event["changes"] == [
        {"field": "time_limit", "words": [["=", "Thời hạn là"], ["-", " 20"], ["+", " 10"], ["=", " ngày làm việc"]]}
    ]


def test_the_documentation_shows_what_is_sent(hook: Receiver) -> None:
    document = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")
    shown = json.loads(document.partition("```json\n")[2].partition("```")[0])
    sent(hook)

    def form(said: Any) -> Any:
        if isinstance(said, dict):
            return {key: form(value) for key, value in said.items()}
        return [form(said[0])] if isinstance(said, list) and said else type(said).__name__

    given = hook.bodies()[0]
    given["data"]["noted"] = shown["data"]["noted"]
    assert form(shown) == form(given)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, ("taken", "")), (201, ("taken", "")), (204, ("taken", "")),
        (301, ("later", "redirect")), (302, ("later", "redirect")), (304, ("later", "redirect")),
        (308, ("later", "redirect")), (400, ("later", "rejected")), (401, ("later", "rejected")),
        (404, ("later", "not-found")), (410, ("closed", "gone")),
        (408, ("later", "timeout")), (413, ("refused", "too-big")), (429, ("later", "rate-limited")),
        (500, ("later", "server-error")), (503, ("later", "server-error")),
    ],
)  # fmt: skip
def test_what_each_status_means(hook: Receiver, status: int, expected: tuple[str, str]) -> None:
    """H4, H7."""
    assert ends(sent(hook, (status, {}, b""))) == expected


def test_a_redirect_is_not_followed(hook: Receiver) -> None:
    """H7, I14: the secret's signature goes nowhere else."""
    assert sent(hook, (307, {"Location": f"{hook.url}/elsewhere"}, b"")).cause == "redirect"
    assert [path for path, _, _ in hook.told] == ["/hook"]


def test_the_whole_address_is_asked(hook: Receiver) -> None:
    hook.told.clear()
    assert send(f"{hook.webhook}/a%2Fb?key=s3cr3t&x=đ", ONE, OPENED, secrets=[SECRET]).end == "taken"
    assert hook.told[0][0] == "/hook/a%2Fb?key=s3cr3t&x=%C4%91"


@pytest.mark.parametrize("status", [404, 429, 503])
def test_a_pause_that_is_asked_for_is_told(hook: Receiver, status: int) -> None:
    """H5, in both forms."""
    assert sent(hook, (status, {"Retry-After": "120"}, b"")).retry_after == 120
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 80 < (sent(hook, (status, {"Retry-After": at}, b"")).retry_after or 0) <= 90
    assert sent(hook, (status, {"Retry-After": "soon"}, b"")).retry_after is None
    assert sent(hook, (status, {"Retry-After": "9" * 30}, b"")).retry_after == 7 * 86_400


@given(st.text(max_size=30))
def test_no_pause_is_too_odd(said: str) -> None:
    pause = posting.retry_after({"retry-after": said}, datetime(2026, 1, 1, tzinfo=UTC))
    assert pause is None or 0 <= pause <= 7 * 86_400


def drip(hook: Receiver, first: bytes) -> Callable[[Any], None]:
    """An answer that begins so and then comes one byte at a time, for as long as the test runs."""

    def answer(handler: Any) -> None:
        handler.wfile.write(first)
        while not hook.over.wait(0.05):
            handler.wfile.write(b"x")

    return answer


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", ("taken", "")),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 1000000\r\n\r\n", ("later", "server-error")),
        (b"HTTP/1.1 200 OK\r\nX-Slow: ", ("unknown", "timeout")),
        (b"HTTP/1.1 2", ("unknown", "timeout")),
    ],
)
def test_a_receiver_that_drips_is_left(hook: Receiver, first: bytes, expected: tuple[str, str]) -> None:
    """H8, with the clock scaled: what its status said holds, and one that has said none is unknown."""
    began = time.monotonic()
    assert ends(sent(hook, drip(hook, first), settings=HURRIED)) == expected
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("head", [b"Content-Length: 1000000000\r\n", b"Transfer-Encoding: chunked\r\n", b""])
def test_an_answer_of_a_gigabyte_is_not_read(hook: Receiver, head: bytes) -> None:
    """H8."""
    written: list[int] = []

    def answer(handler: Any) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
        piece = b"10000\r\n" + bytes(65_536) + b"\r\n" if b"chunked" in head else bytes(65_536)
        written.extend(handler.wfile.write(piece) for _ in range(15_000))

    assert sent(hook, answer).end == "taken"
    assert sum(written) < 32 << 20  # what the sockets hold, and no more


def test_a_message_that_was_taken_and_not_answered_is_unknown(hook: Receiver) -> None:
    """H6."""
    assert ends(sent(hook, lambda _: hook.over.wait(), settings=HURRIED)) == ("unknown", "timeout")
    assert ends(sent(hook, lambda _: None)) == ("unknown", "connection")
    assert ends(sent(hook, lambda handler: handler.wfile.write(b"SSH-2.0\r\n"))) == ("unknown", "connection")
    assert all(headers["webhook-id"] == ONE.id for _, headers, _ in hook.told)


def test_who_takes_no_connection_has_nothing() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        where = f"webhook+http://127.0.0.1:{closed.getsockname()[1]}/"
        assert ends(send(where, ONE, HURRIED, secrets=[SECRET])) == ("later", "connection")
    assert ends(send("webhook+https://no-such-host.invalid/", ONE, HURRIED, secrets=[SECRET])) == ("later", "dns")


def test_a_resolver_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait() and [])
    try:
        assert ends(send("webhook+https://hooks.example.org/", ONE, HURRIED, secrets=[SECRET])) == ("later", "timeout")
    finally:
        over.set()


def answering(*addresses: str) -> Callable[..., list[Any]]:
    """A resolver that gives these addresses, one list for each time that it is asked."""
    left = [one.split() for one in addresses]

    def resolve(_host: str, port: int, **_: Any) -> list[Any]:
        some = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET6 if ":" in one else socket.AF_INET, 1, 6, "", (one, port)) for one in some]

    return resolve


@pytest.mark.parametrize(
    "addresses",
    ["10.0.0.1", "169.254.169.254", "100.64.0.1", "127.0.0.1", "::1", "::ffff:10.0.0.1", "8.8.8.8 10.0.0.1", "0.0.0.0"],
)
def test_names_that_lead_into_a_private_network_are_refused(monkeypatch: pytest.MonkeyPatch, addresses: str) -> None:
    """I6, I12, I15: the error names no address."""
    monkeypatch.setattr(socket, "getaddrinfo", answering(addresses))
    outcome = send("webhook+https://hooks.example.org/", ONE, Settings(), secrets=[SECRET])
    assert ends(outcome) == ("later", "address")
    assert not any(one in outcome.detail for one in addresses.split())


def test_a_name_is_resolved_once_and_the_checked_address_is_connected_to(
    hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I7: what the name stands for a second time is of no interest."""
    asked: list[str] = []
    resolve = answering("127.0.0.1", "10.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **_: (asked.append(host), resolve(host, port))[1])
    outcome = send(f"webhook+http://hooks.example.org:{hook.port}/hook", ONE, OPENED, secrets=[SECRET])
    assert outcome.end == "taken"
    assert asked == ["hooks.example.org"]
    assert hook.told[-1][1]["Host"] == f"hooks.example.org:{hook.port}"


def test_without_tls_only_opened_networks_are_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", answering("8.8.8.8"))
    assert ends(send("webhook+http://hooks.example.org/", ONE, OPENED, secrets=[SECRET])) == ("later", "address")


def test_tls_holds_or_nothing_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificates = contexts(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / AUTHORITY))
    for kind, expected in (("sound", ("taken", "")), ("expired", ("later", "tls")), ("wrong-host", ("later", "tls"))):
        with receiver(certificates[kind]) as secured:
            address = secured.webhook.replace("+http:", "+https:")
            assert ends(send(address, ONE, OPENED, secrets=[SECRET])) == expected
            assert len(secured.told) == (kind == "sound")
    with receiver() as plain:
        assert ends(send(plain.webhook.replace("+http:", "+https:"), ONE, OPENED, secrets=[SECRET])) == ("later", "tls")


def test_no_secret_is_told(hook: Receiver, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    caplog.set_level(logging.DEBUG)
    for status in (200, 302, 410, 500):
        outcome = sent(hook, (status, {"Location": "https://a/"}, b"s3cr3t"))
        assert SECRET not in repr(outcome)
        assert "s3cr3t" not in repr(outcome)
    monkeypatch.setattr(posting, "post", lambda *_, **__: 1 / 0)
    outcome = send("webhook+https://hooks.example.org/s3cr3t", ONE, OPENED, secrets=[SECRET])
    assert ends(outcome) == ("later", "library")
    assert "ZeroDivisionError" in outcome.detail
    assert "ZeroDivisionError" in caplog.text
    assert "s3cr3t" not in caplog.text + repr(outcome)
    assert SECRET not in caplog.text


def test_an_address_that_is_none_closes_its_channel() -> None:
    with Channels(Settings(limits=Limits())) as channels:
        assert ends(channels.send("syslog://localhost", ONE)) == ("closed", "address")
