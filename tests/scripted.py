"""A portal whose every answer can be scripted: served on loopback, and as badly as a test wants it."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

TLS_HANDSHAKE = b"\x16"  # the first byte of what a client says (RFC 8446 §5.1)
LISTING = """<html><body><div class="TD-main-left"><form id="aspnetForm">
{rows}</form></div></body></html>"""
ROW = '<p class="channel-news-title"><a href="{path}">Tin số {number}</a> <span>(18/07/2023 4:24 CH)</span></p>'
ARTICLE = """<html><body><p class="tandan-p-article-news-title">Tin số {number}</p>
<span class="tandan-span-date-publish">Đăng ngày 18 - 07 - 2023</span>
<div class="ms-rtestate-field"><p>Nội dung của tin số {number}, đủ dài để là một bài./.</p></div></body></html>"""


class Site:
    """A portal of three articles whose every answer can be replaced, by (status, headers, body) or by a function."""

    def __init__(self) -> None:
        self.asked: list[tuple[float, str, dict[str, str]]] = []
        self.paths = [f"/portal/Pages/2023-7-18/Tin-{number}abc.aspx" for number in range(3)]
        rows = "\n".join(ROW.format(path=path, number=number) for number, path in enumerate(self.paths))
        self.answers: dict[str, Any] = {
            "/robots.txt": (404, {}, b""),
            "/portal/Pages/Tin-tuc.aspx": (200, {}, LISTING.format(rows=rows).encode()),
        }
        for number, path in enumerate(self.paths):
            self.answers[path] = (200, {}, ARTICLE.format(number=number).encode())
        self.url = ""

    def times(self, path: str) -> list[float]:
        return [at for at, asked, _ in self.asked if asked == path]


class Server(ThreadingHTTPServer):
    """Speaks TLS, where it has a context, on the same port: with clients that begin so."""

    daemon_threads = True
    context: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.context and request.recv(1, socket.MSG_PEEK) == TLS_HANDSHAKE:
            with self.context.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
        else:
            super().finish_request(request, client_address)


@contextmanager
def serving(context: ssl.SSLContext | None = None, *, host: str = "127.0.0.1") -> Iterator[Site]:
    site = Site()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            site.asked.append((time.monotonic(), self.path, dict(self.headers)))
            answer = site.answers.get(self.path, (404, {}, b"<html><body>none</body></html>"))
            if callable(answer):
                answer = answer(self)
                if answer is None:
                    return
            status, headers, body = answer
            self.send_response(status)
            if not {name.lower() for name in headers} & {"content-length"}:
                self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "text/html; charset=utf-8")
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = Server((host, 0), Handler)
    server.context = context
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    site.url = f"http://{host}:{server.server_address[1]}/"
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
