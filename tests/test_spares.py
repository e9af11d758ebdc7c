"""Crawls of tests take the processes that were forked for them, and leave none behind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from command import wait_for
from spares import READERS
from test_crash import alive, children_of
from test_scheduler import until

if TYPE_CHECKING:
    from command import Congtin, Serve


def test_a_crawl_starts_no_new_interpreter_and_its_children_end_with_it(congtin: Congtin, serve: Serve) -> None:
    portal = serve(articles=12, delay=0.1)
    crawl = congtin.start("crawl", "sample")
    wait_for(portal, 8)
    children = children_of(crawl.pid)
    assert len(children) == len(READERS)
    for pid in children:
        assert b"forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()
    portal.delay = 0
    crawl.communicate()
    assert crawl.returncode == 0
    until(lambda: not any(alive(pid) for pid in children), 5)
