"""Logs as JSON: one object a line, about the source and run that the task works on."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scraper import logs
from scraper.config import Config

if TYPE_CHECKING:
    import pytest


def shaped(message: str, *arguments: object, **more: Any) -> dict[str, Any]:
    record = logging.makeLogRecord({"name": "x", "levelno": 30, "levelname": "WARNING", "msg": message} | more)
    record.args = arguments
    told: dict[str, Any] = json.loads(logs.JsonFormatter().format(record))
    return told


async def test_each_source_is_told_from_the_others_that_are_crawled_beside_it() -> None:
    async def crawl(source: str, run: int) -> dict[str, Any]:
        logs.begin(source)
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_soon(lambda: logs.learn(run=run))
        await asyncio.sleep(0.01)
        return await asyncio.create_task(asyncio.to_thread(shaped, "đã xong %s", run))

    one, other = await asyncio.gather(crawl("a", 1), crawl("b", 2))
    assert (one["source"], one["run"], one["message"]) == ("a", 1, "đã xong 1")
    assert (other["source"], other["run"]) == ("b", 2)
    logs.learn(run=3)  # about nothing
    assert "run" not in shaped("x")


def test_an_error_has_its_traceback_and_stays_on_one_line() -> None:
    error = ValueError("hai\ndòng")
    told = shaped("hỏng", exc_info=(type(error), error, None))
    assert told["error"].endswith("ValueError: hai\ndòng")
    assert (told["level"], told["logger"]) == ("warning", "x")


def test_a_record_that_names_its_source_goes_before() -> None:
    assert shaped("x", source="c", run=9)["source"] == "c"


def test_only_who_asks_for_json_gets_it(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = list(root.handlers)
    try:
        assert not logs.install(Config(data=Path(), database_url="", sources=Path()))
        assert root.handlers == before
        assert logs.install(Config(data=Path(), database_url="", sources=Path(), log="json"))
        logging.getLogger("x").warning("đã xong")
        logging.getLogger("x").info("not told")
        (line,) = capsys.readouterr().err.splitlines()
        assert json.loads(line)["message"] == "đã xong"
    finally:
        root.handlers[:] = before
