"""The shared words as the contract's JSON writes them. Pure."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from scraper.deadlines import Deadline
from scraper.items import DocumentNumber, DossierItem, Instead, Moment, Procedure, Way

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scraper.items import Entry, NextPage, Reading


def entry(one: Entry) -> dict[str, Any]:
    """A row of a listing or of a related list."""
    return {"url": one.url, "title": one.title, **moment(one.published), "truncated": one.truncated}


def moment(one: Moment | None) -> dict[str, Any]:
    """A time and how exactly it is known."""
    return {"published_at": one.at.isoformat() if one else None, "precision": one.precision if one else None}


def next_page(one: NextPage | None) -> dict[str, Any] | None:
    """The way to a listing's next page; of a postback its target, not the form's long hidden fields."""
    if one is None:
        return None
    if one.postback is None:
        return {"url": one.url, "method": "GET"}
    return {"url": one.url, "method": "POST", "target": one.postback.target, "argument": one.postback.argument}


def number(one: DocumentNumber) -> dict[str, Any]:
    """A document number."""
    return asdict(one) | {"date": one.date.isoformat() if one.date else None}


def deadline(one: Deadline) -> dict[str, Any]:
    """A day until when something is to be done."""
    on = {"on": one.on.at.isoformat(), "precision": one.on.precision}
    return {**on, "what": one.what, "evidence": one.evidence}


def deadline_of(told: Mapping[str, Any]) -> Deadline:
    """The deadline of this JSON shape."""
    on = Moment(at=datetime.fromisoformat(told["on"]), precision=told["precision"])
    return Deadline(on=on, what=told["what"], evidence=told["evidence"])


def procedure(one: Procedure) -> dict[str, Any]:
    """A procedure: a page of its own, or a row of a list."""
    return {
        "code": one.code,
        "name": one.name,
        "field": one.field,
        "levels": list(one.levels),
        "kind": one.kind,
        "decision": number(one.decision) if one.decision else None,
        "agency": one.agency,
        "carried_out_by": one.carried_out_by,
        "applicants": list(one.applicants),
        "ways": [asdict(way) for way in one.ways],
        "steps": one.steps,
        "dossier": [asdict(item) for item in one.dossier],
        "time_limit": one.time_limit,
        "fees": one.fees,
        "result": one.result,
        "legal_basis": [number(basis) for basis in one.legal_basis],
        "conditions": one.conditions,
        "effective_from": one.effective_from.isoformat() if one.effective_from else None,
        "change": one.change,
        "evidence": one.evidence,
        "replaces": list(map(asdict, one.replaces)),
        "replaced_by": list(map(asdict, one.replaced_by)),
        "raw": dict(one.raw),
    }


def number_of(told: Mapping[str, Any]) -> DocumentNumber:
    """The document number of this JSON shape."""
    return DocumentNumber(**{**told, "date": _day(told["date"])})


def procedure_of(told: Mapping[str, Any]) -> Procedure:
    """The procedure of this JSON shape."""
    return Procedure(
        **{
            **told,
            "levels": tuple(told["levels"]),
            "decision": number_of(told["decision"]) if told["decision"] else None,
            "applicants": tuple(told["applicants"]),
            "ways": tuple(Way(**way) for way in told["ways"]),
            "dossier": tuple(DossierItem(**item) for item in told["dossier"]),
            "legal_basis": tuple(map(number_of, told["legal_basis"])),
            "effective_from": _day(told["effective_from"]),
            "replaces": tuple(Instead(**other) for other in told.get("replaces", ())),
            "replaced_by": tuple(Instead(**other) for other in told.get("replaced_by", ())),
            "raw": tuple(told["raw"].items()),
        }
    )


def _day(said: str | None) -> date | None:
    return date.fromisoformat(said) if said else None


def reading(one: Reading, url: str) -> dict[str, Any]:
    """What `congtin extract` prints of a page."""
    article = one.article
    entries = article.related if article else one.entries
    return {
        "kind": article.kind if article else one.kind,
        "outcome": one.outcome.value,
        "message": one.message,
        "platform": one.platform,
        "url": url,
        "canonical_url": article.canonical_url if article else None,
        "title": article.title if article else one.title,
        **moment(article.published if article else None),
        "published_raw": article.published_raw if article else None,
        "updated_at": article.updated.at.isoformat() if article and article.updated else None,
        "summary": article.summary if article else None,
        "author": article.author if article else None,
        "section": article.section if article else None,
        "body_text": article.body_text if article else "",
        "body_html": article.body_html if article else "",
        "images": [asdict(image) for image in article.images] if article else [],
        "attachments": [asdict(document) for document in article.attachments] if article else [],
        "entries": [entry(row) for row in entries],
        "next_page": next_page(one.next_page),
        "total": one.total,
        "counters": asdict(article.counters) if article else {"votes": None, "online": None, "views": None},
        "procedure": procedure(one.procedure) if one.procedure else None,
        "procedures": [procedure(row) for row in one.procedures],
        "announcements": [{"change": change, "evidence": evidence} for change, evidence in one.announced],
        "numbers": [number(named) for named in one.numbers],
        "deadlines": list(map(deadline, one.deadlines)),
        "language": article.language if article else None,
    }
