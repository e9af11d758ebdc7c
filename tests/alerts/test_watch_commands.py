"""The commands of watches, with a sample portal and real receivers on loopback."""

from __future__ import annotations

import email
import json
import signal
import time
from typing import TYPE_CHECKING, Any

import pytest
from receivers import post, receiver
from standardwebhooks import Webhook
from typer.testing import CliRunner

import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from command import Congtin
    from receivers import Post, Receiver

    from sample.server import Running

LATEST = "Hội nghị bàn về khai thác hổ phách"


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as given:
        yield given


@pytest.fixture
def mailbox(congtin: Congtin) -> Iterator[Post]:
    with post() as given:
        congtin.environment |= {
            "CONGTIN_SMTP_URL": f"smtp://127.0.0.1:{given.port}",
            "CONGTIN_MAIL_FROM": "Cổng tin <tin@example.org>",
            "CONGTIN_PUBLIC_URL": "https://tin.example.org",
        }
        yield given


def added(congtin: Congtin, *words: str) -> dict[str, Any]:
    made: dict[str, Any] = congtin.json("watch", "add", *words)
    return made


def with_news(congtin: Congtin, portal: Running, hook: Receiver) -> dict[str, Any]:
    """A watch that has one article to tell a webhook."""
    congtin.crawl()
    made = added(congtin, "", "--to", hook.webhook)
    portal.control(do="publish", section="activity", title=LATEST)
    congtin.crawl()
    return made


def test_from_the_portal_to_a_webhook_and_a_mailbox(
    congtin: Congtin, serve: Callable[..., Running], hook: Receiver, mailbox: Post
) -> None:
    portal = serve(articles=15)
    congtin.crawl()
    made = added(congtin, "hổ phách", "--to", hook.webhook, "--to", "mailto:reader@example.org")
    assert made["understood"] == "hổ phách"
    (secret,) = made["secrets"].values()
    assert congtin.json("deliver") == {
        "sent": 0,
        "failed": 0,
        "pending": 0,
        "paused_channels": [],
        "failing": [],
        "dead": [],
    }
    portal.control(do="publish", section="activity", title=LATEST)
    portal.control(do="publish", section="activity", title="Giải bóng chuyền")
    congtin.crawl()
    assert congtin.json("deliver")["sent"] == 2
    assert congtin.json("deliver")["sent"] == 0
    ((_, headers, body),) = hook.told
    told = Webhook(secret).verify(body, {name.lower(): value for name, value in headers.items()})
    assert [event["title"] for event in told["data"]["events"]] == [LATEST]
    ((to, letter),) = mailbox.mails
    assert (to, LATEST in str(email.message_from_bytes(letter, policy=email.policy.default)["Subject"])) == (
        "reader@example.org", True,
    )  # fmt: skip
    listed = congtin.run("watch", "list", "--json").stdout
    (row,) = congtin.json("watch", "list")
    assert secret not in listed
    assert (row["id"], row["query"], row["every"], row["paused"]) == (made["id"], "hổ phách", "now", False)
    assert (row["channels"], row["sent"], row["pending"], row["failed"]) == (made["channels"], 2, 0, 0)
    assert congtin.json("doctor")["checks"][4]["state"] == "ok"


def test_the_first_crawl_of_a_source_floods_nobody(
    congtin: Congtin, serve: Callable[..., Running], hook: Receiver
) -> None:
    """H17: what was there already is a line of the next digest, and no news."""
    portal = serve(articles=25)
    added(congtin, "", "--kind", "article", "--to", hook.webhook)
    congtin.crawl()
    congtin.run("deliver")
    assert len(hook.told) <= 1  # where it is the digest's hour
    portal.control(do="publish", section="activity", title=LATEST)
    congtin.crawl()
    congtin.run("deliver")
    told = [json.loads(body)["data"] for _, _, body in hook.told]
    assert [event["title"] for message in told for event in message["events"]] == [LATEST]
    assert sum(noted["count"] for message in told for noted in message["noted"]) == 25


def test_what_is_published_is_in_the_mailbox_seconds_after_it_was_crawled(
    congtin: Congtin, serve: Callable[..., Running], mailbox: Post
) -> None:
    portal = serve(articles=10)
    congtin.crawl()
    added(congtin, "hổ phách", "--to", "mailto:reader@example.org")
    following = congtin.start("deliver", "--follow")
    portal.control(do="publish", section="activity", title=LATEST)
    congtin.crawl()
    crawled = time.monotonic()
    while not mailbox.mails and time.monotonic() < crawled + 30:
        time.sleep(0.05)
    assert len(mailbox.mails) == 1
    following.send_signal(signal.SIGTERM)
    _, complained = following.communicate()
    assert following.returncode == 0, complained


def test_a_receiver_that_fails_is_told_of_and_tried_again(
    congtin: Congtin, serve: Callable[..., Running], hook: Receiver
) -> None:
    made = with_news(congtin, serve(articles=10), hook)
    hook.usual = (410, {}, b"")
    told = congtin.json("deliver", expect=3)
    assert (told["sent"], told["failed"], told["paused_channels"]) == (0, 1, made["channels"])
    (dead,) = told["dead"]
    assert congtin.run("watch", "list", expect=3).stdout.count("paused") == 1
    assert congtin.json("watch", "test", made["id"], expect=3)[0]["outcome"] == "closed"
    hook.usual = (200, {}, b"")
    assert congtin.json("watch", "test", made["id"])[0]["outcome"] == "taken"
    congtin.run("watch", "pause", made["id"], "--resume")
    congtin.run("deliver", "--again", "none", expect=2)
    assert congtin.json("deliver", "--again", dead["id"])["sent"] == 1
    first, *_, last = hook.told
    assert first[1]["webhook-id"] == last[1]["webhook-id"] == dead["id"]


def test_a_secret_is_changed_without_a_message_that_does_not_hold(congtin: Congtin, hook: Receiver) -> None:
    """H25: for a day both signatures are sent, so that a receiver may change at any hour of it."""
    made = added(congtin, "", "--to", hook.webhook)
    (old,) = made["secrets"].values()
    told = congtin.json("watch", "secret", made["id"], hook.webhook)
    new = told["secret"]
    assert (told["channel"], new == old) == (made["channels"][0], False)
    assert new not in congtin.run("watch", "list", "--json").stdout
    assert congtin.json("watch", "test", made["id"])[0]["outcome"] == "taken"
    _, headers, body = hook.told[0]
    for secret in (old, new):
        assert Webhook(secret).verify(body, {name.lower(): value for name, value in headers.items()})
    (row,) = congtin.json("watch", "list")
    third = congtin.run("watch", "secret", made["id"], row["channel_states"][0]["id"]).stdout
    assert "told this once: whsec_" in third
    for watch, channel in ((made["id"], "mailto:reader@example.org"), ("none", hook.webhook)):
        congtin.run("watch", "secret", watch, channel, expect=2)


def test_a_mail_that_came_back_is_counted_and_the_status_says_what_is_paused(
    congtin: Congtin, serve: Callable[..., Running], mailbox: Post, tmp_path: Path
) -> None:
    """H14."""
    portal = serve(articles=10)
    congtin.crawl()
    added(congtin, "", "--to", "mailto:reader@example.org")
    portal.control(do="publish", section="activity", title=LATEST)
    congtin.crawl()
    assert congtin.json("deliver")["sent"] == 1
    name = str(email.message_from_bytes(mailbox.mails[0][1])["Message-ID"])
    mail = tmp_path / "bounce"
    mail.write_text("From: reader@example.org\n\nThank you!\n", "utf-8")
    assert "nothing was changed" in congtin.run("watch", "bounce", str(mail), expect=2).stderr
    congtin.run("watch", "bounce", str(tmp_path / "none"), expect=2)
    assert "paused" not in congtin.run("status", expect=None).stderr
    mail.write_text(
        f"From: MAILER-DAEMON@example.org\n\n<reader@example.org>: 550 5.1.1 unknown\n\nMessage-ID: {name}\n", "utf-8"
    )
    assert "5.1.1: counted, and the channel is paused" in congtin.run("watch", "bounce", str(mail)).stdout
    noted = congtin.json("watch", "bounce", str(mail))
    assert (noted["channel"], noted["counted"], noted["paused"]) == ("mailto:reader@example.org", False, True)
    assert "1 paused, 0 alerts wait: mailto:reader@example.org" in congtin.run("status").stderr
    assert isinstance(congtin.json("status"), list)
    assert congtin.json("watch", "list", expect=3)[0]["channel_states"][0]["bounces"] == 1


def test_a_mail_server_gives_the_mail_to_standard_input(congtin: Congtin) -> None:
    done = CliRunner(env=congtin.env()).invoke(cli.app, ["watch", "bounce"], input=b"From: postmaster@a\n\n5.1.1 b@c\n")
    assert (done.exit_code, "no message that was sent from here" in done.stderr) == (2, True)


def test_watches_are_paused_removed_and_told_of(congtin: Congtin, hook: Receiver) -> None:
    made = added(congtin, "hổ phách", "--to", hook.webhook, "--every", "week", "--on", "fri", "--quiet", "22-6")
    assert "secrets" in made
    assert added(congtin, "thuế", "--to", hook.webhook, "--kind", "procedure")["secrets"] == {}  # it was told once
    congtin.run("watch", "pause", made["id"])
    assert [row["paused"] for row in congtin.json("watch", "list")] == [True, False]
    congtin.run("watch", "remove", made["id"])
    (left,) = congtin.json("watch", "list")
    assert left["kinds"] == [f"procedure.{what}" for what in ("new", "amended", "replaced", "abolished", "changed")]
    for words in (["pause"], ["remove"], ["test"]):
        assert "there is no watch" in congtin.run("watch", *words, made["id"], expect=2).stderr


def test_a_trial_shows_the_way_out(congtin: Congtin, mailbox: Post) -> None:
    """Who sets up a watch sees by it whether one click ends it."""
    made = added(congtin, "", "--to", "mailto:reader@example.org")
    congtin.run("watch", "test", made["id"])
    mail = email.message_from_bytes(mailbox.mails[0][1])
    assert str(mail["List-Unsubscribe"]).startswith("<https://tin.example.org/leave/")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_watch_is_changed_and_shown_with_its_messages(
    congtin: Congtin, serve: Callable[..., Running], hook: Receiver, mailbox: Post
) -> None:
    portal = serve(articles=10)
    congtin.crawl()
    made = added(congtin, "bóng chuyền", "--to", hook.webhook, "--kind", "article", "--quiet", "2-3")
    mail = "mailto:reader@example.org"
    told = congtin.json(
        "watch", "change", made["id"], "--query", "hổ phách", "--add-to", mail, "--no-quiet", "--every", "week",
        "--on", "fri", "--at", "9",
    )  # fmt: skip
    assert (told["understood"], told["channels"], told["secrets"]) == ("hổ phách", [*made["channels"], mail], {})
    congtin.run("watch", "change", made["id"], "--every", "now", "--name", "Hổ phách", "--source", "")
    hook.usual = (500, {}, b"")
    portal.control(do="publish", section="activity", title=LATEST)
    congtin.crawl()
    congtin.run("deliver", expect=3)
    shown = congtin.json("watch", "show", made["id"])
    assert (shown["query"], shown["name"], shown["every"], shown["hour"], shown["weekday"], shown["quiet"]) == (
        "hổ phách", "Hổ phách", "now", 9, "fri", None,
    )  # fmt: skip
    failing, well = shown["channel_states"]
    assert (failing["pending"], failing["sent"], failing["cause"], well["pending"], well["sent"]) == (
        1, 0, "server-error", 0, 1,
    )  # fmt: skip
    assert failing["next_attempt"] > failing["since"]
    assert well["next_attempt"] is None
    assert [(one["kind"], one["title"], one["state"], one["attempts"], one["cause"]) for one in shown["messages"]] in (
        [("event", LATEST, "pending", 1, "server-error"), ("event", LATEST, "sent", 1, "")],
        [("event", LATEST, "sent", 1, ""), ("event", LATEST, "pending", 1, "server-error")],
    )
    assert len(congtin.json("watch", "show", made["id"], "--limit", "1")["messages"]) == 1
    said = congtin.run("watch", "show", made["id"])
    (secret,) = made["secrets"].values()
    assert secret not in said.stdout + str(shown)
    assert "server-error" in said.stdout
    congtin.environment["COLUMNS"] = "60"
    narrow = congtin.run("watch", "show", made["id"]).stdout
    assert all(one["id"] in narrow for one in shown["messages"])
    congtin.run("watch", "change", made["id"], "--no-to", failing["address"][-5:-1])
    assert congtin.json("deliver")["pending"] == 0
    assert congtin.json("watch", "list")[0]["channels"] == [mail]


def test_a_change_that_cannot_be_is_refused_with_the_reason(congtin: Congtin, hook: Receiver) -> None:
    made = added(congtin, "hổ phách", "--to", hook.webhook)
    for words, why in (
        (["--quiet", "22-6", "--no-quiet"], "--no-quiet"),
        (["--add-to", "mailto:reader@example.org"], "CONGTIN_SMTP_URL"),
        (["--no-to", hook.webhook], "no channel would be left"),
        (["--source", "nowhere"], "nowhere"),
        (["--kind", "rumour"], "rumour"),
        (["--on", "sunday"], "sunday"),
    ):
        assert why in congtin.run("watch", "change", made["id"], *words, expect=2).stderr
    for command in ("change", "show"):
        assert "there is no watch" in congtin.run("watch", command, "none", expect=2).stderr


def test_the_feed_of_a_watch_is_told_where_we_have_an_address(congtin: Congtin, hook: Receiver) -> None:
    assert added(congtin, "hổ phách", "--to", hook.webhook)["feed"] is None
    assert "/feeds/" not in congtin.run("watch", "list").stdout
    congtin.environment["CONGTIN_PUBLIC_URL"] = "https://tin.example.org"
    made = added(congtin, "Hội nghị", "--to", hook.webhook)
    assert made["feed"].startswith(f"https://tin.example.org/feeds/watch/{made['id']}.atom?token=")
    assert made["feed"] in {row["feed"] for row in congtin.json("watch", "list")}
    assert made["feed"] in congtin.run("watch", "list").stdout


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["tu:31/02/2023", "--to", "HOOK"], "31/02/2023"),
        (["đất", "--to", "file:///etc/passwd"], "--to"),
        (["đất", "--to", "mailto:reader@example.org"], "CONGTIN_SMTP_URL"),
        (["đất", "--to", "webhook+http://10.0.0.1/"], "10.0.0.1"),
        (["đất", "--to", "HOOK", "--kind", "rumour"], "rumour"),
        (["đất", "--to", "HOOK", "--source", "nowhere"], "nowhere"),
        (["đất", "--to", "HOOK", "--every", "hour"], "hour"),
        (["đất", "--to", "HOOK", "--quiet", "22"], "--quiet"),
        (["đất", "--to", "HOOK", "--quiet", "22-25"], "25"),
        (["đất", "--to", "HOOK", "--at", "24"], "24"),
    ],
)
def test_what_is_no_watch_is_refused_with_the_reason(
    congtin: Congtin, hook: Receiver, words: list[str], why: str
) -> None:
    given = [hook.webhook if word == "HOOK" else word for word in words]
    assert why in congtin.run("watch", "add", *given, expect=2).stderr
    assert congtin.json("watch", "list") == []


def test_a_preview_says_what_would_have_been_sent_and_warns_of_floods(
    congtin: Congtin, serve: Callable[..., Running], hook: Receiver
) -> None:
    serve(articles=12)
    congtin.crawl()
    told = congtin.json("watch", "preview", "")
    assert told["matches"] > 0
    made = added(congtin, "", "--to", hook.webhook)
    assert congtin.json("watch", "preview", made["id"])["matches"] == told["matches"]
    congtin.run("watch", "preview", "tu:31/02/2023", expect=2)
    congtin.run("watch", "remove", made["id"])
    assert "there is no watch" in congtin.run("watch", "preview", made["id"], expect=2).stderr
    newest = congtin.json("search", "", "--sort", "newest", "--limit", "1")["hits"][0]
    said = congtin.run("watch", "preview", "")
    day = "{2}/{1}/{0}".format(*newest["published_at"][:10].split("-"))
    assert said.stdout.splitlines()[1].startswith(day)  # it was filled in, and counts by the day of its publication
    assert "older pages count by the day of their publication" in said.stderr


def test_a_second_watch_for_the_same_reader_and_missing_links_are_warned_of(congtin: Congtin, hook: Receiver) -> None:
    first = added(congtin, "đất", "--to", hook.webhook)
    assert first["id"] in congtin.run("watch", "add", "đất", "--to", hook.webhook).stderr
    for words in (["đất", "--kind", "procedure"], ["đất", "--source", "sample"], ["thuế"]):
        said = congtin.run("watch", "add", *words, "--to", hook.webhook).stderr
        assert "tells the same" not in said
        assert "CONGTIN_PUBLIC_URL" in said
    congtin.environment["CONGTIN_PUBLIC_URL"] = "https://tin.example.org"
    assert "CONGTIN_PUBLIC_URL" not in congtin.run("watch", "add", "phí", "--to", hook.webhook).stderr


def test_a_list_says_what_it_has_none_of(congtin: Congtin, hook: Receiver) -> None:
    assert "congtin watch add" in congtin.run("watch", "list").stderr
    added(congtin, "", "--to", hook.webhook, "--source", "sample")
    shown = congtin.run("watch", "list").stdout
    assert "everything" in shown
    assert "(sample)" in shown


def test_a_channel_that_fails_is_tried_at_once_when_its_owner_says_so(
    congtin: Congtin, serve: Callable[..., Running], hook: Receiver
) -> None:
    """Who has mended a receiver need not wait for the next attempt of the plan."""
    made = with_news(congtin, serve(articles=10), hook)
    hook.usual = (500, {"Retry-After": "3600"}, b"")
    congtin.run("deliver", expect=3)
    hook.usual = (200, {}, b"")
    assert congtin.json("deliver")["sent"] == 0
    congtin.run("watch", "pause", made["id"], "--resume")
    told = congtin.json("deliver")
    assert (told["sent"], told["failing"]) == (1, [])
