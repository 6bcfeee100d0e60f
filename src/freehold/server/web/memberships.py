"""New organisations, and who belongs to them."""

from __future__ import annotations

from freehold.server.http.bind import Served

SERVED: tuple[Served, ...] = ()
