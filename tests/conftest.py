"""What tests of the whole product share: a portal on loopback, and the `congtin` command with a folder of its own."""

from __future__ import annotations

import gc
import os
from contextlib import ExitStack
from importlib import import_module
from itertools import chain, count
from shutil import which
from threading import Thread
from typing import TYPE_CHECKING, Any

import databases
import pytest
import scheduling
import statements
from command import SAMPLE, Congtin
from hypothesis import HealthCheck, settings

from sample.server import running

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from sample.server import Running

# How many milliseconds an example takes says more of the machine than of the code; one that takes seconds hangs. The
# same examples each time: what a change breaks is what the change did.
settings.register_profile("patient", deadline=5_000, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.load_profile("patient")

# Scrapy looks at the whole stack where it loads this, and a thread has a short one: half a second less in each worker.
_loading = Thread(target=import_module, args=("scrapy.core.downloader.contextfactory",))
_loading.start()
_loading.join()

statements.keep()

TOOLS = {"tesseract": "tesseract-ocr tesseract-ocr-vie"}
"""Programs that some tests need, and their Debian packages."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what needs a program that is not there; puts what takes long first, so that workers end together."""

    def lacks(item: pytest.Item) -> bool:
        return any(which(mark.args[0]) is None for mark in item.iter_markers("tool"))

    items.sort(key=scheduling.rank)
    out = [item for item in items if lacks(item)]
    if out:
        items[:] = [item for item in items if item not in out]
        config.hook.pytest_deselected(items=out)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    return scheduling.workers()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.getvalue("dist") != "loadscope":
        return None
    config.option.loadscopereorder = False
    return scheduling.InOrder(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Looks for no garbage while tests are collected, nor later among what that has made: it stays for the run."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """What tests share has no doctests; to look for them is to load it in every worker."""
    shared = collection_path.suffix == ".py" and not collection_path.name.startswith("test_")
    return True if shared else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says what was left out, at the end, where it is seen."""
    for tool, packages in TOOLS.items():
        if which(tool) is None:
            terminalreporter.write_line(f"NOT RUN: the tests that need {tool} (Debian: {packages})", yellow=True)


def pytest_configure(config: pytest.Config) -> None:
    if hasattr(config, "workerinput"):
        return  # what follows is for the process that began the run, and not for each worker of it
    config.add_cleanup(databases.begin())
    if databases.MEMORY:  # nothing that a test keeps must outlive the machine, and a disk is waited for at each commit
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", databases.MEMORY)
    # Hundreds of processes are started, and each would compile what it loads.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture(params=databases.KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Which database: a test that asks for one, or for what is made of it, runs on both."""
    return str(request.param)


@pytest.fixture
def fresh(kind: str, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Makes new databases, with tables or (`migrated=False`) without, and gives their addresses."""
    names = chain(["congtin"], map(str, count(2)))
    with ExitStack() as stack:

        def make(*, migrated: bool = True) -> str:
            if kind == "postgresql":
                return stack.enter_context(databases.postgresql(migrated=migrated))
            return databases.sqlite(tmp_path / f"{next(names)}.db", migrated=migrated)

        yield make


@pytest.fixture
def address(fresh: Callable[..., str]) -> str:
    """The test's own database."""
    return fresh()


@pytest.fixture
def congtin(tmp_path: Path) -> Congtin:
    return Congtin(tmp_path / "data")


@pytest.fixture
def serve(congtin: Congtin) -> Iterator[Callable[..., Running]]:
    """Starts a sample portal and makes it the source `sample`, or `name`; it is stopped at the end of the test."""
    with ExitStack() as stack:

        def start(**options: Any) -> Running:
            extra, name = options.pop("extra", ""), options.pop("name", "sample")
            portal = stack.enter_context(running(**options))
            congtin.source(name, SAMPLE.format(url=portal.url) + extra)
            return portal

        yield start
