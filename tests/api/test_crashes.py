"""Power cuts: after `kill -9` at any moment, what was acknowledged is there, and all is whole."""

from __future__ import annotations

import itertools
import random
import secrets
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.commits import (
    LFS_JSON,
    NDJSON,
    Operation,
    Remote,
    create_remote,
    file,
    header,
    lfs_file,
    sha256,
    to_lines,
)
from tests.conftest import BACKENDS, NewHub
from tests.live import LiveHub
from tests.postgres import Cluster, create_database

KILLS = 6
"""The number of kills of one test; two databases and four kinds of work make 48 of them."""


@dataclass
class Step:
    """A commit that a client tries: the files that it adds, and the id once it is acknowledged."""

    files: dict[str, bytes]
    large: bool
    oid: str | None = None


@dataclass
class Writer:
    """A client that commits without a pause until its hub dies, and remembers every answer."""

    remote: Remote
    kind: str
    chance: random.Random
    steps: list[Step] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def run(self) -> None:
        """Commit until the connection breaks."""
        with httpx2.Client(base_url=self.remote.hub.url, trust_env=False, timeout=30) as client:
            while True:
                step = self.plan()
                self.steps.append(step)
                try:
                    step.oid = self.send(client, step)
                except httpx2.TransportError:
                    return

    def plan(self) -> Step:
        """The next commit: a few small files, one that makes a large pack, or an LFS object."""
        number = next(self.numbers)
        kind = self.chance.choice(["small", "pack", "lfs"]) if self.kind == "mixed" else self.kind
        if kind == "small":
            files = {f"{number}/{n}.txt": b"%d %d" % (number, n) for n in range(3)}
        else:
            files = {f"{number}.bin": self.chance.randbytes(400_000 if kind == "pack" else 50_000)}
        return Step(files, kind == "lfs")

    def send(self, client: httpx2.Client, step: Step) -> str:
        """Make the commit and return its id; `TransportError` when nobody answers any more."""
        operations: list[Operation] = []
        for path, data in step.files.items():
            if step.large:
                self.upload(client, data)
            operations.append(lfs_file(path, data) if step.large else file(path, data))
        content = to_lines([header(f"commit {path}"), *operations])
        answer = self.post(client, f"/api/models/{self.remote.name}/commit/main", content, NDJSON)
        return str(answer.json()["commitOid"])

    def upload(self, client: httpx2.Client, data: bytes) -> None:
        """Upload one LFS object."""
        item = b'{"oid":"%s","size":%d}' % (sha256(data).encode(), len(data))
        body = b'{"operation":"upload","objects":[%s]}' % item
        path = f"/{self.remote.name}.git/info/lfs/objects/batch"
        offer = self.post(client, path, body, LFS_JSON).json()["objects"][0]
        if "actions" in offer:
            client.put(offer["actions"]["upload"]["href"], content=data).raise_for_status()

    def post(
        self, client: httpx2.Client, path: str, content: bytes, headers: dict[str, str]
    ) -> httpx2.Response:
        """Send one call of the owner."""
        own = {"authorization": f"Bearer {self.remote.owner.token}", **headers}
        return client.post(path, content=content, headers=own).raise_for_status()


def run_until_killed(writer: Writer, seconds: float) -> None:
    """Let the writer work for so long, then pull the plug."""
    thread = threading.Thread(target=writer.run)
    thread.start()
    # Not to wait for something: the moment itself is what the test is about.
    time.sleep(seconds)
    writer.remote.hub.kill()
    thread.join(60)
    assert not thread.is_alive()


def measure(writer: Writer) -> float:
    """The seconds of one commit, once everything is warm."""
    seconds = []
    with httpx2.Client(base_url=writer.remote.hub.url, trust_env=False, timeout=30) as client:
        for _ in range(4):
            started = time.monotonic()
            step = writer.plan()
            step.oid = writer.send(client, step)
            writer.steps.append(step)
            seconds.append(time.monotonic() - started)
    return min(seconds)


def check(writer: Writer) -> None:
    """Check that the branch is where an acknowledged commit, or the one in flight, has put it."""
    remote = writer.remote
    known = [step for step in writer.steps if step.oid is not None]
    in_flight = writer.steps[-1]
    head = remote.head()
    before = expected_tree(known)
    if in_flight.oid is None:
        after = expected_tree([*known, in_flight])
        assert remote.tree() in (before, after)
        assert (head == known[-1].oid) == (remote.tree() == before)
        if head == known[-1].oid:
            writer.steps.pop()
        else:
            in_flight.oid = head
    else:
        assert (head, remote.tree()) == (in_flight.oid, before)
    log = remote.call("GET", "/commits/main?limit=1000").json()
    assert [step.oid for step in reversed(writer.steps)] == [item["id"] for item in log][:-1]
    for step in writer.steps[-3:]:
        for path, data in step.files.items():
            assert remote.read(path) == data


def expected_tree(steps: list[Step]) -> dict[str, str]:
    """What the tree lists after these steps, the files of the hub itself included."""
    from freehold.formats.git_objects import blob_id
    from freehold.formats.gitattributes import default_attributes

    files = {".gitattributes": blob_id(default_attributes("model"))}
    for step in steps:
        name = sha256 if step.large else blob_id
        files |= {path: name(data) for path, data in step.files.items()}
    return files


def check_all(writer: Writer) -> None:
    """Check every file of every acknowledged commit, and the repository as git sees it."""
    remote = writer.remote
    for step in writer.steps:
        for path, data in step.files.items():
            assert remote.read(path, step.oid or "") == data
    assert fsck(remote) == ""


def fsck(remote: Remote) -> str:
    """What git has to say about the repository: nothing, when it is whole."""
    hub = remote.hub.inside
    repo_id = remote.call("GET", "").json()["_id"]
    path = hub.git.cache.bring_forward(repo_id, 0)
    command = ["git", "--git-dir", str(path), "fsck", "--strict", "--full", "--no-dangling"]
    done = subprocess.run([*command, remote.head()], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr.replace("notice: HEAD points to an unborn branch (main)\n", "")


@pytest.mark.parametrize("kind", ["small", "pack", "lfs", "mixed"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_every_acknowledged_commit_survives_a_kill_at_any_moment(
    fresh_hub: NewHub, backend: str, kind: str
) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    hub = fresh_hub(backend)
    writer = Writer(create_remote(hub, hub.user()), kind, chance)
    duration = measure(writer)
    for _ in range(KILLS):
        run_until_killed(writer, chance.uniform(0, 4 * duration))
        hub.start()
        check(writer)
        step = writer.plan()
        with httpx2.Client(base_url=hub.url, trust_env=False, timeout=30) as client:
            step.oid = writer.send(client, step)
        writer.steps.append(step)
    check_all(writer)


# Uploads in parts

PART = 40_000


@pytest.mark.parametrize("backend", BACKENDS)
def test_parts_that_were_acknowledged_survive_a_kill(fresh_hub: NewHub, backend: str) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    hub = fresh_hub(backend, multipart_threshold=PART, part_size=PART)
    remote = create_remote(hub, hub.user())
    data = chance.randbytes(60 * PART + 1)
    etags: dict[int, str] = {}
    for _ in range(3):
        wanted = len(etags) + chance.randrange(2, 15)
        thread = threading.Thread(target=send_parts, args=(remote, data, etags))
        thread.start()
        while len(etags) < wanted and thread.is_alive():
            thread.join(0.001)
        hub.kill()
        thread.join(60)
        hub.start()
        assert len(etags) < 61
    before = dict(etags)
    complete = send_parts(remote, data, etags)
    assert etags.items() >= before.items()
    body = {
        "oid": sha256(data),
        "parts": [{"partNumber": n, "etag": etags[n]} for n in sorted(etags)],
    }
    answer = hub.call("POST", complete, json=body, headers=LFS_JSON)
    assert answer.status_code == 200, answer.text
    remote.commit(lfs_file("large.bin", data))
    assert remote.read("large.bin") == data


def send_parts(remote: Remote, data: bytes, etags: dict[int, str]) -> str:
    """Send the parts that no etag is known of, and return where the upload is completed."""
    href = ""
    try:
        with httpx2.Client(trust_env=False, timeout=30) as client:
            own = {"authorization": f"Bearer {remote.owner.token}", **LFS_JSON}
            body = {
                "operation": "upload",
                "transfers": ["multipart"],
                "objects": [{"oid": sha256(data), "size": len(data)}],
            }
            path = f"{remote.hub.url}/{remote.name}.git/info/lfs/objects/batch"
            offer = client.post(path, json=body, headers=own).raise_for_status().json()
            action = offer["objects"][0]["actions"]["upload"]
            href = str(action["href"])
            for number in range(1, -(-len(data) // PART) + 1):
                if number not in etags:
                    block = data[(number - 1) * PART : number * PART]
                    sent = client.put(action["header"][f"{number:05d}"], content=block)
                    etags[number] = sent.raise_for_status().headers["etag"]
    except httpx2.TransportError:
        pass
    return href


# The database


@pytest.fixture
def durable_cluster() -> Iterator[Cluster]:
    """A PostgreSQL that writes to the disk before it answers."""
    cluster = Cluster(durable=True)
    yield cluster
    cluster.stop()


def test_a_kill_of_the_database_loses_no_acknowledged_commit(
    tmp_path: Path, durable_cluster: Cluster
) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with LiveHub(tmp_path / "hub", create_database(durable_cluster.port, "hub")) as hub:
        writer = Writer(create_remote(hub, hub.user()), "mixed", chance)
        duration = measure(writer)
        for _ in range(2):
            thread = threading.Thread(target=run_until_refused, args=(writer,))
            thread.start()
            time.sleep(chance.uniform(0, 4 * duration))
            durable_cluster.kill()
            thread.join(60)
            assert hub.call("GET", "/health").status_code == 200
            hub.close()
            durable_cluster.restart()
            hub.database_url = hub.database_url.rpartition(":")[0] + f":{durable_cluster.port}/hub"
            hub.start()
            check(writer)
        check_all(writer)


def run_until_refused(writer: Writer) -> None:
    """Commit until the hub answers that it cannot."""
    try:
        writer.run()
    except httpx2.HTTPStatusError as error:
        assert error.response.status_code in (500, 503)
