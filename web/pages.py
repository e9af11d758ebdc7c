"""The pages that people read: search, a record, two of its versions side by side, the sources."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, PlainTextResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scraper import text
from storage.records import NoRecord
from storage.search.answer import BadCursor, Question
from storage.search.language import MOST_LETTERS
from web import present, texts
from web.api import Open
from web.archive import LAST_VERSION, Archive
from web.texts import Texts

PER_PAGE = 20
MOST_OF_CURSOR = 8000
FEW = 8
"""Values of a facet that are shown at once; the rest folds out."""

router = APIRouter(include_in_schema=False)
GET = ["GET", "HEAD"]

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["address"] = present.address
_templates.filters["feed"] = present.feed
_templates.filters["parts"] = present.parts


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page in the reader's language; a language asked for in the address is remembered."""
    said = texts.chosen(request)
    other = request.url.include_query_params(lang=said("site.other_code"))
    shown = _templates.get_template(template).render(
        t=said, path=request.url.path, other_language=f"{other.path}?{other.query}", **values
    )
    response = HTMLResponse(shown, status)
    response.headers["Vary"] = "Accept-Language, Cookie"
    if request.query_params.get("lang") == said.language:
        year = 365 * 24 * 60 * 60
        secure = request.url.scheme == "https"
        response.set_cookie(texts.COOKIE, said.language, max_age=year, secure=secure, httponly=True, samesite="lax")
    return response


def problem(request: Request, status: int, title: str, text: str) -> HTMLResponse:
    """A page that says what is wrong; both texts are given by their keys."""
    return page(request, "problem.html", status, title_key=title, text_key=text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the search form asked for, as it stands in the address."""

    q: str
    source: str
    kind: str
    field: str
    since: str
    until: str
    sort: str
    cursor: str

    @classmethod
    def read(cls, request: Request) -> Self:
        """From the address. The search reads no more letters than these anyway."""
        given = request.query_params

        def short(name: str) -> str:
            return text.clean(given.get(name, "")[: 2 * MOST_LETTERS])[:MOST_LETTERS]

        return cls(
            q=short("q"),
            source=short("source"),
            kind=short("kind"),
            field=short("field"),
            since=short("from"),
            until=short("to"),
            sort=short("sort"),
            cursor=given.get("cursor", "")[:MOST_OF_CURSOR],
        )

    @property
    def newest(self) -> bool:
        """Whether the newest come first; without words there is no better order."""
        return self.sort == "newest" or not self.q

    @property
    def filtered(self) -> bool:
        """Whether anything but the words narrows the search."""
        return bool(self.source or self.kind or self.field or self.since or self.until)

    @property
    def feed(self) -> str:
        """Where this search's feed is, or its source's; empty where that of everything is, or dates are none."""
        days = {"from": self.since, "to": self.until}
        if any(said and day(said) is None for said in days.values()):
            return ""
        asked = {"q": self.q, "source": self.source, "kind": self.kind, "field": self.field, **days}
        said = [name for name, value in asked.items() if value]
        if said == ["source"]:
            return present.feed(self.source)
        return "/feeds/search.atom" + present.query(asked.items()) if said else ""

    def link(self, **changes: str) -> str:
        """The address of this search with something else about it; from its first page, unless a cursor is given."""
        asked = replace(self, **{"cursor": "", **changes})
        return "/" + present.query(
            (
                ("q", asked.q),
                ("source", asked.source),
                ("kind", asked.kind),
                ("field", asked.field),
                ("from", asked.since),
                ("to", asked.until),
                ("sort", "newest" if asked.newest and asked.q else ""),
                ("cursor", asked.cursor),
            )
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Value:
    """One value of a facet: how many hits have it, and the search that keeps (or no more keeps) only these."""

    label: str
    count: int
    link: str
    chosen: bool


@router.api_route("/", methods=GET)
def search(request: Request, archive: Open) -> HTMLResponse:
    """The search page: hits and facets; without words, the newest records."""
    asked = Asked.read(request)
    problems: list[tuple[str, str]] = []
    since, until = day(asked.since), day(asked.until)
    if asked.since and since is None:
        problems.append(("bad.from", asked.since))
    if asked.until and until is None:
        problems.append(("bad.to", asked.until))
    if since and until and since > until:
        problems.append(("bad.dates", ""))
    answer = None
    if not problems:
        try:
            answer = archive.search(
                Question(
                    typed=asked.q,
                    kinds=(asked.kind,) if asked.kind else (),
                    sources=(asked.source,) if asked.source else (),
                    fields=(asked.field,) if asked.field else (),
                    since=since,
                    until=until,
                    sort="newest" if asked.newest else "relevance",
                    limit=PER_PAGE,
                    cursor=asked.cursor,
                )
            )
        except BadCursor:
            problems.append(("bad.cursor", ""))
    said = texts.chosen(request)
    return page(
        request,
        "search.html",
        400 if problems else 200,
        asked=asked,
        since=since,
        until=until,
        problems=problems,
        answer=answer,
        overview=archive.overview(),
        source_name=archive.name,
        snippet=present.snippet,
        few=FEW,
        others=archive.briefly([other for hit in answer["hits"] for other in hit["more"]]) if answer else {},
        most_letters=MOST_LETTERS,
        facets=dict(_facets(answer, asked, archive, said)) if answer else {},
        understood=answer["understood"] if answer and not present.same_words(asked.q, answer["understood"]) else None,
    )


def day(said: str) -> date | None:
    """A date as browsers send it, or as people type it where a browser knows no date field."""
    for form in ("%Y-%m-%d", "%d/%m/%Y"):
        try:
            return datetime.strptime(said, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def _facets(answer: dict[str, Any], asked: Asked, archive: Archive, said: Texts) -> Iterator[tuple[str, list[Value]]]:
    """The facets that tell hits apart, or by which they were chosen."""
    counted = answer["facets"]

    def values(name: str, chosen: str, label: Callable[[str], str]) -> list[Value]:
        """One facet's; what was chosen is among them even where nothing is left of it, so that it can be let go."""
        counts: dict[str, int] = counted[name] | ({} if not chosen or chosen in counted[name] else {chosen: 0})
        return [
            Value(label=label(one), count=count, link=asked.link(**{name: "" if one == chosen else one}),
                  chosen=one == chosen)
            for one, count in counts.items()
        ]  # fmt: skip

    years = []
    for year, count in sorted(counted["year"].items(), reverse=True):
        first, last = f"{year}-01-01", f"{year}-12-31"
        chosen = (asked.since, asked.until) == (first, last)
        link = asked.link(since="", until="") if chosen else asked.link(since=first, until=last)
        years.append(Value(label=year, count=count, link=link, chosen=chosen))
    for name, found in (
        ("source", values("source", asked.source, archive.name)),
        ("year", years),
        ("kind", values("kind", asked.kind, lambda kind: said.word("kind", kind))),
        ("field", values("field", asked.field, str)),
    ):
        if len(found) > 1 or any(value.chosen for value in found):
            yield name, found


@router.api_route("/record/{name}", methods=GET)
def record(request: Request, archive: Open, name: str) -> HTMLResponse:
    """A record, or one of its versions, with where it comes from and what became of it."""
    as_of = day(request.query_params.get("as_of", ""))
    try:
        chosen = _number(request, "version")
        shown = archive.record(name, chosen, as_of)
        history = [said for said in archive.history(name) if said["version"]]
    except NoRecord:
        return problem(request, 404, "problem.not_found", "problem.no_record")
    if "timeline" in (shown["procedure"] or {}):
        return page(
            request, "procedure.html", record=shown, procedure=shown["procedure"], history=history, as_of=as_of,
            chosen=chosen, source_name=archive.name,
            recorded=next(said["at"] for said in history if said["version"] == shown["version"]),
        )  # fmt: skip
    picture = texts.chosen(request)("record.picture")
    return page(
        request,
        "record.html",
        record=shown,
        history=history,
        body=present.body(shown["body_html"], picture),
        source_name=archive.name,
        recorded=next(said["at"] for said in history if said["version"] == shown["version"]),
        missing_since=archive.missing_since(name) if shown["state"] == "gone" else None,
    )


@router.api_route("/record/{name}/diff", methods=GET)
def diff(request: Request, archive: Open, name: str) -> HTMLResponse:
    """What changed between two versions."""
    try:
        changes = archive.compare(name, _number(request, "from"), _number(request, "to"))
        history = [said for said in archive.history(name) if said["version"]]
        shown = archive.record(name)
    except NoRecord:
        return problem(request, 404, "problem.not_found", "problem.no_record")
    return page(
        request,
        "diff.html",
        record=shown,
        changes=changes,
        history=history,
        times={said["version"]: said["at"] for said in history},
        source_name=archive.name,
    )


def _number(request: Request, name: str) -> int | None:
    """A version's number in the address. Raises NoRecord for what can be none."""
    said = request.query_params.get(name)
    if not said:
        return None
    if not said.isascii() or not said.isdigit() or not 0 < int(said[:9]) <= LAST_VERSION or len(said) > 9:
        raise NoRecord("no such version")
    return int(said)


@router.api_route("/sources", methods=GET)
def sources(request: Request, archive: Open) -> HTMLResponse:
    """All sources and how they are."""
    return page(request, "sources.html", sources=archive.status(), source_name=archive.name, paused=archive.paused())


@router.api_route("/robots.txt", methods=GET)
def robots() -> PlainTextResponse:
    """Search engines should show the portals' own pages and not ours."""
    return PlainTextResponse("User-agent: *\nDisallow: /\n")
