"""The settings of the client: the one place in the library that reads the environment.

The names are those that the ecosystem knows, so that what is set for other tools holds here too.
They are read anew for each `HfApi`, and not when the package is imported.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

DEFAULT_ENDPOINT: Final = "https://huggingface.co"

CONNECT_SECONDS: Final = 10.0
READ_SECONDS: Final = 30.0
STALL_SECONDS: Final = 60.0
"""How long a transfer may go without a byte."""

# A timeout that is none, or for ever, would let a silent hub hold the caller.
_LONGEST_SECONDS: Final = 86400.0

_NETWORK: Final = frozenset(
    {"ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_DIR", "SSL_CERT_FILE"}
)
# By these, git would work on another repository than that of its folder.
_OF_A_REPOSITORY: Final = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)
_TRUE: Final = frozenset({"1", "on", "yes", "true"})
_FALSE: Final = frozenset({"0", "off", "no", "false"})


class ClientSettings(NamedTuple):
    """What the environment says; see `docs/guides/client.md` for each variable."""

    endpoint: str
    home: Path
    cache: Path
    token_path: Path
    stored_tokens_path: Path
    old_token_path: Path
    token: str | None
    implicit_token: bool
    offline: bool
    extensions: bool
    xet: bool
    symlinks: bool
    progress_bars: bool | None
    colours: bool
    can_move_cursor: bool
    etag_seconds: float
    read_seconds: float
    client_certificate: str | None
    client_key: str | None
    ca_file: str | None
    network: tuple[tuple[str, str], ...]
    """The variables that name proxies and certificates: other ones need other connections."""

    def __repr__(self) -> str:
        # A token and the accounts at proxies are nothing to be shown.
        return f"ClientSettings(home={str(self.home)!r})"

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> ClientSettings:
        """The settings of `environ`; a number or folder that cannot be read is ignored."""
        home = _home(environ)
        cache = environ.get("HF_HUB_CACHE") or environ.get("HUGGINGFACE_HUB_CACHE")
        return cls(
            endpoint=(environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT).rstrip("/"),
            home=home,
            cache=_path(cache) if cache else home / "hub",
            token_path=_path(environ.get("HF_TOKEN_PATH") or str(home / "token")),
            stored_tokens_path=_path(
                environ.get("HF_STORED_TOKENS_PATH") or str(home / "stored_tokens")
            ),
            old_token_path=_path("~/.huggingface/token"),
            token=_clean(environ.get("HF_TOKEN")) or _clean(environ.get("HUGGING_FACE_HUB_TOKEN")),
            implicit_token=not _switch(environ, "HF_HUB_DISABLE_IMPLICIT_TOKEN"),
            offline=_switch(environ, "HF_HUB_OFFLINE") or _switch(environ, "TRANSFORMERS_OFFLINE"),
            extensions=environ.get("FREEHOLD_EXTENSIONS", "1").strip().lower() not in _FALSE,
            xet=not _switch(environ, "HF_HUB_DISABLE_XET"),
            symlinks=not _switch(environ, "HF_HUB_DISABLE_SYMLINKS"),
            progress_bars=_no_bars(environ),
            colours=not environ.get("NO_COLOR"),
            can_move_cursor=environ.get("TERM") != "dumb",
            etag_seconds=_seconds(environ, "HF_HUB_ETAG_TIMEOUT", CONNECT_SECONDS),
            read_seconds=_seconds(environ, "HF_HUB_DOWNLOAD_TIMEOUT", READ_SECONDS),
            client_certificate=environ.get("FREEHOLD_CLIENT_CERT") or None,
            client_key=environ.get("FREEHOLD_CLIENT_KEY") or None,
            ca_file=environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE") or None,
            network=tuple(
                (name, value) for name, value in environ.items() if name.upper() in _NETWORK
            ),
        )


def git_environ(changes: Mapping[str, str | None]) -> dict[str, str]:
    """The environment of git: that of this process with the changes; None takes a variable away.

    Nothing is left in it that names a repository, as it does while git runs a hook.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _OF_A_REPOSITORY}
    return {name: value for name, value in {**kept, **changes}.items() if value is not None}


def _home(environ: Mapping[str, str]) -> Path:
    if given := environ.get("HF_HOME"):
        return _path(given)
    return _path(environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"


def _path(text: str) -> Path:
    return Path(os.path.expandvars(text)).expanduser()


def _clean(token: str | None) -> str | None:
    """The token without line ends and spaces, which copying leaves; None when nothing is left."""
    return (token or "").replace("\r", "").replace("\n", "").strip() or None


def _switch(environ: Mapping[str, str], name: str) -> bool:
    return environ.get(name, "").strip().lower() in _TRUE


def _no_bars(environ: Mapping[str, str]) -> bool | None:
    """Whether bars are shown; None when a terminal decides."""
    if "HF_HUB_DISABLE_PROGRESS_BARS" not in environ:
        return None
    return not _switch(environ, "HF_HUB_DISABLE_PROGRESS_BARS")


def _seconds(environ: Mapping[str, str], name: str, default: float) -> float:
    try:
        seconds = float(environ.get(name, ""))
    except ValueError:
        return default
    return seconds if 0 < seconds < _LONGEST_SECONDS else default
