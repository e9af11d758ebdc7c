"""Telegram, against a small imitation of its bots' interface that checks what it is told as the real one does."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from receivers import IMPATIENT, QUICK, Receiver, receiver
from told import ABOLISHED, DIGEST, ONE, titled

from alerts.channels import Settings, send
from alerts.items import Passage
from drill import telegram as telegram_bots
from drill.telegram import TOKEN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alerts.items import Outcome


class Telegram:
    """It answers as `drill.telegram` has it, and keeps what it took."""

    def __init__(self, web: Receiver) -> None:
        self.web = web
        self.texts: list[tuple[Any, str]] = []
        web.usual = self.answer

    def answer(self, handler: Any) -> None:
        path, _, body = self.web.told[-1]
        reply = telegram_bots.reply(path, body)
        if reply.status == 200:
            self.texts.append((reply.chat, reply.text))
        self.say(handler, reply.status, **reply.said)

    @staticmethod
    def say(handler: Any, status: int, **said: Any) -> None:
        body = telegram_bots.written(status, **said)
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def once(self, status: int, description: str, **parameters: Any) -> None:
        self.web.answers.append(
            lambda handler: self.say(handler, status, description=description, parameters=parameters)
        )

    def settings(self, **others: Any) -> Settings:
        return Settings(**{"telegram_token": TOKEN, "telegram_url": self.web.url, "limits": QUICK} | others)


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    with receiver() as web:
        yield Telegram(web)


def ends(outcome: Outcome) -> tuple[str, str]:
    return outcome.end, outcome.cause


def test_a_message_arrives_in_a_chat_and_in_a_channel(telegram: Telegram) -> None:
    assert send("telegram:-100123", ONE, telegram.settings()).end == "taken"
    assert send("telegram:@Tin_Tinh", DIGEST, telegram.settings()).end == "taken"
    assert [chat for chat, _ in telegram.texts] == [-100123, "@tin_tinh"]
    assert "Thủ tục bị bãi bỏ" in telegram.texts[0][1]
    assert "Thời hạn là 20 10 ngày làm việc" in telegram.texts[0][1]


@pytest.mark.parametrize(
    "title", [r"_*[]()~`>#+-=|{}.! \_ <b>đậm</b> &lt; & \"'", "<chữ> & " * 700, "𝄞" * 5_000, "a" * 5_000, "\r\n\0 x"]
)
def test_any_title_arrives(telegram: Telegram, title: str) -> None:
    """H12."""
    assert send("telegram:1", titled(title), telegram.settings()).end == "taken"
    shown = " ".join(title.replace("\0", "").split())
    assert shown[:300].strip() in telegram.texts[0][1]


def test_many_changes_are_no_more_than_telegram_reads(telegram: Telegram) -> None:
    words = tuple((sign, f" từ {n}") for n in range(30) for sign in ("=", "-", "+"))
    changed = tuple(
        Passage(field=field, words=words) for field in ("title", "body", "fees", "steps", "result", "name", "code")
    )
    message = replace(ONE, happenings=(replace(ABOLISHED, changed=changed),))
    assert send("telegram:1", message, telegram.settings()).end == "taken"
    assert "và 2 mục khác" in telegram.texts[0][1]


def test_a_pause_that_is_asked_for_is_told(telegram: Telegram) -> None:
    """H10."""
    telegram.once(429, "Too Many Requests: retry after 30", retry_after=30)
    outcome = send("telegram:1", ONE, telegram.settings())
    assert (ends(outcome), outcome.retry_after) == (("later", "rate-limited"), 30)


def test_a_pause_is_read_where_the_answer_ends_the_connection(telegram: Telegram) -> None:
    """An answer that does not come in one piece, as none does of so many letters."""
    said = telegram_bots.written(429, description="Too Many Requests" * 1_000, parameters={"retry_after": 30})
    telegram.web.answers.append((429, {"Connection": "close"}, said))
    assert send("telegram:1", ONE, telegram.settings()).retry_after == 30


@pytest.mark.parametrize(
    ("status", "description", "expected"),
    [
        (403, "Forbidden: bot was blocked by the user", ("closed", "blocked")),
        (403, "Forbidden: bot was kicked from the supergroup chat", ("closed", "blocked")),
        (403, "Forbidden: user is deactivated", ("closed", "blocked")),
        (400, "Bad Request: chat not found", ("closed", "not-found")),
        (400, "Bad Request: not enough rights to send text messages to the chat", ("closed", "blocked")),
        (400, "Bad Request: can't parse entities", ("refused", "rejected")),
        (400, "Bad Request: message is too long", ("refused", "too-big")),
        (401, "Unauthorized", ("later", "configuration")),
        (404, "Not Found", ("later", "configuration")),
        (500, "Internal Server Error", ("later", "server-error")),
        (502, "Bad Gateway", ("later", "server-error")),
    ],
)
def test_what_each_answer_means(telegram: Telegram, status: int, description: str, expected: tuple[str, str]) -> None:
    """H11."""
    telegram.once(status, description)
    outcome = send("telegram:1", ONE, telegram.settings())
    assert ends(outcome) == expected
    assert description in outcome.detail


def test_a_group_that_moved_has_a_new_address(telegram: Telegram) -> None:
    """H11."""
    telegram.once(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-100999)
    outcome = send("telegram:-5", ONE, telegram.settings())
    assert (ends(outcome), outcome.moved_to) == (("later", "moved"), "telegram:-100999")
    assert send(str(outcome.moved_to), ONE, telegram.settings()).end == "taken"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"ok": "yes", "parameters": 5}',
        b"\xff",
        b"[" * 60_000,
        b'{"parameters": {"retry_after": "x"}}',
    ],
)
def test_no_answer_is_too_odd(telegram: Telegram, body: bytes) -> None:
    for status in (200, 302, 400, 429, 503):
        telegram.web.answers.append((status, {}, body))
        assert send("telegram:1", ONE, telegram.settings()).end in {"taken", "later", "refused"}


def test_no_answer_is_unknown_and_no_token_ours(telegram: Telegram) -> None:
    telegram.web.answers.append(lambda _: telegram.web.over.wait())
    assert ends(send("telegram:1", ONE, telegram.settings(limits=IMPATIENT))) == ("unknown", "timeout")
    assert ends(send("telegram:1", ONE, telegram.settings(telegram_token=""))) == ("later", "configuration")


def test_the_token_is_told_to_nobody(telegram: Telegram, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    settings = telegram.settings()
    for status in (403, 429, 500):
        telegram.once(status, "no")
        assert TOKEN not in repr(send("telegram:1", ONE, settings))
    telegram.web.answers.append(lambda _: None)
    assert TOKEN not in repr(send("telegram:1", ONE, settings)) + repr(settings) + caplog.text
