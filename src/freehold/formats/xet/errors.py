"""What the readers of Xet's formats raise: a `ValueError` that says what is wrong, and where."""

from __future__ import annotations


class XetFormatError(ValueError):
    """Bytes or a text are not what Xet's formats allow."""


class XorbError(XetFormatError):
    """The bytes are not a xorb, not all of it, or not the one that was announced."""


class ShardError(XetFormatError):
    """The bytes are not a shard, not all of it, or say something that cannot be true."""
