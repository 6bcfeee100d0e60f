"""The token of a hub for git: in git's own keeping, or given by a helper of ours.

git keeps tokens with the helper that the user has configured. `freehold git-credential` is a helper
that keeps nothing: it gives the token of the environment or the saved one, to its own hub only.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from freehold.client.errors import (
    GitCredentialError,
    GitError,
    GitMissingError,
    HFValidationError,
)
from freehold.client.git_program import Finished, Git, Patience
from freehold.client.saved_tokens import hub_of
from freehold.client.settings import ClientSettings
from freehold.client.tokens import find_token

if TYPE_CHECKING:
    from collections.abc import Mapping

    from freehold.client.git_program import Settings

# The name that the official client gives: hubs look at the token alone.
USER: Final = "hf_user"
_SECONDS: Final = 30.0
# What follows the Python of any installation of ours. It must not import what lies in the folder
# where git runs it, which is a repository of somebody else.
OWN_ARGUMENTS: Final = "-P -m freehold"
_OWN_ENDING: Final = f"{OWN_ARGUMENTS} git-credential"


def save(endpoint: str, token: str) -> None:
    """Gives the token to git's credential helper; raises `GitCredentialError` if it is not kept."""
    helper = find_helper(endpoint)
    if helper is None:
        raise GitCredentialError(
            "git has no credential helper. Choose one, for example"
            " `git config --global credential.helper cache`, or `store` to keep tokens for good."
        )
    said = _run("credential", "approve", text=_describe(endpoint, token)).told.strip()
    if find(endpoint) != token:
        raise GitCredentialError(f"git's credential helper {helper!r} kept no token. {said}")


def find(endpoint: str) -> str | None:
    """The token that git has for this hub; None without any."""
    lines = _run("credential", "fill", text=_describe(endpoint)).text.splitlines()
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


def _run(*arguments: str, text: str = "") -> Finished:
    # A repository that happens to be here could name a helper of its own for the token.
    git = Git(Path(Path.home().anchor), patience=Patience(seconds=_SECONDS))
    try:
        return git.try_run(*arguments, stdin=text.encode())
    except GitMissingError as error:
        raise GitCredentialError("git is not installed, so it can keep no token.") from error
    except (GitError, TimeoutError) as error:
        raise GitCredentialError(f"git could not be asked for a token: {error}") from None


# A helper of ours


def find_helper(endpoint: str) -> str | None:
    """The helper that git uses for this hub; None without any."""
    done = _run("config", "--get-urlmatch", "credential.helper", hub_of(endpoint))
    return done.text.strip() or None


def is_ours(helper: str) -> bool:
    """Whether the helper is `freehold git-credential`, of whichever installation."""
    return helper.endswith(_OWN_ENDING)


def use_own_helper(endpoint: str) -> None:
    """Names our helper in the configuration of the user, for this hub alone.

    Raises `GitCredentialError` when that cannot be done, or git gets no token by it.
    """
    key = _helper_key(endpoint)
    done = _run("config", "--global", "--replace-all", key, _own_helper(), _OWN_PATTERN)
    if done.status or find(endpoint) is None:
        said = done.told.strip() or "it has no token for this hub."
        raise GitCredentialError(f"git cannot be given the helper of Freehold: {said}")


def drop_own_helper(endpoint: str) -> None:
    """Takes our helper for this hub from the configuration of the user; leaves any other."""
    _run("config", "--global", "--unset-all", _helper_key(endpoint), _OWN_PATTERN)


def settings_of_clone(endpoint: str) -> Settings:
    """What a clone is configured with: our helper and, for this hub, no other.

    Another one would be given the token after each success, and might write it to a file.
    """
    key = _helper_key(endpoint)
    return (key, ""), (key, _own_helper())


def for_one_run(endpoint: str, token: str | None) -> tuple[Settings, Mapping[str, str | None]]:
    """Settings and environment with which git uses this token and no other, and keeps it nowhere.

    They hold for what git starts as well. Without a token it asks no helper at all.
    """
    if token is None:
        return (("credential.helper", ""), (_helper_key(endpoint), "")), {
            "HF_TOKEN": None,
            "HUGGING_FACE_HUB_TOKEN": None,
        }
    return settings_of_clone(endpoint), {"HF_TOKEN": token, "HF_ENDPOINT": endpoint}


_OWN_PATTERN: Final = f"{_OWN_ENDING}$"


def _helper_key(endpoint: str) -> str:
    return f"credential.{hub_of(endpoint)}.helper"


def _own_helper() -> str:
    return f"!{shlex.quote(sys.executable)} {_OWN_ENDING}"


def answer_git(request: str, settings: ClientSettings) -> str:
    """What our helper answers to git: the token for the hub that the request names, or nothing.

    Raises `LocalFileError` when the saved tokens cannot be read.
    """
    fields = dict(line.partition("=")[::2] for line in request.splitlines())
    try:
        token = find_token(f"{fields.get('protocol', '')}://{fields.get('host', '')}", settings)
    except HFValidationError:
        return ""
    user = fields.get("username") or USER
    return "" if token is None else f"username={user}\npassword={token}\n"
