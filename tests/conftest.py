"""What every test may ask for: running hubs on both databases, accounts, a real checkpoint.

The tests run with `--dist worksteal`: each worker keeps one server per database for the whole
run, so a test is at home on any worker and the tail is shared evenly. Grouping by file would
save no server starts and leave one worker with the longest file.
"""

from __future__ import annotations

import fcntl
import itertools
import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import Cluster, PostgresMissingError, create_database

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController

    from tests.live import Account, LiveHub

BACKENDS = ("sqlite", "postgresql")

# A busy machine makes no test fail: what takes long is measured in bench/.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

CLUSTER = pytest.StashKey[Cluster]()
POSTGRES_PORT = pytest.StashKey[int]()


# One PostgreSQL for the run: the controller owns it, and tells the workers its port.


def pytest_configure(config: pytest.Config) -> None:
    """Start PostgreSQL before the first test, except in workers and when nothing will run."""
    if worker_input := getattr(config, "workerinput", None):
        config.stash[POSTGRES_PORT] = worker_input["postgres_port"]
    elif not config.option.collectonly and not config.option.help:
        try:
            config.stash[CLUSTER] = cluster = Cluster()
        except PostgresMissingError as error:
            raise pytest.UsageError(str(error)) from error
        config.stash[POSTGRES_PORT] = cluster.port
        config.add_cleanup(cluster.stop)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Tell a new worker where PostgreSQL is."""
    node.workerinput["postgres_port"] = node.config.stash.get(POSTGRES_PORT, None)


@pytest.fixture(scope="session")
def new_database(pytestconfig: pytest.Config) -> Callable[[str], str]:
    """Create a database: `new_database("sqlite")` or `("postgresql")` returns its URL.

    The URL of SQLite is empty, which means the file in the hub's data folder.
    """

    def new(backend: str) -> str:
        if backend == "sqlite":
            return ""
        return create_database(pytestconfig.stash[POSTGRES_PORT], f"hub-{secrets.token_hex(5)}")

    return new


# Hubs


@pytest.fixture(scope="session")
def shared_hub(
    tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[str], str]
) -> Iterator[Callable[[str], LiveHub]]:
    """Return the running hub of a backend, started when it is first asked for."""
    from tests.live import LiveHub

    running: dict[str, LiveHub] = {}

    with ExitStack() as stack:

        def get(backend: str) -> LiveHub:
            if backend not in running:
                data = tmp_path_factory.mktemp(f"hub-{backend}")
                running[backend] = stack.enter_context(LiveHub(data, new_database(backend)))
            return running[backend]

        yield get


@pytest.fixture(params=BACKENDS)
def hub(request: pytest.FixtureRequest, shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    """A running hub on each database, shared with other tests: leave it running, use new names."""
    return shared_hub(request.param)


class NewHub(Protocol):
    """The type of `fresh_hub`."""

    def __call__(self, backend: str = "sqlite", **settings: Any) -> LiveHub:
        """Start a hub of its own with these settings."""


@pytest.fixture
def fresh_hub(tmp_path: Path, new_database: Callable[[str], str]) -> Iterator[NewHub]:
    """Start a hub that belongs to this test, to kill it or to change its settings."""
    from tests.live import LiveHub

    numbers = itertools.count(1)

    with ExitStack() as stack:

        def start(backend: str = "sqlite", **settings: Any) -> LiveHub:
            data = tmp_path / f"hub-{next(numbers)}"
            return stack.enter_context(LiveHub(data, new_database(backend), **settings))

        yield start


@pytest.fixture
def alice(hub: LiveHub) -> Account:
    """A new user of `hub`."""
    return hub.user(f"alice-{secrets.token_hex(5)}")


@pytest.fixture
def bob(hub: LiveHub) -> Account:
    """Another new user of `hub`, who has nothing to do with `alice`."""
    return hub.user(f"bob-{secrets.token_hex(5)}")


@pytest.fixture
def http(hub: LiveHub) -> Callable[..., Any]:
    """Send one raw request to `hub`: see `LiveHub.call`."""
    return hub.call


# A bucket


@pytest.fixture(scope="session")
def bucket_url() -> Iterator[str]:
    """The URL of an empty bucket on an S3 server of this machine, without a prefix."""
    import boto3
    from moto.server import ThreadedMotoServer

    # It logs a traceback when an aborted upload still has a part on its way, which is no fault.
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    ).create_bucket(Bucket="freehold")
    yield f"s3://freehold/{{prefix}}?endpoint={endpoint}&region=us-east-1&allow_http=true"
    server.stop()


# Files


@pytest.fixture(scope="session")
def torch_checkpoint(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A real `.pt` file of about 50 MB, the same bytes for every worker; do not change it."""
    folder = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        folder = folder.parent
    path = folder / "transformer.pt"
    with (folder / "transformer.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            save_transformer(path)
    return path


def save_transformer(path: Path) -> None:
    """Save the state of a small transformer, with weights that are always the same."""
    import torch

    torch.manual_seed(20)
    layer = torch.nn.TransformerEncoderLayer(512, nhead=8, dim_feedforward=2048, batch_first=True)
    torch.save(torch.nn.TransformerEncoder(layer, num_layers=4).state_dict(), path)
