"""What each run of the command has behind it when it is forked: its imports, and what is the same for all runs.

That is what SQLAlchemy makes of tables, what platforms' files compile to, and the parser of the command's words.
Not `scraper.settings`: it reads the environment, which each run has its own of. Nor a reactor: each crawl has its own.
"""

from __future__ import annotations

import gc
import tempfile
from importlib import import_module
from pathlib import Path

from scrapy.settings.default_settings import DOWNLOADER_MIDDLEWARES_BASE, SPIDER_MIDDLEWARES_BASE
from sqlalchemy import select
from typer.main import get_command

import cli
from scraper.config import Config
from spiders.loader import catalogue
from storage.database import Database
from storage.models import Article

OURS = (
    "cli", "demo", "spiders.run", "spiders.preview", "storage.extensions", "storage.middlewares", "storage.pipelines",
    "scraper.middlewares", "scraper.pipelines", "scraper.reader_child", "scraper.document_child", "storage.records",
    "storage.search.answer", "web.app",
)  # fmt: skip
THEIRS = (
    "scrapy.core.engine", "scrapy.core.downloader.handlers.http11", "scrapy.pqueues", "scrapy.squeues",
    "scrapy.dupefilters", "scrapy.logformatter", "scrapy.statscollectors", "uvicorn", "typer.rich_utils",
    "typer._click.decorators", "rich._emoji_codes", "sqlalchemy.dialects.postgresql.psycopg", "psycopg",
)  # fmt: skip
for name in (*OURS, *THEIRS):
    import_module(name)
for path in (*DOWNLOADER_MIDDLEWARES_BASE, *SPIDER_MIDDLEWARES_BASE):
    import_module(str(path).rpartition(".")[0])

with tempfile.TemporaryDirectory() as folder:
    here = Path(folder)
    config = Config(data=here, database_url=f"sqlite:///{here / 'any.db'}", sources=here)
    database = Database(config)
    with database.reading() as session:
        session.scalars(select(Article)).all()
    database.close()
    assert catalogue(config).platforms
cli.app = get_command(cli.app)

gc.collect()
gc.freeze()  # no collection of a child's goes through all of this, and makes pages its own by that
