"""Any sequence of commits gives the files that a dict would hold, and the ids that git would."""

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freehold.formats.lfs_pointer import build_pointer
from tests.commits import (
    Operation,
    Remote,
    create_remote,
    deletion,
    file,
    header,
    lfs_file,
    sha256,
    to_lines,
)
from tests.live import LiveHub

OBJECTS = [b"large object %d" % number * 50 for number in range(3)]
PATHS = st.lists(st.sampled_from(["a", "b", "c d", "ü"]), min_size=1, max_size=3).map("/".join)
STEPS = st.one_of(
    st.tuples(st.just("file"), PATHS, st.binary(max_size=30)),
    st.tuples(st.sampled_from(["lfsFile", "copy"]), PATHS, st.sampled_from(OBJECTS)),
    st.tuples(st.sampled_from(["deletedFile", "deletedFolder"]), PATHS, st.just(b"")),
)
COMMITS = st.lists(st.lists(STEPS, min_size=1, max_size=4), min_size=1, max_size=8)

Step = tuple[str, str, bytes]
Files = dict[str, bytes]
"""What git holds for each path: the bytes of a file, or the pointer to a large one."""


class RefusedError(Exception):
    """The commit breaks a rule of the model."""


def run_model(files: Files, steps: list[Step]) -> Files:
    """The files after a commit: deletions count first, and of two additions the later one."""
    after = dict(files)
    for key in ("deletedFile", "deletedFolder"):
        for path in [path for kind, path, _ in steps if kind == key]:
            gone = [path] if key == "deletedFile" else [p for p in after if below(p, path)]
            if not gone or not set(gone) <= after.keys():
                raise RefusedError(path)
            after = {p: data for p, data in after.items() if p not in gone}
    for kind, path, data in steps:
        if not kind.startswith("deleted"):
            after[path] = data if kind == "file" else build_pointer(sha256(data), len(data))
    if any(below(p, path) for path in after for p in after):
        raise RefusedError("a file and a folder")
    return after


def below(path: str, folder: str) -> bool:
    """Whether the path is in the folder."""
    return path.startswith(f"{folder}/")


def to_operation(step: Step) -> Operation:
    kind, path, data = step
    if kind == "file":
        return file(path, data)
    if kind.startswith("deleted"):
        return deletion(kind, path)
    operation = lfs_file(path, data)
    if kind == "copy":
        del operation["value"]["size"]
    return operation


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(commits=COMMITS)
def test_commits_give_the_files_of_a_dict_and_the_ids_of_git(
    hub: LiveHub, commits: list[list[Step]]
) -> None:
    remote = create_remote(hub, hub.user())
    for data in OBJECTS:
        remote.upload(data)
    files: Files = {}
    for steps in commits:
        head = remote.head()
        answer = remote.send_commit(to_lines([header(), *map(to_operation, steps)]))
        try:
            files = run_model(files, steps)
        except RefusedError:
            assert answer.status_code in (400, 404), answer.text
            assert remote.head() == head
            continue
        assert answer.status_code == 200, answer.text
        assert read_all(remote) == files
    compare_with_git(remote, files)


def read_all(remote: Remote) -> Files:
    """What git holds for each path of the repository, its attributes aside."""
    found = {}
    for path in remote.tree().keys() - {".gitattributes"}:
        answer = remote.hub.call("GET", f"/{remote.name}/raw/main/{path}")
        found[path] = answer.raise_for_status().content
    return found


def compare_with_git(remote: Remote, files: Files) -> None:
    """Check that git finds nothing wrong, and makes the same tree of the same files."""
    repo_id = remote.call("GET", "").json()["_id"]
    bare = str(remote.hub.inside.git.cache.bring_forward(repo_id, 0))
    head = remote.head()
    said = git(bare, "fsck", "--strict", "--full", "--no-dangling", head)
    assert said in ("", "notice: HEAD points to an unborn branch (main)\n")
    commit = subprocess.check_output(["git", "--git-dir", bare, "cat-file", "commit", head])
    assert git(bare, "hash-object", "-t", "commit", "--stdin", stdin=commit).strip() == head
    attributes = remote.read(".gitattributes")
    tree = write_tree({**files, ".gitattributes": attributes})
    assert git(bare, "rev-parse", f"{head}^{{tree}}").strip() == tree


def write_tree(files: Files) -> str:
    """The id of the tree that git makes of the files, in a repository of its own."""
    with tempfile.TemporaryDirectory() as folder:
        git(folder, "init", "-q", "--bare")
        for path, data in files.items():
            oid = git(folder, "hash-object", "-w", "--stdin", stdin=data).strip()
            git(folder, "update-index", "--add", "--cacheinfo", f"100644,{oid},{path}")
        return git(folder, "write-tree").strip()


def git(folder: str, *arguments: str, stdin: bytes = b"") -> str:
    """What git says in the bare repository `folder`; raises when it fails."""
    environ: dict[str, Any] = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    done = subprocess.run(
        ["git", "--git-dir", folder, *arguments], input=stdin, capture_output=True, env=environ
    )
    assert done.returncode == 0, done.stderr
    return (done.stdout + done.stderr).decode()
