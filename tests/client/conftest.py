"""The library under test, with a home of its own, speaking to a running hub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from freehold import HfApi

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

# What a developer's machine may have set, and no test may see.
VARIABLES = (
    "HF_ENDPOINT",
    "HF_HUB_CACHE",
    "HUGGINGFACE_HUB_CACHE",
    "HF_HUB_OFFLINE",
    "HF_TOKEN",
    "HF_TOKEN_PATH",
    "HUGGING_FACE_HUB_TOKEN",
    "TRANSFORMERS_OFFLINE",
    "HF_HUB_DOWNLOAD_TIMEOUT",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "FREEHOLD_CLIENT_CERT",
    "FREEHOLD_CLIENT_KEY",
    "HF_XET_CACHE",
    *(f"{name}_proxy" for name in ("all", "http", "https", "no")),
    *(f"{name}_PROXY" for name in ("ALL", "HTTP", "HTTPS", "NO")),
)


@pytest.fixture
def hub(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    """A running hub: no client can tell which database is behind it."""
    return shared_hub("sqlite")


@pytest.fixture(autouse=True)
def isolated_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty `HF_HOME`, and no variable of the machine that would change the client."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "hf-home"
    monkeypatch.setenv("HF_HOME", str(home))
    # Most tests of transfers count the requests of LFS; those of Xet ask for `xet`.
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    return home


@pytest.fixture
def xet(isolated_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """hf_xet is used, as it is when nothing is set, and gives up soon."""
    monkeypatch.delenv("HF_HUB_DISABLE_XET")
    monkeypatch.setattr(
        "freehold.client.xet._RETRIES",
        {"client.retry_max_attempts": 2, "client.retry_base_delay": "20ms"},
    )


@pytest.fixture
def api(hub: LiveHub, alice: Account) -> HfApi:
    """The calls of `alice` on `hub`."""
    return HfApi(endpoint=hub.url, token=alice.token)


@pytest.fixture
def git_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty configuration of git for this user, and nothing of the machine's."""
    path = tmp_path / "gitconfig"
    path.touch()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("HOME", str(tmp_path))
    return path
