"""One's own settings: profile, password, tokens, sessions, invitations."""

from __future__ import annotations

from freehold.server.http.bind import Served

SERVED: tuple[Served, ...] = ()
