"""Addresses of channels: which there are, their one form, and that no secret is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from apprise import NotificationManager
from hypothesis import given
from hypothesis import strategies as st
from receivers import LOOPBACK

from alerts.address import SERVICES, BadAddress, is_secure, parse
from alerts.channels import Settings, refused
from scraper.config import MailServer

if TYPE_CHECKING:
    from alerts.address import Kind

GOOD = [
    ("mailto:reader@example.org", "mail", "mailto:reader@example.org"),
    (" MAILTO:Reader.B+tin@Example.ORG. ", "mail", "mailto:Reader.B+tin@example.org"),
    ("mailto:o%27neil@example.org", "mail", "mailto:o'neil@example.org"),
    ("mailto:root@localhost", "mail", "mailto:root@localhost"),
    ("mailto:doc@thư.vn", "mail", "mailto:doc@xn--th-e0a.vn"),
    ("webhook+https://Hooks.Example.org:443", "webhook", "webhook+https://hooks.example.org/"),
    (
        "webhook+https://hooks.example.org:8443/a%2Fb?c=đ",
        "webhook",
        "webhook+https://hooks.example.org:8443/a%2Fb?c=%C4%91",
    ),
    ("webhook+http://127.0.0.1:9000/x", "webhook", "webhook+http://127.0.0.1:9000/x"),
    ("webhook+https://[2001:DB8::1]/x", "webhook", "webhook+https://[2001:db8::1]/x"),
    ("telegram:-1001234567890", "telegram", "telegram:-1001234567890"),
    ("telegram:@Tin_Tinh", "telegram", "telegram:@tin_tinh"),
    ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "apprise", None),
    ("ntfys://ntfy.example.org/topic?priority=high", "apprise", None),
]
BAD = [
    "", "reader@example.org", "mailto:", "mailto:reader", "mailto:a@b@c", "mailto:a@example.org,b@example.org",
    "mailto:a@example.org?bcc=b@example.org", "mailto:a@exa mple.org", "mailto:a%0d%0aBcc:b@example.org",
    "mailto:a@-b.org", "mailto:reader@example", "mailto:a@10.0.0.1", "mailto:a@::1",
    "mailto:.a@example.org", "mailto:đ@example.org", "mailto:" + "a" * 65 + "@example.org",
    "https://hooks.example.org/", "webhook+https:hooks.example.org", "webhook+https://", "webhook+ftp://a.org/",
    "webhook+https://user:secret@hooks.example.org/", "webhook+https://a.org/#b", "webhook+https://a.org:0/",
    "webhook+https://a.org:99999/", "webhook+https://127.0.0.1\\@a.org/", "webhook+https://a.org/\r\nX: y",
    "webhook+https://[v1.x]/", "webhook+https://" + "a" * 1000 + ".org/",
    "telegram:", "telegram:name", "telegram:0", "telegram:@ab", "telegram:1/2", "telegram:" + "1" * 30,
    "slack:", "slack://", "slack:a/b/c",
    "slack://a/b/c?template=/etc/passwd", "discord://1/2?attach=file:///etc/passwd", "ntfys://t?verify=no",
    "gotifys://a.org/t?rto=1000", "gotifys://a.org/t?priority=1;template=/x", "gotifys://a.org/t?+X-Header=1",
    "gotifys://a.org/t?a#b", "matrixs://t?redirect=yes", "gotifys://a.org/t?TEMPLATE=/x",
]  # fmt: skip
NOT_FOR_USERS = [
    "syslog", "dbus", "json", "jsons", "xml", "xmls", "form", "forms", "exec", "file", "apprise", "rsyslog", "mqtt",
    "irc", "smpp", "windows", "macosx", "mailtos", "tgram", "hassio", "kodi", "vapid",
]  # fmt: skip


@pytest.mark.parametrize(("typed", "kind", "key"), GOOD)
def test_an_address_has_one_form(typed: str, kind: Kind, key: str | None) -> None:
    address = parse(typed)
    assert address.kind == kind
    assert address.key == (key or typed)
    assert parse(address.key) == address


@pytest.mark.parametrize("typed", BAD)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(BadAddress):
        parse(typed)


@pytest.mark.parametrize("scheme", NOT_FOR_USERS)
def test_schemes_that_reach_the_host_or_anything_are_refused(scheme: str) -> None:
    assert scheme not in SERVICES
    with pytest.raises(BadAddress, match="no alerts are sent by"):
        parse(f"{scheme}://example.org/x")


@given(st.one_of(st.text(), st.from_regex(r"(mailto|webhook\+https?|telegram|slack|ntfys):(//)?[\x00-\uffff]{0,40}")))
def test_no_text_is_too_odd(typed: str) -> None:
    try:
        address = parse(typed)
    except BadAddress:
        return
    assert parse(address.key) == address
    assert address.key.isprintable()


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # one of its plugins, on Python 3.11
def test_apprise_knows_the_services() -> None:
    assert set(SERVICES) <= set(NotificationManager().schemas())
    assert is_secure("slack://a")
    assert not is_secure("gotify://a")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("webhook+https://hooks.example.org/in/s3cr3t?key=s3cr3t", "webhook+https://hooks.example.org/… ("),
        ("webhook+https://hooks.example.org/?key=s3cr3t", "webhook+https://hooks.example.org/… ("),
        ("slack://s3cr3tA/s3cr3tB/s3cr3t", "slack://… ("),
        ("ntfys://s3cr3t", "ntfys://… ("),
        ("telegram:-100123", "telegram:-100123"),
    ],
)
def test_what_is_shown_holds_no_secret_and_tells_channels_apart(typed: str, shown: str) -> None:
    address = parse(typed)
    assert address.shown.startswith(shown)
    assert "s3cr3t" not in address.shown + repr(address)
    assert parse(typed + "2").shown != address.shown


def test_an_error_repeats_nothing_that_may_be_secret() -> None:
    for typed in BAD:
        with pytest.raises(BadAddress) as error:
            parse(typed)
        assert not any(word in str(error.value) for word in ("secret", "Bcc", "passwd"))


WITH_ACCOUNTS = Settings(
    mail_server=MailServer(host="127.0.0.1", port=25, security="starttls"),
    mail_from="a@example.org",
    telegram_token="1:x",
)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("mailto:a@example.org", None),
        ("telegram:1", None),
        ("webhook+https://hooks.example.org/x", None),
        ("webhook+https://hooks.example.org:8443/x", None),
        ("webhook+https://hooks.example.org:6379/x", "port 6379"),
        ("webhook+https://8.8.8.8:25/x", "port 25"),
        ("webhook+http://8.8.8.8/x", "without TLS"),
        ("webhook+https://127.0.0.1/x", "no public one"),
        ("webhook+https://2130706433/x", "no public one"),
        ("webhook+https://0x7f.1/x", "no public one"),
        ("webhook+https://169.254.169.254/x", "no public one"),
        ("webhook+https://[::ffff:10.0.0.1]/x", "no public one"),
        ("webhook+https://[64:ff9b::a00:1]/x", "no public one"),
    ],
)
def test_what_cannot_be_sent_to_is_told_before_anyone_waits(typed: str, why: str | None) -> None:
    said = refused(parse(typed), WITH_ACCOUNTS)
    assert (why in said) if why and said else said is why


def test_what_the_operator_opened_may_be_sent_to_by_any_port_and_without_tls() -> None:
    assert refused(parse("webhook+http://127.0.0.1:6379/x"), Settings(allow_networks=LOOPBACK)) is None


def test_channels_without_an_account_say_what_is_missing() -> None:
    assert "CONGTIN_SMTP_URL" in str(refused(parse("mailto:a@example.org"), Settings()))
    assert "CONGTIN_TELEGRAM_TOKEN" in str(refused(parse("telegram:1"), Settings()))
