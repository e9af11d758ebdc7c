"""Gives Scrapy one spider for every source file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scraper.sources import BadSource, Catalogue, UnknownSource
from spiders.explore import ExploringSpider
from spiders.news import NewsSpider
from spiders.procedures import ProcedureSpider

if TYPE_CHECKING:
    import builtins
    from collections.abc import Iterable
    from typing import Self

    from scrapy import Request, Spider
    from scrapy.settings import BaseSettings

    from scraper.config import Config
    from scraper.layout import Platform
    from scraper.sources import Source

_HERE = Path(__file__).parent


def catalogue(config: Config) -> Catalogue:
    """The shipped platforms and sources, and the operator's own sources over them."""
    return Catalogue(_HERE / "platforms", [_HERE / "sources", config.sources])


def spider(source: Source, platforms: Iterable[Platform] = ()) -> type[NewsSpider]:
    """The spider class of a source; of one that declares no section, the class that looks for them.

    That one chooses among `platforms`, of which the last stands for all others.
    """
    if source.sections:
        kind = ProcedureSpider if source.file.sections.procedures else NewsSpider
        return type("SourceSpider", (kind,), {"name": source.id, "source": source})
    given = {"name": source.id, "source": source, "platforms": tuple(platforms)}
    return type("UndeclaredSpider", (ExploringSpider,), given)


class SourceLoader:
    """Scrapy's SpiderLoaderProtocol over a catalogue."""

    def __init__(self, sources: Catalogue) -> None:
        self._sources = sources

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """Scrapy's way to build it."""
        return cls(catalogue(settings["CONGTIN_CONFIG"]))

    def load(self, spider_name: str) -> type[Spider]:
        """The spider of a source. Raises KeyError, as Scrapy wants it."""
        try:
            return spider(self._sources.load(spider_name))
        except (UnknownSource, BadSource) as error:
            raise KeyError(str(error)) from None

    def list(self) -> builtins.list[str]:
        """The ids of all sources."""
        return sorted(self._sources.files)

    def find_by_request(self, request: Request) -> builtins.list[str]:
        """The ids of the sources that own an address."""
        return [source.id for source in self._sources.usable() if source.owns(request.url)]
