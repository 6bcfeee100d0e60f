"""What the hub can do beyond the protocol: its capability document, asked for once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from freehold.client.errors import InvalidAnswerError
from freehold.errors import HfHubHTTPError, UnavailableError

if TYPE_CHECKING:
    from freehold.client.session import Session
    from freehold.wire.capabilities import Extensions


def find_extensions(session: Session) -> Extensions:
    """The extensions of the hub; none of a hub that does not say that it has such a document.

    Costs one request for each session, and none when no answer has named the document. Raises
    `HubConnectionError` and `UnavailableError` when the hub cannot be asked now.
    """
    from freehold.wire.capabilities import Capabilities, Extensions

    if session.extensions is not None:
        return session.extensions
    if session.capabilities_path is None:
        return Extensions()
    url = urljoin(session.endpoint, session.capabilities_path)
    try:
        found = session.decode(session.request("GET", url, token=False), Capabilities).extensions
    except UnavailableError:
        raise
    except (HfHubHTTPError, InvalidAnswerError):
        found = Extensions()
    session.extensions = found
    return found
