"""Which worker runs which test: what takes longest is begun first, and each worker takes the next when it is free.

A test is handed out alone where it crawls (`tests/*.py`), with the other cases of its function elsewhere, and with its
whole file where tests share what the file sets up once.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parent.parent
_MOST_WORKERS = 8
_MEMORY = 1 << 30
"""Bytes that a worker may come to, with the portals that it serves and the crawls that it waits for."""


def workers() -> int:
    """Two for each core, for half of a crawl's test is waiting; fewer where memory is short."""
    room = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MEMORY
    return max(1, min(2 * len(os.sched_getaffinity(0)), room, _MOST_WORKERS))


def rank(item: pytest.Item) -> int:
    """Long tests first, then crawls, which take seconds, then the others, which mostly take thousandths of them."""
    if item.get_closest_marker("long"):
        return 0
    return 1 if {"congtin", "crawled"} & set(getattr(item, "fixturenames", ())) else 2


@cache
def _shares(file: str) -> bool:
    return 'scope="module"' in (ROOT / file).read_text("utf-8")


class InOrder(LoadScopeScheduling):
    """Hands tests out in the order that they were collected in."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, name = nodeid.partition("::")
        if _shares(file):
            return file
        return nodeid if file.count("/") == 1 else f"{file}::{name.partition('[')[0]}"
