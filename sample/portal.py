"""The sample portal's content and its state: what is published, edited and withdrawn. No I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sample import addresses, articles, docx, pdf
from sample import procedures as fixed
from sample.articles import SECTIONS, VIETNAM, Article, Attachment, Head, Section
from sample.procedures import DOCX, PDF, Document
from sample.prose import Draw, with_one_word_changed

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEADS_KEPT, _ARTICLES_KEPT = 4096, 256


class CommandError(Exception):
    """A command that cannot be carried out; the message says what to do, `status` is the HTTP answer."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a listing: an article under one of its addresses."""

    head: Head
    path: str


@dataclass(frozen=True, slots=True)
class _Edit:
    title: str
    paragraphs: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    changed: datetime
    revision: int


class Portal:
    """A portal with `articles` articles, all of them a function of `seed`.

    Articles are written when somebody asks for them, so a large portal costs neither time nor memory. Article 0 is
    the newest of the original ones; those published later have numbers from `articles` upwards. With `procedures` the
    pages of `sample.procedures` stand behind them, the same on every portal.

    Attributes:
        version: Grows with every change, so that whatever was rendered from the old state can be told.
        epoch: Grows with every "expire": view states of an earlier epoch are refused.
    """

    def __init__(self, articles: int = 200, seed: int = 1, *, procedures: bool = False) -> None:
        self.articles = articles
        self.seed = seed
        self.version = 0
        self.epoch = 0
        self._published: dict[int, Head] = {}
        self._written: dict[int, tuple[str, ...]] = {}
        self._edits: dict[int, _Edit] = {}
        self._withdrawn: set[int] = set()
        self._fixed = fixed.articles() if procedures else {}
        self._files = dict(fixed.documents()) if procedures else {}
        self._original = lru_cache(maxsize=_HEADS_KEPT)(self._write_head)
        self._article = lru_cache(maxsize=_ARTICLES_KEPT)(self._write_article)
        self._lists = self._listed()

    # Reading

    def count(self, section: Section) -> int:
        """How many lines the section's listing has."""
        return len(self._lists[section])

    def rows(self, section: Section, start: int, limit: int) -> list[Row]:
        """Lines of a section's listing, newest first."""
        return [self._row(index, section) for index in self._lists[section][start : start + limit]]

    def find(self, path: str) -> Article | None:
        """The article at an address, without regard to case as IIS has it; None for an unknown or withdrawn one."""
        index = self._index_at(path)
        return None if index is None or index in self._withdrawn else self.article(index)

    def article(self, index: int) -> Article:
        """The article of that number, withdrawn or not, as it reads now."""
        edit = self._edits.get(index)
        return self._article(index, edit.revision if edit else 0)

    def urls(self) -> list[str]:
        """The paths of all articles that are up, newest first; second addresses are in `aliases`."""
        return [self.head(index).path for index in self._live()]

    def aliases(self) -> dict[str, str]:
        """Second addresses of articles that are up: second path -> path."""
        heads = (self.head(index) for index in self._live() if articles.has_alias(index))
        return {head.alias: head.path for head in heads if head.alias}

    def files(self) -> set[str]:
        """The paths of all files that these articles attach."""
        return {file.href for index in self._live() for file in self.article(index).attachments}

    def procedures(self) -> frozenset[str]:
        """The codes of the procedures that have a page, or a row of the list."""
        return fixed.described() if self._fixed else frozenset()

    def head(self, index: int) -> Head:
        """The head of an article as listings show it now."""
        edit = self._edits.get(index)
        head = self._first_head(index)
        return replace(head, title=edit.title) if edit else head

    def document(self, path: str) -> Document | None:
        """The file at an address in small letters; None for those that are made from their name alone."""
        return self._files.get(path)

    # Changing

    def control(self, command: dict[str, Any], origin: str = "") -> dict[str, str]:
        """Carries out a command.

        Args:
            command: "do" is publish, edit, withdraw, restore, attach, rewrite or expire; all but publish and expire
                name an article by "path" (an address or its path); publish and edit take "title" and "body"
                (paragraphs, one a line); publish takes "section": news, activity or procedures. "attach" adds a PDF
                of that title and body to the article, "rewrite" writes the article's first file anew, at the same
                address.
            origin: What goes before the path in the answer's "url", such as "http://127.0.0.1:8899".

        Returns:
            "do", and the article's "path" and "url"; of attach and rewrite also the path of the "document".

        Raises:
            CommandError: The command makes no sense or names no article.
        """
        do, more = command.get("do"), {}
        match do:
            case "publish":
                path = self._publish(_text(command, "title"), _text(command, "body"), command.get("section", "news"))
            case "edit":
                path = self._edit(self._named(command), _text(command, "title"), _text(command, "body"))
            case "withdraw" | "restore":
                path = self._set_withdrawn(self._named(command), withdrawn=do == "withdraw")
            case "attach" | "rewrite":
                index = self._named(command)
                text = (_text(command, "title"), _text(command, "body"))
                more["document"] = self._attach(index, *text) if do == "attach" else self._rewrite(index, *text)
                path = self.head(index).path
            case "expire":
                self.epoch += 1
                path = "/"
            case _:
                raise CommandError(f'"do" is {do!r}: say publish, edit, withdraw, restore, attach, rewrite or expire.')
        self.version += 1
        self._lists = self._listed()
        return {"do": do, "path": path, "url": origin + path, **more}

    def _publish(self, title: str, body: str, section: Section) -> str:
        if section not in SECTIONS:
            raise CommandError(f'"section" is {section!r}: say {", ".join(SECTIONS)}.')
        first = max(self._published, default=self.articles - 1) + 1
        index = next(number for number in range(first, first + 100) if articles.section_of(number) == section)
        now = datetime.now(VIETNAM).replace(second=0, microsecond=0)
        title = title or articles.default_title(self.seed, index, now)
        self._published[index] = articles.head_of(index, title, now, padded=False, alias=False)
        if body:
            self._written[index] = _paragraphs(body)
        return self._published[index].path

    def _edit(self, index: int, title: str, body: str) -> str:
        article = self.article(index)
        revision = article.revision + 1
        paragraphs = _paragraphs(body) if body else article.paragraphs
        if not title and not body:
            draw = Draw(f"{self.seed}:{index}:edit:{revision}")
            chosen = draw.below(len(paragraphs))
            changed = with_one_word_changed(paragraphs[chosen], draw)
            paragraphs = (*paragraphs[:chosen], changed, *paragraphs[chosen + 1 :])
        self._edits[index] = _Edit(
            title or article.head.title, paragraphs, article.attachments, datetime.now(VIETNAM), revision
        )
        return article.head.path

    def _attach(self, index: int, title: str, body: str) -> str:
        article, now = self.article(index), datetime.now(VIETNAM)
        revision, title = article.revision + 1, title or "Tệp bổ sung"
        path = f"/portal/VanBan/{now:%Y-%m}/{index:08x}{revision:08x}bo-sung.pdf"
        self._files[path.lower()] = _written(path, title, body, now)
        added = (*article.attachments, Attachment(path, title))
        self._edits[index] = _Edit(article.head.title, article.paragraphs, added, now, revision)
        return path

    def _rewrite(self, index: int, title: str, body: str) -> str:
        attachments = self.article(index).attachments
        if not attachments:
            raise CommandError("This article has no file: name one that has, or attach one first.")
        path = attachments[0].href
        now = datetime.now(VIETNAM)
        self._files[unquote(path).lower()] = _written(path, title or attachments[0].title, body, now)
        return path

    def _set_withdrawn(self, index: int, *, withdrawn: bool) -> str:
        if withdrawn:
            self._withdrawn.add(index)
        elif index in self._withdrawn:
            self._withdrawn.remove(index)
        else:
            raise CommandError("This article is not withdrawn: there is nothing to restore.")
        return self.head(index).path

    def _named(self, command: dict[str, Any]) -> int:
        address = _text(command, "path")
        if not address:
            raise CommandError('"path" is missing: give the address of an article.')
        index = self._index_at(unquote(urlsplit(address).path))
        if index is None:
            raise CommandError(f"No article at {address}: take an address from a listing.", 404)
        return index

    # Numbers and addresses

    def _index_at(self, path: str) -> int | None:
        lowered = path.lower()
        for index in addresses.candidates(lowered):
            if index < self.articles or index in self._published or index in self._fixed:
                head = self._first_head(index)
                if lowered in {head.path.lower(), (head.alias or "").lower()}:
                    return index
        return None

    def _live(self) -> Iterator[int]:
        numbers = [*sorted(self._published, reverse=True), *range(self.articles), *self._fixed]
        return (index for index in numbers if index not in self._withdrawn)

    def _listed(self) -> dict[Section, list[int]]:
        lists: dict[Section, list[int]] = {section: [] for section in SECTIONS}
        for index in self._live():
            lists["procedures" if index in self._fixed else articles.section_of(index)].append(index)
            if articles.has_alias(index) and index < self.articles:
                lists["activity"].append(index)
        return lists

    def _row(self, index: int, section: Section) -> Row:
        head = self.head(index)
        return Row(head, head.alias if head.alias and section != head.section else head.path)

    def _write_head(self, index: int) -> Head:
        return articles.write_head(self.seed, index, old_from=self.articles * 2 // 3)

    def _write_article(self, index: int, revision: int) -> Article:
        article = self._fixed.get(index) or articles.write_article(self.seed, self._first_head(index))
        if body := self._written.get(index):
            article = replace(article, summary="", paragraphs=body, pictures=(), author="")
        if not revision:
            return article
        edit = self._edits[index]
        article = article if edit.paragraphs == article.paragraphs else _rewritten(article, edit.paragraphs)
        return replace(
            article,
            head=self.head(index),
            attachments=edit.attachments,
            changed=edit.changed,
            revision=revision,
        )

    def _first_head(self, index: int) -> Head:
        """The head as it was before any edit."""
        if index in self._fixed:
            return self._fixed[index].head
        return self._published.get(index) or self._original(index)


def _written(path: str, title: str, body: str, now: datetime) -> Document:
    """A file of that text, made when it is asked for: Word where the address says so, else PDF."""
    text, day = [title, *_paragraphs(body)], now.date().isoformat()
    if path.endswith(".docx"):
        return Document(DOCX, lambda: docx.document(title, text, day=day))
    return Document(PDF, lambda: pdf.of_text(title, text, day=day))


def _rewritten(article: Article, paragraphs: tuple[str, ...]) -> Article:
    """The article with another text; a picture stays where there still is a paragraph before it."""
    if len(paragraphs) == len(article.paragraphs):
        return replace(article, paragraphs=paragraphs)
    pictures = tuple(picture for picture in article.pictures if picture.after < len(paragraphs))
    return replace(article, paragraphs=paragraphs, pictures=pictures)


def _text(command: dict[str, Any], name: str) -> str:
    value = command.get(name) or ""
    if not isinstance(value, str):
        raise CommandError(f'"{name}" is {value!r}: give a text.')
    return value.strip()


def _paragraphs(body: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in body.splitlines() if line.strip())
