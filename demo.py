"""The demo, which shows the whole product with no network, and the web server that it ends in."""

from __future__ import annotations

import ipaddress
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from rich.markup import escape

import commands
import console
from console import Exit
from scraper import logs
from spiders.loader import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.config import Config

_LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def run(config: Config, *, port: int, once: bool, articles: int) -> Exit:
    """Serves the sample portal, crawls it with a progress bar, and serves the search page until Ctrl-C."""
    from spiders import run as running

    commands.database().close()
    config = replace(config, allow_networks=(*config.allow_networks, *_LOOPBACK))
    source = catalogue(config).load("sample")
    place = urlsplit(source.url)
    with _sample(place.port or 80, articles):
        console.err.print(f"The sample portal stands at [bold]{source.url}[/]; crawling it:")
        with console.crawling(quiet=not console.err.is_terminal) as progress:
            results = running.crawl([source], config, progress=progress)
        result = results[0]
        if result.report is None:
            console.fail(f"sample: {result.refusal or result.error}", Exit.REFUSED if result.refusal else Exit.OURS)
        console.reports([result.report])
        if result.report["failures"]:
            console.out.print("Those files are broken on purpose, to show what a failure looks like.")
        _tell_search(config)
        if once:
            return Exit.DONE if result.report["verdict"] == "healthy" else Exit.FAILED
        return serve(config, host="127.0.0.1", port=port)


def serve(config: Config, *, host: str, port: int) -> Exit:
    """Serves the search and reading pages until Ctrl-C, while the index follows what other processes crawl."""
    import uvicorn

    from storage.search.index import Follower
    from web.app import create

    database = commands.database()
    names = {source.id: source.name for source in catalogue(config).usable()}
    follower = Follower(database, config.data / "index")
    follower.start()
    server = uvicorn.Server(
        uvicorn.Config(
            create(config, names=names), host=host, port=port, log_level="warning", server_header=False,
            log_config=None if logs.install(config) else uvicorn.config.LOGGING_CONFIG,
        )
    )  # fmt: skip
    console.err.print(f"Search page: [bold]http://{host}:{port}/[/]. Ctrl-C ends it.")
    try:
        server.run()
    except KeyboardInterrupt:
        pass
    except SystemExit:  # uvicorn's way to say that the port is taken; it has logged why
        console.fail(f"http://{host}:{port}/ cannot be served; --port names another port", Exit.LATER)
    finally:
        follower.stop()
        database.close()
    return Exit.DONE


def _tell_search(config: Config) -> None:
    from storage.search.answer import Question, Searcher

    words = "thi dua khen thuong"
    database = commands.database()
    answer = Searcher(database, config.data / "index").search(Question(typed=f'"{words}"', limit=3))
    database.close()
    console.out.print(f"\n[bold]congtin search '\"{words}\"'[/] finds {answer['total']} in {answer['took_ms']} ms:")
    for hit in answer["hits"]:
        console.out.print(f"  [cyan]{hit['id']}[/]  {escape(hit['title'])}", soft_wrap=True)
        console.out.print(f"    {console.snippet(hit['snippet'])}", soft_wrap=True)


@contextmanager
def _sample(port: int, articles: int) -> Iterator[None]:
    """The sample portal in a process of its own, unless one stands there already."""
    if _answers(port):
        console.err.print(f"Something serves 127.0.0.1:{port} already; taking it for the sample portal.")
        yield
        return
    command = [sys.executable, "-m", "sample", "--port", str(port), "--articles", str(articles)]
    portal = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # noqa: S603 - our own module
    try:
        give_up = time.monotonic() + 20
        while not _answers(port):
            if portal.poll() is not None or time.monotonic() > give_up:
                console.fail(f"the sample portal did not start on port {port}", Exit.OURS)
            time.sleep(0.05)
        yield
    finally:
        portal.terminate()
        portal.wait()


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/robots.txt", timeout=2) as response:
            return bool(response.status == 200)
    except (URLError, OSError):
        return False
