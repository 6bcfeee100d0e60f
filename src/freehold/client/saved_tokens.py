"""The tokens that are saved on this machine, each bound to the hubs that it was saved for.

Three files lie beside each other below `HF_HOME`. `stored_tokens` (names and tokens) and `token`
(the one chosen last) are those of the official client, so both clients share a login. That client
keeps no hub, and some of its versions drop what they do not know, so hubs are in `token_hubs`: a
file of our own that knows tokens by their digests. A binding stays there when its token is gone:
wherever the same token turns up again, it goes to its own hub only.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from configparser import Error as IniError
from configparser import RawConfigParser
from contextlib import contextmanager
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from freehold.client.addresses import check_endpoint, origin_of
from freehold.client.errors import LocalFileError
from freehold.client.locks import FileLock, Stop
from freehold.client.settings import DEFAULT_ENDPOINT, ClientSettings

_KEY: Final = "hf_token"
_PORTS: Final = {"http": 80, "https": 443}
# The section whose keys the official client would give to all the others.
_RESERVED: Final = "DEFAULT"


class SavedToken(NamedTuple):
    """A token at one of its hubs; `active` when it is used there. `repr` hides the `value`."""

    name: str
    endpoint: str
    active: bool
    value: str

    def __repr__(self) -> str:
        return f"SavedToken(name={self.name!r}, endpoint={self.endpoint!r}, active={self.active})"


class _Hub(msgspec.Struct):
    tokens: list[str] = msgspec.field(default_factory=list)
    active: str | None = None


class SavedTokens:
    """What the files say; raises `LocalFileError` when they cannot be read or written.

    Changes are made inside `changing`. Iteration gives each token once for each of its hubs.
    """

    def __init__(self, settings: ClientSettings) -> None:
        self._names_path = settings.stored_tokens_path
        self._path = settings.token_path
        # Beside `token`: whoever copies or moves the folder takes the bindings along.
        self._hubs_path = self._path.with_name(f"{self._path.name}_hubs")
        self._names = _parse_names(self._names_path)
        self._hubs = _parse_hubs(self._hubs_path)
        self._current = read_file(self._path).strip() or None
        if self._current is not None and self._current not in self._values().values():
            self._name(self._current, self._hubs_of(self._current)[0])

    def __iter__(self) -> Iterator[SavedToken]:
        for name, value in sorted(self._values().items()):
            for hub in self._hubs_of(value):
                yield SavedToken(name, hub, self.find(hub) == value, value)

    def find(self, endpoint: str) -> str | None:
        """The token that is used at this hub: the last chosen one of those that belong to it."""
        hub = hub_of(endpoint)
        if self._current is not None and hub in self._hubs_of(self._current):
            return self._current
        wanted = self._hubs.get(hub, _Hub()).active
        return next((v for v in self._values().values() if _digest(v) == wanted), None)

    def add(self, value: str, endpoint: str, name: str | None = None) -> None:
        """Saves the token for this hub and uses it there; a token that is known keeps its hubs."""
        hub = hub_of(endpoint)
        hubs = self._hubs_of(value) if value in self._values().values() else []
        self._name(value, hub, name)
        self._activate(value, [*hubs, hub])

    def choose(self, token: SavedToken) -> None:
        """Uses the token at all its hubs, also in the official client."""
        self._activate(token.value, self._hubs_of(token.value))

    def forget(self, token: SavedToken) -> None:
        """Takes the token from this hub; it is deleted when it has no other."""
        known = self._hubs.setdefault(token.endpoint, _Hub())
        digest = _digest(token.value)
        if known.active == digest:
            known.active = None
        if self._hubs_of(token.value) == [token.endpoint]:
            self._names.remove_section(token.name)
        else:
            known.tokens.remove(digest)
        if self._current not in self._values().values():
            self._current = None
        self._write()

    def _values(self) -> dict[str, str]:
        names = self._names.sections()
        found = {name: self._names.get(name, _KEY, fallback="").strip() for name in names}
        return {name: value for name, value in found.items() if value}

    def _hubs_of(self, value: str) -> list[str]:
        """A token that another client has saved says nothing, and belongs to the public hub."""
        digest = _digest(value)
        return [hub for hub, known in self._hubs.items() if digest in known.tokens] or [
            DEFAULT_ENDPOINT
        ]

    def _name(self, value: str, hub: str, name: str | None = None) -> None:
        """Puts the token under its name, else under the one it has, else under its hub's."""
        earlier = [known for known, other in self._values().items() if other == value]
        chosen = self._free_name(name, value, hub) if name or not earlier else earlier[0]
        for known in {*earlier, chosen} & {*self._names.sections()}:
            self._names.remove_section(known)
        self._names[chosen] = {_KEY: value}

    def _free_name(self, name: str | None, value: str, hub: str) -> str:
        """The name on one line; with the hub's when a token of another hub is called the same."""
        host = urlsplit(hub).netloc
        line = " ".join("".join(c if c.isprintable() else " " for c in name or "").split()) or host
        holder = self._values().get(line, value)
        if line != _RESERVED and (holder == value or hub in self._hubs_of(holder)):
            return line
        return f"{line}@{host}"

    def _activate(self, value: str, hubs: list[str]) -> None:
        if self._current is not None:
            self._bind(self._current, self._hubs_of(self._current))
        self._bind(value, hubs)
        self._current = value
        self._write()

    def _bind(self, value: str, hubs: list[str]) -> None:
        for hub in hubs:
            known = self._hubs.setdefault(hub, _Hub())
            known.active = _digest(value)
            if known.active not in known.tokens:
                known.tokens.append(known.active)

    def _write(self) -> None:
        """The hubs first: whenever this ends, no token is in a file without its binding."""
        _replace(self._hubs_path, msgspec.json.format(msgspec.json.encode(self._hubs)).decode())
        text = StringIO()
        self._names.write(text)
        _replace(self._names_path, text.getvalue())
        _replace(self._path, self._current or "")


@contextmanager
def changing(settings: ClientSettings) -> Iterator[SavedTokens]:
    """The saved tokens, which no other process of ours changes at the same time."""
    folder = settings.token_path.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(str(folder / ".token_lock"), Stop())
        lock.acquire()
    except OSError as error:
        raise LocalFileError(f"No token can be saved in {folder}: {error}") from error
    with lock:
        yield SavedTokens(settings)


def hub_of(endpoint: str) -> str:
    """Scheme, host and port, to which a token is bound; raises `HFValidationError`."""
    scheme, host, port = origin_of(check_endpoint(endpoint))
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}" + ("" if port == _PORTS[scheme] else f":{port}")


def _digest(value: str) -> str:
    return sha256(value.encode()).hexdigest()


def _parse_names(path: Path) -> RawConfigParser:
    # No section has meaning for the others here.
    names = RawConfigParser(default_section="")
    try:
        names.read_string(read_file(path))
    except IniError:
        # What the parser says would print the lines, and so the tokens.
        raise LocalFileError(f"{path} is no list of tokens: mend or delete it.") from None
    return names


def _parse_hubs(path: Path) -> dict[str, _Hub]:
    try:
        return msgspec.json.decode(read_file(path) or "{}", type=dict[str, _Hub])
    except msgspec.DecodeError as error:
        raise LocalFileError(
            f"{path} does not say which hubs the saved tokens belong to: log out, delete it and"
            f" log in again. ({error})"
        ) from error


def read_file(path: Path) -> str:
    """The text of the file, empty when there is none; raises `LocalFileError`."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise LocalFileError(f"{path} cannot be read: {type(error).__name__}.") from error


def _replace(path: Path, text: str) -> None:
    """All of the text or the earlier file, readable by nobody else; no file without text."""
    try:
        # The file behind a link is meant, not the link.
        target = path.resolve()
        if not text.strip():
            target.unlink(missing_ok=True)
            return
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_beside(target, text)
    except OSError as error:
        raise LocalFileError(f"{path} cannot be written: {error}") from error


def _write_beside(target: Path, text: str) -> None:
    # Such a file is made with the mode 0600.
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
