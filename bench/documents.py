"""How fast documents are read, and what the worst of them cost: `python -m bench.documents`.

Pages per second of PDF and DOCX in the process itself and through a process for each document, as a crawl reads them;
then the most memory and time that a child took for each poison file, against its limits.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from scraper import documents
from scraper.document_reader import DocumentReader, Limits, Question

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

PAGES = 200
ROUNDS = 5


def poisons() -> dict[str, Callable[[], bytes]]:
    import papers

    word = {"[Content_Types].xml": b"<x/>"}
    return {
        "zip bomb (300 MB)": lambda: papers.archive({"bomb.docx": b"\0" * (300 << 20)}),
        "docx bomb (300 MB)": lambda: papers.archive({**word, "word/document.xml": b"\0" * (300 << 20)}),
        "100,000 pages": lambda: papers.many_pages(100_000),
        "deep nesting": lambda: papers.archive({**word, "word/document.xml": b"<a>" * 2_000_000}),
        "15 million elements": lambda: papers.archive({**word, "word/document.xml": b"<a>" + b"<b/>" * 15_000_000}),
        "encrypted": lambda: papers.pdf("a", password="x"),
        "cut short": lambda: papers.pdf(*["a"] * 50)[:9_000],
        "rtf of 9 MB of braces": lambda: b"{\\rtf1" + b"{\\b" * 3_000_000,
    }


def speed() -> None:
    import papers

    page = "\n".join(f"{number}. {papers.DECISION}" for number in range(25))
    for kind, body in (("PDF", papers.pdf(*[page] * PAGES)), ("DOCX", papers.word(*[page] * PAGES))):
        started = time.perf_counter()
        for _ in range(ROUNDS):
            assert len(documents.read(body).pages) == PAGES
        alone = PAGES * ROUNDS / (time.perf_counter() - started)
        apart = asyncio.run(_through_children(body))
        print(f"{kind:5} {PAGES} pages, {len(body) >> 10:,} KB: {alone:,.0f} pages/s; in children {apart:,.0f} pages/s")


async def _through_children(body: bytes) -> float:
    reader = DocumentReader()
    await reader.read(Question(body=body))  # the nursery starts
    started = time.perf_counter()
    for _ in range(ROUNDS):
        await reader.read(Question(body=body))
    seconds = time.perf_counter() - started
    await reader.close()
    return PAGES * ROUNDS / seconds


def poison(name: str) -> None:
    """One poison file, in a process of its own: what its descendants took is told for all of them together."""

    async def read() -> str:
        reader = DocumentReader()
        await reader.read(Question(body=b"{}"))  # the nursery starts, while this process is still small
        body = poisons()[name]()
        started = time.perf_counter()
        document = await reader.read(Question(body=body))
        seconds = time.perf_counter() - started
        await reader.close()
        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
        return f"{seconds:5.1f} s {most:4} MiB of {Limits().memory}  {document.outcome.value}: {document.message[:70]}"

    print(f"{name:24}{asyncio.run(read())}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        poison(sys.argv[1])
    else:
        speed()
        for one in poisons():
            subprocess.run([sys.executable, "-m", "bench.documents", one], check=True)
