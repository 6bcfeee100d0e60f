"""The catalogues: all tags by their type, and the metrics by which models are judged."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from freehold.wire.codec import Wire


class TagsQuery(Wire, kw_only=True):
    """Which tags are asked for: those of one type, or all."""

    type: str | None = None


class Tag(Wire, kw_only=True):
    """A tag as filters take it, and its label; `subType` is the group of a task."""

    id: str
    label: str
    type: str
    sub_type: str | UnsetType = UNSET
    clickable: bool | UnsetType = UNSET


class Metric(Wire, kw_only=True):
    """A metric and what it says; `key` is always empty, and old clients want it."""

    id: str
    description: str
    citation: str | None = None
    key: str = ""
