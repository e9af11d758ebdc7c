"""The child process of a document: a poison file costs its own process, within limits, and nobody else's."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

import papers
import pytest

from scraper import attached, decode, documents, tesseract
from scraper.document_reader import DocumentReader, Limits, Question
from scraper.outcomes import Outcome

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


def largest_child() -> int:
    """The most memory that a child of this process has had in use, in MiB."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10


@asynccontextmanager
async def reading(limits: Limits | None = None) -> AsyncIterator[DocumentReader]:
    reader = DocumentReader(limits)
    yield reader
    await reader.close()


def largest_self() -> int:
    """The same of this process: a child counts as being as large as the process that forked it, for a moment."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


async def test_a_document_is_read_in_a_process_of_its_own():
    body = papers.pdf(papers.DECISION)
    async with reading() as reader:
        assert await reader.read(Question(body=body)) == attached.told_by(documents.read(body))


def wide() -> bytes:
    return papers.archive({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<a>" + b"<b/>" * 15_000_000})


@pytest.mark.parametrize(
    ("made", "outcomes"),
    [
        (lambda: papers.archive({"bomb.docx": b"\0" * (200 << 20)}), {Outcome.TOO_BIG}),
        (
            lambda: papers.archive({"[Content_Types].xml": b"<x/>", "word/document.xml": b"<a>" * 2_000_000}),
            {Outcome.BROKEN, Outcome.TOO_COMPLEX},
        ),
        (wide, {Outcome.BROKEN, Outcome.TOO_COMPLEX}),
        (lambda: papers.many_pages(100_000), {Outcome.EMPTY_OK}),
        (lambda: papers.pdf(*["một"] * 50)[:9_000], {Outcome.TRUNCATED}),
        (lambda: papers.pdf("một", password="x"), {Outcome.EMPTY_OK}),
        (lambda: b"{\\rtf1" + b"{\\b" * 3_000_000, {Outcome.TRUNCATED, Outcome.BROKEN, Outcome.TOO_COMPLEX}),
        (lambda: b"%PDF-1.7\n" + b"[" * 5_000_000 + b"\n%%EOF", {Outcome.BROKEN, Outcome.TOO_COMPLEX}),
    ],
    ids=["zip bomb", "deep nesting", "wide", "pages", "cut short", "encrypted", "deep rtf", "deep pdf"],
)  # fmt: skip
async def test_poison_stays_within_the_limits(made: Callable[[], bytes], outcomes: set[Outcome]):
    body = made()
    async with reading(Limits(reading=3)) as reader:
        document = await reader.read(Question(body=body))
    assert document.outcome in outcomes
    assert document.message
    assert document.digest == decode.digest(body)
    assert largest_child() <= max(Limits().memory, largest_self())


async def test_a_document_that_takes_too_long_is_given_up_and_the_next_one_is_read():
    async with reading(Limits(deadline=1)) as reader:
        slow = wide()
        document = await reader.read(Question(body=slow))
        assert (document.outcome, document.message) == (Outcome.TOO_COMPLEX, "not read within 1 s")
        assert (await reader.read(Question(body=papers.word("một")))).pages == ("một",)


async def test_memory_is_bounded():
    body = papers.archive({"a.rtf": b"{\\rtf1 " + b"x" * (40 << 20) + b"}"})
    async with reading(Limits(memory=128)) as reader:
        document = await reader.read(Question(body=body))
    assert not document.outcome.trusted


async def test_the_death_of_the_nursery_is_survived():
    async with reading() as reader:
        first = await reader.read(Question(body=papers.word("một")))
        os.kill(reader._nursery.pid, signal.SIGKILL)
        assert await reader.read(Question(body=papers.word("một"))) is not None
        assert (await reader.read(Question(body=papers.word("hai")))).pages == ("hai",)
    assert first.pages == ("một",)


async def test_giving_up_ends_the_child():
    before = children()
    task = asyncio.ensure_future(DocumentReader().read(Question(body=papers.pdf("một"))))
    while children() == before:  # noqa: ASYNC110 - what the kernel knows sets no event
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert children() == before


def children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split())


async def test_a_scan_that_nobody_asked_to_be_recognised_stays_one():
    async with reading() as reader:
        document = await reader.read(Question(body=papers.scan("Quyet dinh")))
    assert (document.outcome, document.message) == (Outcome.EMPTY_OK, "scanned, no text")


def test_what_ocr_lacks_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    tesseract.missing.cache_clear()
    assert tesseract.missing() == "OCR is not installed"
    tesseract.missing.cache_clear()


@pytest.mark.tool("tesseract")
async def test_ocr_reads_a_scan():
    assert which("tesseract")
    body = papers.scan("Quyet dinh so 1234\ncua Uy ban nhan dan", "Dieu 2")
    async with reading() as reader:
        document = await reader.read(Question(body=body, scanned=True))
    assert document.outcome is Outcome.OK
    assert document.flags == {"scanned", "ocr"}
    assert "1234" in document.pages[0]
    assert len(document.pages) == 2


@pytest.mark.tool("tesseract")
async def test_ocr_that_has_no_time_says_how_far_it_came():
    limits = replace(Limits(), reading=20, ocr=20)
    async with reading(limits) as reader:
        document = await reader.read(Question(body=papers.scan("mot hai ba bon", "hai"), scanned=True))
    assert "truncated" in document.flags
    assert document.message.startswith("OCR read 0 of its 2 pages")
