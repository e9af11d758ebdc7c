"""Which procedure takes another's place: what pages say of it, kept by page, and told of both."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from scraper import urls
from storage.procedure_tables import Procedure, Succession

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from sqlalchemy.orm import Session

    from scraper import items

_CHUNK = 400


def procedure_id(code: str) -> str:
    """The id of the procedure with this code, on whatever portal it is met.

    >>> procedure_id("1.001234")
    'xmjhcvtyr4igpoef'
    """
    return urls.record_id(f"thu-tuc {code}")


def keep(
    session: Session,
    said: Iterable[tuple[Procedure, Collection[items.Procedure]]],
    *,
    source: str,
    page: str,
    url: str,
    whole: bool,
) -> None:
    """Keeps which procedures a page says replace which, in place of what it said before where it shows its `whole`."""
    wanted = {(one["record"], one["successor"]): one for one in _pairs(said)}
    before = select(Succession).where(Succession.source == source, Succession.page == page)
    for row in session.scalars(before).all():
        one = wanted.pop((row.record, row.successor), None)
        if one is not None:
            row.evidence, row.url = one["evidence"], url
        elif whole:
            session.delete(row)
    session.add_all(Succession(**one, source=source, page=page, url=url) for one in wanted.values())


def _pairs(said: Iterable[tuple[Procedure, Collection[items.Procedure]]]) -> Iterator[dict[str, Any]]:
    for row, told in said:
        own = row.id, row.code
        for one in told:
            for others, after in ((one.replaced_by, True), (one.replaces, False)):
                for other in others:
                    there = procedure_id(other.code), other.code
                    (old, old_code), (new, new_code) = (own, there) if after else (there, own)
                    if old != new:
                        yield {
                            "record": old, "code": old_code, "successor": new, "successor_code": new_code,
                            "evidence": other.evidence,
                        }  # fmt: skip


def merged(session: Session, old: Procedure, into: Procedure) -> None:
    """What was said of a procedure without a code is said of the one that it turned out to be."""
    rows = session.scalars(select(Succession).where(_of([old.id, into.id]))).all()
    there = {(row.record, row.successor, row.source, row.page) for row in rows}
    for row in rows:
        if old.id not in {row.record, row.successor}:
            continue
        record, successor = (into.id if one == old.id else one for one in (row.record, row.successor))
        if record == successor or (record, successor, row.source, row.page) in there:
            session.delete(row)
            continue
        row.record, row.successor = record, successor
        row.code = into.code if record == into.id else row.code
        row.successor_code = into.code if successor == into.id else row.successor_code


def of(session: Session, records: Iterable[str]) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """What each of these procedures `replaces` and is `replaced_by`, each other one once with the words that say so.

    Those that neither replace nor are replaced are not among them. The `id` of one that no page tells of is None.
    """
    wanted = sorted(records)
    found: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: {"replaces": [], "replaced_by": []})
    for start in range(0, len(wanted), _CHUNK):
        some = set(wanted[start : start + _CHUNK])
        rows = session.scalars(select(Succession).where(_of(some)).order_by(Succession.id)).all()
        others = {row.record for row in rows} | {row.successor for row in rows}
        names = dict(session.execute(select(Procedure.id, Procedure.name).where(Procedure.id.in_(others))).all())
        for row in rows:
            ends = ((row.record, "replaced_by", row.successor, row.successor_code),
                    (row.successor, "replaces", row.record, row.code))  # fmt: skip
            for own, which, other, code in ends:
                if own in some and all(one["other"] != other for one in found[own][which]):
                    found[own][which].append(
                        {
                            "other": other, "id": other if other in names else None, "code": code,
                            "name": names.get(other), "evidence": row.evidence, "source": row.source, "url": row.url,
                        }
                    )  # fmt: skip
    for told in found.values():
        for one in (*told["replaces"], *told["replaced_by"]):
            del one["other"]
    return dict(found)


def _of(records: Collection[str]) -> Any:
    return or_(Succession.record.in_(records), Succession.successor.in_(records))
