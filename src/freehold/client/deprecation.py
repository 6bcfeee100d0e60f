"""Names that are gone: they still work, and say once what to use instead."""

from __future__ import annotations

import warnings

_told: set[str] = set()


def deprecate(name: str, instead: str, *, frames: int = 1) -> None:
    """Warns once in a process that `name` is an old one.

    The warning names the line that is so many `frames` above the caller of this function.
    """
    if name not in _told:
        _told.add(name)
        text = f"{name} is deprecated: {instead}"
        warnings.warn(text, FutureWarning, stacklevel=2 + frames)


def accept_old_names(known: dict[str, str], given: dict[str, object], method: str) -> None:
    """Warns about each argument that has no effect any more; raises `TypeError` for unknown ones.

    `known` has the reason for each old name.
    """
    for name in given:
        if name not in known:
            raise TypeError(f"{method}() got an unexpected keyword argument {name!r}")
        deprecate(f"The argument {name!r} of {method}", known[name], frames=2)
