"""The pages of users and organisations."""

from __future__ import annotations

from freehold.server.http.bind import Served

SERVED: tuple[Served, ...] = ()
