"""Changing files in the page: uploading, writing, deleting."""

from __future__ import annotations

from freehold.server.http.bind import Served

SERVED: tuple[Served, ...] = ()
