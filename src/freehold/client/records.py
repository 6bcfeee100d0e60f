"""Values that calls return: what the hub said, under Python names, with nothing thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Record:
    """A value with named fields; a field the hub did not send is None.

    Fields that this client does not know are kept as attributes under the hub's own names. Two
    records are equal when all their fields are. `record["name"]` reads a field like a mapping.
    """

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._shown().items())
        return f"{type(self).__name__}({shown})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    def __getitem__(self, name: str) -> Any:
        return self.__dict__[name]

    def __contains__(self, name: str) -> bool:
        return name in self.__dict__

    def get(self, name: str, default: Any = None) -> Any:
        """The field with that name, or the default."""
        return self.__dict__.get(name, default)

    def _shown(self) -> Mapping[str, Any]:
        """The fields that say something: all that are not None."""
        return {name: value for name, value in self.__dict__.items() if value is not None}
