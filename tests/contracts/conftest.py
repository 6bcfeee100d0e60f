"""What the contract suites run against."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from freehold.server.objects.cloud import CloudStore
from freehold.server.objects.disk import DiskStore
from freehold.server.objects.memory import MemoryStore
from freehold.server.objects.store import ObjectStore


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
