"""The text of scanned pages, by Tesseract with its Vietnamese data, where both are installed.

Each page is drawn by PDFium and handed to a process of its own; nothing is written to a file.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

from scraper import pdf, text
from scraper.outcomes import Outcome
from scraper.tesseract import LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.bounds import Bounds
    from scraper.items import Document, Flag

DOTS_PER_INCH = 250
"""Tesseract reads letters of 20 to 30 dots best: those of 12 points are 25 dots high at this."""
PAGE_SECONDS = 30
_ENOUGH = 16


def read(document: Document, body: bytes, bounds: Bounds, *, before: Callable[[], None] | None = None) -> Document:
    """A scanned PDF's document with the text of its pictures; `before` is called in each process of Tesseract.

    Pages that have text of their own keep it. Where the bounds end, or a page takes too long, the rest stays unread and
    the document says so.
    """
    pages: list[str] = []
    failed = ""
    try:
        for said, picture in pdf.pictures(body, dots_per_inch=DOTS_PER_INCH):
            if bounds.spent():
                break
            found, wrong = _recognised(picture, before) if picture else (said, "")
            failed = failed or wrong
            pages.append(bounds.page(found or said))
    except ValueError as error:
        failed = str(error)
    count = document.page_count or len(pages)
    flags: set[Flag] = {*document.flags, "ocr"}
    message = ""
    if len(pages) < count:
        flags.add("truncated")
        message = f"OCR read {len(pages):,} of its {count:,} pages: {bounds.why or failed}"
    elif failed:
        message = f"OCR failed on some pages: {failed}"
    if not any(len(page) >= _ENOUGH for page in pages):
        return replace(document, outcome=Outcome.EMPTY_OK, message=message or "scanned, and OCR found no text",
                       pages=tuple(pages), flags=frozenset(flags))  # fmt: skip
    return replace(document, outcome=Outcome.OK, message=message, pages=tuple(pages), flags=frozenset(flags))


def _recognised(picture: bytes, before: Callable[[], None] | None) -> tuple[str, str]:
    """The text on a picture, and what went wrong."""
    try:
        done = subprocess.run(  # noqa: S603 - arguments of ours, and the picture on its standard input
            ["tesseract", "-", "-", "-l", LANGUAGE],  # noqa: S607 - where the system has it
            input=picture, capture_output=True, timeout=PAGE_SECONDS, check=False, preexec_fn=before,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},  # four threads for a page are slower than one
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return "", f"a page takes more than {PAGE_SECONDS} s"
    except OSError as error:
        return "", str(error)
    if done.returncode:
        return "", done.stderr.decode("utf-8", "replace").strip()[:200] or f"tesseract ended with {done.returncode}"
    return text.clean_lines(done.stdout.decode("utf-8", "replace")), ""
