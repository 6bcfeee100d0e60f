"""Folders and files of a repository."""

from __future__ import annotations

from freehold.server.http.bind import Served

SERVED: tuple[Served, ...] = ()
