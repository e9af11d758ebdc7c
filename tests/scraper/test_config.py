"""The operator's settings for messages: what is taken, and what is refused by its name and without its secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scraper.config import BadConfig, Config, MailServer

if TYPE_CHECKING:
    from pathlib import Path

FROM = {"CONGTIN_MAIL_FROM": "Cổng tin <tin@example.org>"}


def read(**variables: str) -> Config:
    return Config.from_environment({f"CONGTIN_{name}": value for name, value in variables.items()})


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", MailServer(host="mail.example.org", port=25, security="starttls")),
        ("smtp://127.0.0.1:1025/", MailServer(host="127.0.0.1", port=1025, security="starttls")),
        ("smtps://a:b@[::1]", MailServer(host="::1", port=465, security="tls", user="a", password="b")),
        (
            "smtp://tin%40example.org:m%2Ft%23@mail.example.org",
            MailServer(host="mail.example.org", port=587, security="starttls", user="tin@example.org", password="m/t#"),
        ),
    ],
)
def test_a_mail_server_by_its_url(url: str, server: MailServer) -> None:
    assert Config.from_environment({"CONGTIN_SMTP_URL": url, **FROM}).mail_server == server


def test_everything_for_messages_at_once(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11\n")
    config = Config.from_environment({
        **FROM,
        "CONGTIN_TELEGRAM_TOKEN_FILE": str(tmp_path / "token"),
        "CONGTIN_PUBLIC_URL": "https://tin.example.org/kho/",
    })  # fmt: skip
    assert config.telegram_token == "123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"
    assert config.telegram_token not in repr(config)
    assert config.public_url == "https://tin.example.org/kho"
    assert config.telegram_url == "https://api.telegram.org"
    assert config.mail_from == "Cổng tin <tin@example.org>"
    assert read(MAIL_FROM="tin@example.org").mail_from == "tin@example.org"
    assert read(BOUNCE_ADDRESS="returns@example.org").bounce_address == "returns@example.org"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_URL", "mail.example.org:25"),
        ("SMTP_URL", "http://mail.example.org"),
        ("SMTP_URL", "smtp://"),
        ("SMTP_URL", "smtp://mail.example.org:s3cr3t"),
        ("SMTP_URL", "smtp://mail.example.org:99999"),
        ("SMTP_URL", "smtp://user:s3cr3t/x@mail.example.org"),
        ("SMTP_URL", "smtp://user:/s3cr3t@mail.example.org"),
        ("SMTP_URL", "smtp://user:s3cr3t#x@mail.example.org"),
        ("SMTP_URL", "smtp://user@mail.example.org"),
        ("SMTP_URL", "smtp://:s3cr3t@mail.example.org"),
        ("SMTP_URL", "smtp://user:s3cr3t-m%E1%BA%ADt@mail.example.org"),
        ("MAIL_FROM", "tin"),
        ("MAIL_FROM", "tin@example.org, b@example.org"),
        ("MAIL_FROM", "đ@example.org"),
        ("MAIL_FROM", "a@example.org\r\nBcc: b@example.org"),
        ("MAIL_FROM", "<>"),
        ("BOUNCE_ADDRESS", "returns"),
        ("BOUNCE_ADDRESS", "a@example.org, b@example.org"),
        ("TELEGRAM_TOKEN", "s3cr3t"),
        ("TELEGRAM_TOKEN", "1:s3cr3t/../x"),
        ("TELEGRAM_URL", "ftp://a"),
        ("PUBLIC_URL", "tin.example.org"),
        ("PUBLIC_URL", "https://"),
        ("PUBLIC_URL", "https://a.org/?b"),
        ("PUBLIC_URL", "https://a b.org"),
        ("PUBLIC_URL", "https://a.org:x"),
        ("PUBLIC_URL", "https://user:s3cr3t@a.org"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(BadConfig) as error:
        read(**{name: value})
    assert str(error.value).startswith(f"CONGTIN_{name}: ")
    assert "s3cr3t" not in str(error.value)


def test_mail_needs_a_sender() -> None:
    with pytest.raises(BadConfig, match="a sender"):
        read(SMTP_URL="smtp://mail.example.org")
