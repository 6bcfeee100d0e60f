"""From an error to its answer: status, `X-Error-Code`, `X-Error-Message` and body."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from freehold.errors import HfHubHTTPError
from freehold.wire.codec import encode_json
from freehold.wire.route import Route
from freehold.wire.routes import ADVERTISE_REFS, RAW, RECEIVE_PACK, RESOLVE, UPLOAD_PACK

API_CHALLENGE = 'Bearer realm="Authentication required", charset="UTF-8"'
_GIT_WORDS = (".git/info/lfs", "/info/refs", "/git-")
_PLAIN = (RESOLVE, RAW, ADVERTISE_REFS, UPLOAD_PACK, RECEIVE_PACK)
# git sends the credentials that it has only after a Basic challenge.
GIT_CHALLENGE = 'Basic realm="Authentication required", charset="UTF-8"'


def make_error_response(route: Route | None, error: HfHubHTTPError) -> Response:
    """The answer that tells every client what went wrong.

    Python clients read the headers and `error`, git-lfs reads `message`; browsers expect plain text
    in place of a file, and git shows its user nothing else.
    """
    headers = {"X-Error-Message": _header_text(error.message), **error.headers}
    if error.code is not None:
        headers["X-Error-Code"] = error.code
    if error.status == 401:
        headers["WWW-Authenticate"] = GIT_CHALLENGE if _is_git(route) else API_CHALLENGE
    if route in _PLAIN:
        return Response(error.message, error.status, headers, "text/plain; charset=utf-8")
    body = {"error": error.message, "message": error.message, **error.body}
    return Response(encode_json(body), error.status, headers, "application/json; charset=utf-8")


def make_moved_response(request: Request, span: tuple[int, int], full_name: str) -> Response:
    """A redirect to the same route of the repository under its name of today.

    `span` is where the raw path has the name of before.
    """
    raw_path = request.scope["raw_path"].decode("latin-1")
    path = raw_path[: span[0]] + quote(full_name) + raw_path[span[1] :]
    query = request.scope["query_string"].decode("latin-1")
    # 307 keeps the method and the body; relative, because clients follow that by hand on HEAD.
    location = f"{path}?{query}" if query else path
    return Response(status_code=307, headers={"Location": location})


def _header_text(message: str) -> str:
    """A header holds one line of Latin-1; anything else is replaced."""
    line = "".join(c if c.isprintable() else "?" for c in " ".join(message.split()))
    return line.encode("latin-1", "replace").decode("latin-1")[:2000]


def _is_git(route: Route | None) -> bool:
    """Whether git or git-lfs calls the route."""
    return route is not None and any(word in route.path for word in _GIT_WORDS)
