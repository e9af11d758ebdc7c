"""The archive that judged queries are asked of: saved pages of real portals, and articles of the sample portal.

Each record has a short name, which `judged.toml` knows it by: a saved page that of its file, an article of the sample
portal `sample/` and its number.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lxml.html
import making
from procedure_pages import real
from sqlalchemy import select

from sample import attachments, procedures
from sample.portal import Portal
from scraper import legal, shapes, text
from scraper.items import Attachment, Image, Moment
from storage import documents, numbers
from storage.document_tables import Content, Document
from storage.models import Article
from storage.search.answer import Question

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy.orm import Session

    from scraper.items import Article as Said
    from storage.database import Database
    from storage.search.answer import Searcher

HERE = Path(__file__).parent
PAGES = HERE.parent / "pages"
SAMPLES = 40
DEPTH = 10
SLIP = "slip"
_PROVINCES = {"gialai": "gia-lai", "phutho": "phu-tho", "bentre": "ben-tre", "thanhhoa": "thanh-hoa"}
_OWN_PART = re.compile(r"Tiêu đề văn bản.*?(?=\nTập tin đính kèm|\nVăn bản liên quan|\Z)", re.DOTALL)
_WITH_TEXT = "sample/800010"
"""Its attached form has text of its own."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A query, and the records that a reader of all pages would have it find."""

    kind: str
    typed: str
    answers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Score:
    """Means over a kind's queries: of the answers found among the first ten, and of one over the first one's place."""

    recall: float
    mrr: float


@cache
def judged() -> tuple[Judged, ...]:
    told = tomllib.loads((HERE / "judged.toml").read_text("utf-8"))
    return tuple(
        Judged(kind=kind, typed=one["typed"], answers=tuple(map(_whole, one["answers"])))
        for kind, ones in told["queries"].items()
        for one in ones
    )


def floors() -> dict[str, Score]:
    told = tomllib.loads((HERE / "judged.toml").read_text("utf-8"))
    return {kind: Score(**one) for kind, one in told["floors"].items()}


def _whole(begun: str) -> str:
    """A name of which enough is written."""
    if begun in records():
        return begun
    (name,) = [name for name in records() if name.startswith(begun)]
    return name


@cache
def records() -> dict[str, tuple[str, Said]]:
    """By name: source, and what it says."""
    return dict([*_saved_documents(), *_saved_articles(), *_sample()])


def _saved_documents() -> Iterator[tuple[str, tuple[str, Said]]]:
    for page in real.pages():
        whole = lxml.html.document_fromstring(page.body.decode())
        said = text.clean_lines("\n".join(whole.xpath("//body//text()[not(ancestor::script or ancestor::style)]")))
        part = _OWN_PART.search(said)
        title = part[0].split("\n")[1] if part else "Văn bản"
        yield page.name, (_source(page.url), _said(page.name, title, part[0] if part else said, kind="document"))


def _saved_articles() -> Iterator[tuple[str, tuple[str, Said]]]:
    for file in sorted(PAGES.rglob("*.json")):
        told = json.loads(file.read_text("utf-8"))
        if told.get("kind") != "article":
            continue
        name = file.relative_to(PAGES).with_suffix("").as_posix()
        fields = {
            "summary": told["summary"],
            "published": Moment(at=datetime.fromisoformat(told["published_at"]), precision=told["precision"]),
            "images": tuple(Image(url=one["url"], caption=one["caption"]) for one in told["images"]),
            "attachments": tuple(Attachment(url=one["url"], title=one["title"]) for one in told["attachments"]),
        }
        yield name, (_source(told["url"]), _said(name, told["title"], told["body_text"], **fields))


def _sample() -> Iterator[tuple[str, tuple[str, Said]]]:
    portal = Portal(SAMPLES)
    written = [(number, portal.article(number)) for number in range(SAMPLES)]
    for number, one in [*written, *procedures.articles().items()]:
        name = f"sample/{number}"
        table = lxml.html.fragment_fromstring(one.html, create_parent=True).itertext() if one.html else ()
        body = text.clean_lines("\n".join([*one.paragraphs, *table]))
        fields = {
            "summary": one.summary or None,
            "published": Moment(at=one.head.published, precision="minute"),
            "images": tuple(Image(url=making.SITE + one.src, caption=one.caption) for one in one.pictures),
            "attachments": tuple(Attachment(url=making.SITE + one.href, title=one.title) for one in one.attachments),
        }
        yield name, ("mau", _said(name, one.head.title, body, **fields))


def _said(name: str, title: str, body: str, **fields: Any) -> Said:
    fields = {"published": None, "published_raw": None, "body_html": "", **fields}
    return making.article(f"/{name}", title=title, body_text=body, **fields)


def _source(url: str) -> str:
    return next((source for part, source in _PROVINCES.items() if part in url), "khac")


def fill(database: Database) -> dict[str, str]:
    """Keeps all records in a database; their names by their ids."""
    with database.writing() as session:
        for source, said in records().values():
            making.save(session, said, source=source)
        found = session.execute(select(Article.id, Article.canonical_url))
        named = {record: url.removeprefix(f"{making.SITE}/") for record, url in found}
        for record, name in named.items():
            source, said = records()[name]
            known = legal.numbers(f"{said.title}\n{said.body_text}")
            numbers.save(session, record, said.title, [(source, shapes.number(one)) for one in known], new=True)
            if name == _WITH_TEXT:
                _attach(session, record, said.attachments[0])
    return named


def _attach(session: Session, record: str, attachment: Attachment) -> None:
    found = [(attachment.url, attachment, True)]
    documents.attach(session, record, found, source="mau", at=making.NOON, known=False, origin="poll")
    session.flush()
    words = "\n".join(attachments.OLD_FORM)
    session.add(Content(digest="sha256:form", size=1, outcome="OK", text=words, page_count=1, read_at=making.NOON))
    session.flush()
    session.scalars(select(Document)).one().content = "sha256:form"


def ask(searcher: Searcher, one: Judged) -> list[str]:
    """The ids that a query finds, the best first; with a slip of typing, those that the suggestion finds."""
    answer = searcher.search(Question(typed=one.typed, limit=DEPTH))
    if one.kind == SLIP and answer["suggestion"]:
        answer = searcher.search(Question(typed=answer["suggestion"], limit=DEPTH))
    return [hit["id"] for hit in answer["hits"]]


def scores(told: Iterable[tuple[Judged, Sequence[str]]]) -> dict[str, Score]:
    """What each kind's queries come to, and `all` of them; with each query, the names that it found."""
    by_kind: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for one, found in told:
        places = [place for place, name in enumerate(found[:DEPTH], 1) if name in one.answers]
        both = len(places) / min(DEPTH, len(one.answers)), 1 / places[0] if places else 0.0
        by_kind[one.kind].append(both)
        by_kind["all"].append(both)
    return {
        kind: Score(recall=sum(one for one, _ in ones) / len(ones), mrr=sum(one for _, one in ones) / len(ones))
        for kind, ones in by_kind.items()
    }
