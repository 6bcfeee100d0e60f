"""The token of a hub: from the environment, or saved by `login` of this or the official client."""

from __future__ import annotations

from freehold.client.names import check_token
from freehold.client.saved_tokens import SavedTokens, changing, hub_of, read_file
from freehold.client.settings import DEFAULT_ENDPOINT, ClientSettings


def find_token(endpoint: str, settings: ClientSettings) -> str | None:
    """The token for this hub: that of the environment, else the saved one, else None.

    Raises `LocalFileError` when what is saved cannot be read.
    """
    return environment_token(endpoint, settings) or SavedTokens(settings).find(endpoint)


def environment_token(endpoint: str, settings: ClientSettings) -> str | None:
    """`HF_TOKEN` or `HUGGING_FACE_HUB_TOKEN`, which are for the hub of `HF_ENDPOINT` only."""
    return settings.token if hub_of(endpoint) == hub_of(settings.endpoint) else None


def explain_missing(endpoint: str, settings: ClientSettings) -> str:
    """Why there is no token for this hub, and how to get one; for the messages of errors."""
    parts = [f"There is no token for {endpoint}: {login_hint(endpoint)}, or pass one."]
    if settings.token is not None and environment_token(endpoint, settings) is None:
        parts.append(f"That of the environment is for {settings.endpoint} only.")
    if hubs := sorted({token.endpoint for token in SavedTokens(settings)}):
        parts.append(f"The saved ones are for {', '.join(hubs)} only.")
    return " ".join(parts)


def login_hint(endpoint: str) -> str:
    """The command that saves a token for this hub."""
    option = "" if hub_of(endpoint) == DEFAULT_ENDPOINT else f" --endpoint {endpoint}"
    return f"log in with `freehold login{option}`"


def get_token() -> str | None:
    """The token that calls to the hub of `HF_ENDPOINT` use, None without any."""
    settings = ClientSettings.load()
    return find_token(settings.endpoint, settings)


class HfFolder:
    """The saved token for the hub of `HF_ENDPOINT`; `login` and `logout` do the same and more."""

    @staticmethod
    def save_token(token: str) -> None:
        """Saves the token for this hub without asking it; makes the folder if there is none."""
        settings = ClientSettings.load()
        with changing(settings) as saved:
            saved.add(check_token(token), settings.endpoint)

    @staticmethod
    def get_token() -> str | None:
        """The token, also from the environment; None without any.

        One that very old clients saved in `~/.huggingface` is copied to the present place first.
        """
        settings = ClientSettings.load()
        old = read_file(settings.old_token_path) if _counts_old_place(settings) else ""
        if old.strip() and not settings.token_path.exists():
            HfFolder.save_token(old)
        return find_token(settings.endpoint, settings)

    @staticmethod
    def delete_token() -> None:
        """Deletes the saved token, if there is one."""
        settings = ClientSettings.load()
        hub = hub_of(settings.endpoint)
        with changing(settings) as saved:
            for token in [token for token in saved if token.active and token.endpoint == hub]:
                saved.forget(token)
        if _counts_old_place(settings):
            settings.old_token_path.unlink(missing_ok=True)


def _counts_old_place(settings: ClientSettings) -> bool:
    """What very old clients saved belongs to the public hub."""
    return hub_of(settings.endpoint) == DEFAULT_ENDPOINT
