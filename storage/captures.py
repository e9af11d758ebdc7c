"""WARC records (WARC 1.1, one gzip member each): written before anything reads them, mended after a crash, read back.

Each process writes a file of its own, holds an exclusive flock(2) on it, and keeps a marker `NAME.open` beside it until
it is closed. A marker whose file nobody has locked belongs to a dead process: the torn record at its end, if there is
one, is cut off. warcio makes the records; isal compresses them: warcio's own fixed level costs as much as the crawl.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
import socket
import threading
import zlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any

from isal import igzip
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from scraper.items import Validators

LARGEST_FILE = 1 << 30
_LEVEL = 2
"""isal's, of three: the third takes twice the time and saves one byte in forty."""
_NOT_MODIFIED = "http://netpreserve.org/warc/1.1/revisit/server-not-modified"
_IDENTICAL = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"
_STEP = 1 << 16  # of compressed bytes: a page of nothing but spaces grows a thousandfold
_HTTP = frozenset({"response", "request", "revisit"})
_BREAKS = str.maketrans("\r\n\0", "   ")


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """One request and its response, or (with `error` and no status) that there was none. Times are aware."""

    url: str
    at: datetime
    method: str = "GET"
    request_headers: Sequence[tuple[str, str]] = ()
    request_body: bytes = b""
    status: int | None = None
    reason: str = ""
    protocol: str = "HTTP/1.1"
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    address: str | None = None
    truncated: bool = False
    error: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Captured:
    """Where a record lies. `digest` is the payload's, `sha256:` and hex; `at` is its WARC-Date, to the second."""

    url: str
    at: datetime
    record_type: str
    status: int | None
    warc: str
    offset: int
    length: int
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A record read back: its WARC headers, the HTTP headers (as latin-1), the payload as it came over the wire."""

    record_type: str
    url: str
    date: str
    headers: tuple[tuple[str, str], ...]
    payload: bytes


class Unreadable(RuntimeError):
    """The archive does not hold what was asked for: the file is missing, cut, or not a WARC at that place."""


class Archive:
    """The WARC files of one data folder, and the one file that this process writes.

    One thread at a time may write; another may call `sync` meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: IO[bytes] | None = None
        self._name = ""
        self._unsynced = False
        self._closing = threading.Lock()

    def write(self, exchange: Exchange, had: Validators | None = None) -> Captured:
        """Archives one exchange; what `had` says was held before becomes a revisit record.

        Raises OSError where the disk is full; the file is then as it was before.
        """
        file = self._open()
        at = exchange.at.astimezone(UTC).replace(microsecond=0)
        digest = _digest(exchange.body)
        record_type, records = _records(exchange, at, digest, had)
        if record_type == "revisit" and had and had.digest:
            digest = had.digest
        parts = [igzip.compress(record, _LEVEL) for record in records]
        offset = file.tell()
        _append(file, b"".join(parts))
        self._unsynced = True
        return Captured(
            url=exchange.url,
            at=at,
            record_type=record_type,
            status=exchange.status,
            warc=self._name,
            offset=offset,
            length=len(parts[0]),
            digest=digest,
        )

    def sync(self) -> None:
        """Brings what was written to the disk; called before the database is told of it."""
        with self._closing:
            if self._unsynced and self._file:
                self._unsynced = False
                os.fdatasync(self._file.fileno())

    def close(self) -> None:
        """Closes this process's file and takes its marker away."""
        if self._file is None:
            return
        self.sync()
        with self._closing:
            self._file.close()
            self._file = None
        _marker(self.folder / self._name).unlink(missing_ok=True)

    def read(self, warc: str, offset: int) -> Record:
        """The record at a place. Raises Unreadable."""
        path = self.folder / warc
        try:
            with path.open("rb") as file:
                file.seek(offset)
                record = next(ArchiveIterator(file, no_record_parse=True))
                said = record.rec_headers
                block = record.raw_stream.read()
                whole = len(block) == int(said.get_header("Content-Length") or -1)
                headers, payload = _parted(block) if record.rec_type in _HTTP else ((), block)
                found = Record(
                    record_type=record.rec_type,
                    url=said.get_header("WARC-Target-URI") or "",
                    date=said.get_header("WARC-Date") or "",
                    headers=headers,
                    payload=payload,
                )
        except (OSError, EOFError, StopIteration, ValueError, zlib.error) as error:
            raise Unreadable(f"no record at byte {offset} of {path}: {error or 'end of file'}") from None
        except Exception as error:
            if type(error).__module__.startswith("warcio"):
                raise Unreadable(f"no record at byte {offset} of {path}: {error}") from None
            raise
        if not whole:
            raise Unreadable(f"the record at byte {offset} of {path} is cut off after {len(block):,} bytes")
        return found

    def _open(self) -> IO[bytes]:
        if self._file and self._file.tell() >= LARGEST_FILE:
            self.close()
        if self._file is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            now = datetime.now(UTC)
            self._name = f"congtin-{now:%Y%m%dT%H%M%S}-{os.getpid()}-{secrets.token_hex(4)}.warc.gz"
            path = self.folder / self._name
            file = path.open("xb", buffering=0)  # nothing may wait in a buffer of ours when the disk is full
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                _marker(path).touch()
                _append(file, igzip.compress(_about(self._name, now), _LEVEL))
                _sync_folder(self.folder)
            except OSError:
                file.close()
                path.unlink()
                _marker(path).unlink(missing_ok=True)
                raise
            self._file = file
        return self._file


def _append(file: IO[bytes], data: bytes) -> None:
    """Writes all of it at the file's end, or, raising OSError, nothing."""
    start = file.tell()
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[file.write(rest) :]  # a raw file may take less than all
    except OSError:
        with suppress(OSError):
            file.truncate(start)
        file.seek(start)
        raise


def _sync_folder(folder: Path) -> None:
    """A new file's name, too, survives a power cut."""
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def _parted(block: bytes) -> tuple[tuple[tuple[str, str], ...], bytes]:
    """The headers and the payload of an HTTP message; warcio guesses at the headers' encoding."""
    head, _, payload = block.partition(b"\r\n\r\n")
    lines = (line.partition(": ") for line in head.decode("latin-1").split("\r\n")[1:])
    return tuple((name, value) for name, _, value in lines), payload


def mend(folder: Path) -> list[str]:
    """Cuts the torn record off each file that a dead process left open; a sentence for each file that had one."""
    told = []
    for marker in sorted(folder.glob("*.open")):
        path = marker.with_suffix("")
        try:
            with path.open("r+b") as file:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue  # its writer lives
                size = file.seek(0, os.SEEK_END)
                whole = _whole(file)
                if whole < size:
                    file.truncate(whole)
                    os.fsync(file.fileno())
                    told.append(f"{path.name}: cut {size - whole:,} bytes of a record that a crash left torn")
                if whole == 0:
                    path.unlink()
        except FileNotFoundError:
            pass
        marker.unlink(missing_ok=True)
    return told


def _whole(file: IO[bytes]) -> int:
    """How many bytes of a file are whole gzip members, each of them one whole record."""
    file.seek(0)
    end = read = 0
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    rest = b""
    while True:
        block = rest or file.read(_STEP)
        if not block:
            return end
        read += 0 if rest else len(block)
        try:
            stream.decompress(block)
        except zlib.error:
            return end
        rest = b""
        if stream.eof:
            rest = stream.unused_data
            end = read - len(rest)
            stream = zlib.decompressobj(zlib.MAX_WBITS | 16)


def _marker(path: Path) -> Path:
    return path.with_name(path.name + ".open")


def _software() -> str:
    try:
        return f"congtin/{version('congtin')}"
    except PackageNotFoundError:
        return "congtin"


def _about(name: str, now: datetime) -> bytes:
    out = BytesIO()
    writer = WARCWriter(out, gzip=False, warc_version="1.1")
    info = {
        "software": _software(),
        "hostname": socket.gethostname(),
        "format": "WARC File Format 1.1",
        "description": "HTTP headers are those that the HTTP client handed over: their order and case may differ from "
        "the wire, and Transfer-Encoding is undone. Payloads keep their Content-Encoding.",
    }
    record = writer.create_warcinfo_record(name, info)
    record.rec_headers.replace_header("WARC-Date", _date(now))
    writer.write_record(record)
    return out.getvalue()


def _date(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _records(exchange: Exchange, at: datetime, digest: str, had: Validators | None) -> tuple[str, list[bytes]]:
    """The records of one exchange: what came back first, then what was asked."""
    common = {"WARC-Date": _date(at)}
    if exchange.address:
        common["WARC-IP-Address"] = exchange.address
    if exchange.truncated:
        common["WARC-Truncated"] = "disconnect"
    refers = {}
    if had and had.captured_at:
        refers = {"WARC-Refers-To-Target-URI": exchange.url, "WARC-Refers-To-Date": _date(had.captured_at)}
    writer = WARCWriter(BytesIO(), gzip=False, warc_version="1.1")
    if exchange.status is None:
        error = exchange.error.translate(_BREAKS)
        lines = f"error: {error}\r\nmethod: {exchange.method}\r\n".encode("utf-8", "replace")
        record = writer.create_warc_record(
            exchange.url, "metadata", payload=BytesIO(lines), length=len(lines),
            warc_content_type="application/warc-fields", warc_headers_dict=common,
        )  # fmt: skip
        return "metadata", [_bytes(writer, record)]
    status = _AsTheyCame(f"{exchange.status} {exchange.reason}".strip(), _lines(exchange.headers), exchange.protocol)
    record_type = "response"
    if exchange.status == 304 and refers:
        record_type = "revisit"
        common |= {"WARC-Profile": _NOT_MODIFIED, **refers}
        if had and had.digest:
            common["WARC-Payload-Digest"] = had.digest
    elif refers and had and had.digest == digest and exchange.body:
        record_type = "revisit"
        common |= {"WARC-Profile": _IDENTICAL, "WARC-Payload-Digest": digest, **refers}
    else:
        common["WARC-Payload-Digest"] = digest
    body = exchange.body if record_type == "response" else b""
    common["WARC-Block-Digest"] = _digest(status.headers_buff, body)
    response = writer.create_warc_record(
        exchange.url, record_type, payload=BytesIO(body), length=len(body), http_headers=status,
        warc_headers_dict=common,
    )  # fmt: skip
    asked = _AsTheyCame(
        f"{exchange.method} {_target(exchange.url)} HTTP/1.1", _lines(exchange.request_headers), is_http_request=True
    )
    sent = exchange.request_body
    request = writer.create_warc_record(
        exchange.url, "request", payload=BytesIO(sent), length=len(sent), http_headers=asked,
        warc_headers_dict={
            "WARC-Date": common["WARC-Date"],
            "WARC-Payload-Digest": _digest(sent),
            "WARC-Block-Digest": _digest(asked.headers_buff, sent),
            "WARC-Concurrent-To": response.rec_headers.get_header("WARC-Record-ID"),
        },
    )  # fmt: skip
    return record_type, [_bytes(writer, response), _bytes(writer, request)]


def _target(url: str) -> str:
    """The request target: path and query (RFC 9112 §3.2.1)."""
    path = re.sub(r"\A[^/?#]*//[^/?#]*", "", url).partition("#")[0]
    return path if path.startswith("/") else f"/{path}"


class _AsTheyCame(StatusAndHeaders):  # type: ignore[misc] # warcio has no types
    """HTTP headers written byte for byte: warcio would percent-encode those that are not ASCII."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.headers_buff = f"{self.to_str()}\r\n".encode("latin-1", "replace")

    def compute_headers_buffer(self, header_filter: object = None) -> None:
        """They are there: in Latin-1, as the HTTP client handed them over."""


def _lines(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Headers of which each is one line."""
    return [(name.translate(_BREAKS), value.translate(_BREAKS)) for name, value in headers]


def _digest(*parts: bytes) -> str:
    """A digest as WARC writes it. Over all at once: warcio would hash a body in many small steps."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return f"sha256:{digest.hexdigest()}"


def _bytes(writer: WARCWriter, record: object) -> bytes:
    writer.out = BytesIO()
    writer.write_record(record)
    return bytes(writer.out.getvalue())


def files(folder: Path) -> Iterable[Path]:
    """Every WARC file of an archive, oldest first."""
    return sorted(folder.glob("*.warc.gz"))
