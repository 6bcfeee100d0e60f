"""An upload in chunks is cut off without a warning on either side, and trying again is enough."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.compat.access_log import AccessLog
from tests.compat.conftest import new_client
from tests.compat.environments import VERSIONS
from tests.compat.stored import stored_file
from tests.conftest import BACKENDS, NewHub

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import LiveHub

pytestmark = pytest.mark.parametrize("client", VERSIONS[-1:], indirect=True)

# Three xorbs, so that there is something to cut off when the hub has the first.
SIZE = 150_000_000

# The headers of chunks.
OVERHEAD = 100_000

UPLOAD = """
import os
from compat_script import api, repo, tell

api.create_repo(repo, exist_ok=True)
api.upload_file(path_or_fileobj=os.environ["FILE"], path_in_repo="w.bin", repo_id=repo)
tell()
"""


@pytest.fixture(scope="module")
def big_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noise that always makes the same xorbs.

    Of other noise, one chunk in a thousand is asked about, and an answer changes where the next
    xorb begins. With this seed there is none.
    """
    path: Path = tmp_path_factory.mktemp("big") / "w.bin"
    path.write_bytes(random.Random(7).randbytes(SIZE))
    return path


def wait_for_a_xorb(hub: LiveHub) -> None:
    """Return when the hub has acknowledged the first xorb."""
    deadline = time.monotonic() + 60
    while not any('"POST"' in line and "/v1/xorbs/" in line for line in hub.log().splitlines()):
        assert time.monotonic() < deadline, hub.log()
        time.sleep(0.005)


def acknowledged_bytes(log: AccessLog) -> int:
    """What was sent of xorbs and taken, with their headers."""
    sent = log.requests("POST", "/v1/xorbs/")
    return sum(request.received for request in sent if request.status == 200)


def assert_arrived(hub: LiveHub, repo: str, path: Path) -> None:
    assert stored_file(hub, repo, "w.bin") == path.read_bytes()


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_client_that_is_sending_outlives_a_crash_of_the_hub(
    client: Client, fresh_hub: NewHub, big_file: Path, backend: str
) -> None:
    """It tries again by itself, if the hub is back soon, and needs nothing that was lost."""
    hub = fresh_hub(backend)
    alice = hub.user("alice")
    environ = {"REPO": "alice/model", "FILE": str(big_file)}
    upload = client.start(UPLOAD, hub.url, alice.token, **environ)
    wait_for_a_xorb(hub)
    hub.kill()
    assert upload.popen.poll() is None, "the upload was over already"
    hub.start()
    assert upload.popen.wait(120) == 0, upload.output()
    assert_arrived(hub, "alice/model", big_file)


@pytest.mark.parametrize("is_home_kept", (True, False), ids=("same home", "new home"))
def test_an_upload_that_ended_with_the_hub_is_tried_again(
    client: Client, fresh_hub: NewHub, big_file: Path, is_home_kept: bool, tmp_path: Path
) -> None:
    """Both sides have crashed; what the client remembers to have sent is there, or is sent anew."""
    hub = fresh_hub()
    alice = hub.user("alice")
    environ = {"REPO": "alice/model", "FILE": str(big_file)}
    upload = client.start(UPLOAD, hub.url, alice.token, **environ)
    wait_for_a_xorb(hub)
    hub.kill()
    upload.kill()
    hub.start()
    again = client if is_home_kept else new_client(client.version, tmp_path / "new")
    again.run(UPLOAD, hub.url, alice.token, **environ)
    assert_arrived(hub, "alice/model", big_file)


@pytest.mark.parametrize("is_home_kept", (True, False), ids=("same home", "new home"))
def test_a_client_that_was_killed_goes_on_where_it_was(
    client: Client, fresh_hub: NewHub, big_file: Path, is_home_kept: bool, tmp_path: Path
) -> None:
    """What the hub has acknowledged is not sent again."""
    hub = fresh_hub()
    alice = hub.user("alice")
    environ = {"REPO": "alice/model", "FILE": str(big_file)}
    before = AccessLog(hub)
    upload = client.start(UPLOAD, hub.url, alice.token, **environ)
    wait_for_a_xorb(hub)
    upload.kill()
    acknowledged = acknowledged_bytes(before)
    after = AccessLog(hub)
    again = client if is_home_kept else new_client(client.version, tmp_path / "new")
    again.run(UPLOAD, hub.url, alice.token, **environ)
    assert_arrived(hub, "alice/model", big_file)
    assert 0 < acknowledged_bytes(after) <= SIZE - acknowledged + OVERHEAD
