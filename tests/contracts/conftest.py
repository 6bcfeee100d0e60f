"""What the contract suites run against."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from freehold.server.objects.cloud import CloudStore
from freehold.server.objects.disk import DiskStore
from freehold.server.objects.memory import MemoryStore
from freehold.server.objects.store import ObjectStore


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


@pytest.fixture
def cloud_store(bucket_url: str) -> CloudStore:
    url = bucket_url.format(prefix=f"hub/{uuid4().hex}")
    return CloudStore.from_url(url, access_key_id="test", secret_access_key="test")


@pytest.fixture
def disk_store(tmp_path: Path) -> DiskStore:
    return DiskStore(tmp_path / "objects")


@pytest.fixture(params=["memory", "disk", "cloud"])
def store(request: pytest.FixtureRequest) -> ObjectStore:
    if request.param == "memory":
        return MemoryStore()
    return request.getfixturevalue(f"{request.param}_store")
