"""The depth of the deltas of a pack, beside what git says of it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from freehold.formats.delta_chains import find_depth
from freehold.formats.pack import PackWriter, read_index_ids, read_index_offsets

VERSIONS = 60


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    done = subprocess.run(["git", "-C", folder, *arguments], input=stdin, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bare repository with one file in many versions."""
    git(tmp_path, "init", "-q", "--bare")
    lines = [b"%d of many lines\n" % number for number in range(200)]
    stream = []
    for version in range(VERSIONS):
        lines[version] = b"changed %d\n" % version
        text = b"".join(lines)
        stream.append(
            b"commit refs/heads/main\ncommitter A <a@example.org> %d +0000\ndata 1\nx\n"
            b"M 100644 inline f.txt\ndata %d\n%s\n" % (version, len(text), text)
        )
    git(tmp_path, "fast-import", "--quiet", stdin=b"".join(stream))
    return tmp_path


@pytest.mark.parametrize("depth", [1, 10, 50])
@pytest.mark.parametrize("options", [[], ["--delta-base-offset"]], ids=["by id", "by offset"])
def test_the_depth_is_what_git_says(folder: Path, depth: int, options: list[str]) -> None:
    command = ["pack-objects", "--all", "--no-reuse-delta", f"--depth={depth}", *options, "-q"]
    name = git(folder, *command, "made").strip()
    pack = folder / f"made-{name}.pack"
    index = pack.with_suffix(".idx").read_bytes()
    found = find_depth(pack.read_bytes(), read_index_ids(index), read_index_offsets(index))
    said = re.findall(r"chain length = (\d+)", git(folder, "verify-pack", "-v", str(pack)))
    assert 0 < found == max(map(int, said)) <= depth


def test_a_pack_of_whole_objects_has_no_depth(tmp_path: Path) -> None:
    with PackWriter() as writer, (tmp_path / "pack").open("w+b") as file:
        oids = {writer.add("blob", b"%d" % number) for number in range(20)}
        index = writer.finish(file).index
    ids = read_index_ids(index)
    assert set(ids) == oids
    pack = (tmp_path / "pack").read_bytes()
    assert find_depth(pack, ids, read_index_offsets(index)) == 0
