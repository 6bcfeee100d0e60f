"""`hf_hub_download`: one file, its requests, its place on the disk, and what is known about it."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from freehold import (
    CACHED_NO_EXIST,
    Cancellation,
    CorruptedFileError,
    EntryNotFoundError,
    Event,
    GatedRepoError,
    HfApi,
    HFValidationError,
    HubConnectionError,
    InvalidAnswerError,
    LocalEntryNotFoundError,
    LocalFileError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
    TransferCancelledError,
    try_to_load_from_cache,
)
from freehold.client import retries
from tests.client.downloading import (
    COMMIT,
    LARGE,
    cut,
    file_reply,
    git_id,
    leftovers,
    serve_range,
    sha256,
)
from tests.client.hostile import (
    HANG_UP,
    SILENCE,
    ForwardProxy,
    HostileServer,
    Received,
    Script,
    in_turn,
    reply,
)
from tests.repos import Repo, file, new_repo

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

Serve = Callable[[Script], HostileServer]


@pytest.fixture
def hub(shared_hub: Callable[[str], LiveHub]) -> LiveHub:
    """A running hub; what a client does is the same on every database."""
    return shared_hub("sqlite")


@pytest.fixture
def repo(hub: LiveHub, alice: Account) -> Repo:
    """Files in git and a large one."""
    repo = new_repo(hub, alice, file("a.txt", "a1"), file("sub/x y.txt", "b1"), file("empty", ""))
    repo.commit_lfs("w.bin", LARGE)
    return repo


@pytest.fixture
def asked(api: HfApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The requests of `api`, as a proxy sees them."""
    with ForwardProxy() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        yield proxy.lines


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start a hub that answers as the test says; nobody waits long before trying again."""
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


def methods(lines: list[str]) -> list[str]:
    return [line.partition(" ")[0] for line in lines]


# Requests


def test_a_file_that_is_not_there_costs_one_request(
    api: HfApi, repo: Repo, asked: list[str]
) -> None:
    path = api.hf_hub_download(repo.full_name, "a.txt")
    assert Path(path).read_text() == "a1"
    assert methods(asked) == ["GET"]
    large = api.hf_hub_download(repo.full_name, "w.bin")
    assert Path(large).read_bytes() == LARGE
    assert methods(asked) == ["GET", "GET"]


def test_a_file_that_is_there_costs_at_most_one_request(
    api: HfApi, repo: Repo, asked: list[str]
) -> None:
    first = api.hf_hub_download(repo.full_name, "w.bin")
    del asked[:]
    assert api.hf_hub_download(repo.full_name, "w.bin") == first
    assert methods(asked) == ["HEAD"]
    assert api.hf_hub_download(repo.full_name, "w.bin", revision=repo.head()) == first
    assert methods(asked) == ["HEAD"]


def test_a_change_of_the_file_is_seen_and_bytes_that_are_there_are_used_again(
    api: HfApi, repo: Repo, asked: list[str]
) -> None:
    old = api.hf_hub_download(repo.full_name, "w.bin")
    api.hf_hub_download(repo.full_name, "a.txt")
    second = repo.commit(file("a.txt", "a2"))
    del asked[:]
    new = api.hf_hub_download(repo.full_name, "a.txt")
    assert Path(new).read_text() == "a2"
    assert methods(asked) == ["HEAD", "GET"]
    moved = api.hf_hub_download(repo.full_name, "w.bin")
    assert Path(moved).parent.name == second
    assert os.path.realpath(moved) == os.path.realpath(old)
    assert methods(asked) == ["HEAD", "GET", "GET"]
    assert leftovers(Path(new).parents[3]) == []


def test_an_old_revision_a_branch_and_a_reference_have_files_of_their_own(
    api: HfApi, repo: Repo
) -> None:
    first = repo.head()
    repo.commit(file("a.txt", "a2"))
    api.create_branch(repo.full_name, branch="dev/x", revision=first)
    for revision, text in ((first, "a1"), ("main", "a2"), ("dev/x", "a1"), (None, "a2")):
        path = Path(api.hf_hub_download(repo.full_name, "a.txt", revision=revision))
        assert path.read_text() == text
    assert (path.parents[2] / "refs" / "dev" / "x").read_text() == first


def test_a_subfolder_and_every_repo_type(hub: LiveHub, alice: Account, api: HfApi) -> None:
    for kind in ("model", "dataset", "space", "kernel"):
        repo = new_repo(hub, alice, file("sub/x y#.txt", kind), type=kind)
        path = api.hf_hub_download(repo.full_name, "x y#.txt", subfolder="sub", repo_type=kind)
        assert Path(path).read_text() == kind
        assert f"{kind}s--{alice.name}--" in path


def test_events_tell_each_step(api: HfApi, repo: Repo) -> None:
    events: list[Event] = []
    api.hf_hub_download(repo.full_name, "w.bin", on_event=events.append)
    assert {event.kind for event in events} == {"download"}
    assert [event.done for event in events] == sorted(event.done for event in events)
    assert events[-1] == Event("download", "w.bin", len(LARGE), len(LARGE))
    assert 3 <= len(events) <= 6
    api.hf_hub_download(repo.full_name, "w.bin", on_event=events.append)
    assert events[-1].kind == "skip"


def test_a_dry_run_says_what_would_be_done(api: HfApi, repo: Repo, isolated_home: Path) -> None:
    told = api.hf_hub_download(repo.full_name, "w.bin", dry_run=True)
    assert told.file_size == len(LARGE)
    assert told.commit_hash == repo.head()
    assert (told.is_cached, told.will_download) == (False, True)
    assert not isolated_home.exists()
    assert api.hf_hub_download(repo.full_name, "w.bin") == told.local_path
    again = api.hf_hub_download(repo.full_name, "w.bin", dry_run=True)
    assert (again.is_cached, again.will_download) == (True, False)
    forced = api.hf_hub_download(repo.full_name, "w.bin", dry_run=True, force_download=True)
    assert (forced.is_cached, forced.will_download) == (True, True)


def test_metadata_and_addresses_are_those_of_the_hub(api: HfApi, repo: Repo) -> None:
    url = api.hf_hub_url(repo.full_name, "w.bin")
    assert url == f"{repo.hub.url}/{repo.full_name}/resolve/main/w.bin"
    found = api.get_hf_file_metadata(url)
    assert found == (repo.head(), sha256(LARGE), url, len(LARGE), None)
    strange = api.hf_hub_url("a/b", "x y", subfolder="s", repo_type="dataset", revision="refs/pr/1")
    assert strange == f"{repo.hub.url}/datasets/a/b/resolve/refs%2Fpr%2F1/s/x%20y"
    elsewhere = api.hf_hub_url("a/b", "f", endpoint="https://hub.example")
    assert elsewhere == "https://hub.example/a/b/resolve/main/f"


# What is not there, or not to be seen


def test_what_the_hub_refuses_has_its_own_error(
    hub: LiveHub, alice: Account, bob: Account, api: HfApi, repo: Repo
) -> None:
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(repo.full_name, "nope.txt")
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(repo.full_name, "sub")
    with pytest.raises(RevisionNotFoundError):
        api.hf_hub_download(repo.full_name, "a.txt", revision="nope")
    with pytest.raises(RepositoryNotFoundError):
        api.hf_hub_download(f"{repo.full_name}-not", "a.txt")
    gated = new_repo(hub, alice, file("a.txt", "secret"))
    api.update_repo_settings(gated.full_name, gated="auto")
    with pytest.raises(GatedRepoError):
        HfApi(hub.url, token=bob.token).hf_hub_download(gated.full_name, "a.txt")


def test_a_renamed_repository_is_found(api: HfApi, repo: Repo) -> None:
    api.move_repo(repo.full_name, f"{repo.full_name}-new")
    assert Path(api.hf_hub_download(repo.full_name, "a.txt")).read_text() == "a1"


def test_the_cache_knows_what_a_commit_does_not_have(api: HfApi, repo: Repo) -> None:
    assert try_to_load_from_cache(repo.full_name, "nope.txt") is None
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(repo.full_name, "nope.txt")
    assert try_to_load_from_cache(repo.full_name, "nope.txt") is CACHED_NO_EXIST
    path = api.hf_hub_download(repo.full_name, "a.txt")
    assert try_to_load_from_cache(repo.full_name, "a.txt") == path
    assert try_to_load_from_cache(repo.full_name, "a.txt", revision=repo.head()) == path
    assert try_to_load_from_cache(repo.full_name, "a.txt", revision="dev") is None


@pytest.mark.parametrize(
    "name", ["../a", "/etc/passwd", "a/../b", "a//b", "", ".git/config", "a\0"]
)
def test_a_name_that_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    api = HfApi(endpoint="http://127.0.0.1:9")
    with pytest.raises(HFValidationError):
        api.hf_hub_download("a/b", name)
    with pytest.raises(HFValidationError):
        api.hf_hub_download("a/b", "f", revision=name or "..", cache_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_old_names_still_work_and_say_so_once(api: HfApi, repo: Repo) -> None:
    with pytest.warns(FutureWarning, match="resume_download"):
        api.hf_hub_download(repo.full_name, "a.txt", resume_download=True)
    anonymous = HfApi(repo.hub.url, token=False)
    api.update_repo_settings(repo.full_name, private=True)
    with pytest.warns(FutureWarning, match="use_auth_token"):
        anonymous.hf_hub_download(repo.full_name, "empty", use_auth_token=repo.account.token)
    with pytest.raises(TypeError, match="nonsense"):
        api.hf_hub_download(repo.full_name, "a.txt", nonsense=1)


# Without the hub


def test_without_the_hub_the_copy_of_the_cache_is_used(
    api: HfApi, repo: Repo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    path = api.hf_hub_download(repo.full_name, "a.txt")
    assert api.hf_hub_download(repo.full_name, "a.txt", local_files_only=True) == path
    with pytest.raises(LocalEntryNotFoundError, match="not in the cache, and the hub was not"):
        api.hf_hub_download(repo.full_name, "w.bin", local_files_only=True)
    away = HfApi(endpoint="http://127.0.0.1:9")
    with caplog.at_level(logging.WARNING):
        assert away.hf_hub_download(repo.full_name, "a.txt") == path
    assert "cannot be reached" in caplog.text
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    offline = HfApi(endpoint=repo.hub.url)
    assert offline.hf_hub_download(repo.full_name, "a.txt") == path
    with pytest.raises(LocalEntryNotFoundError):
        offline.hf_hub_download(repo.full_name, "w.bin")
    with pytest.raises(OfflineModeIsEnabled):
        offline.get_hf_file_metadata(offline.hf_hub_url(repo.full_name, "a.txt"))


def test_a_hub_that_is_away_and_an_empty_cache_are_both_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retries, "FIRST_PAUSE", 0.01)
    with pytest.raises(
        LocalEntryNotFoundError, match=r"not in the cache.*cannot be reached"
    ) as got:
        HfApi(endpoint="http://127.0.0.1:9").hf_hub_download("a/b", "f")
    assert isinstance(got.value.__cause__, HubConnectionError)


def test_a_page_that_is_no_hub_is_as_good_as_no_hub(serve: Serve) -> None:
    server = serve(lambda _: reply(200, b"<html>Log in first</html>", content_type="text/html"))
    with pytest.raises(LocalEntryNotFoundError, match="X-Repo-Commit") as got:
        client(server).hf_hub_download("a/b", "f")
    assert isinstance(got.value.__cause__, InvalidAnswerError)


# Bytes


@pytest.mark.parametrize("etag", ["../../up", "a/b", ".hidden", "x" * 300, "x.incomplete", ""])
def test_an_etag_that_is_no_name_is_refused(serve: Serve, etag: str, isolated_home: Path) -> None:
    server = serve(lambda _: reply(200, b"x", x_repo_commit=COMMIT, etag=f'"{etag}"'))
    with pytest.raises(InvalidAnswerError):
        client(server).hf_hub_download("a/b", "f")
    assert not isolated_home.exists()


@pytest.mark.parametrize("data", [b"small", LARGE], ids=["small", "large"])
@pytest.mark.parametrize("local", [False, True])
def test_wrong_bytes_are_fetched_once_more_and_then_refused(
    serve: Serve, data: bytes, local: bool, tmp_path: Path
) -> None:
    wrong = b"?" + data[1:]
    where = {"local_dir": tmp_path / "out"} if local else {"cache_dir": tmp_path / "out"}
    server = serve(lambda _: file_reply(wrong, sha256(data)))
    with pytest.raises(CorruptedFileError, match=sha256(data)):
        client(server).hf_hub_download("a/b", "f", **where)
    assert [request.method for request in server.requests] == ["GET", "GET"]
    assert leftovers(tmp_path) == []
    assert not list((tmp_path / "out").rglob(sha256(data)))
    assert not (tmp_path / "out" / "f").exists()
    server.script = in_turn(file_reply(wrong, sha256(data)), file_reply(data))
    path = client(server).hf_hub_download("a/b", "f", **where)
    assert Path(path).read_bytes() == data


def test_files_in_git_are_checked_by_their_git_id(serve: Serve) -> None:
    server = serve(lambda _: file_reply(b"wrong", git_id(b"right")))
    with pytest.raises(CorruptedFileError):
        client(server).hf_hub_download("a/b", "f")
    server.script = lambda _: file_reply(b"right", git_id(b"right"))
    assert Path(client(server).hf_hub_download("a/b", "f")).read_bytes() == b"right"
    # Of other etags nothing is known but the size.
    server.script = lambda _: file_reply(b"other", "abc")
    assert Path(client(server).hf_hub_download("a/b", "g")).read_bytes() == b"other"


def test_a_broken_connection_goes_on_where_it_broke(serve: Serve) -> None:
    """Each answer breaks after two blocks; no block is asked for twice."""
    wanted: list[str] = []

    def script(received: Received) -> bytes:
        wanted.append(received.headers.get("range", ""))
        return cut(serve_range(LARGE, received), 2 << 20)

    events: list[Event] = []
    path = client(serve(script)).hf_hub_download("a/b", "f", on_event=events.append)
    assert Path(path).read_bytes() == LARGE
    assert wanted == ["", "bytes=2097152-", "bytes=4194304-"]
    assert "retry" in {event.kind for event in events}
    assert leftovers(Path(path).parents[2]) == []


def test_a_hub_without_ranges_is_asked_for_the_whole_again(serve: Serve) -> None:
    server = serve(in_turn(cut(file_reply(LARGE), 2 << 20), file_reply(LARGE)))
    assert Path(client(server).hf_hub_download("a/b", "f")).read_bytes() == LARGE
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("left", "ranges"),
    [
        (LARGE[: 3 << 20], ["bytes=3145728-"]),
        (LARGE, []),
        (b"?" * (3 << 20), ["bytes=3145728-", ""]),
        (LARGE + b"?", [""]),
    ],
    ids=["a part", "all of it", "something else", "too much"],
)
def test_what_an_earlier_process_left_is_used_if_it_is_right(
    serve: Serve, tmp_path: Path, left: bytes, ranges: list[str]
) -> None:
    blobs = tmp_path / "models--a--b" / "blobs"
    blobs.mkdir(parents=True)
    (blobs / f"{sha256(LARGE)}.incomplete").write_bytes(left)
    server = serve(lambda received: serve_range(LARGE, received))
    path = client(server).hf_hub_download("a/b", "f", cache_dir=tmp_path)
    assert Path(path).read_bytes() == LARGE
    assert [r.headers.get("range", "") for r in server.requests if r.method == "GET"] == ranges
    assert leftovers(tmp_path) == []


def test_verify_reads_what_is_there_and_mends_it(
    api: HfApi, repo: Repo, asked: list[str], tmp_path: Path
) -> None:
    path = Path(api.hf_hub_download(repo.full_name, "w.bin"))
    blob = path.resolve()
    blob.write_bytes(b"?" * len(LARGE))
    assert api.hf_hub_download(repo.full_name, "w.bin") == str(path)
    assert path.read_bytes() != LARGE
    for revision in ("main", repo.head()):
        blob.write_bytes(b"?" * len(LARGE))
        api.hf_hub_download(repo.full_name, "w.bin", verify=True, revision=revision)
        assert path.read_bytes() == LARGE
    del asked[:]
    api.hf_hub_download(repo.full_name, "w.bin", verify=True, revision=repo.head())
    assert asked == []
    local = Path(api.hf_hub_download(repo.full_name, "a.txt", local_dir=tmp_path / "out"))
    local.write_text("a?")
    api.hf_hub_download(repo.full_name, "a.txt", local_dir=tmp_path / "out", verify=True)
    assert local.read_text() == "a1"


def test_a_forced_download_fetches_in_any_case(api: HfApi, repo: Repo, asked: list[str]) -> None:
    for name in ("w.bin", "a.txt"):
        path = Path(api.hf_hub_download(repo.full_name, name))
        wanted = path.read_bytes()
        path.resolve().write_bytes(b"??")
        api.hf_hub_download(repo.full_name, name, force_download=True, revision=repo.head())
        assert path.read_bytes() == wanted
    assert methods(asked) == ["GET"] * 4


def test_a_redirect_to_a_store_gets_no_token(serve: Serve) -> None:
    store = serve(lambda received: file_reply(LARGE, "another-etag-of-the-store"))
    told = {"x_repo_commit": COMMIT, "x_linked_etag": f'"{sha256(LARGE)}"'}
    address = store.url.replace("localhost", "127.0.0.1") + "/object?signature=1"
    hub = serve(
        lambda _: reply(302, b"Found", location=address, x_linked_size=str(len(LARGE)), **told)
    )
    api = client(hub)
    path = Path(api.hf_hub_download("a/b", "f"))
    assert path.read_bytes() == LARGE
    assert path.resolve().name == sha256(LARGE)
    assert hub.requests[0].headers["authorization"] == "Bearer hf_x"
    assert "authorization" not in store.requests[0].headers
    assert api.hf_hub_download("a/b", "f") == str(path)
    assert len(store.requests) == 1
    assert api.get_hf_file_metadata(api.hf_hub_url("a/b", "f")).location == address


def test_a_token_for_one_hub_is_not_sent_to_another(serve: Serve) -> None:
    other = serve(lambda _: file_reply(b"x"))
    api = HfApi(endpoint="https://hub.example", token="hf_secret")
    api.hf_hub_download("a/b", "f", endpoint=other.url)
    assert "authorization" not in other.requests[0].headers


def test_a_cancelled_download_ends_at_once_and_can_be_resumed(serve: Serve) -> None:
    cancel = Cancellation()
    server = serve(lambda received: cut(serve_range(LARGE, received), 2 << 20))

    def cancel_then(event: Event) -> None:
        if event.kind == "retry":
            server.script = lambda received: SILENCE
            threading.Timer(0.1, cancel.cancel).start()

    began = time.monotonic()
    with pytest.raises(TransferCancelledError):
        client(server).hf_hub_download("a/b", "f", on_event=cancel_then, cancel=cancel)
    assert time.monotonic() - began < 5
    server.script = lambda received: serve_range(LARGE, received)
    assert Path(client(server).hf_hub_download("a/b", "f")).read_bytes() == LARGE
    assert server.requests[-1].headers["range"] == "bytes=2097152-"


def test_a_hub_that_stalls_within_a_file_is_given_up(serve: Serve) -> None:
    release = threading.Event()

    def script(received: Received) -> bytes | None:
        return HANG_UP if release.is_set() else SILENCE

    with pytest.raises(LocalEntryNotFoundError, match="in time"):
        client(serve(script)).hf_hub_download("a/b", "f", timeout=0.2)


# A folder of one's own


def test_a_local_folder_holds_files_and_no_links(
    api: HfApi, repo: Repo, asked: list[str], tmp_path: Path, isolated_home: Path
) -> None:
    out = tmp_path / "out"
    path = Path(api.hf_hub_download(repo.full_name, "sub/x y.txt", local_dir=out))
    assert path == out / "sub" / "x y.txt"
    assert path.read_text() == "b1"
    assert not isolated_home.exists()
    notes = (out / ".cache/huggingface/download/sub/x y.txt.metadata").read_text().split("\n")
    assert notes[:2] == [repo.head(), git_id(b"b1")]
    assert abs(float(notes[2]) - time.time()) < 60
    del asked[:]
    api.hf_hub_download(repo.full_name, "sub/x y.txt", local_dir=out)
    assert methods(asked) == ["HEAD"]
    api.hf_hub_download(repo.full_name, "sub/x y.txt", local_dir=out, revision=repo.head())
    assert methods(asked) == ["HEAD"]
    large = Path(api.hf_hub_download(repo.full_name, "w.bin", local_dir=out))
    assert large.read_bytes() == LARGE
    assert leftovers(out) == []


def test_a_file_that_somebody_changed_is_fetched_and_one_that_is_right_is_kept(
    api: HfApi, repo: Repo, asked: list[str], tmp_path: Path
) -> None:
    path = Path(api.hf_hub_download(repo.full_name, "a.txt", local_dir=tmp_path))
    path.write_text("mine")
    later = time.time() + 100
    os.utime(path, (later, later))
    api.hf_hub_download(repo.full_name, "a.txt", local_dir=tmp_path)
    assert path.read_text() == "a1"
    del asked[:]
    (tmp_path / "w.bin").write_bytes(LARGE)
    api.hf_hub_download(repo.full_name, "w.bin", local_dir=tmp_path)
    assert methods(asked) == ["HEAD"]


def test_a_local_folder_takes_bytes_from_the_cache(
    api: HfApi, repo: Repo, asked: list[str], tmp_path: Path
) -> None:
    cached = Path(api.hf_hub_download(repo.full_name, "w.bin"))
    del asked[:]
    path = Path(api.hf_hub_download(repo.full_name, "w.bin", local_dir=tmp_path))
    assert path.read_bytes() == LARGE
    assert len(asked) == 1
    path.write_bytes(b"mine")
    assert cached.read_bytes() == LARGE


# A cache that is not as usual


def test_a_file_system_without_links_gets_copies(
    api: HfApi, repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("there are no links here")

    monkeypatch.setattr(os, "symlink", refuse)
    path = Path(api.hf_hub_download(repo.full_name, "w.bin"))
    assert not path.is_symlink()
    assert path.read_bytes() == LARGE
    path.write_bytes(b"?")
    api.hf_hub_download(repo.full_name, "w.bin", revision=repo.head(), verify=True)
    assert path.read_bytes() == LARGE
    second = repo.commit(file("more", "x"))
    again = Path(api.hf_hub_download(repo.full_name, "w.bin", revision=second))
    assert again.read_bytes() == LARGE
    assert again != path
    assert leftovers(path.parents[2]) == []


def test_links_can_be_switched_off(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_HUB_DISABLE_SYMLINKS", "1")
    api = HfApi(repo.hub.url, token=repo.account.token)
    path = Path(api.hf_hub_download(repo.full_name, "a.txt", cache_dir=tmp_path))
    assert not path.is_symlink()
    assert api.hf_hub_download(repo.full_name, "a.txt", cache_dir=tmp_path) == str(path)


def test_a_cache_that_is_a_file_is_a_clear_error(api: HfApi, repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(LocalFileError, match="file"):
        api.hf_hub_download(repo.full_name, "a.txt", cache_dir=tmp_path / "file")


# Signed addresses and numbers that are none


@pytest.mark.parametrize("etag", [f'"{sha256(b"12345")}"', '"../x"'])
def test_a_signed_address_is_in_no_error(
    serve: Serve, etag: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The store sends less than the hub has said, or the hub names no digest."""
    caplog.set_level(logging.DEBUG)
    store = serve(lambda _: reply(200, b"123"))
    told = {"x_linked_etag": etag, "x_linked_size": "5", "x_repo_commit": COMMIT}
    away = reply(302, location=f"{store.url}/f?X-Signature=TopSecret", **told)
    with pytest.raises((HubConnectionError, InvalidAnswerError)) as caught:
        client(serve(lambda _: away)).hf_hub_download("a/b", "f")
    assert "TopSecret" not in str(caught.value)
    assert "TopSecret" not in caplog.text


def test_the_address_of_a_store_that_is_no_hub_is_not_told(serve: Serve) -> None:
    store = serve(lambda _: reply(200, b"123"))
    hub = serve(lambda _: reply(302, location=f"{store.url}/f?X-Signature=TopSecret"))
    with pytest.raises(LocalEntryNotFoundError) as caught:
        client(hub).hf_hub_download("a/b", "f")
    assert "TopSecret" not in str(caught.value)


@pytest.mark.parametrize("size", ["\xb2", "9" * 5000])
def test_a_size_that_is_no_number_is_not_believed(serve: Serve, size: str) -> None:
    head = file_reply(b"12345", x_linked_size="SIZE").replace(b"SIZE", size.encode("latin-1"))
    path = client(serve(lambda _: head)).hf_hub_download("a/b", "f")
    assert Path(path).read_bytes() == b"12345"


def test_renewing_a_link_touches_no_other_file(serve: Serve) -> None:
    api = client(serve(lambda r: file_reply(r.target.rpartition("/")[2].encode())))
    other = Path(api.hf_hub_download("a/b", "f.link"))
    path = Path(api.hf_hub_download("a/b", "f"))
    path.unlink()
    path.write_bytes(b"not a link")
    api.hf_hub_download("a/b", "f", force_download=True)
    assert (path.read_bytes(), other.read_bytes()) == (b"f", b"f.link")
    assert path.is_symlink()
