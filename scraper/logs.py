"""What is logged, one JSON object a line, with the source and the run that it is about."""

from __future__ import annotations

import json
import logging
import sys
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Any

from scraper.items import VIETNAM

if TYPE_CHECKING:
    from scraper.config import Config

_ABOUT: ContextVar[dict[str, Any] | None] = ContextVar("about", default=None)


def begin(source: str) -> None:
    """Has all that this task logs from here on, and the tasks that it starts, be about a source."""
    _ABOUT.set({"source": source})


def learn(**known: Any) -> None:
    """Adds what is known by now, such as the run's number, to what the task's log is about."""
    if (about := _ABOUT.get()) is not None:
        about.update(known)


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """`at`, `level`, `logger` and `message`; `source` and `run` where they are known; `error`: its traceback."""
        told: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, VIETNAM).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **(_ABOUT.get() or {}),
        }
        for name in ("source", "run"):  # what the record says itself goes before
            if hasattr(record, name):
                told[name] = getattr(record, name)
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told, ensure_ascii=False, default=str)


def install(config: Config, *, level: str = "WARNING") -> bool:
    """Has what is logged go to standard error as JSON, if the operator wants it so; whether he does.

    Whoever runs Scrapy or uvicorn must then keep them from adding handlers of their own.
    """
    if config.log != "json":
        return False
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    handler.setLevel(level)
    logging.getLogger().addHandler(handler)
    return True
