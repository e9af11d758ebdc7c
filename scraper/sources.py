"""Reads source and platform TOML into frozen objects, and refuses what it does not know.

A portal is a source file; its id is its path below the sources folder (`thanh-hoa/snv.toml` is `thanh-hoa/snv`).
What many portals share is a platform file. Values merge leaf by leaf: built-in default < platform < source.
A refusal is a `BadSource` that names file, line and key.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urljoin, urlsplit

from pydantic import BaseModel, Field, ValidationError, field_validator

from scraper import urls
from scraper.items import GENERIC, VIETNAM
from scraper.layout import Address, Addresses, Layout, Paths, Platform, Selectors, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SectionKind = Literal["news", "procedures", "documents"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing wrong with a file. `line` counts from 1; 0 where the whole file is meant."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


class BadSource(ValueError):
    """A source or platform file that cannot be used. `problems` lists why."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class UnknownSource(LookupError):
    """No source has this id. The message lists those that come close."""


class Sections(Table):
    """Listings of a portal, as paths or addresses."""

    news: Addresses = ()
    procedures: Addresses = ()
    documents: Addresses = ()


class Expect(Table):
    """What a healthy portal shows; less makes a run thin."""

    entries: int = Field(default=0, ge=0)
    articles_a_month: float = Field(default=0, ge=0)


class Hours(Table):
    """When the portal may be crawled, in Asia/Ho_Chi_Minh; over midnight where `to` is before `from`."""

    start: time = Field(alias="from")
    end: time = Field(alias="to")

    def over(self, at: datetime) -> datetime | None:
        """When the hours are over that a time (aware) lies in, or that come next; None where they are all day."""
        if self.start == self.end:
            return None
        local = at.astimezone(VIETNAM)
        today = datetime.combine(local.date(), self.end, VIETNAM)
        return today if local < today else today + timedelta(days=1)


class Was(Table):
    """Selectors of a layout before a redesign."""

    until: date
    selectors: Selectors


class _SourceFile(Table):
    name: str = Field(min_length=1)
    url: str
    platform: str
    sections: Sections = Sections()
    hosts: Paths = ()
    feeds: Addresses = ()
    sitemaps: Addresses = ()
    hub: Address | None = None
    expect: Expect = Expect()
    budget: int | None = Field(default=None, gt=0)
    delay: float | None = Field(default=None, ge=0, le=3600)
    hours: Hours | None = None
    tls: Literal["verify", "accept-invalid"] = "verify"
    attachments: Literal["fetch", "link"] = "fetch"
    province: str | None = None
    aliases: Paths = ()
    verified: date | Literal[False] = False
    since: date | None = None
    notes: str = ""
    paused: bool = False
    was: tuple[Was, ...] = ()

    @field_validator("url")
    @classmethod
    def _is_http(cls, value: str) -> str:
        return urls.canonical(value) and value


@dataclass(frozen=True, kw_only=True)
class Section:
    """One listing of a portal. `role` is `feed`, `sitemap` or `listing`; the hub is a listing of kind `hub`.

    `found` says that no file declares it: a menu led there, and it may list nothing.
    """

    kind: SectionKind | Literal["hub"]
    url: str
    role: Literal["listing", "feed", "sitemap"] = "listing"
    found: bool = False


@dataclass(frozen=True, kw_only=True)
class Source:
    """One portal: what its file says over what its platform says, with every address made absolute."""

    id: str
    file: _SourceFile
    platform: str
    layout: Layout

    @property
    def name(self) -> str:
        """What people call the portal."""
        return self.file.name

    @property
    def url(self) -> str:
        """The portal's home."""
        return self.file.url

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """Every place that lists articles, best first: feeds, sitemaps, the hub, the sections."""
        listed = [Section(kind="news", url=self._absolute(path), role="feed") for path in self.file.feeds]
        listed += [Section(kind="news", url=self._absolute(path), role="sitemap") for path in self.file.sitemaps]
        if self.file.hub:
            listed.append(Section(kind="hub", url=self._absolute(self.file.hub)))
        kinds: tuple[SectionKind, ...] = ("news", "procedures", "documents")
        for kind in kinds:
            listed += [Section(kind=kind, url=self._absolute(path)) for path in getattr(self.file.sections, kind)]
        return tuple(listed)

    @cached_property
    def leading(self) -> tuple[Section, ...]:
        """The sections that show all that is new, if the portal has such: its hub, else feeds or sitemaps for its news.

        Where some lead, the others are no more than a check of them; else all lead.
        """
        if hub := tuple(section for section in self.sections if section.kind == "hub"):
            return hub
        feeds = tuple(section for section in self.sections if section.role == "feed")
        sitemaps = tuple(section for section in self.sections if section.role == "sitemap")
        if lead := feeds or sitemaps:
            return (*lead, *(section for section in self.sections if section.kind != "news"))
        return self.sections

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The hosts that belong to the portal, as `urls.host` writes them; `www.` is no other host."""
        named = {urls.host(address) for address in (self.url, *(section.url for section in self.sections))}
        named.update(host.lower() for host in self.file.hosts)
        return frozenset(host.removeprefix("www.") for host in named)

    @cached_property
    def formerly(self) -> frozenset[str]:
        """The hosts at which the portal was, as `urls.host` writes them."""
        named = (urls.host(alias if "://" in alias else f"http://{alias}") for alias in self.file.aliases)
        return frozenset(host.removeprefix("www.") for host in named if host) - self.hosts

    def owns(self, address: str) -> bool:
        """Whether an address is one of this portal's own."""
        return urls.host(address).removeprefix("www.") in self.hosts

    def canonical(self, address: str) -> str:
        """The canonical address by this portal's rules; `urls.BadAddress` as in `urls.canonical`."""
        return urls.canonical(address, fold_case=self.layout.fold_case, drop=self.layout.drop_parameters)

    def canonical_file(self, address: str) -> str:
        """What names a document by this portal's rules; `urls.BadAddress` as in `urls.canonical`."""
        return urls.file(self.canonical(address))

    def is_article(self, canonical_url: str) -> bool:
        """Whether the canonical address has the form of an article's, as far as the platform can tell."""
        patterns = self.layout.article_paths
        if not patterns:
            return True
        path = _path(canonical_url)
        return any(re.search(pattern, path) for pattern in patterns)

    def article_number(self, canonical_url: str) -> str | None:
        """The number by which the content system knows an article; None where its address has none."""
        path = _path(canonical_url)
        found = (re.search(pattern, path) for pattern in self.layout.article_numbers)
        return next((match[1] for match in found if match), None)

    def shows_article(self, address: str) -> bool:
        """Whether the platform knows the form of its articles' addresses, and this one has it."""
        try:
            return bool(self.layout.article_paths) and self.is_article(self.canonical(address))
        except urls.BadAddress:
            return False

    def _absolute(self, path: str) -> str:
        return urljoin(self.url, path)


def _path(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _stated(text: str) -> dict[str, int]:
    """Every dotted key that a TOML text states, with the first line that states it."""
    lines: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if heading := re.match(r"\s*\[+([^\]]+)\]", line):
            table = re.sub(r"[\s\"']", "", heading[1]) + "."
            lines.setdefault(table.rstrip("."), number)
        elif assignment := re.match(r"\s*([A-Za-z0-9_.\"' -]+?)\s*=", line):
            lines.setdefault(table + re.sub(r"[\s\"']", "", assignment[1]), number)
    return lines


def _line_of(text: str, location: tuple[int | str, ...]) -> int:
    """The line that states a key, or the nearest table above it; 0 where the whole file is meant."""
    lines = _stated(text)
    names = [part for part in location if isinstance(part, str)]
    for depth in range(len(names), 0, -1):
        key = ".".join(names[:depth])
        if within := [number for name, number in lines.items() if name == key or name.startswith(key + ".")]:
            return min(within)
    return 0


def _read(file: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
        return text, tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        raise BadSource([Problem(file=str(file), line=0, key="", message=f"cannot be read: {error}")]) from None
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"line (\d+)", str(error))
        line = int(at[1]) if at else 0
        raise BadSource([Problem(file=str(file), line=line, key="", message=f"is no TOML: {error}")]) from None


def _problems(file: Path, text: str, error: ValidationError) -> list[Problem]:
    problems = []
    for fault in error.errors():
        location = fault["loc"]
        key = ".".join(str(part) for part in location)
        message = "unknown key" if fault["type"] == "extra_forbidden" else fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "missing":
            message = "is required and missing"
        problems.append(Problem(file=str(file), line=_line_of(text, location), key=key, message=message))
    return problems


def load_platform(file: Path) -> Platform:
    """One platform file. Raises BadSource."""
    text, values = _read(file)
    try:
        return Platform.model_validate({"id": file.stem, **values})
    except ValidationError as error:
        raise BadSource(_problems(file, text, error)) from None


_LAYOUT_KEYS = tuple(Layout.model_fields)


def load_source(file: Path, source_id: str, platforms: Mapping[str, Platform]) -> Source:
    """One source file over its platform. Raises BadSource."""
    text, values = _read(file)
    own = {key: values.pop(key) for key in _LAYOUT_KEYS if key in values}
    problems: list[Problem] = []
    parsed: _SourceFile | None = None
    try:
        parsed = _SourceFile.model_validate(values)
    except ValidationError as error:
        problems += _problems(file, text, error)
    try:
        layout = Layout.model_validate(own)
    except ValidationError as error:
        problems += _problems(file, text, error)
    platform = platforms.get(str(values.get("platform")))
    if "platform" in values and platform is None:
        known = ", ".join(sorted(platforms))
        problems.append(
            Problem(
                file=str(file),
                line=_line_of(text, ("platform",)),
                key="platform",
                message=f"no platform {values['platform']!r}; there are {known}",
            )
        )
    if problems or parsed is None or platform is None:
        raise BadSource(problems)
    layout = _merged(platform, layout)
    source = Source(id=source_id, file=parsed, platform=platform.id, layout=layout)
    if not source.sections:
        message = "nothing to crawl: name sections.news, sections.procedures, feeds, sitemaps or hub"
        line = _line_of(text, ("sections",))
        raise BadSource([Problem(file=str(file), line=line, key="sections", message=message)])
    return source


def _merged(platform: Layout, own: Layout) -> Layout:
    changes: dict[str, Any] = {}
    for key in own.model_fields_set:
        value = getattr(own, key)
        if isinstance(value, BaseModel) and getattr(platform, key) is not None:
            stated = {leaf: getattr(value, leaf) for leaf in value.model_fields_set}
            value = getattr(platform, key).model_copy(update=stated)
        changes[key] = value
    shared = {key: getattr(platform, key) for key in _LAYOUT_KEYS}
    return Layout.model_construct(**{**shared, **changes})


def undeclared(platform: Platform, address: str) -> Source:
    """A source for one address that no file declares: the platform's layout and nothing else."""
    host = urls.host(address)
    file = _SourceFile.model_construct(name=host, url=address, platform=platform.id)
    return Source(id=host, file=file, platform=platform.id, layout=_merged(platform, Layout()))


class Catalogue:
    """All platforms and sources of some folders; a file in a later folder overrides one of the same id."""

    def __init__(self, platforms: Path, folders: Iterable[Path]) -> None:
        self._platform_files = {file.stem: file for file in sorted(platforms.glob("*.toml"))}
        self.files: dict[str, Path] = {}
        for folder in folders:
            for file in sorted(folder.glob("**/*.toml")):
                self.files[file.relative_to(folder).with_suffix("").as_posix()] = file

    @cached_property
    def platforms(self) -> dict[str, Platform]:
        """Every platform by id, that for all others last. Raises BadSource for the first that is wrong: our fault."""
        names = sorted(self._platform_files, key=lambda name: (name == GENERIC, name))
        return {name: load_platform(self._platform_files[name]) for name in names}

    def load(self, source_id: str) -> Source:
        """One source. Raises UnknownSource or BadSource."""
        file = self.files.get(source_id)
        if file is None:
            near = [name for name in self.files if source_id.rsplit("/", maxsplit=1)[-1] in name] or sorted(self.files)
            raise UnknownSource(f"no source {source_id!r}; there are {', '.join(near[:8])}")
        return load_source(file, source_id, self.platforms)

    def usable(self) -> list[Source]:
        """Every source whose file is sound, by id: one broken file never stops the others."""
        sources = []
        for source_id in sorted(self.files):
            try:
                sources.append(self.load(source_id))
            except BadSource:
                continue
        return sources

    def check(self, source_id: str) -> tuple[Problem, ...]:
        """What is wrong with a source's file; nothing if it is sound. Raises UnknownSource."""
        try:
            self.load(source_id)
        except BadSource as error:
            return error.problems
        return ()
