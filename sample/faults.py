"""What goes wrong on the way: a catalogue of misbehaving answers, each at an address of its own.

Every fault has two addresses, of an article that is known and of one that is new (`Fault.known`, `Fault.fresh`). While
`Faults.good` is set all of them answer soundly, so that a crawl can come to know them first.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from base64 import b85decode
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sample.raw import Line

FOLDER = "/faults/pages"
HOME = "/faults/"
SECRET_HOST = "127.0.0.2"  # noqa: S105 - no password
FOREIGN_HOST = "127.0.0.4"
_MB = 1 << 20
_LONG_AGO = "Mon, 05 Jan 2026 08:00:00 GMT"
_LATELY = "Thu, 05 Mar 2026 08:00:00 GMT"


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave.

    Attributes:
        id: Its name in tables and addresses.
        does: What the server does.
        outcome: What a fetch of it comes to.
        answer: Does it.
        asked: How often a crawl asks for it before it takes it for what it is.
        once: It is tried on the known article alone: it costs seconds, or means nothing without a past.
        rewrites: It changes the words of the article, so that there is a new version.
        role: What a source declares the address as: an article's has no need to be declared.
    """

    id: str
    does: str
    outcome: str
    answer: Callable[[Line], Awaitable[None]]
    asked: int = 1
    once: bool = False
    rewrites: bool = False
    role: Literal["detail", "section", "feed", "sitemap"] = "detail"

    @property
    def known(self) -> str:
        """The address of an article that the portal had before it misbehaved."""
        return f"{FOLDER}/2026-1-5/{self.id.lower()}.aspx"

    @property
    def listing(self) -> str:
        """The address of a fault that is a section, a feed or a sitemap."""
        return f"{HOME}{self.role}/{self.id.lower()}"

    @property
    def fresh(self) -> str:
        """The address of an article that it never had."""
        return f"{FOLDER}/2026-3-5/{self.id.lower()}.aspx"


TITLE = "Quyết định về đất đai và thủ tục hành chính của sở"
_PARAGRAPH = "Ủy ban nhân dân tỉnh yêu cầu các sở, ngành giải quyết hồ sơ đúng hạn, không để người dân phải đi lại"


def article(title: str = TITLE, *, head: str = "", foot: str = "", said: str = _PARAGRAPH) -> str:
    """A page of the content system that the platform file knows, as text."""
    paragraphs = "\n".join(f"<p>{said}, điều {number}.</p>" for number in range(1, 31))
    return (
        f"<!DOCTYPE html>\n<html><head><title>{title}</title>{head}</head><body>\n"
        f'<p class="tandan-p-article-news-title">{title}</p>\n'
        '<span class="tandan-span-date-publish">Đăng ngày 05 - 01 - 2026</span>\n'
        f'<div class="ms-rtestate-field">\n{paragraphs}\n</div>{foot}\n</body></html>\n'
    )


def title_at(path: str) -> str:
    """The title of the article at an address: each has words of its own."""
    folder, _, name = path.rpartition("/")
    return f"{TITLE} ({name.removesuffix('.aspx')} {folder.rpartition('/')[2]})"


def good(line: Line) -> bytes:
    """The article, as it should be."""
    return article(title_at(line.request.path)).encode()


async def sound(line: Line) -> None:
    """The article, as it should be."""
    await line.answer(
        good(line), f"Last-Modified: {_LATELY}" if "/c26" in line.request.path else "Cache-Control: private"
    )


# Bodies that end too soon, or too late


async def _cut(line: Line) -> None:
    await line.answer(good(line)[:2_000], length=len(good(line)))
    line.hang_up()


async def _longer(line: Line) -> None:
    await line.answer(good(line), length=2_000)


async def _cut_chunks(line: Line) -> None:
    await _chunked(line, b"%x\r\n%b\r\n" % (2_000, good(line)[:2_000]))
    line.hang_up()


async def _bad_chunk(line: Line) -> None:
    await _chunked(line, b"%x\r\n%b\r\nzz\r\n" % (2_000, good(line)[:2_000]))
    line.hang_up()


async def _chunked(line: Line, body: bytes) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
    await line.send(head + body)


async def _cut_gzip(line: Line) -> None:
    await line.answer(gzip.compress(good(line), mtime=0)[:-30], "Content-Encoding: gzip")


async def _empty(line: Line) -> None:
    await line.answer(b"")


# Codings


def _coded(coding: str, body: Callable[[Line], bytes]) -> Callable[[Line], Awaitable[None]]:
    async def answer(line: Line) -> None:
        folded = await asyncio.to_thread(body, line)  # a bomb takes a second to make: nobody else need wait
        await line.answer(folded, f"Content-Encoding: {coding}")

    return answer


@cache
def _zeros(coding: Literal["gzip", "deflate"], times: int = 1) -> bytes:
    """300 MB of zeros, folded so many times: one megabyte of them again and again, as to fold all takes seconds."""
    folder = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    piece = bytes(_MB)
    body = (folder.compress(piece) + folder.flush(zlib.Z_FULL_FLUSH)) * 300 + folder.flush()
    check = 0 if coding == "gzip" else 1
    for _ in range(300):
        check = zlib.crc32(piece, check) if coding == "gzip" else zlib.adler32(piece, check)
    if coding == "deflate":
        return b"\x78\xda" + body + check.to_bytes(4, "big")
    body = gzip.compress(b"", mtime=0)[:10] + body + check.to_bytes(4, "little") + (300 * _MB).to_bytes(4, "little")
    for _ in range(times - 1):
        body = gzip.compress(body, mtime=0)
    return body


def _zstd() -> bytes:
    """300 MB of zeros: a frame of blocks that each say one byte 128 KiB times (RFC 8878 §3.1.1)."""
    block = (128 * 1024 << 3) | 0b010
    blocks = [(block | (number == 2_399)).to_bytes(3, "little") + b"\0" for number in range(2_400)]
    return b"\x28\xb5\x2f\xfd\x00\x70" + b"".join(blocks)


_BROTLI = b85decode(
    "&;S2__$L73u|OdA{-6K<|L{)$#9;w|?)^Xi|Nr5i0EojP0Nwk4{{R2OKLHSj1pvDD|NQ^|hkpVf4hsNu@BjJ#{}2BJKpYkT=-&VH|NkHU"
    "34k~(0MNbv=l}md{1X6iSOB1V|Ih#bfA}W=;;;Zf_x_*%|Nrn$0K{PdfbRW2|NsBtp8$x%0s!6nfBygf!#@EKhXnw-_y7F=|A&79APx%v"
    "bnpN9|NjsF1V9`X0O;QT^Z)-J{t19MECA5G|L6bzKl~E_aaaJLd;ib>|9|)=0OGI!K==Ni|NsB+PXNSW0f6rPfBygf;-3JB!vX-^`(F"
)
"""300 MB of zeros, as brotli folds them."""


# Answers that do not come, or do not end


async def _drip(line: Line) -> None:
    await line.answer(b"<html>", length=100_000)
    while True:
        await asyncio.sleep(0.2)
        await line.send(b".")


async def _endless_head(line: Line) -> None:
    await line.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await asyncio.sleep(0.2)
        await line.send(b"X-More: yes\r\n")


async def _endless_body(line: Line) -> None:
    await line.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html><body>")
    while True:
        await line.send(b"<p>never</p>" * 5_000)


async def _announced(line: Line) -> None:
    await line.answer(b"<html>", length=100 * _MB)
    await asyncio.Event().wait()


async def _silent(line: Line) -> None:  # noqa: ARG001 - that is the fault
    await asyncio.Event().wait()


async def _reset(line: Line) -> None:
    line.reset()


async def _reset_in_head(line: Line) -> None:
    await line.send(b"HTTP/1.1 200 OK\r\nContent-Ty")
    await asyncio.sleep(0.05)
    line.reset()


async def _close_after(line: Line) -> None:
    await line.answer(good(line))
    line.hang_up()


# Redirects


def _to(location: str, status: str = "302 Found") -> Callable[[Line], Awaitable[None]]:
    async def answer(line: Line) -> None:
        await line.answer(b"", f"Location: {location}", status=status)

    return answer


async def _to_itself(line: Line) -> None:
    await _to(line.request.path)(line)


async def _to_longer(line: Line) -> None:
    await _to(f"{line.request.path}?{line.request.query}xxxx")(line)


async def _refresh(line: Line) -> None:
    await line.answer(
        f'<html><head><meta http-equiv="refresh" content="0;url={line.request.path}"></head></html>'.encode()
    )


def to_host(host: str, path: str) -> Callable[[Line], Awaitable[None]]:
    """Redirects to a path of another host, on the port that was asked."""

    async def answer(line: Line) -> None:
        port = line.writer.get_extra_info("sockname")[1]
        await _to(f"http://{host}:{port}{path}")(line)

    return answer


# Heads and statuses


def _bytes(data: bytes) -> Callable[[Line], Awaitable[None]]:
    async def answer(line: Line) -> None:
        await line.send(data)
        line.hang_up()

    return answer


_TWO_LENGTHS = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello"


async def _long_header(line: Line) -> None:
    await line.answer(good(line), "X-Long: " + "x" * 2 * _MB)


async def _many_headers(line: Line) -> None:
    await line.answer(good(line), *(f"X-{number}: some value" for number in range(20_000)))


async def _many_cookies(line: Line) -> None:
    await line.answer(good(line), *(f"Set-Cookie: c{number}={'x' * 1_000}; Path=/" for number in range(100)))


def _status(status: str, body: bytes | None = None) -> Callable[[Line], Awaitable[None]]:
    async def answer(line: Line) -> None:
        await line.answer(good(line) if body is None else body, status=status)

    return answer


async def _older(line: Line) -> None:
    older = article("Bản cũ của quyết định").encode()
    await line.answer(older, f"Last-Modified: {_LONG_AGO}", "Age: 86400")


TRANSPORT = (
    Fault("A1", "a body shorter than its Content-Length", "TRUNCATED", _cut, asked=3),
    Fault("A2", "a body longer than its Content-Length", "TRUNCATED", _longer, asked=3),
    Fault("A3", "chunks that stop in the middle", "TRUNCATED", _cut_chunks, asked=3),
    Fault("A4", "a chunk whose size is no number", "TRUNCATED", _bad_chunk, asked=3),
    Fault("A5", "a gzip bomb, 300 MB", "TOO_BIG", _coded("gzip", lambda _: _zeros("gzip"))),
    Fault("A6", "a brotli bomb, 300 MB, though brotli was not asked for", "BROKEN", _coded("br", lambda _: _BROTLI)),
    Fault("A7-deflate", "a deflate bomb, 300 MB", "TOO_BIG", _coded("deflate", lambda _: _zeros("deflate"))),
    Fault("A7-zstd", "a zstd bomb, 300 MB, though zstd was not asked for", "BROKEN", _coded("zstd", lambda _: _zstd())),
    Fault("A7-nested", "gzip in gzip, five deep, 300 MB", "TOO_BIG",
          _coded(", ".join(["gzip"] * 5), lambda _: _zeros("gzip", 5))),
    Fault("A8", "a plain body announced as gzip", "OK", _coded("gzip", good)),
    Fault("A9", "a gzip stream without its last 30 bytes", "TRUNCATED", _cut_gzip, asked=3),
    Fault("A10", "gzip in gzip, as announced", "OK",
          _coded("gzip, gzip", lambda line: gzip.compress(gzip.compress(good(line))))),
    Fault("A11", "five bytes a second", "TIMEOUT", _drip, asked=3, once=True),
    Fault("A12", "a head that never ends, slowly", "TIMEOUT", _endless_head, asked=3, once=True),
    Fault("A13", "a body that never ends, fast", "TOO_BIG", _endless_body),
    Fault("A14", "a body of 100 MB, announced", "TOO_BIG", _announced),
    Fault("A15", "no answer", "TIMEOUT", _silent, asked=3, once=True),
    Fault("A16", "a reset instead of an answer", "NETWORK", _reset, asked=3),
    Fault("A16-head", "a reset in the middle of the head", "NETWORK", _reset_in_head, asked=3),
    Fault("A17", "a redirect to a name that does not resolve", "DNS",
          _to(f"http://{'x' * 60}.{'x' * 63}.{'x' * 63}.{'x' * 63}.invalid/")),
    Fault("A18", "a redirect to itself", "REDIRECT_LOOP", _to_itself, asked=6),
    Fault("A19", "redirects to ever longer addresses", "REDIRECT_LOOP", _to_longer, asked=6),
    Fault("A20", "a meta refresh to itself", "REDIRECT_LOOP", _refresh),
    Fault("A21-foreign", "a redirect to an article of another portal", "MOVED",
          to_host(FOREIGN_HOST, f"{FOLDER}/2026-4-5/foreign.aspx")),
    Fault("A22-file", "a redirect to file:", "BROKEN", _to("file:///etc/hostname")),
    Fault("A22-data", "a redirect to data:", "BROKEN", _to("data:text/html,<h1>x</h1>")),
    Fault("A22-ftp", "a redirect to ftp:", "BROKEN", _to("ftp://127.0.0.1/x")),
    Fault("A22-none", "a redirect without a Location", "BROKEN", _status("302 Found", b"")),
    Fault("A23", "a redirect to a private address", "REFUSED", to_host(SECRET_HOST, "/secret")),
    Fault("A25", "an answer without a status line", "BROKEN", _bytes(b"hello\r\n\r\n"), asked=3),
    Fault("A25-word", "a status that is no number", "BROKEN", _bytes(b"HTTP/1.1 fine OK\r\n\r\n"), asked=3),
    Fault("A26", "two different Content-Lengths", "BROKEN",
          _bytes(_TWO_LENGTHS), asked=3),
    Fault("A27", "a header of 2 MB", "BROKEN", _long_header, asked=3),
    Fault("A27-many", "20,000 headers", "BROKEN", _many_headers, asked=3),
    Fault("A28", "100 kB of cookies", "OK", _many_cookies),
    Fault("A29", "304 to a question without conditions", "BROKEN", _status("304 Not Modified", b""), asked=3),
    Fault("A31-204", "204 with a body", "BROKEN", _status("204 No Content")),
    Fault("A31-206", "206 though no part was asked for", "BROKEN", _status("206 Partial Content")),
    Fault("A31-999", "status 999", "BROKEN", _status("999 Odd")),
    Fault("A32", "200 and an empty body", "EMPTY", _empty, asked=3),
    Fault("A38", "a connection that ends after each answer, unannounced", "OK", _close_after),
    Fault("C26", "a copy older than the last, out of a cache", "BROKEN", _older, asked=3, once=True),
    Fault("S403", "status 403", "BLOCKED", _status("403 Forbidden", b"<html><body>no</body></html>")),
    Fault("S404", "status 404", "NOT_FOUND", _status("404 Not Found", b"<html><body>no</body></html>")),
    Fault("S410", "status 410", "GONE", _status("410 Gone", b"<html><body>no</body></html>")),
    Fault("S500", "status 500", "SERVER_ERROR", _status("500 Internal Server Error", b"oops"), asked=3),
)  # fmt: skip
