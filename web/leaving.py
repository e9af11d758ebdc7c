"""Where the link of a message leads by which its reader wants no more of them.

Looking at the page changes nothing: mail servers follow links to see what is behind them. Leaving is a POST, from the
page's button or from the reader's mail program (RFC 8058), and needs no login: the address is the secret.
"""

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from alerts import telling, watches
from alerts.watches import NoWatch
from web.api import Open
from web.pages import GET, page, problem

router = APIRouter(include_in_schema=False)


@router.api_route("/leave/{token}", methods=GET)
def ask(request: Request, archive: Open, token: str) -> HTMLResponse:
    """Asks whether the reader means it, or says that it was done."""
    try:
        with archive.database.reading() as session:
            watch, done = watches.left(session, token)
    except NoWatch:
        return problem(request, 404, "problem.not_found", "leaving.unknown")
    return page(request, "leaving.html", name=telling.called(watch), done=done)


@router.post("/leave/{token}")
def leave(request: Request, archive: Open, token: str) -> HTMLResponse:
    """Ends a channel of a watch; a second time says the same."""
    try:
        with archive.database.writing() as session:
            watch = watches.leave(session, token, now=datetime.now(UTC))
    except NoWatch:
        return problem(request, 404, "problem.not_found", "leaving.unknown")
    return page(request, "leaving.html", name=telling.called(watch), done=True)
