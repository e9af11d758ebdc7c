"""What a fetch came to, by status, by error and by the page's text: reliability.md A, C."""

import ssl

import pytest
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.utils._download_handlers import wrap_twisted_exceptions
from service_identity.exceptions import DNSMismatch, VerificationError
from twisted.internet import error as tx
from twisted.internet.defer import CancelledError
from twisted.internet.ssl import SSL
from twisted.python.failure import Failure
from twisted.web.client import ResponseFailed, ResponseNeverReceived
from twisted.web.error import SchemeNotSupported
from twisted.web.http import PotentialDataLoss, _DataLoss

from scraper.middlewares import RedirectLoop, RefusedAddress, RobotsDisallow
from scraper.outcomes import Outcome, of_error, of_status, of_text
from scraper.pauses import HostPaused

STATUSES = {
    200: "OK", 304: "NOT_MODIFIED", 401: "LOGIN", 403: "BLOCKED", 404: "NOT_FOUND", 408: "TIMEOUT", 410: "GONE",
    429: "RATE_LIMITED", 451: "BLOCKED", 500: "SERVER_ERROR", 502: "SERVER_ERROR", 503: "SERVER_ERROR",
    504: "SERVER_ERROR", 522: "SERVER_ERROR", 301: "MOVED", 302: "MOVED", 300: "BROKEN", 204: "BROKEN", 206: "BROKEN",
    100: "BROKEN", 400: "BROKEN", 405: "BROKEN", 418: "BROKEN", 600: "BROKEN", 999: "BROKEN",
}  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
def test_of_status(status):
    assert of_status(status) == STATUSES[status]


def test_retry_after_makes_a_limit_of_503_only():
    assert of_status(503, retry_after=True) is Outcome.RATE_LIMITED
    assert of_status(500, retry_after=True) is Outcome.SERVER_ERROR


@pytest.mark.parametrize("status", [status for status in range(100, 1000) if status not in {200, 304}])
def test_only_200_and_304_are_trusted(status):
    assert not of_status(status).trusted


def failed(*causes, kind=ResponseFailed):
    """What Twisted gives where a response came to nothing: a failure holding failures."""
    return kind([Failure(cause) for cause in causes])


def as_scrapy_gives_it(error):
    """The error after Scrapy's download handler wrapped it."""
    with pytest.raises(Exception) as raised, wrap_twisted_exceptions():  # noqa: PT011 - whatever it becomes
        raise error
    return raised.value


def chained(error, cause):
    error.__cause__ = cause
    return error


ERRORS = [
    (DownloadTimeoutError("Getting http://a/ took longer than 45 seconds."), "TIMEOUT"),
    (tx.TimeoutError(), "TIMEOUT"),
    (tx.TCPTimedOutError(), "TIMEOUT"),
    (TimeoutError(), "TIMEOUT"),
    (failed(tx.TimeoutError()), "TIMEOUT"),
    (tx.DNSLookupError(), "DNS"),
    (CannotResolveHostError("DNS lookup failed"), "DNS"),
    (DownloadCancelledError("Expected to receive 99 bytes which is larger than download max size (9)"), "TOO_BIG"),
    (ResponseDataLossError(), "TRUNCATED"),
    (failed(_DataLoss("Chunked decoder in 'BODY' state")), "TRUNCATED"),
    (PotentialDataLoss(), "TRUNCATED"),
    (failed(tx.ConnectionLost(), _DataLoss()), "TRUNCATED"),
    (tx.ConnectionRefusedError(), "NETWORK"),
    (tx.ConnectionLost(), "NETWORK"),
    (tx.ConnectionDone(), "NETWORK"),
    (tx.ConnectError(), "NETWORK"),
    (tx.NoRouteError(), "NETWORK"),
    (ConnectionResetError(), "NETWORK"),
    (OSError("no route"), "NETWORK"),
    (DownloadConnectionRefusedError(), "NETWORK"),
    (DownloadFailedError(), "NETWORK"),
    (failed(tx.ConnectionLost(), kind=ResponseNeverReceived), "NETWORK"),
    (failed(tx.ConnectionDone(), kind=ResponseNeverReceived), "NETWORK"),
    (failed(SSL.Error([("SSL routines", "", "certificate verify failed")]), kind=ResponseNeverReceived), "TLS"),
    (failed(VerificationError(errors=[DNSMismatch(mismatched_id="a")]), kind=ResponseNeverReceived), "TLS"),
    (ssl.SSLCertVerificationError(), "TLS"),
    (ssl.SSLError(), "TLS"),
    (SSL.Error(), "TLS"),
    (SchemeNotSupported(), "REFUSED"),
    (UnsupportedURLSchemeError(), "REFUSED"),
    (NotSupported(), "REFUSED"),
    (RefusedAddress("private"), "REFUSED"),
    (RobotsDisallow("forbidden"), "ROBOTS"),
    (HostPaused("later"), "RATE_LIMITED"),
    (RedirectLoop("more than 5"), "REDIRECT_LOOP"),
    (chained(RedirectLoop("more than 5"), IgnoreRequest("max redirections reached")), "REDIRECT_LOOP"),
    (failed(RefusedAddress("snv resolves to 10.0.0.1")), "REFUSED"),
    (ValueError("anything else"), "NETWORK"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "outcome"), ERRORS, ids=lambda value: type(value).__name__)
def test_of_error(error, outcome):
    assert of_error(error) == outcome


@pytest.mark.parametrize(
    ("error", "outcome"), [*ERRORS, (CancelledError(), "TOO_BIG")], ids=lambda value: type(value).__name__
)
def test_of_error_as_the_download_handler_wraps_it(error, outcome):
    assert of_error(as_scrapy_gives_it(error)) == outcome


def test_circle_of_causes_ends():
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert of_error(one) is Outcome.NETWORK


@pytest.mark.parametrize(
    ("page", "outcome"),
    [
        ("<script>document.cookie='a=b';location.reload();</script>", "CHALLENGE"),
        ("<script>document.cookie = 'a=b; path=/'; window.location.href = '/x'</script>", "CHALLENGE"),
        ("<script src='/cdn-cgi/challenge-platform/a.js'></script>", "CHALLENGE"),
        ("<div class='g-recaptcha'></div>", "CHALLENGE"),
        ("The requested URL was rejected... Request Rejected. Your support ID is: 1", "BLOCKED"),
        ("Access Denied", "BLOCKED"),
        ("Bạn đã bị chặn truy cập", "BLOCKED"),
        ("Website đang bảo trì", "MAINTENANCE"),
        ("Hệ thống đang được nâng cấp", "MAINTENANCE"),
        ("Trang tạm dừng để nâng cấp", "MAINTENANCE"),
        ("503 Service Temporarily Unavailable", "MAINTENANCE"),
        ("Đang cập nhật nội dung", None),
        ("Kế hoạch bảo trì đường bộ", None),
        ("", None),
    ],
)
def test_of_text(page, outcome):
    assert of_text(page, page) == outcome


def test_large_page_that_counts_visits_is_no_challenge():
    page = "<script>document.cookie='a=b'; function next() { location.href = '/b'; }</script>" + "<p>chữ</p>" * 4_000
    assert of_text(page, "chữ " * 4_000) is None


def test_every_outcome_belongs_where_it_belongs():
    assert {one for one in Outcome if one.trusted} == {"OK", "EMPTY_OK", "NOT_MODIFIED"}
    assert {one for one in Outcome if one.missing} == {"NOT_FOUND", "GONE", "SOFT404"}
    assert not any(one.trusted and (one.missing or one.shut_out) for one in Outcome)
    assert all(one.answered for one in Outcome if one.trusted)
    assert {one.value for one in Outcome} == {one.name for one in Outcome}
