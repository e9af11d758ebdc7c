"""How many messages a second reach a mail server on loopback, from events that are in the log.

python -m bench.alerts [--watches 100] [--events 20] [--folder DIR]

Each watch hears of each event in a message of its own: digests are switched off. The server takes each mail at once.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import tempfile
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP, Envelope, Session

from alerts import watches
from alerts.channels import Channels, Settings
from alerts.digests import Limits
from alerts.dispatch import Dispatcher
from alerts.telling import Names
from scraper.config import Config, MailServer
from scraper.items import Article, Moment
from storage import articles, batch, pages
from storage.articles import Sighting
from storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = "https://snv.example.vn"


class Mailbox:
    """Counts what comes."""

    def __init__(self) -> None:
        self.mails = 0
        self.port = 0

    async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Takes a mail."""
        self.mails += 1
        return "250 taken"


@contextmanager
def served() -> Iterator[Mailbox]:
    """A mail server in a thread."""
    mailbox, loop = Mailbox(), asyncio.new_event_loop()
    server = loop.run_until_complete(
        loop.create_server(lambda: SMTP(mailbox, hostname="mail.example.org", loop=loop), "127.0.0.1", 0)
    )
    mailbox.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield mailbox
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def publish(database: Database, number: int) -> None:
    """An article that is new."""
    now, url, body = datetime.now(UTC), f"{SITE}/tin/{number}", f"Sở Nội vụ tổ chức hội nghị lần thứ {number}. " * 20
    with database.writing() as session:
        page = pages.one(session, "snv", url, url=url, section="news", at=now)
        said = Article(
            url=url, canonical_url=url, title=f"Hội nghị lần thứ {number}", body_text=body, body_html=f"<p>{body}</p>",
            published=Moment(at=now, precision="minute"), published_raw="",
        )  # fmt: skip
        articles.save(
            session,
            Sighting(
                article=said, page=page, source="snv", platform="sharepoint", section="news", origin="poll", at=now,
                capture=None, number_of=lambda _: None,
            ),
        )  # fmt: skip
        batch.flush(session)


def main() -> None:
    """Measures, and prints."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--watches", type=int, default=100)
    options.add_argument("--events", type=int, default=20)
    options.add_argument("--folder", type=Path)
    asked = options.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder, served() as mailbox:
        data = Path(folder)
        database = Database(Config(data=data, database_url=f"sqlite:///{data / 'congtin.db'}", sources=data))
        with database.writing() as session:
            for number in range(asked.watches):
                wish = watches.Wish(query="hội nghị")
                watches.add(session, wish, [f"mailto:reader{number}@example.org"], now=datetime.now(UTC))
        for number in range(asked.events):
            publish(database, number)
        settings = Settings(
            mail_server=MailServer(host="127.0.0.1", port=mailbox.port, security="starttls"),
            mail_from="tin@example.org", public_url="https://tin.example.org",
        )  # fmt: skip
        dispatcher = Dispatcher(
            database, lambda: Channels(settings), Names(public_url="https://tin.example.org"),
            limits=Limits(singles=asked.events),
        )  # fmt: skip
        began, worked = time.monotonic(), time.process_time()
        dispatcher.once()
        seconds, cpu = time.monotonic() - began, time.process_time() - worked
        dispatcher.close()
        database.close()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{mailbox.mails} messages in {seconds:.1f} s: {mailbox.mails / seconds:.0f} a second, "
        f"{1000 * cpu / max(mailbox.mails, 1):.2f} ms of CPU each (the mail server's with it), {memory:.0f} MB at most"
    )


if __name__ == "__main__":
    main()
