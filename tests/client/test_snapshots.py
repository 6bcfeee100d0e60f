"""`snapshot_download`: all files of a revision, for few requests, and never half of one."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from freehold import (
    Cancellation,
    CorruptedFileError,
    EntryNotFoundError,
    Event,
    GatedRepoError,
    HfApi,
    HFValidationError,
    InvalidAnswerError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    TransferCancelledError,
)
from freehold.client import retries, snapshots
from tests.client.downloading import (
    COMMIT,
    LARGE,
    file_reply,
    git_id,
    leftovers,
    listing,
    routed,
    sha256,
    sibling,
)
from tests.client.hostile import SILENCE, ForwardProxy, HostileServer, Received, Script, reply
from tests.repos import Repo, file, new_repo

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

Serve = Callable[[Script], HostileServer]

TEXTS = {"a.txt": "a1", "sub/x y.txt": "b1", "sub/deep/same.txt": "b1", "empty": ""}
PATIENCE = 1.0


@pytest.fixture
def hub(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    return shared_hub("sqlite")


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    repo = new_repo(hub, alice, *(file(path, text) for path, text in TEXTS.items()))
    repo.commit_lfs("w.bin", LARGE)
    return repo


@pytest.fixture
def asked(api: HfApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    with ForwardProxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        yield proxy.lines


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.01)
    running: list[HostileServer] = []

    def start(script: Script) -> HostileServer:
        running.append(HostileServer(script).__enter__())
        return running[-1]

    yield start
    for server in running:
        server.__exit__()


def client(server: HostileServer) -> HfApi:
    return HfApi(endpoint=server.url, token="hf_x")


def contents(folder: str | Path) -> dict[str, bytes]:
    """Every file below, but for the attributes and what the client keeps for itself."""
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file()
    }
    own = (".cache/", ".gitattributes")
    return {path: data for path, data in found.items() if not path.startswith(own)}


EXPECTED = {path: text.encode() for path, text in TEXTS.items()} | {"w.bin": LARGE}


# What is fetched, and for how many requests


def test_a_snapshot_holds_every_file_and_costs_little_the_second_time(
    api: HfApi, repo: Repo, asked: list[str]
) -> None:
    cold = api.snapshot_download(repo.full_name)
    assert contents(cold) == EXPECTED
    assert Path(cold).name == repo.head()
    # The list, the capabilities, the small files in one answer, the large one.
    assert len(asked) == 4
    del asked[:]
    assert api.snapshot_download(repo.full_name) == cold
    assert len(asked) == 1
    assert api.snapshot_download(repo.full_name, revision=repo.head()) == cold
    assert len(asked) == 1
    assert leftovers(Path(cold).parents[1]) == []


def test_small_files_come_many_at_a_time(
    hub: LiveHub, alice: Account, api: HfApi, asked: list[str]
) -> None:
    files = {f"f{number % 7}/{number}.txt": str(number) * 50 for number in range(1200)}
    repo = new_repo(hub, alice, *(file(path, text) for path, text in files.items()))
    del asked[:]
    folder = api.snapshot_download(repo.full_name)
    assert contents(folder) == {path: text.encode() for path, text in files.items()}
    assert len(asked) <= 6


def test_a_hub_without_extensions_is_asked_once_for_each_file(serve: Serve) -> None:
    files = {f"f{number}.txt": str(number).encode() for number in range(30)}
    siblings = [sibling(path, data) for path, data in files.items()]

    def script(received: Received) -> bytes:
        name = received.target.rpartition("/")[2]
        if name in files:
            return file_reply(files[name], git_id(files[name]))
        return listing(*siblings)

    server = serve(script)
    api = client(server)
    assert contents(api.snapshot_download("a/b")) == files
    assert len(server.requests) == 31
    api.snapshot_download("a/b")
    assert len(server.requests) == 32
    assert server.requests[-1].target.endswith("/revision/main?expand=sha")


def test_a_long_list_that_may_be_cut_is_asked_for_as_a_tree(serve: Serve) -> None:
    files = {f"f{number}": b"same" for number in range(1500)}
    entries = [
        {"type": "file", "path": path, "size": len(data), "oid": git_id(data)}
        for path, data in files.items()
    ] + [{"type": "directory", "path": "d", "size": 0, "oid": "0" * 40}]

    def script(received: Received) -> bytes:
        if "/tree/" in received.target:
            following = f'<{server.url}{received.target}&cursor=x>; rel="next"'
            more = {} if "cursor" in received.target else {"link": following}
            half = entries[:1000] if more else entries[1000:]
            return reply(200, half, **more)
        if received.target.startswith("/api/"):
            return listing(*[sibling(path, data) for path, data in list(files.items())[:1200]])
        return file_reply(b"same", git_id(b"same"))

    server = serve(script)
    assert len(contents(client(server).snapshot_download("a/b"))) == 1500
    # All have the same bytes, which are fetched once.
    assert len(server.requests) == 4


def test_a_hub_that_gives_no_digests_is_asked_for_a_tree(serve: Serve) -> None:
    entry = {"type": "file", "path": "f", "size": 1, "oid": git_id(b"x")}
    script = routed(
        info=lambda r: reply(200, [entry]) if "/tree/" in r.target else listing({"rfilename": "f"}),
        f=file_reply(b"x", git_id(b"x")),
    )
    assert contents(client(serve(script)).snapshot_download("a/b")) == {"f": b"x"}


def test_a_new_commit_costs_only_what_changed(api: HfApi, repo: Repo, asked: list[str]) -> None:
    old = api.snapshot_download(repo.full_name)
    repo.commit(file("a.txt", "a2"), file("more.txt", "b1"))
    del asked[:]
    new = api.snapshot_download(repo.full_name)
    assert contents(new) == EXPECTED | {"a.txt": b"a2", "more.txt": b"b1"}
    assert contents(old) == EXPECTED
    assert len(asked) == 3
    assert os.path.realpath(f"{new}/w.bin") == os.path.realpath(f"{old}/w.bin")


def test_patterns_choose_what_is_fetched(api: HfApi, repo: Repo) -> None:
    folder = api.snapshot_download(repo.full_name, allow_patterns="*.txt")
    assert set(contents(folder)) == {"a.txt", "sub/x y.txt", "sub/deep/same.txt"}
    again = api.snapshot_download(repo.full_name, ignore_patterns=["sub/", "*.bin"])
    assert set(contents(again)) == {"a.txt", "sub/x y.txt", "sub/deep/same.txt", "empty"}
    assert api.snapshot_download(repo.full_name, allow_patterns=[]) == folder


@pytest.mark.parametrize("kind", ["model", "dataset", "space", "kernel"])
def test_every_repo_type(hub: LiveHub, alice: Account, api: HfApi, kind: str) -> None:
    repo = new_repo(hub, alice, file("a.txt", kind), type=kind)
    folder = api.snapshot_download(repo.full_name, repo_type=kind)
    assert contents(folder)["a.txt"] == kind.encode()


def test_a_local_folder_gets_every_file(
    api: HfApi, repo: Repo, asked: list[str], tmp_path: Path, isolated_home: Path
) -> None:
    out = tmp_path / "out"
    assert api.snapshot_download(repo.full_name, local_dir=out) == str(out)
    assert contents(out) == EXPECTED
    assert not isolated_home.exists()
    assert (out / ".cache/huggingface/.gitignore").read_text() == "*"
    assert leftovers(out) == []
    del asked[:]
    api.snapshot_download(repo.full_name, local_dir=out, revision=repo.head())
    assert asked == []
    repo.commit(file("a.txt", "a2"))
    (out / "w.bin").write_bytes(b"mine")
    api.snapshot_download(repo.full_name, local_dir=out)
    assert contents(out) == EXPECTED | {"a.txt": b"a2"}


def test_events_tell_every_file(api: HfApi, repo: Repo) -> None:
    events: list[Event] = []
    api.snapshot_download(repo.full_name, on_event=events.append)
    done = {event.path for event in events if event.done == event.total}
    assert done == set(EXPECTED) | {".gitattributes"}
    del events[:]
    api.snapshot_download(repo.full_name, on_event=events.append)
    assert {event.kind for event in events} == {"skip"}
    assert {event.path for event in events} == done


def test_events_are_told_one_at_a_time(serve: Serve) -> None:
    files = {f"f{number}": b"%d" % number for number in range(40)}
    answers = {path: file_reply(data, git_id(data)) for path, data in files.items()}
    info = listing(*[sibling(path, data) for path, data in files.items()])
    telling = threading.Lock()
    told: list[str] = []

    def tell(event: Event) -> None:
        assert telling.acquire(blocking=False)
        told.append(event.path)
        telling.release()

    client(serve(routed(info=info, **answers))).snapshot_download("a/b", on_event=tell)
    assert sorted(told) == sorted(files)


def test_a_dry_run_fetches_nothing(api: HfApi, repo: Repo) -> None:
    told = api.snapshot_download(repo.full_name, dry_run=True, ignore_patterns=".git*")
    assert {one.filename: one.file_size for one in told} == {p: len(d) for p, d in EXPECTED.items()}
    assert {one.will_download for one in told} == {True}
    api.hf_hub_download(repo.full_name, "a.txt")
    told = api.snapshot_download(repo.full_name, dry_run=True)
    assert [one.filename for one in told if one.is_cached] == ["a.txt"]


def test_a_warm_snapshot_of_two_thousand_files_takes_no_time(serve: Serve) -> None:
    files = {f"d{number % 20}/{number}.txt": b"x" for number in range(2000)}
    siblings = [sibling(path, data) for path, data in files.items()]
    script = routed(info=lambda r: reply(200, {"sha": COMMIT}) if "expand" in r.target else found)
    found = reply(
        200, {"id": "a/b", "sha": COMMIT, "siblings": siblings}, x_hub_capabilities="/api/none"
    )
    server = serve(lambda r: script(r) if "/api/" in r.target else file_reply(b"x", git_id(b"x")))
    api = client(server)
    folder = api.snapshot_download("a/b")
    for revision, requests in (("main", 1), (COMMIT, 0)):
        before = len(server.requests)
        began = time.process_time()
        assert api.snapshot_download("a/b", revision=revision) == folder
        assert time.process_time() - began < 0.2
        assert len(server.requests) - before == requests


def test_a_renamed_repository_is_found(api: HfApi, repo: Repo, asked: list[str]) -> None:
    api.move_repo(repo.full_name, f"{repo.full_name}-new")
    del asked[:]
    folder = api.snapshot_download(repo.full_name)
    assert contents(folder) == EXPECTED
    # Each of the four requests is sent on once, but for the capabilities.
    assert len(asked) <= 7


# Refusals


def test_what_the_hub_refuses_has_its_own_error(
    hub: LiveHub, alice: Account, bob: Account, api: HfApi, repo: Repo
) -> None:
    with pytest.raises(RevisionNotFoundError):
        api.snapshot_download(repo.full_name, revision="nope")
    with pytest.raises(RepositoryNotFoundError):
        api.snapshot_download(f"{repo.full_name}-not")
    gated = new_repo(hub, alice, file("a.txt", "secret"))
    api.update_repo_settings(gated.full_name, gated="auto")
    with pytest.raises(GatedRepoError):
        HfApi(hub.url, token=bob.token).snapshot_download(gated.full_name)


def test_without_the_hub_a_complete_snapshot_is_used(
    api: HfApi, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = api.snapshot_download(repo.full_name)
    away = HfApi(endpoint="http://127.0.0.1:9")
    assert away.snapshot_download(repo.full_name) == folder
    assert api.snapshot_download(repo.full_name, local_files_only=True) == folder
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    offline = HfApi(endpoint=repo.hub.url)
    assert offline.snapshot_download(repo.full_name) == folder
    assert offline.snapshot_download(repo.full_name, revision=repo.head()) == folder
    (Path(folder) / "a.txt").unlink()
    with pytest.raises(LocalEntryNotFoundError, match=r"a\.txt"):
        offline.snapshot_download(repo.full_name)
    assert offline.snapshot_download(repo.full_name, ignore_patterns="a.txt") == folder
    with pytest.raises(LocalEntryNotFoundError, match="not in the cache"):
        offline.snapshot_download(repo.full_name, revision="dev")


def test_no_threads_at_all_are_refused(serve: Serve) -> None:
    server = serve(lambda _: listing())
    with pytest.raises(HFValidationError, match="max_workers"):
        client(server).snapshot_download("a/b", max_workers=0)
    assert server.requests == []


# Hubs that mean no good


@pytest.mark.parametrize(
    "path", ["../up", "/abs", "a/../../up", "a//b", "a/./b", ".git/hooks/x", ".GIT/x", "nul\0", ""]
)
@pytest.mark.parametrize("local", [False, True])
def test_a_path_that_leads_out_is_refused_before_anything_is_fetched(
    serve: Serve, path: str, local: bool, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    server = serve(lambda _: listing(sibling("good", b"x"), sibling(path, b"x")))
    where = {"local_dir": out} if local else {"cache_dir": out}
    with pytest.raises(InvalidAnswerError):
        client(server).snapshot_download("a/b", **where)
    assert len(server.requests) == 1
    assert not out.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"sha": "../up", "siblings": []},
        {"sha": 7, "siblings": []},
        {"sha": COMMIT, "siblings": [{"size": 1}]},
        {"sha": COMMIT, "siblings": 7},
        {"sha": COMMIT, "siblings": True},
        {"sha": COMMIT, "siblings": ["x"]},
        {"sha": COMMIT, "siblings": [{"rfilename": 5, "blobId": "a", "size": 1}]},
        {"sha": COMMIT, "siblings": [{"rfilename": "f", "blobId": "../x", "size": 1}]},
        {"sha": COMMIT, "siblings": [{"rfilename": "f", "blobId": ["x"], "size": 1}]},
        {"sha": COMMIT, "siblings": [{"rfilename": "f", "blobId": "a", "size": "1"}]},
        [],
        "text",
    ],
)
def test_an_odd_description_is_an_error(serve: Serve, body: Any, isolated_home: Path) -> None:
    with pytest.raises((InvalidAnswerError, LocalEntryNotFoundError)):
        client(serve(lambda _: reply(200, body))).snapshot_download("a/b")
    assert leftovers(isolated_home) == []


def test_a_file_that_is_named_twice_does_no_harm(serve: Serve) -> None:
    twice = [sibling("f", b"x"), sibling("f", b"x", lfs={"sha256": sha256(b"x"), "size": 1})]
    server = serve(lambda r: listing(*twice) if "/api/" in r.target else file_reply(b"x"))
    assert contents(str(client(server).snapshot_download("a/b"))) == {"f": b"x"}


def test_a_repository_does_not_write_the_notes_of_a_folder(serve: Serve, tmp_path: Path) -> None:
    """They say which file is fetched already, also for other repositories in that folder."""
    names = (".cache/huggingface/download/f.metadata", ".CACHE/huggingface/x", ".cache/mine", "f")
    found = listing(*[sibling(name, b"x") for name in names])
    server = serve(lambda r: found if "/api/" in r.target else file_reply(b"x"))
    client(server).snapshot_download("a/b", local_dir=tmp_path)
    assert (tmp_path / ".cache/mine").read_bytes() == (tmp_path / "f").read_bytes() == b"x"
    assert not (tmp_path / ".CACHE").exists()
    assert len((tmp_path / ".cache/huggingface/download/f.metadata").read_text().split()) == 3


def test_a_repository_without_a_commit_says_so(serve: Serve) -> None:
    with pytest.raises(RevisionNotFoundError, match="no commit"):
        client(serve(lambda _: reply(200, {"id": "a/b"}))).snapshot_download("a/b")


def batches(files: dict[str, bytes], sent: bytes, etags: dict[str, str] | None = None) -> Script:
    """A hub that offers many files in one answer, and then answers so."""
    extensions = {"batchDownload": {"maxPaths": 9, "maxFileSize": 99, "maxTotalSize": 999}}
    document = {"name": "x", "version": "1", "extensions": extensions}

    def answer(received: Received) -> bytes:
        name = received.target.rpartition("/")[2]
        if received.target == "/api/capabilities":
            return reply(200, document)
        if "/download/" in received.target:
            return reply(200, sent)
        if name in files:
            return file_reply(files[name], git_id(files[name]))
        found = listing(*[sibling(path, data) for path, data in files.items()])
        return found.replace(b"\r\n", b"\r\nX-Hub-Capabilities: /api/capabilities\r\n", 1)

    return answer


def lines(files: dict[str, bytes]) -> bytes:
    rows = [
        b'{"path":"%s","oid":"%s","size":%d}\n%s'
        % (path.encode(), git_id(data).encode(), len(data), data)
        for path, data in files.items()
    ]
    return b"".join(rows)


SMALL = {f"f{number}": b"bytes of %d" % number for number in range(5)}


@pytest.mark.parametrize(
    ("sent", "single"),
    [
        (lines(SMALL), 0),
        (lines(SMALL | {"f2": b"BYTES of 2"}), 1),
        (lines({**dict(list(SMALL.items())[:3])}), 2),
        (lines(SMALL)[:-3], 1),
        (b'{"path":"f0","error":"EntryNotFound"}\n' + lines({**dict(list(SMALL.items())[1:])}), 1),
        (b"<html>", 5),
        (lines({"f1": b"x"}), 5),
        (b"", 5),
    ],
    ids=["right", "a wrong file", "too few", "cut", "missing", "a page", "disorder", "nothing"],
)
def test_what_does_not_come_with_the_others_is_fetched_alone(
    serve: Serve, sent: bytes, single: int
) -> None:
    server = serve(batches(SMALL, sent))
    folder = client(server).snapshot_download("a/b")
    assert contents(folder) == SMALL
    assert sum("/resolve/" in request.target for request in server.requests) == single
    assert leftovers(Path(folder).parents[1]) == []


def test_large_files_never_come_with_others(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such files are held in memory, whatever the hub would send that way."""
    monkeypatch.setattr(snapshots, "LARGEST_IN_BATCH", 9)
    files = {f"f{number}": b"bytes of %d" % number for number in range(4)}
    server = serve(batches(files, lines(files)))
    folder = str(client(server).snapshot_download("a/b"))
    assert contents(folder) == files
    assert not any("/download/" in request.target for request in server.requests)


def test_a_file_that_stays_wrong_ends_the_snapshot_and_is_not_kept(
    serve: Serve, tmp_path: Path
) -> None:
    script = routed(
        info=listing(sibling("good", b"x"), sibling("bad", b"right")),
        good=file_reply(b"x", git_id(b"x")),
        bad=file_reply(b"wrong", git_id(b"right")),
    )
    with pytest.raises(CorruptedFileError, match="bad of a/b"):
        client(serve(script)).snapshot_download("a/b", cache_dir=tmp_path)
    assert not list(tmp_path.rglob("bad"))
    assert not list(tmp_path.rglob(git_id(b"right")))
    assert leftovers(tmp_path) == []


def test_a_file_that_vanishes_meanwhile_is_an_error(serve: Serve) -> None:
    missing = reply(404, b"", x_error_code="EntryNotFound", x_repo_commit=COMMIT)
    script = routed(info=listing(sibling("f", b"x")), f=missing)
    with pytest.raises(EntryNotFoundError):
        client(serve(script)).snapshot_download("a/b")


def test_verify_mends_what_is_broken(api: HfApi, repo: Repo) -> None:
    folder = Path(api.snapshot_download(repo.full_name))
    for path in ("a.txt", "w.bin"):
        (folder / path).resolve().write_bytes(b"?")
    report = api.verify_repo_checksums(repo.full_name)
    assert sorted(report.mismatches) == ["a.txt", "w.bin"]
    assert contents(folder) != EXPECTED
    api.snapshot_download(repo.full_name, verify=True)
    assert contents(folder) == EXPECTED
    (folder / "extra").write_text("x")
    (folder / "empty").unlink()
    report = api.verify_repo_checksums(repo.full_name)
    assert (report.mismatches, report.missing_paths) == ([], ["empty"])
    assert report.extra_paths == ["extra"]
    assert report.checked_count == 5


# Ending early


def test_an_error_of_one_file_ends_the_call_while_others_stall(serve: Serve) -> None:
    stalled = threading.Event()

    def stall(received: Received) -> bytes | None:
        stalled.set()
        return SILENCE

    def fail(received: Received) -> bytes:
        stalled.wait(30)
        return reply(403, {"error": "no"})

    script = routed(info=listing(sibling("s", b"x"), sibling("f", b"y")), s=stall, f=fail)
    began = time.monotonic()
    with pytest.raises(Exception, match="no"):
        client(serve(script)).snapshot_download("a/b")
    assert time.monotonic() - began < PATIENCE + 0.5


@pytest.mark.parametrize("where", ["info", "f"])
def test_a_cancelled_snapshot_ends_within_a_second(serve: Serve, where: str) -> None:
    cancel = Cancellation()
    at: list[float] = []

    def stall(received: Received) -> bytes | None:
        at.append(time.monotonic())
        cancel.cancel()
        return SILENCE

    answers: dict[str, Any] = {"info": listing(sibling("f", b"x")), where: stall}
    with pytest.raises(TransferCancelledError):
        client(serve(routed(**answers))).snapshot_download("a/b", cancel=cancel)
    assert time.monotonic() - at[0] < PATIENCE
