"""Logging in and out: which tokens are saved on this machine, and which one is used."""

from __future__ import annotations

import getpass
import logging
import warnings
from contextlib import suppress
from typing import Any

from freehold.client import git_credentials
from freehold.client.addresses import check_endpoint
from freehold.client.api import HfApi
from freehold.client.errors import (
    GitCredentialError,
    HFValidationError,
    InvalidAnswerError,
    LocalTokenNotFoundError,
)
from freehold.client.names import check_token
from freehold.client.saved_tokens import SavedToken, SavedTokens, changing, hub_of
from freehold.client.settings import DEFAULT_ENDPOINT, ClientSettings
from freehold.client.tokens import environment_token, find_token

logger = logging.getLogger("freehold")


def login(
    token: str | None = None,
    add_to_git_credential: bool = False,
    *,
    endpoint: str | None = None,
    skip_if_logged_in: bool = False,
    write_permission: bool = False,
    new_session: bool = True,
    timeout: float | None = None,
) -> None:
    """Asks the hub whether the token is valid, and saves it for this hub under its name.

    Without `token`, that of the environment is checked, which is used anyway and not saved; else
    it is asked for on the terminal. `endpoint` is `HF_ENDPOINT` by default. `skip_if_logged_in`
    (before: `new_session=False`) asks for nothing when there is a token. `write_permission`
    refuses one that may only read. With `add_to_git_credential` git is told as well: its credential
    helper keeps the token, and where it has none, `freehold git-credential` becomes the one for
    this hub.

    Raises `UnauthorizedError` for a token that the hub does not know, `LocalTokenNotFoundError`
    when there is none and no terminal, `LocalFileError`; then nothing was saved.
    """
    settings = ClientSettings.load()
    hub = check_endpoint(endpoint or settings.endpoint)
    if token is None and (skip_if_logged_in or not new_session) and find_token(hub, settings):
        return
    given = environment_token(hub, settings) if token is None else None
    value = given or check_token(_ask(hub) if token is None else token)
    account = _check_account(HfApi(hub, value).whoami(timeout=timeout), write_permission)
    if given is None:
        with changing(settings) as saved:
            saved.add(value, hub, _token_name(account))
        _warn_about_environment(hub, settings, value)
    if add_to_git_credential:
        _tell_git(hub, value)
    logger.info("Logged in to %s as %s.", hub, account["name"])


hf_hub_login = login


def logout(token_name: str | None = None, endpoint: str | None = None) -> None:
    """Deletes saved tokens, also from git: the named one, those of one hub, or all of them.

    Raises `LocalTokenNotFoundError` when no token has that name.
    """
    settings = ClientSettings.load()
    hub = None if endpoint is None else hub_of(endpoint)
    with changing(settings) as saved:
        found = [token for token in saved if token_name in {None, token.name}]
        found = [token for token in found if hub in {None, token.endpoint}]
        if token_name is not None and not found:
            raise _unknown(token_name, saved)
        for token in found:
            saved.forget(token)
    for token in found:
        with suppress(GitCredentialError):
            git_credentials.erase(token.endpoint, only=token.value)
            if all(other.endpoint != token.endpoint for other in saved):
                git_credentials.drop_own_helper(token.endpoint)
    if token_name is None and hub in {None, DEFAULT_ENDPOINT}:
        # Else a very old client's token would come back.
        settings.old_token_path.unlink(missing_ok=True)
    _warn_about_environment(endpoint or settings.endpoint, settings)


def auth_switch(token_name: str, add_to_git_credential: bool = False) -> None:
    """Uses another saved token at its hub; raises `LocalTokenNotFoundError` without such a one."""
    settings = ClientSettings.load()
    with changing(settings) as saved:
        found = [token for token in saved if token.name == token_name]
        if not found:
            raise _unknown(token_name, saved)
        saved.choose(found[0])
    for token in found:
        _warn_about_environment(token.endpoint, settings, token.value)
        if add_to_git_credential:
            _tell_git(token.endpoint, token.value)


def auth_list() -> list[SavedToken]:
    """The saved tokens by name, once for each hub they belong to; printing them shows no secret."""
    return list(SavedTokens(ClientSettings.load()))


def _ask(hub: str) -> str:
    try:
        with warnings.catch_warnings():
            # Where what is typed would be seen, nothing is asked.
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(f"Token for {hub} (it is not shown): ")
    except (getpass.GetPassWarning, EOFError):
        raise LocalTokenNotFoundError(
            f"There is no token for {hub}, and no terminal to ask on: pass one, or set HF_TOKEN."
        ) from None


def _check_account(account: Any, write_permission: bool) -> dict[str, Any]:
    if not isinstance(account, dict) or not isinstance(account.get("name"), str):
        raise InvalidAnswerError("The hub does not tell whose token this is.")
    if write_permission and _access_token(account).get("role") == "read":
        raise HFValidationError("This token may only read, and one that may write is wanted.")
    return account


def _token_name(account: dict[str, Any]) -> str | None:
    name = _access_token(account).get("displayName")
    return name if isinstance(name, str) else None


def _access_token(account: dict[str, Any]) -> dict[str, Any]:
    about = account.get("auth")
    token = about.get("accessToken") if isinstance(about, dict) else None
    return token if isinstance(token, dict) else {}


def _tell_git(hub: str, value: str) -> None:
    """A login stands without git, so what fails there is only told."""
    try:
        helper = git_credentials.find_helper(hub)
        if helper is None or git_credentials.is_ours(helper):
            git_credentials.use_own_helper(hub)
        else:
            git_credentials.save(hub, value)
    except GitCredentialError as error:
        logger.warning("The token was not given to git: %s", error)


def _warn_about_environment(hub: str, settings: ClientSettings, value: str | None = None) -> None:
    if environment_token(hub, settings) not in {None, value}:
        logger.warning("The token in the environment is still used for %s: unset it.", hub)


def _unknown(name: str, saved: SavedTokens) -> LocalTokenNotFoundError:
    known = ", ".join(sorted({token.name for token in saved})) or "none"
    return LocalTokenNotFoundError(f"No saved token has the name {name!r}; there are: {known}.")
