"""From the setting to the store: which backend a URL means."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from freehold.server.objects.disk import DiskStore
from freehold.server.objects.memory import MemoryStore
from freehold.server.objects.store import ObjectStore

_CLOUD = ("s3", "gs", "az")


def open_object_store(url: str, *, default_root: Path) -> ObjectStore:
    """The store that `url` names: '' is a folder at `default_root`.

    A path or `file:///path` is that folder; `s3://`, `gs://` and `az://` are a bucket, with the
    options of `CloudStore.from_url`; `memory://` forgets. Anything else is a ValueError.
    """
    if not url:
        return DiskStore(default_root)
    if "://" not in url:
        return DiskStore(Path(url))
    scheme = urlsplit(url).scheme
    if scheme == "file":
        return DiskStore(_file_path(url))
    if url == "memory://":
        return MemoryStore()
    if scheme in _CLOUD:
        return _open_cloud(url)
    raise ValueError(f"no object store is known for {scheme}://; use a path, file, s3, gs or az")


def _file_path(url: str) -> Path:
    parts = urlsplit(url)
    if parts.netloc not in ("", "localhost") or not parts.path or parts.query or parts.fragment:
        raise ValueError(f"not the URL of a folder on this machine: {url}")
    return Path(unquote(parts.path))


def _open_cloud(url: str) -> ObjectStore:
    # Only here: obstore is a large native library, and most hubs keep their objects on disk.
    from freehold.server.objects.cloud import CloudStore

    if not urlsplit(url).netloc:
        raise ValueError(f"the object store URL names no bucket: {url}")
    return CloudStore.from_url(url)
