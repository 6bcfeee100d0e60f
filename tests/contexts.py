"""Calling the core of a hub as somebody, without a request."""

from __future__ import annotations

from freehold.server.core.access import Context
from freehold.server.core.tokens import identify
from tests.live import Account, LiveHub


def context_of(hub: LiveHub, who: Account | str | None) -> Context:
    """The context of a call with the token of the account, or with that secret."""
    secret = who.token if isinstance(who, Account) else who
    with hub.inside.db.read() as tx:
        return Context(hub.inside, identify(tx, secret), hub.url)
