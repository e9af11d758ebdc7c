"""DocumentSpider: asks for the documents of each page, after the page itself, and reads them.

A page's documents are asked again, conditionally, whenever the page is: so they are on its slow rota, and `recheck`
asks for all. Only those on the portal's own hosts are: other hosts are other portals', with crawls of their own.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scrapy import Request

from scraper import tesseract, urls
from scraper.document_reader import DocumentReader, Question
from scraper.history import KnownDocument
from scraper.items import VIETNAM, Reread
from scraper.media_types import document_type
from scraper.outcomes import Outcome
from spiders.judging import conditions, header, judged, once_more, validators
from spiders.portal import PortalSpider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.http import Response

    from scraper.history import UnreadDocument
    from scraper.items import Article, Attachment, Document

OWED = -15
"""The priority of documents that an earlier crawl left: after all pages that are owed."""
AFTER = 5
"""By how much a document comes after its page: a backfill's next listing page waits for it, a poll's pages do not."""
MOST_DOCUMENTS = 200
"""Of one page: one that links to more is a trap, or a listing."""
MOST_SCANNED_PAGES = 500
"""How many pages of pictures one crawl reads by OCR, at some two seconds each: the rest is for the next ones."""


class DocumentSpider(PortalSpider):
    """Fetches and reads what pages attach."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.papers = DocumentReader()
        self.scanned_left = MOST_SCANNED_PAGES

    async def start(self) -> AsyncIterator[Any]:
        """What the portal's pages ask for, then documents that are owed, then those in the archive that are unread."""
        async for request in super().start():
            yield request
        async for one in self.left_over():
            yield one

    async def left_over(self) -> AsyncIterator[Any]:
        """The documents that earlier crawls could not get, or not read."""
        if self.refusal or self.left is not None or self.source.file.attachments == "link":
            return
        for known in await asyncio.to_thread(self.history.documents_owed):
            for request in self._document(known, priority=OWED):
                yield request
        for unread in await asyncio.to_thread(self._unread):
            if again := await self._read_again(unread):
                yield again

    async def closed(self, reason: str) -> None:
        """Ends the reader children."""
        await self.papers.close()
        await super().closed(reason)

    def documents(self, response: Response, outcome: Outcome, article: Article | None) -> Iterator[Request]:
        """The requests for what a detail page links to, as it says now or, where it is unchanged, as it said."""
        if self.source.file.attachments == "link" or not outcome.trusted:
            return
        if article is not None and not article.attachments:
            return
        known = {one.canonical_url: one for one in self.history.documents(response.meta["canonical"])}
        if article is not None:
            known = {
                address: replace(known.get(address, KnownDocument(url="", canonical_url=address)), url=attachment.url)
                for address, attachment, _ in self.attached(article)
            }
        assert response.request is not None
        for one in list(known.values())[:MOST_DOCUMENTS]:
            yield from self._document(one, priority=response.request.priority - AFTER)

    def attached(self, article: Article) -> tuple[tuple[str, Attachment, bool], ...]:
        """What a page attaches: canonical address, attachment, and whether it is on the portal's own hosts."""
        found: dict[str, tuple[str, Attachment, bool]] = {}
        for attachment in article.attachments:
            try:
                address = self.source.canonical_file(attachment.url)
            except urls.BadAddress as error:
                self._skip("bad address", attachment.url, str(error))
            else:
                found.setdefault(address, (address, attachment, self.source.owns(attachment.url)))
        return tuple(found.values())

    def _document(self, known: KnownDocument, *, priority: int) -> Iterator[Request]:
        address = known.canonical_url
        if hash(address) in self.asked or (known.resting and not self.recheck):
            return
        if not self.source.owns(known.url):
            self._skip("foreign host", known.url, "a document on another host")
            return
        if why := urls.trap(address):
            self._skip("trap", known.url, why)
            return
        self.asked.add(hash(address))
        meta = {"role": "document", "canonical": address, "section": None, "had": known.validators}
        yield Request(
            known.url, self.read_document, headers=conditions(known.validators), meta=meta, errback=self.failed,
            dont_filter=True, priority=priority,
        )  # fmt: skip

    async def read_document(self, response: Response) -> AsyncIterator[Any]:
        """A document: what it is, what it says, and what is wrong with it."""
        outcome, message = judged(response)
        # What some servers send after a page's end does no harm to a file whose reader finds it sound.
        document = None
        if outcome is Outcome.OK or (outcome is Outcome.TRUNCATED and "dataloss" not in response.flags):
            document = await self._read_paper(response.body, header(response, "Content-Encoding"), response.url)
            outcome, message = document.outcome, document.message
        if again := once_more(response, outcome, message):
            yield again
            return
        visit = self._visit(
            response, "document", response.meta["canonical"], outcome, message, section=None,
            validators=validators(response),
        )  # fmt: skip
        yield replace(visit, document=document)

    async def _read_paper(self, body: bytes, content_encoding: str, url: str, *, again: bool = False) -> Document:
        expected = document_type(url)
        question = Question(body=body, content_encoding=content_encoding, expected=expected)
        document = await self.papers.read(question)
        if "scanned" not in document.flags:
            return document
        if lacking := tesseract.missing():
            return replace(document, message=f"{document.message}: {lacking}")
        pages = document.page_count or 1
        if pages > self.scanned_left:
            return replace(document, message=f"{document.message}: it waits for OCR")
        self.scanned_left -= pages
        recognised = await self.papers.read(replace(question, scanned=True))
        if recognised.outcome.trusted or again:
            return recognised
        # The document itself is sound: it is kept as it is, and OCR has another try out of the archive.
        return replace(document, message=f"{document.message}: OCR failed: {recognised.message}")

    def _unread(self) -> list[UnreadDocument]:
        return list(self.history.unread(ocr=tesseract.missing() is None))

    async def _read_again(self, unread: UnreadDocument) -> Reread | None:
        """What another reading of archived bytes comes to; a scan only where there is time left for it."""
        if unread.scan and self.scanned_left <= 0:
            return None
        held = await asyncio.to_thread(self.history.held, unread)
        if held is None:
            return None
        document = await self._read_paper(*held, unread.url, again=True)
        return Reread(digest=unread.digest, document=document, at=datetime.now(VIETNAM))
