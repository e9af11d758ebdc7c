"""The reader child: hostile pages cost one page, and neither the crawl nor its event loop."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import seed

from scraper.items import Page
from scraper.outcomes import Outcome
from scraper.reader import Limits, Reader

SOURCE = seed.source()
GOOD = Page(url=seed.ADDRESS, body=seed.page().encode(), role="detail")
LIMITS = Limits(deadline=5.0, cpu=3)

ATTRIBUTES = b"<html><body><div " + b" ".join(b"a%d=1" % n for n in range(100_000)) + b">x</div></body></html>"
NESTED = b"<html><body>" + b"<div>" * 200_000 + b"x</body></html>"
NESTED_BODY = b'<html><body><h1>t</h1><div class="ms-rtestate-field">' + b"<div>" * 200_000 + b"x</div></body></html>"
HUNGRY = b"<html><body><div class='ms-rtestate-field'>" + b"<p><b>x</b>" * 2_500_000 + b"</div></body></html>"


def page(body):
    return Page(url=seed.ADDRESS, body=body, role="detail")


@asynccontextmanager
async def reading(limits=LIMITS):
    reader = Reader(limits)
    try:
        yield reader
    finally:
        await reader.close()


async def reads_well(reader):
    found = await reader.read(GOOD, SOURCE)
    assert (found.outcome, found.article.title) == (Outcome.OK, seed.TITLE), found.message
    return found


def child_of(reader):
    return reader._child.pid


def alive(process):
    """Whether a process runs; a zombie that nobody has waited for does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def gone(process, seconds=5.0):
    for _ in range(int(seconds * 50)):
        if not alive(process):
            return True
        await asyncio.sleep(0.02)
    return False


def own_clock():
    """Seconds, but for those that this thread waited for a processor: others may hold the machine (proc(5), schedstat).

    Both what the thread computes and what it waits for otherwise make it go on.
    """
    waited = int(Path("/proc/thread-self/schedstat").read_text().split()[1])
    return time.monotonic() - waited / 1e9


@asynccontextmanager
async def loop_that_is_never_held_up(most=0.25):
    """Fails where the event loop did not come round for `most` seconds of its own."""
    longest = 0.0

    async def tick():
        nonlocal longest
        while True:
            before = own_clock()
            await asyncio.sleep(0.005)
            longest = max(longest, own_clock() - before)

    ticking = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()
    assert longest < most, f"the loop stood still for {longest * 1000:.0f} ms"


def busy(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


@pytest.mark.parametrize("hold", [time.sleep, busy])
async def test_a_loop_that_is_held_up_is_seen(hold):
    async def held():
        async with loop_that_is_never_held_up():
            await asyncio.sleep(0)
            hold(0.3)
            await asyncio.sleep(0.02)

    with pytest.raises(AssertionError, match="stood still"):
        await held()


async def test_page_is_read_as_without_a_child():
    from scraper.extract import read

    async with reading() as reader:
        found = await reads_well(reader)
        assert found == read(GOOD, SOURCE)
        await reads_well(reader)


@pytest.mark.parametrize(
    ("process", "never"),
    [
        ("spiders.loader, spiders.run, storage.store", {"scraper.extract", "bs4", "nh3", "feedparser", "alembic"}),
        ("scraper.reader_child", {"asyncio", "scrapy", "sqlalchemy"}),
        ("scraper.document_child", {"scrapy", "sqlalchemy", "bs4", "nh3", "feedparser"}),
    ],
    ids=["crawl", "reader", "documents"],
)
def test_process_loads_no_library_of_another_ones(process, never):
    code = f"import sys, {process}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    assert not never & set(loaded)


async def test_one_child_reads_many_pages_and_closing_ends_it():
    async with reading() as reader:
        await reads_well(reader)
        child = child_of(reader)
        await asyncio.gather(*(reads_well(reader) for _ in range(5)))
        assert child_of(reader) == child
    assert await gone(child)


async def test_closed_reader_can_be_closed_again_and_reads_on():
    async with reading() as reader:
        await reader.close()
        await reads_well(reader)
        await reader.close()
        await reads_well(reader)


@pytest.mark.parametrize(
    ("body", "outcomes"),
    [
        (ATTRIBUTES, {Outcome.TOO_COMPLEX}),
        (NESTED, {Outcome.TOO_COMPLEX, Outcome.BROKEN}),
        (NESTED_BODY, {Outcome.TOO_COMPLEX, Outcome.BROKEN}),
    ],
    ids=["100,000 attributes", "200,000 nested", "200,000 nested in the body"],
)
async def test_hostile_page_costs_one_page(body, outcomes):
    async with reading(replace(LIMITS, cpu=1)) as reader:
        await reads_well(reader)
        began = time.monotonic()
        async with loop_that_is_never_held_up():
            found = await reader.read(page(body), SOURCE)
        assert found.outcome in outcomes, (found.outcome, found.message)
        assert found.message
        assert time.monotonic() - began < LIMITS.deadline + 1
        await reads_well(reader)


async def test_page_that_takes_longer_than_the_deadline():
    async with reading(replace(LIMITS, deadline=1.0, cpu=60)) as reader:
        await reads_well(reader)
        child = child_of(reader)
        async with loop_that_is_never_held_up():
            found = await reader.read(page(ATTRIBUTES), SOURCE)
        assert (found.outcome, found.message) == (Outcome.TOO_COMPLEX, "not read within 1 s")
        assert await gone(child)
        await reads_well(reader)


async def test_page_that_wants_all_memory():
    async with reading(replace(LIMITS, memory=400, cpu=10, deadline=15.0)) as reader:
        await reads_well(reader)
        async with loop_that_is_never_held_up():
            found = await reader.read(page(HUNGRY), SOURCE)
        assert found.outcome is Outcome.TOO_COMPLEX, found.message
        await reads_well(reader)


async def test_bomb_of_a_content_coding():
    import zlib

    folder = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([*(folder.compress(bytes(1 << 20)) for _ in range(64)), folder.flush()])
    async with reading() as reader:
        found = await reader.read(replace(page(bomb), content_encoding="gzip"), SOURCE)
        assert found.outcome is Outcome.TOO_BIG
        await reads_well(reader)


async def test_child_that_is_killed_while_it_reads():
    async with reading(replace(LIMITS, cpu=30, deadline=20.0)) as reader:
        await reads_well(reader)
        task = asyncio.create_task(reader.read(page(ATTRIBUTES), SOURCE))
        await asyncio.sleep(0.3)
        os.kill(child_of(reader), signal.SIGKILL)
        found = await task
        assert (found.outcome, found.message) == (Outcome.TOO_COMPLEX, "the reader was ended by SIGKILL")
        await reads_well(reader)


async def test_child_that_is_killed_between_pages_costs_no_page():
    async with reading() as reader:
        await reads_well(reader)
        child = child_of(reader)
        os.kill(child, signal.SIGKILL)
        await asyncio.sleep(0.1)
        await reads_well(reader)
        assert child_of(reader) != child


async def test_child_is_replaced_after_its_pages():
    async with reading(replace(LIMITS, pages=2)) as reader:
        children = []
        for _ in range(5):
            await reads_well(reader)
            children.append(child_of(reader))
        assert [children.count(child) for child in dict.fromkeys(children)] == [2, 2, 1]
        for child in set(children) - {children[-1]}:
            assert await gone(child)


async def test_cpu_limit_is_a_pages_and_not_the_childs():
    """Many ordinary pages may together cost more than one page may."""
    slow = page(b"<html><body><div " + b" ".join(b"a%d=1" % n for n in range(12_000)) + b">x</div></body></html>")
    async with reading(replace(LIMITS, cpu=1)) as reader:
        child = None
        until = time.monotonic() + 3.0
        while time.monotonic() < until:
            found = await reader.read(slow, SOURCE)
            assert found.outcome is not Outcome.TOO_COMPLEX, found.message
            child = child or child_of(reader)
        assert child_of(reader) == child


async def test_cancelled_read_leaves_no_child_and_the_reader_reads_on():
    async with reading(replace(LIMITS, cpu=30, deadline=20.0)) as reader:
        await reads_well(reader)
        child = child_of(reader)
        task = asyncio.create_task(reader.read(page(ATTRIBUTES), SOURCE))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await gone(child)
        await reads_well(reader)


async def test_read_that_is_cancelled_while_it_waits_its_turn_disturbs_nobody():
    async with reading() as reader:
        await reads_well(reader)
        child = child_of(reader)
        first = asyncio.create_task(reads_well(reader))
        second = asyncio.create_task(reader.read(GOOD, SOURCE))
        await asyncio.sleep(0)
        second.cancel()
        await first
        assert child_of(reader) == child
        await reads_well(reader)


PARENT = """
import asyncio, sys
sys.path[:0] = [{here!r}, {root!r}]
import seed
from scraper.items import Page
from scraper.reader import Reader

async def main():
    reader = Reader()
    await reader.read(Page(url=seed.ADDRESS, body=seed.page().encode()), seed.source())
    print(reader._child.pid, flush=True)
    if {busy}:
        body = b"<html><body><div " + b" ".join(b"a%d=1" % n for n in range(100_000)) + b">x</div></body></html>"
        await reader.read(Page(url=seed.ADDRESS, body=body), seed.source())
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.parametrize("busy", [False, True])
async def test_child_ends_with_its_parent(busy):
    here = Path(__file__).parent
    code = PARENT.format(here=str(here), root=str(here.parent.parent), busy=busy)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as parent:  # noqa: ASYNC220 - killed below
        child = int(await asyncio.to_thread(parent.stdout.readline))
        assert alive(child)
        if busy:
            await asyncio.sleep(0.5)
        parent.kill()
    assert await gone(child)


async def test_error_of_ours_is_told_and_stops_nothing(monkeypatch, tmp_path):
    """A reader that cannot start is BROKEN, with its status, and the next one may start."""
    async with reading() as reader:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "executable", "/bin/false")
            found = await reader.read(GOOD, SOURCE)
        assert (found.outcome, found.message) == (Outcome.BROKEN, "our reader failed with status 1")
        await reads_well(reader)
