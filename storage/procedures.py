"""Procedures: whose page this is, what is new of it, and which decisions did what; the only writer of their versions.

One procedure has many places: its page at the national portal, rows of lists, articles on decisions. Each place is
compared with what itself said before, so that portals which write one thing differently never take turns in making
versions; `storage.places` says which of them is believed. Everything runs in the session's transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, update

from scraper import shapes, text, urls
from scraper.items import VIETNAM
from storage import batch, diff, events, numbers, places, successions, timeline
from storage.identity import Sighting, among, here, on_page, resolve
from storage.procedure_tables import Procedure, ProcedureAnnouncement, ProcedurePlace, ProcedureVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

    from scraper import items
    from storage.places import Role, Saying
    from storage.timeline import Step


def visited(
    session: Session, visit: items.Visit, *, source: str, platform: str, origin: str, capture: int | None,
    record: str | None = None, new: bool = False,
) -> Counter[str]:  # fmt: skip
    """Keeps what a visit's reading tells of procedures, and the numbers that the page's record names.

    `record` is the page's own, `new` says that it was made just now. Returns how many events of each kind that came to.
    """
    reading = visit.reading
    if not visit.outcome.trusted:
        return Counter()
    if reading is None:
        if visit.section == "procedures":
            _as_it_was(session, source, visit)
        return Counter()
    article = reading.article
    if record is not None and article is not None and (reading.numbers or not new):
        if not new:
            batch.flush(session)
        named = [(source, shapes.number(one)) for one in reading.numbers]
        numbers.save(session, record, article.title, named, new=new)
    if reading.procedure is None and not reading.procedures:
        return Counter()
    batch.flush(session)
    walked = visit.role != "detail"
    sighting = Sighting(
        own=reading.procedure, rows=reading.procedures, listing=walked or visit.section == "procedures", source=source,
        platform=reading.platform or platform, canonical_url=visit.canonical_url, url=visit.final_url, origin=origin,
        at=visit.at, article=record, published=article.published if article else None, capture=capture,
        document=_document(reading), whole=not walked,
    )  # fmt: skip
    return save(session, sighting)


def _document(reading: items.Reading) -> items.DocumentNumber | None:
    """The number of the document that a page is."""
    title = reading.article.title if reading.article else reading.title
    return next((one for one in reading.numbers if numbers.is_own(shapes.number(one), title)), None)


def _as_it_was(session: Session, source: str, visit: items.Visit) -> None:
    """The page's server said that nothing changed."""
    events.take_turns(session)
    here = (ProcedurePlace.source == source, ProcedurePlace.page == urls.key(visit.canonical_url))
    told = select(ProcedurePlace.record).where(*here)
    session.execute(update(ProcedurePlace).where(*here).values(last_checked=visit.at))
    session.execute(update(Procedure).where(Procedure.id.in_(told)).values(last_checked=visit.at))


def save(session: Session, sighting: Sighting) -> Counter[str]:
    """Keeps what a page tells of procedures; how many events of each kind that came to.

    Two crawls may meet one procedure at the same moment, on two portals: they take turns.
    """
    events.take_turns(session)
    found = resolve(session, sighting)
    known = here(session, sighting)
    told = {(one.record, one.change): one for one in session.scalars(on_page(ProcedureAnnouncement, sighting)).all()}
    announced: dict[str, list[ProcedureAnnouncement]] = defaultdict(list)
    for heard in among(session, ProcedureAnnouncement.record, found):
        announced[heard.record].append(heard)
    same = _versions(session, set(found) - set(known))
    tellings = [
        _Telling(session, sighting, row, said, announced[row.id], same) for row, said in found.values()
    ]  # fmt: skip
    successions.keep(
        session, found.values(), source=sighting.source, page=sighting.page, url=sighting.url, whole=sighting.whole
    )
    moved = [one for one in tellings if one.listen(known.pop(one.row.id, None), told)]
    session.flush()
    current = places.current(session, [one.row.id for one in moved])
    happened: Counter[str] = Counter()
    for one in moved:
        happened += one.conclude(current[one.row.id])
    if sighting.whole:
        _no_more(session, sighting, known.values(), told.values())
    session.flush()
    return happened


def _versions(session: Session, records: Iterable[str]) -> dict[tuple[str, str], int]:
    """The versions that procedures have, by what they say word for word."""
    columns = ProcedureVersion.record, ProcedureVersion.content_hash, func.min(ProcedureVersion.version)
    query = select(*columns).group_by(*columns[:2])
    found = (session.execute(query.where(ProcedureVersion.record.in_(some))) for some in places.chunks(records))
    return {(record, digest): version for rows in found for record, digest, version in rows}


class _Telling:
    """What one page says of one procedure: it is listened to first, and concluded when all of the page was."""

    def __init__(
        self,
        session: Session,
        sighting: Sighting,
        row: Procedure,
        said: list[items.Procedure],
        announced: list[ProcedureAnnouncement],
        same: Mapping[tuple[str, str], int],
    ) -> None:
        self.row = row
        self._session = session
        self._sighting = sighting
        self._said = said
        self._announced = announced
        self._same = same
        lists = sighting.listing and not any(one.change for one in said)
        self._role: Role = "page" if sighting.own in said else "list" if lists else "mention"
        self._created = row.version == 0
        self._edits: list[dict[str, Any]] = []
        self._heard_before = {one.id for one in announced}

    def listen(self, place: ProcedurePlace | None, told: dict[tuple[str, str], ProcedureAnnouncement]) -> bool:
        """Keeps it; whether anything of it is new. Announcements that are told again are taken out of `told`."""
        self.row.last_checked = self._sighting.at
        back = place is not None and place.ended_at is not None
        moved = self._say(place)
        heard = self._announce(told)
        return moved or heard or back

    def conclude(self, current: Sequence[Saying]) -> Counter[str]:
        """What that changes, with all that the procedure's places say now; the events that it came to."""
        row, sighting = self.row, self._sighting
        done = places.steps(self._announced)
        news = self._news(done)
        told_already = self._told_when_met(news)
        places.settle(self._session, row, current, done, self._announced)
        explained = bool(news) or self._by_decision(done)
        kinds = [(f"procedure.{step.change}", self._of_step(step)) for step in news if step is not told_already]
        if self._created and not news:
            kinds.append(("procedure.new", []))
            met = sighting.at.astimezone(VIETNAM).date()
            row.new_until = met + timeline.SAME_NEWS if sighting.origin == "poll" else met
        elif self._edits and not explained:
            row.edited_at = sighting.at
            kinds.append(("procedure.changed", self._edits))
        learned = [("record.updated", self._of_step(told_already))] if told_already else []
        for kind, changes in (kinds + learned) or [("record.updated", self._edits)]:
            _happened(self._session, sighting, row, kind, changes)
        return Counter(kind for kind, _ in kinds)

    def _say(self, place: ProcedurePlace | None) -> bool:
        """The place and its version, with what was edited since it spoke last; whether it says anything new."""
        sighting, row = self._sighting, self.row
        fields = places.fields(self._said)
        digest = _hash(fields, whole=self._role == "page")
        if place is None:
            version = self._same.get((row.id, digest)) or self._version(fields, digest, None)
            self._session.add(
                ProcedurePlace(
                    record=row.id, source=sighting.source, platform=sighting.platform,
                    page=sighting.page, url=sighting.url, role=self._role,
                    article=sighting.article, version=version, content_hash=digest,
                    since=places.since(fields, sighting.at), first_seen=sighting.at, last_checked=sighting.at,
                )
            )  # fmt: skip
            return True
        place.last_checked, place.ended_at, place.article = sighting.at, None, sighting.article or place.article
        place.url, place.role = sighting.url, self._role
        if place.content_hash == digest:
            return False
        before = self._session.get_one(ProcedureVersion, (row.id, place.version))
        self._edits = places.edits(self._role, before.fields, fields, places.said_elsewhere(self._session, place))
        place.version, place.content_hash = self._version(fields, digest, before), digest
        place.since = places.since(fields, place.first_seen)
        return True

    def _version(self, fields: dict[str, Any], digest: str, before: ProcedureVersion | None) -> int:
        row, sighting = self.row, self._sighting
        row.version += 1
        said = places.as_text(fields)
        added, removed = (
            diff.counts(diff.words(places.as_text(before.fields), said)) if before else (len(said.split()), 0)
        )
        self._session.add(
            ProcedureVersion(
                record=row.id, version=row.version, at=sighting.at, origin=sighting.origin, content_hash=digest,
                source=sighting.source, url=sighting.url, name=fields["name"] or row.name, fields=fields,
                previous=before.version if before else None, words_added=added, words_removed=removed,
                capture=sighting.capture,
            )
        )  # fmt: skip
        return row.version

    def _announce(self, told: dict[tuple[str, str], ProcedureAnnouncement]) -> bool:
        """What this page says of decisions; whether any of it is new."""
        heard = False
        for said in {one.change: one for one in reversed(self._said) if one.change and one.evidence}.values():
            values = self._announcement(said)
            one = told.pop((self.row.id, str(said.change)), None)
            if one is None:
                one = ProcedureAnnouncement(record=self.row.id, seen_at=self._sighting.at, **values)
                self._session.add(one)
                self._announced.append(one)
                heard = True
            elif one.withdrawn_at or any(getattr(one, name) != value for name, value in values.items()):
                one.withdrawn_at = None
                for name, value in values.items():
                    setattr(one, name, value)
                heard = True
        return heard

    def _announcement(self, said: items.Procedure) -> dict[str, Any]:
        sighting = self._sighting
        decision = said.decision or sighting.document
        told = shapes.number(decision) if decision else None
        return {
            "change": said.change,
            "number": (decision.normal or text.fold(decision.raw))[:200] if decision else "",
            "decision": told,
            "issued": decision.date if decision else None,
            "effective": said.effective_from,
            "published": sighting.published.at.astimezone(VIETNAM).date() if sighting.published else None,
            "evidence": said.evidence or "",
            "source": sighting.source,
            "page": sighting.page,
            "url": sighting.url,
            "article": sighting.article,
        }

    def _news(self, done: Sequence[Step]) -> list[Step]:
        """The steps that nobody told of before, be it on a page that says so no more."""
        ever = [{one.key for one in step.told} for step in places.steps(self._announced, ever=True)]
        known = set().union(*(keys for keys in ever if not keys.isdisjoint(self._heard_before)))
        return [step for step in done if known.isdisjoint(one.key for one in step.told)]

    def _told_when_met(self, news: Sequence[Step]) -> Step | None:
        """The introduction among these steps that was told when a list named the procedure, before its decision.

        Such is the first one that was announced by then, or soon after; but not one after an end of it.
        """
        until = self.row.new_until
        if until is None:
            return None
        met = self.row.first_seen.astimezone(VIETNAM).date()
        ends = [one for one in places.steps(self._announced, ever=True) if one.change in {"replaced", "abolished"}]
        for step in news:
            again = any(met <= end.day <= step.day and end.announced < step.announced for end in ends)
            if step.change == "new" and step.announced <= until and not again:
                self.row.new_until = None
                return step
        return None

    def _by_decision(self, done: Sequence[Step]) -> bool:
        """Whether the page now names a decision that is known to have changed the procedure: that was told already."""
        named = {edit.get("to") for edit in self._edits if edit["field"] == "decision"}
        return bool(named & {step.number for step in done if step.number})

    def _of_step(self, step: Step) -> list[dict[str, Any]]:
        first = self._session.get_one(ProcedureAnnouncement, step.told[0].key)
        return [
            {
                "field": "state",
                "to": timeline.MEANS[step.change],
                "change": step.change,
                "effective_from": step.day.isoformat(),
                "basis": step.basis,
                "decision": first.decision,
                "evidence": first.evidence,
                "record": first.article,
            }
        ]


def _happened(session: Session, sighting: Sighting, row: Procedure, kind: str, changes: list[dict[str, Any]]) -> None:
    subject = places.subject(row, source=sighting.source, url=sighting.url, published=sighting.published)
    events.append(session, kind, subject, at=sighting.at, origin=sighting.origin, changes=changes)


def _hash(fields: dict[str, Any], *, whole: bool) -> str:
    """SHA-256 over what is told of the procedure itself; of its own page (`whole`) with labels nobody understood.

    A row's other cells are left out: they count rows.
    """
    labels = [pair for pair in fields["raw"] if text.fold(pair[0]) not in places.COUNTERS] if whole else []
    said = fields | {"raw": labels}
    return hashlib.sha256(json.dumps(said, ensure_ascii=True, sort_keys=True).encode()).hexdigest()


def _no_more(
    session: Session, sighting: Sighting, gone: Iterable[ProcedurePlace], unsaid: Iterable[ProcedureAnnouncement]
) -> None:
    """The page was read again, and tells of these no more."""
    ended = {place.record: place for place in gone if place.ended_at is None}
    for place in ended.values():
        place.ended_at = sighting.at
    withdrawn = [one for one in unsaid if one.withdrawn_at is None]
    for one in withdrawn:
        one.withdrawn_at = sighting.at
    session.flush()
    records = list(dict.fromkeys([*ended, *(one.record for one in withdrawn)]))
    current = places.current(session, records)
    for record in records:
        row = session.get_one(Procedure, record)
        told = places.announcements(session, record)
        places.settle(session, row, current[record], places.steps(told), told)
        _happened(session, sighting, row, "record.updated", [{"field": "places"}])
