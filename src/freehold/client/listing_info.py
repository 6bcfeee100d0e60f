"""What a hub tells about the metrics that models are measured with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from freehold.client.records import Record


class MetricInfo(Record):
    """A metric: `id`, `description` and `citation`; the last two are None where a hub has none."""

    id: str
    description: str | None
    citation: str | None

    def __init__(
        self,
        *,
        id: str,
        description: str | None = None,
        citation: str | None = None,
        **fields: Any,
    ) -> None:
        """From the fields of the protocol; what else a hub tells is kept, except `key`."""
        fields.pop("key", None)
        super().__init__(id=id, description=description, citation=citation, **fields)

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> MetricInfo:
        """From an object of the protocol; raises `TypeError` without an id."""
        return cls(**data)
