from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from making import NOON, SITE, article, day, entry, later, listed, minute, save
from sqlalchemy import select

from scraper.items import Attachment, Entry, Image
from storage import records
from storage.models import Article, Capture
from storage.records import NoRecord

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

SHOWN = {
    "id", "source", "version", "versions", "first_seen", "last_checked", "state", "capture", "documents", "group",
    "kind", "platform", "url", "canonical_url", "title", "published_at", "precision", "published_raw", "updated_at",
    "summary", "author", "section", "body_text", "body_html", "images", "attachments", "entries", "counters",
    "language",
}  # fmt: skip
VERSION = ["version", "at", "title", "origin", "words_added", "words_removed", "capture"]


@pytest.fixture
def name(session: Session) -> str:
    """A record with two versions, of which the second lies in the archive, at two addresses."""
    capture = Capture(
        at=later(1), url=f"{SITE}/tin/1", record_type="response", status=200, warc="a.warc.gz", offset=12, length=34,
        digest="sha256:00",
    )  # fmt: skip
    session.add(capture)
    session.flush()
    save(session, article(summary="Tóm tắt"), origin="backfill")
    new = article(
        title="Hội nghị mới", body_text="Chiều nay, Sở Nội vụ tổ chức hội nghị.", published=day(2025, 3, 8),
        images=(Image(url=f"{SITE}/a.jpg", caption="Ảnh"),),
        attachments=(Attachment(url=f"{SITE}/a.pdf", title="Quyết định"),),
        related=(Entry(url=f"{SITE}/x", title="x"),),
    )  # fmt: skip
    save(session, new, at=later(1), capture=capture.id)
    save(
        session,
        article("/tin/2", **{f: getattr(new, f) for f in ("title", "body_text", "published", "images", "attachments")}),
        at=later(2),
    )
    listed(session, entry("/tin/1", published=minute(2025, 3, 8, 9)), at=later(3))
    session.flush()
    return session.scalars(select(Article.id)).one()


def test_a_record_is_shown_whole(session: Session, name: str) -> None:
    told = records.show(session, name)
    assert set(told) >= SHOWN
    assert (told["version"], told["versions"], told["state"]) == (2, 2, "live")
    assert told["title"] == "Hội nghị mới"
    assert told["addresses"] == [f"{SITE}/tin/1", f"{SITE}/tin/2"]
    assert (told["published_at"], told["precision"]) == ("2025-03-08T09:00:00+07:00", "minute")
    assert (told["first_seen"], told["last_checked"]) == ("2025-03-10T12:00:00+07:00", "2025-03-10T14:00:00+07:00")
    assert told["capture"] == {
        "warc": "a.warc.gz", "offset": 12, "digest": "sha256:00", "date": "2025-03-10T13:00:00+07:00",
    }  # fmt: skip
    assert told["images"] == [{"url": f"{SITE}/a.jpg", "caption": "Ảnh"}]
    assert told["attachments"] == [{"url": f"{SITE}/a.pdf", "title": "Quyết định", "media_type": None}]


def test_an_old_version_is_shown_as_it_was(session: Session, name: str) -> None:
    told = records.show(session, name, 1)
    assert (told["version"], told["versions"], told["title"]) == (1, 2, article().title)
    assert (told["published_at"], told["precision"]) == ("2025-03-09T00:00:00+07:00", "day")
    assert told["body_text"] == article().body_text
    assert told["capture"] is None
    assert told["summary"] == "Tóm tắt"


def test_history_has_every_version_the_first_one_first(session: Session, name: str) -> None:
    told = records.history(session, name)
    assert [list(one) for one in told] == [VERSION, VERSION]
    assert [(one["version"], one["origin"]) for one in told] == [(1, "backfill"), (2, "poll")]
    assert (told[1]["words_added"], told[1]["words_removed"]) == (1, 6)
    assert told[0]["capture"] is None
    assert told[1]["capture"]["offset"] == 12
    assert told[0]["at"] == NOON.isoformat()


def said(changes: list[list[str]], signs: str) -> str:
    return "".join(words for sign, words in changes if sign in signs)


def test_two_versions_are_compared_field_by_field(session: Session, name: str) -> None:
    told = records.compare(session, name)
    assert set(told) == {"id", "from", "to", "fields"}
    assert (told["id"], told["from"], told["to"]) == (name, 1, 2)
    assert set(told["fields"]) == {"title", "body", "summary", "published_at", "images", "attachments"}
    body = told["fields"]["body"]
    assert body[:2] == [["-", "Sáng"], ["+", "Chiều"]]
    assert said(body, "=-").split() == article().body_text.split()
    assert said(told["fields"]["title"], "=+") == "Hội nghị mới"
    assert said(told["fields"]["summary"], "-") == "Tóm tắt"


@pytest.mark.parametrize(
    ("versions", "told"),
    [((None, None), (1, 2)), ((1, None), (1, 2)), ((None, 1), (1, 1)), ((2, 1), (2, 1)), ((2, 2), (2, 2))],
)
def test_any_two_versions_are_compared(
    session: Session, name: str, versions: tuple[int | None, int | None], told: tuple[int, int]
) -> None:
    found = records.compare(session, name, *versions)
    assert (found["from"], found["to"]) == told
    assert bool(found["fields"]) is (told[0] != told[1])


@pytest.mark.parametrize("number", [0, -1, 3, 10**30])
def test_a_version_that_is_not_there_is_told(session: Session, name: str, number: int) -> None:
    says = f"record {name} has versions 1 to 2, and no {number}"
    with pytest.raises(NoRecord, match=says):
        records.show(session, name, number)
    with pytest.raises(NoRecord, match=says):
        records.compare(session, name, 1, number)
    with pytest.raises(NoRecord, match=says):
        records.compare(session, name, number, 2)


@pytest.mark.parametrize("name", ["aaaaaaaaaaaaaaaa", "", "nul\0", "\ud800", "Việt", "../etc/passwd", "x" * 100_000])
def test_a_record_that_is_not_there_is_told(session: Session, name: str) -> None:
    asked: list[Any] = [records.show, records.history, records.compare]
    for ask in asked:
        with pytest.raises(NoRecord, match=r"no record .*`congtin search`"):
            ask(session, name)
