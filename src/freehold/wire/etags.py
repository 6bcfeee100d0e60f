"""Entity tags: what a client sends back to say which bytes it has."""

from __future__ import annotations


def strip_etag(etag: str) -> str:
    """The tag without quotes, white space and the mark of a weak one."""
    return etag.strip().removeprefix("W/").strip('"')
