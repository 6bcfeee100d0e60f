"""`HfApi`: every call of a hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from freehold.client.access_requests import AccessRequests
from freehold.client.clones import Clones
from freehold.client.commits import Commits
from freehold.client.discussions import Discussions
from freehold.client.downloads import Downloads
from freehold.client.likes import Likes
from freehold.client.listing import Listing
from freehold.client.search import Search
from freehold.client.webhooks import Webhooks

if TYPE_CHECKING:
    from concurrent.futures import Future

R = TypeVar("R")


class HfApi(
    Commits, Downloads, Clones, Discussions, AccessRequests, Likes, Webhooks, Listing, Search
):
    """A hub and the account that asks it.

    `endpoint` is the address of the hub, by default `HF_ENDPOINT`; `token` is used for all calls
    and not saved: a text, False for none, or None for the one that was saved for this hub by
    `login`. `library_name`, `library_version` and `user_agent` are told to the hub.

    What the arguments of all calls mean:

    - `repo_id`: `namespace/name`.
    - `repo_type`: "model" (also None), "dataset", "space" or "kernel".
    - `revision`: a branch, a tag, a commit id or `refs/pr/N`; `main` when it is None.
    - `token`: instead of that of this object, for one call.
    - `timeout`: the longest time in seconds that the hub may be silent; 30 by default, and 60
      while files are moved.
    - `on_event`: a function that is told each step of a transfer, as an `Event`; it is called by
      the threads that move the bytes, by one at a time.
    - `cancel`: a `Cancellation` that can stop the call from another thread.

    Calls raise `HfHubHTTPError` and its subclasses for what a hub answered, `HubConnectionError`
    when there is no answer, `HFValidationError` for arguments that no hub would accept; all are
    `FreeholdError`. An object may be used by several threads at once.
    """

    def run_as_future(self, fn: Callable[..., R], *args: Any, **kwargs: Any) -> Future[R]:
        """Runs the function in the background, one after the other in the order of the calls."""
        from freehold.client.futures import submit

        return submit(self, fn, *args, **kwargs)
