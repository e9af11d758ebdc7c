"""The process that reads pages: the other end of `scraper.reader`.

Apart from it, so that the process that crawls loads no library that parses, and this one no event loop.
"""

from __future__ import annotations

import gc
import pickle
import resource
import signal
import socket
import sys
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING

from scraper import extract
from scraper.children import LENGTH, die_with, framed
from scraper.items import Reading
from scraper.outcomes import Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from scraper.items import Page
    from scraper.sources import Source


def child() -> None:
    """The child's life: read questions from the inherited socket until its other end is closed."""
    descriptor, parent, cpu, memory = (int(word) for word in sys.argv[1:5])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    die_with(parent)
    resource.setrlimit(resource.RLIMIT_AS, (memory << 20, memory << 20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.freeze()  # what is here by now stays; to look through it again and again is 5 % of the reading
    # A parent that went away, or gave up this child, is no error of ours.
    with suppress(ConnectionError), socket.socket(fileno=descriptor) as end, end.makefile("rwb") as stream:
        end.sendall(b"!")
        while header := stream.read(LENGTH.size):
            page, packed, now = pickle.loads(stream.read(*LENGTH.unpack(header)))  # noqa: S301 - from our own parent
            used = resource.getrusage(resource.RUSAGE_SELF)
            _, hard = resource.getrlimit(resource.RLIMIT_CPU)
            resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + 1 + cpu, hard))
            stream.write(framed(_reading(page, _unpacked(packed), now)))
            stream.flush()


@lru_cache(maxsize=64)
def _unpacked(packed: bytes) -> Source:
    source: Source = pickle.loads(packed)  # noqa: S301 - from our own parent
    return source


def _reading(page: Page, source: Source, now: datetime | None) -> Reading:
    try:
        return extract.read(page, source, now=now)
    except (MemoryError, RecursionError) as error:
        why, outcome = f"{type(error).__name__} while reading", Outcome.TOO_COMPLEX
    except Exception as error:  # noqa: BLE001 - one page must never stop a crawl; the message keeps the cause
        why, outcome = f"our reader failed: {type(error).__name__}: {error}", Outcome.BROKEN
    return Reading(kind="other", outcome=outcome, message=why)
