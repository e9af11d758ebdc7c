"""HTTP as Scrapy speaks it, with the bounds and the suspicion that Twisted's client lacks.

Scrapy hands over a body that is longer than its Content-Length as if it were whole, takes any number of header lines,
and gives a broken head of an answer no name of its own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from OpenSSL import SSL
from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
    _ScrapyAgent,
)
from scrapy.utils._download_handlers import wrap_twisted_exceptions
from scrapy.utils.defer import maybe_deferred_to_future
from twisted.internet._sslverify import ClientTLSOptions, _verifyCB
from twisted.python.failure import Failure
from twisted.web._newclient import ParseError
from twisted.web.client import URI, _HTTP11ClientFactory, _StandardEndpointFactory

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Headers, Response
    from twisted.internet.defer import Deferred
    from twisted.protocols.tls import TLSMemoryBIOProtocol
    from twisted.web.client import Agent

LONGEST_HEAD = 128 * 1024
"""Bytes of header names and values that an answer may have; IIS and nginx send a hundredth of it."""
MOST_ENDPOINTS = 64
SURPLUS = "surplus"
"""The flag of a response whose connection brought more than its Content-Length said."""


class Parser(_LenientHTTPClientParser):
    """Refuses heads that do not end."""

    head = 0

    def headerReceived(self, name: bytes, value: bytes) -> None:  # noqa: N802 - Twisted's name
        """Counts what the header takes. Raises ParseError."""
        self.head += len(name) + len(value)
        if self.head > LONGEST_HEAD:
            raise ParseError(f"more than {LONGEST_HEAD:,} bytes of headers", name[:40])  # type: ignore[no-untyped-call]
        super().headerReceived(name, value)  # type: ignore[no-untyped-call]

    def lineLengthExceeded(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        """A header line longer than Twisted's 16 kB. Raises ParseError."""
        raise ParseError("a header line without an end", line[:40])  # type: ignore[no-untyped-call]


class Protocol(_LenientHTTP11ClientProtocol):
    """One connection."""

    def request(self, request: Any) -> Deferred[Any]:
        """Asks, and reads the answer with our parser."""
        asked = super().request(request)
        assert self._parser is not None
        self._parser.__class__ = Parser  # as Scrapy's own does it, and for the same reason
        return asked

    def _finishResponse(self, rest: bytes) -> None:  # noqa: N802 - Twisted's name
        if rest and self._parser is not None and self._currentRequest is not None:
            self._parser.response.surplus = True
            # What else is coming belongs to no answer: it must not be taken for the next one.
            self._currentRequest.persistent = False
        super()._finishResponse(rest)

    def _giveUp(self, reason: Failure) -> None:  # noqa: N802 - Twisted's name
        if isinstance(reason.value, ValueError | KeyError):  # two lengths, or a transfer coding of their own invention
            reason = Failure(ParseError(f"{reason.value}", b""))  # type: ignore[no-untyped-call]
        super()._giveUp(reason)  # type: ignore[no-untyped-call]


class _Factory(_HTTP11ClientFactory):
    noisy = False

    def buildProtocol(self, addr: Any) -> Protocol:  # noqa: ARG002, N802 - Twisted's signature
        return Protocol(self._quiescentCallback)  # type: ignore[no-untyped-call]


class CertificateRefused(Exception):
    """Why a certificate does not hold. OpenSSL's own error only says that it does not."""


# The numbers are OpenSSL's (X509_V_ERR_…, x509_vfy.h).
_WRONG = {
    9: "it is not valid yet",
    10: "it has expired",
    18: "it is signed by itself",
    19: "it is signed by an authority of its own",
    20: "nobody knows who signed it, or the server does not send that certificate along",
    21: "nobody knows who signed it, or the server does not send that certificate along",
    23: "it was revoked",
}


class _TellingOptions(ClientTLSOptions):
    """Twisted's verification, whose failure says what is wrong."""

    def clientConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:  # noqa: N802 - Twisted's name
        """A connection that verifies, as Twisted's does."""
        connection = super().clientConnectionForTLS(protocol)
        usual = _verifyCB(protocol, self._hostnameIsDnsName, self._hostnameASCII)

        def verify(connection: SSL.Connection, certificate: Any, number: int, depth: int, ok: int) -> bool:
            holds = usual(connection, certificate, number, depth, bool(ok))
            if not ok:
                why = _WRONG.get(number, f"OpenSSL's error {number}")
                refused = Failure(CertificateRefused(f"its certificate does not hold: {why}"))  # type: ignore[no-untyped-call]
                protocol.failVerification(refused)  # type: ignore[no-untyped-call]
            return holds

        connection.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, verify)
        return connection


class _TellingPolicy:
    """Scrapy's policy for certificates, which says what is wrong with one."""

    def __init__(self, usual: Any) -> None:
        self._usual = usual

    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:  # noqa: N802 - Twisted's name
        """What makes the connections to a host."""
        creator = self._usual.creatorForNetloc(hostname, port)
        if type(creator) is ClientTLSOptions:  # not one that takes whatever comes
            creator.__class__ = _TellingOptions
        return creator


class _Endpoints(_StandardEndpointFactory):
    """The ways to hosts, each made once: it costs an IDNA encoding, and Twisted makes one for every request."""

    def __init__(self, usual: _StandardEndpointFactory) -> None:
        self.__dict__.update(usual.__dict__)
        self._policyForHTTPS = _TellingPolicy(self._policyForHTTPS)
        self._made = lru_cache(maxsize=MOST_ENDPOINTS)(self._to)

    def endpointForURI(self, uri: URI) -> Any:  # noqa: N802 - Twisted's name
        return self._made(uri.scheme, uri.netloc, uri.host, uri.port)

    def _to(self, scheme: bytes, netloc: bytes, host: bytes, port: int) -> Any:
        return super().endpointForURI(URI(scheme, netloc, host, port, b"", b"", b"", b""))  # type: ignore[no-untyped-call]


class _Agent(_ScrapyAgent):
    def __init__(self, *, agents: dict[float, Agent], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._agents = agents

    def _get_agent(self, request: Request, timeout: float) -> Agent:
        """Twisted's agent, the same for all requests: none of ours has a proxy or an address to bind to."""
        if timeout not in self._agents:
            agent = self._agents[timeout] = super()._get_agent(request, timeout)
            usual = agent._endpointFactory  # noqa: SLF001 - Twisted has no other way in
            agent._endpointFactory = _Endpoints(usual)  # noqa: SLF001 - likewise
        return self._agents[timeout]

    @staticmethod
    def _headers_from_twisted_response(response: Any) -> Headers:
        """The headers of an answer, made once: Scrapy asks for them when they are there, and when the body is."""
        made: Headers | None = getattr(response, "made_headers", None)
        if made is None:
            usual = _ScrapyAgent._headers_from_twisted_response  # noqa: SLF001 - the method that this one stands for
            made = response.made_headers = usual(response)
        return made

    def _cb_bodydone(self, result: Any, url: str) -> Response:
        response = super()._cb_bodydone(result, url)
        if getattr(result["txresponse"], SURPLUS, False):
            response.flags.append(SURPLUS)
        return response


class Handler(HTTP11DownloadHandler):
    """Scrapy's handler of http and https, whose responses are flagged `surplus` where bytes came after their end."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool._factory = _Factory  # noqa: SLF001 - as Scrapy itself does it
        self._agents: dict[float, Agent] = {}
        self._timeout = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")

    async def download_request(self, request: Request) -> Response:
        """The answer. Raises what Scrapy's own handler raises."""
        agent = _Agent(
            agents=self._agents,
            contextFactory=self._contextFactory,
            connectTimeout=self._timeout,
            bindAddress=self._bind_address,
            pool=self._pool,
            maxsize=self._default_maxsize,
            warnsize=self._default_warnsize,
            fail_on_dataloss=self._fail_on_dataloss,
            crawler=self._crawler,
            tls_verbose_logging=self._tls_verbose_logging,
        )
        with wrap_twisted_exceptions():
            return await maybe_deferred_to_future(agent.download_request(request))
