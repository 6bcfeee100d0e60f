"""Repositories of text files, git as it comes, and the peer: git-http-backend behind lighttpd."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from _measure import need

from tests.postgres import free_port

Files = dict[str, bytes]

# Of commits, and of the words in files.
START, STEP, WORDS = 1_700_000_000, 3600, 4000

LIGHTTPD = """
server.modules = ("mod_alias", "mod_setenv", "mod_cgi")
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{root}"
server.errorlog = "{folder}/error.log"
server.upload-dirs = ("{folder}")
server.stream-response-body = 2
alias.url = ("/git" => "{program}")
$HTTP["url"] =~ "^/git/" {{
    cgi.assign = ("" => "")
    setenv.set-environment = (
        "GIT_PROJECT_ROOT" => "{root}",
        "GIT_HTTP_EXPORT_ALL" => "1",
        "GIT_CONFIG_NOSYSTEM" => "1",
        "GIT_CONFIG_GLOBAL" => "/dev/null"
    )
}}
"""

# Nothing of this machine's, no background work beside a measurement, and no way around HTTP.
_SETTINGS = {
    "user.name": "Ada",
    "user.email": "ada@example.org",
    "init.defaultBranch": "main",
    "protocol.version": "2",
    "gc.auto": "0",
    "maintenance.auto": "false",
}


# git


def git(folder: Path, *arguments: str, token: str = "", stdin: bytes | None = None) -> bytes:
    """What stock git prints, run in a folder; the token is sent along with the first request."""
    settings = dict(_SETTINGS)
    if token:
        secret = b64encode(f"alice:{token}".encode()).decode()
        settings["http.extraHeader"] = f"Authorization: Basic {secret}"
    environ = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    environ |= {"GIT_CONFIG_COUNT": str(len(settings)), "GIT_CONFIG_GLOBAL": os.devnull}
    environ |= {"GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0", "NO_PROXY": "*"}
    for number, (key, value) in enumerate(settings.items()):
        environ |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environ, input=stdin, capture_output=True
    )
    if done.returncode:
        raise RuntimeError(f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
    return done.stdout


def count_objects(repository: Path) -> int:
    """How many objects the branches and tags of a repository lead to."""
    return len(git(repository, "rev-list", "--objects", "--all").splitlines())


# What is in the repositories


class Shape(NamedTuple):
    """A history: each commit after the first changes so many files in so many of the folders.

    `first` are the files of the first commit, `files` those of the last one.
    """

    commits: int
    first: int
    files: int
    folders: int
    changes: int
    touched: int

    @property
    def objects(self) -> int:
        """The number of git objects: every change is a new blob, every folder touched a tree."""
        later = self.changes + self.touched + 2
        return self.first + self.folders + 2 + (self.commits - 1) * later


SHAPES = {
    100: Shape(commits=20, first=19, files=30, folders=3, changes=1, touched=1),
    2_120: Shape(commits=100, first=118, files=200, folders=20, changes=10, touched=8),
    50_000: Shape(commits=2000, first=9900, files=10_000, folders=118, changes=10, touched=8),
}


class TextSource:
    """Lines of words, which compress and differ as those of people do."""

    def __init__(self, seed: int) -> None:
        self.numbers = random.Random(seed)
        letters = "etaoinshrdlucmfwypvbgk"
        self._words = [
            "".join(self.numbers.choices(letters, k=self.numbers.randint(2, 9)))
            for _ in range(WORDS)
        ]

    def line(self) -> str:
        """One line."""
        return " ".join(self.numbers.choices(self._words, k=self.numbers.randint(5, 12)))

    def text(self) -> list[str]:
        """The lines of a file of 200 to 2,000 bytes."""
        size, lines = self.numbers.randint(200, 1900), [self.line()]
        while sum(map(len, lines)) + len(lines) < size:
            lines.append(self.line())
        return lines


class _History:
    """The files of a repository while its commits are made."""

    def __init__(self, shape: Shape, seed: int) -> None:
        self._shape = shape
        self._source = TextSource(seed)
        self._folders: list[list[str]] = [[] for _ in range(shape.folders)]
        self._texts: dict[str, list[str]] = {}

    def begin(self) -> Files:
        """The first commit."""
        return dict(self._add(number % self._shape.folders) for number in range(self._shape.first))

    def go_on(self, new: int) -> Files:
        """The next commit, of which `new` files were not there before."""
        numbers, changed = self._source.numbers, Files()
        touched = numbers.sample(range(self._shape.folders), self._shape.touched)
        while len(changed) < self._shape.changes:
            folder = touched[len(changed) % len(touched)]
            if len(changed) < new:
                path, data = self._add(folder)
            else:
                path, data = self._change(numbers.choice(self._folders[folder]))
            changed[path] = data
        return changed

    def _add(self, folder: int) -> tuple[str, bytes]:
        path = f"folder-{folder:03d}/file-{len(self._texts):05d}.txt"
        self._folders[folder].append(path)
        self._texts[path] = self._source.text()
        return self._change(path)

    def _change(self, path: str) -> tuple[str, bytes]:
        lines = self._texts[path]
        lines[self._source.numbers.randrange(len(lines))] = self._source.line()
        return path, "".join(f"{line}\n" for line in lines).encode()


def make_commits(shape: Shape, seed: int = 1) -> Iterator[Files]:
    """What each commit of a history writes."""
    history = _History(shape, seed)
    yield history.begin()
    added = shape.files - shape.first
    for number in range(1, shape.commits):
        later = shape.commits - 1
        yield history.go_on(added * number // later - added * (number - 1) // later)


def make_repository(folder: Path, shape: Shape) -> None:
    """A bare repository with that history on main."""
    git(folder.parent, "init", "-q", "--bare", str(folder))
    stream = bytearray()
    for number, files in enumerate(make_commits(shape)):
        stream += b"commit refs/heads/main\n"
        stream += b"committer Ada <ada@example.org> %d +0000\n" % (START + STEP * number)
        stream += _data(b"commit %d\n" % number)
        for path, data in files.items():
            stream += b"M 100644 inline %s\n" % path.encode() + _data(data)
    git(folder, "fast-import", "--quiet", stdin=bytes(stream))
    found = count_objects(folder)
    if found != shape.objects:
        raise RuntimeError(f"{found} objects were made instead of {shape.objects}")


def _data(content: bytes) -> bytes:
    return b"data %d\n" % len(content) + content + b"\n"


def commit_files(clone: Path, source: TextSource, count: int, folder: str) -> None:
    """Commit so many new files to a clone, in 20 folders below `folder`."""
    for number in range(count):
        path = clone / folder / f"part-{number % 20:02d}" / f"file-{number:05d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in source.text()))
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", f"{count} files")


# The peer


class Backend:
    """Bare repositories in a folder, which anybody may clone and push to."""

    def __init__(self, root: Path, port: int, pid: int) -> None:
        self._root = root
        self._port = port
        self.pid = pid

    def url(self, name: str) -> str:
        """The address of a repository."""
        return f"http://127.0.0.1:{self._port}/git/{name}.git"

    def mirror(self, name: str, url: str) -> None:
        """Take all objects of another repository, in one pack as git itself would keep them."""
        path = self._root / f"{name}.git"
        git(self._root, "clone", "-q", "--mirror", url, str(path))
        git(path, "repack", "-a", "-d", "-q")
        git(path, "config", "http.receivepack", "true")


@contextmanager
def http_backend(folder: Path) -> Iterator[Backend]:
    """git-http-backend behind a lighttpd of our own, without repositories at first."""
    need("lighttpd")
    root = folder / "repositories"
    root.mkdir(parents=True)
    port = free_port()
    program = Path(git(folder, "--exec-path").decode().strip()) / "git-http-backend"
    path = folder / "lighttpd.conf"
    path.write_text(LIGHTTPD.format(folder=folder, port=port, root=root, program=program))
    lighttpd = shutil.which("lighttpd") or "/usr/sbin/lighttpd"
    # It ends with this script, however that ends.
    command = ["setpriv", "--pdeathsig=TERM", lighttpd, "-D", "-f", str(path)]
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        _wait_for_start(server, folder / "error.log")
        yield Backend(root, port, server.pid)
    finally:
        server.terminate()
        server.wait(30)


def _wait_for_start(server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(100):
        if server.poll() is not None:
            break
        # It writes this once it listens.
        if log.exists() and "server started" in log.read_text():
            return
        time.sleep(0.05)
    raise RuntimeError(f"lighttpd did not start: {log.read_text() if log.exists() else ''}")
