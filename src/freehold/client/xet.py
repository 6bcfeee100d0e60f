"""Xet: large files in chunks, through hf_xet, where it is installed and the hub offers it.

hf_xet has connections, threads and retries of its own. What it cannot be told is a reason not to
use it, and whatever it cannot do is done by plain requests. Only this module imports it, for the
first transfer. A session of it costs 0.2 ms and lives as long as one transfer: so each has its own
timeouts, and a forked process never meets one that another has begun.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from freehold import wire
from freehold.client.addresses import check_endpoint
from freehold.client.capabilities import find_extensions
from freehold.client.errors import HFValidationError, HubConnectionError, InvalidAnswerError
from freehold.client.settings import CONNECT_SECONDS
from freehold.errors import FreeholdError, InternalError, TooManyRequestsError, UnavailableError

if TYPE_CHECKING:
    from freehold.client.names import Token
    from freehold.client.session import Session
    from freehold.wire.route import Route

logger = logging.getLogger("freehold")

_PACKAGE: Final = "hf_xet"

# Pauses of 0.5, 1.5, 4.5 and 13.5 s at the most: as patient as plain requests are. By default it
# would go on for six minutes.
_RETRIES: Final = {"client.retry_max_attempts": 4, "client.retry_base_delay": "500ms"}

_STATUS: Final = re.compile(r"\((\d{3}) [A-Z]")
_QUERY: Final = re.compile(r"\?[^\s\"')\]]+")
_TEMPORARY: Final = frozenset({408, 429, 500, 502, 503, 504})


class XetRefusedError(FreeholdError):
    """Something about a transfer through hf_xet will not do, and other ways may."""


def is_chosen(session: Session) -> bool:
    """Whether large files of this hub go through hf_xet; asks the hub, once, if it could be so.

    Raises `HubConnectionError` and `UnavailableError` when the hub cannot be asked now.
    """
    if not session.settings.xet or find_spec(_PACKAGE) is None or not _knows_certificates(session):
        return False
    return bool(find_extensions(session).xet) and _load() is not None


def _knows_certificates(session: Session) -> bool:
    """Whether hf_xet can trust the hub and be trusted: of files, it knows SSL_CERT_FILE only."""
    settings = session.settings
    if not session.endpoint.startswith("https:"):
        return True
    theirs = {None, dict(settings.network).get("SSL_CERT_FILE")}
    return settings.client_certificate is None and settings.ca_file in theirs


def _load() -> Any:
    """The library; None when it cannot be loaded, or is older than 1.7."""
    try:
        import hf_xet
    except ImportError as error:
        logger.info("hf_xet cannot be used: %s", error)
        return None
    # Before, all threads of the program stood still while one waited for the bytes of a download.
    if hasattr(getattr(hf_xet, "XetDownloadStreamGroup", None), "abort"):
        return hf_xet
    logger.info("hf_xet is too old: 1.7 is needed.")
    return None


def library() -> Any:
    """hf_xet itself, for who has been told that it is chosen."""
    found = _load()
    assert found is not None
    return found


def open_session(stall_seconds: float, **options: Any) -> Any:
    """A session of hf_xet that reports to nobody; `options` are more of its configuration.

    `stall_seconds` is how long the hub may be silent.
    """
    hf_xet = library()
    config = hf_xet.XetConfig().with_config(
        {
            **_RETRIES,
            "telemetry.enabled": False,
            "client.connect_timeout": _milliseconds(min(CONNECT_SECONDS, stall_seconds)),
            "client.read_timeout": _milliseconds(stall_seconds),
            **options,
        }
    )
    return hf_xet.XetSession(config)


def _milliseconds(seconds: float) -> str:
    return f"{max(1, round(seconds * 1000))}ms"


def ask_access(
    session: Session,
    route: Route,
    *,
    repo_id: str,
    repo_type: str | None,
    revision: str,
    token: Token,
    timeout: float | None,
    query: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What hf_xet is told of the store: its address, a token, and where to get the next one.

    Costs one request; raises what the hub answers, such as `RepositoryNotFoundError`.
    """
    place: dict[str, Any] = {
        "repo_id": repo_id,
        "repo_type": repo_type,
        "query": query,
        "revision": revision,
    }
    answer = session.call(route, token=token, timeout=timeout, **place)
    given = session.decode(answer, wire.xet.XetToken)
    known = {"user-agent": session.user_agent}
    found = session.find_token(token)
    return {
        "endpoint": _check_store(given.cas_url),
        "token": given.access_token,
        "token_expiry_unix_secs": given.exp,
        "token_refresh_url": session.url(route, **place),
        "token_refresh_headers": {
            **known,
            **({"authorization": f"Bearer {found}"} if found else {}),
        },
        "custom_headers": known,
    }


def _check_store(url: str) -> str:
    """The address; hf_xet would take `local://` for a folder of this machine."""
    try:
        return check_endpoint(url)
    except HFValidationError as error:
        raise InvalidAnswerError(f"The hub names no store for Xet: {error}") from error


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Errors of hf_xet as our own; `doing` says what could not be done, and to which file.

    Raises `HubConnectionError`, `UnavailableError` and their like for what may pass, and
    `XetRefusedError` for all else.
    """
    try:
        yield
    except FreeholdError:
        raise
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        raise _to_error(doing, error) from error


def _to_error(doing: str, error: Exception) -> FreeholdError:
    reason = _QUERY.sub("?…", str(error))
    found = _STATUS.search(reason)
    status = int(found[1]) if found else 503
    text = f"{doing} through hf_xet: {reason}. With HF_HUB_DISABLE_XET=1 it is not used."
    if not isinstance(error, ConnectionError | TimeoutError) or status not in _TEMPORARY:
        return XetRefusedError(text)
    text += " What has arrived is kept: call again."
    return HubConnectionError(text) if found is None else _to_status_error(status, text)


def _to_status_error(status: int, text: str) -> FreeholdError:
    if status == 429:
        return TooManyRequestsError(text)
    return InternalError(text) if status == 500 else UnavailableError(text, status=status)
