"""Document numbers that records name, and the records that are those documents: links both ways.

The numbers of the state's own decrees and circulars hold their year ("45/2023/NĐ-CP") and name one document; offices
count other decisions from one again each year, and each office its own, so that those link within one province and not
where days of issue differ.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select

from scraper import text
from storage import batch
from storage.models import Article
from storage.procedure_tables import NamedNumber, Procedure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

_KIND = re.compile(
    r"(?:(?:toan van|van ban) )?"
    r"(?:(?:quyet dinh|nghi dinh|nghi quyet|thong tu|thong tu lien tich|ke hoach|cong van|thong bao|chi thi|huong dan|"
    r"bao cao|to trinh|luat|phap lenh|cong dien|giay moi|quy che) )?"
    r"(?:so )?(?:ky hieu )?"
)
"""What may stand before a document's own number in its title, folded: its kind, once, and "số"."""
_INSERT = insert(NamedNumber.__table__)  # type: ignore[arg-type]
_OF_THE_STATE = re.compile(r"\w+/(?:19|20)\d\d/(?:(?:NĐ|TT|TTLT|PL|NQ-CP|QĐ-TTg)\b|QH|UBTVQH)")
MOST_NAMED = 500
"""Numbers of one record that are kept; a page with more is a list of documents, whose own pages name them."""

MOST_IN_A_DOCUMENT = 200
MOST_IN_DOCUMENTS = 1_000
"""Of the numbers that its documents name beside those of a record's page."""
_SAID = ("source", "own", "told", "document", "page")
_OF_DOCUMENTS = 1_000
"""The position from which those of documents stand."""


def is_own(number: dict[str, Any], title: str) -> bool:
    """Whether a record of this title is the document itself: the title begins with its kind and its number.

    >>> one = {"raw": "12 /QĐ-UBND", "normal": "12/QĐ-UBND", "title": None}
    >>> is_own(one, "Quyết định số 12/QĐ-UBND về việc"), is_own(one, "Triển khai Quyết định số 12/QĐ-UBND")
    (True, False)
    """
    if number["normal"] is None:
        return False
    if number["title"] and text.same_title(number["title"], title):
        return True
    begins = _after_kind(title)
    return any(own and begins.startswith(own) for own in map(_after_kind, (number["raw"], number["normal"])))


def _after_kind(said: str) -> str:
    """The syllables of a title or a number behind the kind of document it begins with, each with a space after it."""
    folded = "".join(f"{word} " for word in text.words(text.fold(said)))
    kind = _KIND.match(folded)
    return folded[kind.end() :] if kind else folded


def save(
    session: Session, record: str, title: str, named: Iterable[tuple[str, dict[str, Any]]], *, new: bool = False
) -> None:
    """Keeps the numbers that a record names, each once, in place of those it named before.

    Each comes with the source whose page names it, and in its JSON shape. A `new` record has named none.
    """
    seen: dict[str, tuple[str, dict[str, Any]]] = {}
    for source, number in named:
        seen.setdefault(_named_key(number, source), (source, number))
    rows = [
        {
            "record": record, "position": position, "source": source, "normal": one["normal"],
            "own": is_own(one, title), "told": one, "document": None, "page": None,
        }
        for position, (source, one) in enumerate(list(seen.values())[:MOST_NAMED])
    ]  # fmt: skip
    _replace(session, rows, None if new else (NamedNumber.record == record, NamedNumber.document.is_(None)))


def save_of_documents(
    session: Session, record: str, named: Iterable[tuple[str, str, Sequence[Mapping[str, Any]]]]
) -> None:
    """Keeps the numbers that the documents name that a record shows, each once, in place of those before.

    Each document comes with its source, its id, and its numbers in their JSON shape with `page` and `own`: a record
    that shows a document is it, where the letterhead says so.
    """
    seen: dict[str, dict[str, Any]] = {}
    for source, document, numbers in named:
        for one in numbers[:MOST_IN_A_DOCUMENT]:
            told = {name: value for name, value in one.items() if name not in {"page", "own"}}
            row = {"source": source, "document": document, "page": one.get("page"), "own": bool(one.get("own")),
                   "normal": told["normal"], "told": told}  # fmt: skip
            known = seen.setdefault(_named_key(told, source), row)
            if row["own"] and not known["own"]:
                known.update(row)
    rows = [
        {"record": record, "position": _OF_DOCUMENTS + place, **row}
        for place, row in enumerate(list(seen.values())[:MOST_IN_DOCUMENTS])
    ]
    batch.send(session)
    _replace(session, rows, (NamedNumber.record == record, NamedNumber.document.is_not(None)))
    batch.send(session)


def _named_key(number: Mapping[str, Any], source: str) -> str:
    return _key(number["normal"] or f"? {number['raw']}", source)


def _replace(session: Session, rows: list[dict[str, Any]], those: tuple[Any, ...] | None) -> None:
    """Writes rows in place of `those` (None: there are none), if they differ."""
    if those is not None:
        columns = [getattr(NamedNumber, name) for name in _SAID]
        kept = [tuple(row) for row in session.execute(select(*columns).where(*those).order_by(NamedNumber.position))]
        if kept == [tuple(row[name] for name in _SAID) for row in rows]:
            return
        if kept:  # to keep the session in step would look at all that it holds, for every record
            session.execute(delete(NamedNumber).where(*those), execution_options={"synchronize_session": False})
    for row in rows:
        batch.later(session, _INSERT, row)


def of(session: Session, record: str) -> list[dict[str, Any]]:
    """Numbers that a record names, each once: those of its page in their order, then those of its documents alone.

    Each has the ids of the `records` that are that document, and where a document of the record names it, or is it, the
    `document` with its id and the page, from one.
    """
    rows = session.scalars(select(NamedNumber).where(NamedNumber.record == record).order_by(NamedNumber.position)).all()
    found = documents(session, rows)
    told: dict[str, dict[str, Any]] = {}
    for row in rows:
        where = {"id": row.document, "page": row.page} if row.document else None
        one = {**row.told, "own": row.own, "records": found.get(row.position, []), "document": where}
        known = told.setdefault(_named_key(row.told, row.source), one)
        known["own"] = known["own"] or row.own
        known["document"] = known["document"] or where
    return list(told.values())


def documents(session: Session, rows: Sequence[NamedNumber]) -> dict[int, list[str]]:
    """The ids of the records that are the documents named, by the row's position, each once; none is its own."""
    wanted = {row.normal for row in rows if row.normal}
    owners = session.scalars(
        select(NamedNumber)
        .where(NamedNumber.normal.in_(wanted), NamedNumber.own.is_(True))
        .order_by(NamedNumber.record)
    ).all()
    return {
        row.position: list(dict.fromkeys(one.record for one in owners if one.record != row.record and _same(one, row)))
        for row in rows
    }


def naming(session: Session, record: str, limit: int = 100) -> list[dict[str, Any]]:
    """The records that name the document that a record is: articles, the newest first, then procedures."""
    own = session.scalars(select(NamedNumber).where(NamedNumber.record == record, NamedNumber.own.is_(True))).all()
    if not own:
        return []
    others = session.scalars(
        select(NamedNumber).where(NamedNumber.normal.in_({one.normal for one in own}), NamedNumber.record != record)
    ).all()
    ids = {other.record for other in others if any(_same(one, other) for one in own)}
    newest = select(Article).where(Article.id.in_(ids)).order_by(Article.published_at.desc().nulls_last(), Article.id)
    articles = [
        _brief(row.id, row.kind, row.source, row.title, row.url) for row in session.scalars(newest.limit(limit))
    ]
    by_name = select(Procedure).where(Procedure.id.in_(ids)).order_by(Procedure.name, Procedure.id)
    procedures = [
        _brief(row.id, "procedure", row.source, row.name, row.url) for row in session.scalars(by_name.limit(limit))
    ]
    return (articles + procedures)[:limit]


def _brief(record: str, kind: str, source: str, title: str, url: str) -> dict[str, Any]:
    return {"id": record, "kind": kind, "source": source, "title": title, "url": url}


def _same(one: NamedNumber, other: NamedNumber) -> bool:
    """Whether two records speak of one document."""
    if one.normal is None or one.normal != other.normal:
        return False
    days = {row.told.get("date") for row in (one, other)} - {None}
    if len(days) > 1:
        return False
    return _key(one.normal, one.source) == _key(one.normal, other.source)


def _key(normal: str, source: str) -> str:
    """What a number means where this source names it: offices of other provinces have the same ones."""
    return normal if _OF_THE_STATE.match(normal) else f"{source.partition('/')[0]} {normal}"
