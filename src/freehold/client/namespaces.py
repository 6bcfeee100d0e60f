"""Values under names that can be completed with the tab key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from keyword import iskeyword
from typing import Any

# So many names are shown; there may be a million.
SHOWN = 100


def to_name(text: str) -> str:
    """The text as the name of an attribute: without spaces, and `_` for `-` and `.`."""
    return text.replace(" ", "").replace("-", "_").replace(".", "_")


def is_attribute(name: str) -> bool:
    """Whether `namespace.name` can be written, and means an entry."""
    usable = name.isidentifier() and not iskeyword(name) and not name.startswith("_")
    return usable and not hasattr(Mapping, name)


class Namespace(Mapping[str, Any]):
    """Values by name, to be read as attributes or as items: `tags.PyTorch`, `tags["PyTorch"]`.

    In names there are no spaces, and `-` and `.` are `_`; an item is also found by the original
    text. What cannot be written as an attribute (`3d`, `or`, `keys`) is an item only. What comes
    from a long list is read as far as it is needed: to find one name, up to it; to complete,
    count or go through them, to the end.
    """

    def __init__(self, title: str, more: Callable[[], bool] = lambda: False) -> None:
        """`more` brings further entries, with `put`, and says whether there were any."""
        self._title = title
        self._more = more
        self._values: dict[str, Any] = {}
        self._others: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if not isinstance(name, str):
            raise KeyError(name)
        while True:
            for known in (self._values, self._others):
                if name in known:
                    return known[name]
            if not self._more():
                raise KeyError(name)

    def __getattr__(self, name: str) -> Any:
        # Python and notebooks look for many names of their own, which are not worth a request.
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"There is no {name!r} in {self._title}.") from None

    def __iter__(self) -> Iterator[str]:
        self._read_all()
        return iter(list(self._values))

    def __len__(self) -> int:
        self._read_all()
        return len(self._values)

    def __dir__(self) -> list[str]:
        self._read_all()
        return sorted({*super().__dir__(), *filter(is_attribute, self._values)})

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def __repr__(self) -> str:
        while len(self._values) <= SHOWN and self._more():
            pass
        names = list(islice(self._values, SHOWN))
        lines = [name if is_attribute(name) else f"[{name!r}]" for name in names]
        more = ["…"] if len(self._values) > SHOWN else []
        return "\n  ".join([f"{self._title}:", *lines, *more])

    def _read_all(self) -> None:
        while self._more():
            pass


def put(namespace: Namespace, value: Any, *texts: str) -> None:
    """Puts a value under the first text, and lets it be found by the others as well.

    It is no method, because every name without `_` before it may be that of an entry.
    """
    for name in (to_name(texts[0]), texts[0], str(value)):
        # Where another value has the name, this one is to be found all the same.
        if namespace._values.setdefault(name, value) == value:
            break
    for name in (name for text in texts for name in (to_name(text), text)):
        if name not in namespace._values:
            namespace._others.setdefault(name, value)
