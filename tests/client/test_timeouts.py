"""A hub that accepts connections and never answers holds no call for longer than its timeout."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from freehold import (
    HfApi,
    HFValidationError,
    HubTimeoutError,
    LocalEntryNotFoundError,
    UncertainCommitError,
)
from freehold.client import retries
from freehold.client.settings import (
    CONNECT_SECONDS,
    READ_SECONDS,
    STALL_SECONDS,
    ClientSettings,
)
from tests.client.every_call import CALLS, make_call
from tests.client.hostile import SILENCE, HostileServer

# A call that wants more than a request says what it makes of the silence.
MEANING = (HubTimeoutError, LocalEntryNotFoundError, UncertainCommitError)


@pytest.fixture
def silent_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileServer]:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.01)
    with HostileServer(lambda _: SILENCE) as server:
        yield server


@pytest.mark.filterwarnings("ignore:update_repo_visibility:FutureWarning")
@pytest.mark.filterwarnings("ignore:What a hidden comment said:UserWarning")
@pytest.mark.parametrize("name", CALLS)
def test_every_call_gives_up_on_a_silent_hub(
    name: str, silent_hub: HostileServer, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    api = HfApi(endpoint=silent_hub.url, token="hf_x")
    began = time.monotonic()
    with pytest.raises(MEANING) as caught:
        make_call(api, name, folder, timeout=0.2)
    assert time.monotonic() - began < 5
    assert silent_hub.requests
    error = caught.value
    assert isinstance(error, HubTimeoutError) or isinstance(error.__cause__, HubTimeoutError)


def test_the_timeouts_are_finite_unless_the_environment_says_something_else() -> None:
    assert (CONNECT_SECONDS, READ_SECONDS, STALL_SECONDS) == (10, 30, 60)
    assert ClientSettings.load({}).read_seconds == READ_SECONDS
    assert ClientSettings.load({"HF_HUB_DOWNLOAD_TIMEOUT": "7"}).read_seconds == 7
    for useless in ("inf", "nan", "-1", "0", "soon", ""):
        assert ClientSettings.load({"HF_HUB_DOWNLOAD_TIMEOUT": useless}).read_seconds == 30


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_a_timeout_that_is_none_is_refused(silent_hub: HostileServer, timeout: float) -> None:
    with pytest.raises(HFValidationError, match="timeout"):
        HfApi(endpoint=silent_hub.url).model_info("a/b", timeout=timeout)
    assert silent_hub.requests == []
