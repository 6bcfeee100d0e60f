"""The token of a hub in git's own keeping, so that git can clone from it and push to it.

This is the only module of the library that starts programs: `git credential …`, which hands over
to the helper that the user has configured and never asks anybody anything here.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from freehold.client.errors import GitCredentialError
from freehold.client.saved_tokens import hub_of
from freehold.client.settings import program_environ

# The name that the official client gives: hubs look at the token alone.
USER: Final = "hf_user"
_SECONDS: Final = 30.0
# No prompt of git's, of an askpass program or of a credential manager.
_SILENT: Final = {"GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "", "GCM_INTERACTIVE": "never"}


def save(endpoint: str, token: str) -> None:
    """Gives the token to git's credential helper; raises `GitCredentialError` if it is not kept."""
    helper = _run("config", "--get-urlmatch", "credential.helper", hub_of(endpoint)).stdout.strip()
    if not helper:
        raise GitCredentialError(
            "git has no credential helper. Choose one, for example"
            " `git config --global credential.helper cache`, or `store` to keep tokens for good."
        )
    said = _run("credential", "approve", text=_describe(endpoint, token)).stderr.strip()
    if find(endpoint) != token:
        raise GitCredentialError(f"git's credential helper {helper!r} kept no token. {said}")


def find(endpoint: str) -> str | None:
    """The token that git has for this hub; None without any."""
    lines = _run("credential", "fill", text=_describe(endpoint)).stdout.splitlines()
    return dict(line.partition("=")[::2] for line in lines).get("password")


def erase(endpoint: str, only: str | None = None) -> None:
    """Takes the token for this hub from git; with `only`, no other than this one.

    Nothing happens when there is none. Raises `GitCredentialError` when git cannot be run.
    """
    held = find(endpoint)
    if held is not None and only in {None, held}:
        _run("credential", "reject", text=_describe(endpoint, held))


def _describe(endpoint: str, token: str | None = None) -> str:
    parts = urlsplit(hub_of(endpoint))
    fields = {"protocol": parts.scheme, "host": parts.netloc, "username": USER, "password": token}
    return "".join(f"{name}={value}\n" for name, value in fields.items() if value) + "\n"


def _run(*arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603
            ["git", *arguments],  # noqa: S607
            input=text,
            capture_output=True,
            text=True,
            env=program_environ(_SILENT),
            # A repository that happens to be here could name a helper of its own for the token.
            cwd=Path.home().anchor,
            timeout=_SECONDS,
            # Without a terminal of its own, no helper can ask on it either.
            start_new_session=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise GitCredentialError("git is not installed, so it can keep no token.") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        # The error of a timeout holds what was sent, which is the token.
        reason = "did not answer" if isinstance(error, subprocess.TimeoutExpired) else str(error)
        raise GitCredentialError(f"git could not be asked: it {reason}.") from None
