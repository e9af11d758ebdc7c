"""A server of raw bytes: whatever a handler writes is what the client gets, sound HTTP or not."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sample.messages import Answer, Request

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable

    Handler = Callable[["Line"], Awaitable[None]]

_LONGEST_HEAD = 256 * 1024  # more than any sound server takes, so that one sees what clients send
_LONGEST_BODY = 2_000_000
_PATIENCE = 120.0
_PIECE = 64 * 1024


class HungUp(Exception):
    """The connection is over: what was answered leaves nothing to be asked on it."""


@dataclass(slots=True)
class Line:
    """One request on an open connection, to be answered with any bytes at all.

    Attributes:
        request: What was asked.
        client: Who asks: address and port.
        times: How often this path has been asked for before.
    """

    request: Request
    client: tuple[str, int]
    times: int
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Puts bytes on the wire, as fast as the client takes them."""
        for start in range(0, len(data), _PIECE):
            self.writer.write(data[start : start + _PIECE])
            await self.writer.drain()
            # Under TLS a connection that is lost is told of only once the event loop has had its turn, and an answer
            # without an end would never let it have one.
            await asyncio.sleep(0)

    async def answer(self, body: bytes, *headers: str, status: str = "200 OK", length: int | None = None) -> None:
        """A sound answer, unless `length` or a header says otherwise; HTML where no header names another type."""
        lines = [f"HTTP/1.1 {status}", *headers]
        if not any(header.lower().startswith("content-type") for header in headers):
            lines.append("Content-Type: text/html; charset=utf-8")
        lines.append(f"Content-Length: {len(body) if length is None else length}")
        await self.send("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    def hang_up(self) -> None:
        """Ends the connection. Raises HungUp."""
        raise HungUp

    def reset(self) -> None:
        """Ends the connection as a host does that has crashed. Raises HungUp."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        raise HungUp


async def whole(line: Line, answer: Answer) -> None:
    """Writes a sound answer to the line."""
    head = [b"HTTP/1.1 %d -" % answer.status, *(b"%b: %b" % header for header in answer.headers), b"", b""]
    await line.send(b"\r\n".join(head) + answer.body)


@dataclass(slots=True)
class Raw:
    """Listens on sockets, and lets a handler answer each request.

    Attributes:
        asked: (time, path with its query, headers) of each request so far.
    """

    handler: Handler
    asked: list[tuple[float, str, dict[bytes, bytes]]] = field(default_factory=list)
    _servers: list[asyncio.Server] = field(default_factory=list)
    _talking: set[asyncio.Task[None]] = field(default_factory=set)

    async def listen(self, listener: socket.socket, context: ssl.SSLContext | None = None) -> None:
        """Serves a bound socket, with TLS where a context is given."""
        self._servers.append(await asyncio.start_server(self._talk, sock=listener, ssl=context, limit=_LONGEST_HEAD))

    async def listen_only_to_say(self, listener: socket.socket, said: bytes) -> None:
        """Serves a bound socket: whatever a client says, it is told these bytes, and no more."""

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                await reader.read(1)
                writer.write(said)
                await reader.read()
                writer.close()

        self._servers.append(await asyncio.start_server(talk, sock=listener))

    async def stop(self) -> None:
        """Ends everything at once, answers that would never end included."""
        for server in self._servers:
            server.close()
        for task in self._talking:
            task.cancel()
        await asyncio.gather(*self._talking, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talking.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (HungUp, OSError, TimeoutError, EOFError, asyncio.LimitOverrunError, ValueError):
            pass  # a client may hang up, or send whatever it wants
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self._talking.discard(task)
            with suppress(OSError):
                writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Reads a request and has it answered; whether another may follow."""
        async with asyncio.timeout(_PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
            first, *rest = head.split(b"\r\n")
            method, target, _ = first.decode("latin-1").split(" ")
            headers = {
                name.strip().lower(): value.strip() for name, _, value in (line.partition(b":") for line in rest)
            }
            length = int(headers.get(b"content-length", b"0"))
            body = await reader.readexactly(length) if 0 < length <= _LONGEST_BODY else b""
        path, _, query = target.partition("?")
        times = sum(1 for _, before, _ in self.asked if before.partition("?")[0] == path)
        self.asked.append((time.monotonic(), target, headers))
        request = Request(method, path, query, headers, body)
        await self.handler(Line(request, writer.get_extra_info("peername")[:2], times, writer))
        return headers.get(b"connection", b"").lower() != b"close"
