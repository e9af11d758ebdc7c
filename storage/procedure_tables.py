"""The tables of procedures: what each is, its versions, where it stands, what is announced of it, what follows it."""

from __future__ import annotations

from datetime import date, datetime  # noqa: TC003 - the tables' types are read at run time
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from storage.models import Id, Table, Words


class Procedure(Table):
    """An administrative procedure, however many pages tell of it: what the most telling ones say together.

    Its id is made from its code, else from its first source and its name; `merged_into` is the procedure that it turned
    out to be when its code was learned: ids are never taken back.
    """

    __tablename__ = "procedures"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    code: Mapped[str | None] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(Words)
    name_key: Mapped[str] = mapped_column(String(32), index=True)
    words: Mapped[str] = mapped_column(Words)
    """What a query may find it by: name, code, field and decisions, folded."""
    field: Mapped[str | None] = mapped_column(Words)
    levels: Mapped[list[Any]] = mapped_column(default=list)
    source: Mapped[str] = mapped_column(String(200))
    platform: Mapped[str] = mapped_column(String(40))
    url: Mapped[str] = mapped_column(Words)
    version: Mapped[int]
    fields: Mapped[dict[str, Any]]
    first_seen: Mapped[datetime]
    last_checked: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    """When somebody last edited a page of it and no decision said so."""
    merged_into: Mapped[str | None] = mapped_column(String(32))
    new_until: Mapped[date | None]
    """It was told as new when it was met, with no decision: the first one announced by this day is that news, and not
    told again. None where a decision was told, or is found since."""


class ProcedureVersion(Table):
    """What a place said of a procedure at one time. `previous` is what the same place said before."""

    __tablename__ = "procedure_versions"

    record: Mapped[str] = mapped_column(ForeignKey("procedures.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    origin: Mapped[str] = mapped_column(String(20))
    content_hash: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(200))
    url: Mapped[str] = mapped_column(Words)
    name: Mapped[str] = mapped_column(Words)
    fields: Mapped[dict[str, Any]]
    previous: Mapped[int | None]
    words_added: Mapped[int]
    words_removed: Mapped[int]
    capture: Mapped[int | None] = mapped_column(ForeignKey("captures.id"))

    __table_args__ = (Index(None, "record", "content_hash"),)


class ProcedurePlace(Table):
    """A page of a source that tells of a procedure: its own page, a list, or one that merely speaks of it."""

    __tablename__ = "procedure_places"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    record: Mapped[str] = mapped_column(ForeignKey("procedures.id"))
    source: Mapped[str] = mapped_column(String(200))
    platform: Mapped[str] = mapped_column(String(40))
    page: Mapped[str] = mapped_column(Words)
    """The canonical address of the page without scheme and `www.`, which may change."""
    url: Mapped[str] = mapped_column(Words)
    role: Mapped[str] = mapped_column(String(10))
    article: Mapped[str | None] = mapped_column(String(32), index=True)
    version: Mapped[int]
    content_hash: Mapped[str] = mapped_column(String(64))
    since: Mapped[date]
    """From when the procedure is in force by this place's word; else the day we met it here."""
    first_seen: Mapped[datetime]
    last_checked: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When the page was read again and told of it no more."""

    __table_args__ = (UniqueConstraint("record", "source", "page"), Index(None, "source", "page"))


class ProcedureAnnouncement(Table):
    """A page's word that a decision does something to a procedure; `storage.timeline` makes steps of them."""

    __tablename__ = "procedure_announcements"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    record: Mapped[str] = mapped_column(ForeignKey("procedures.id"))
    change: Mapped[str] = mapped_column(String(20))
    number: Mapped[str] = mapped_column(Words)
    decision: Mapped[dict[str, Any] | None]
    issued: Mapped[date | None]
    effective: Mapped[date | None]
    published: Mapped[date | None]
    evidence: Mapped[str] = mapped_column(Words)
    source: Mapped[str] = mapped_column(String(200))
    page: Mapped[str] = mapped_column(Words)
    url: Mapped[str] = mapped_column(Words)
    article: Mapped[str | None] = mapped_column(String(32))
    seen_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    """When the page was read again and said so no more."""

    __table_args__ = (
        UniqueConstraint("record", "change", "source", "page"),
        Index(None, "source", "page"),
    )


class Succession(Table):
    """A page's word that a procedure takes another's place: `record` is replaced by `successor`, ids of both."""

    __tablename__ = "procedure_successions"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    record: Mapped[str] = mapped_column(String(32))
    code: Mapped[str | None] = mapped_column(String(40))
    successor: Mapped[str] = mapped_column(String(32), index=True)
    successor_code: Mapped[str | None] = mapped_column(String(40))
    evidence: Mapped[str] = mapped_column(Words)
    source: Mapped[str] = mapped_column(String(200))
    page: Mapped[str] = mapped_column(Words)
    url: Mapped[str] = mapped_column(Words)

    __table_args__ = (UniqueConstraint("record", "successor", "source", "page"), Index(None, "source", "page"))


class NamedNumber(Table):
    """A document number that a record names, or (`own`) the number of the document that the record is.

    One that a document names and its page does not has the `document`'s id, and its `page` there, from one.
    """

    __tablename__ = "document_numbers"

    record: Mapped[str] = mapped_column(String(32), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(200))
    normal: Mapped[str | None] = mapped_column(Words, index=True)
    own: Mapped[bool]
    told: Mapped[dict[str, Any]]
    document: Mapped[str | None] = mapped_column(String(32))
    page: Mapped[int | None]
