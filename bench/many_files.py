"""How long does one commit of 2,000 small files take, beside git add, commit and push?"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

from _measure import (
    MeasuredHub,
    Row,
    Session,
    hub_on,
    median,
    ratios,
    report,
    run_client,
    spread,
    timed,
    work_folder,
)

FILES, ROUNDS = 2000, 5
AIM = 2.0
CLIENTS = ("0.36.2", "2.4.0")
# As many paths as the official client asks about at once.
PREUPLOAD_CHUNK = 256

SCRIPT = """
import json, os, sys, time
from pathlib import Path
from huggingface_hub import CommitOperationAdd, HfApi
root = Path(os.environ["FILES"])
operations = [
    CommitOperationAdd(str(path.relative_to(root)), str(path))
    for path in sorted(root.rglob("*")) if path.is_file()
]
started = time.perf_counter()
HfApi().create_commit(os.environ["REPO"], operations, commit_message="many")
print(json.dumps(time.perf_counter() - started))
"""


def make_files(folder: Path) -> None:
    """Write 2,000 text files of 100 to 2,000 bytes into 20 folders."""
    numbers = random.Random(1)
    for number in range(FILES):
        path = folder / f"folder-{number % 20:02d}" / f"file-{number:04d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(numbers.choices("abcdefghij \n", k=numbers.randint(100, 2000))))


def push_with_git(files: Path, place: Path) -> float:
    """Seconds of add, commit and push to a new bare repository on the same disk."""
    remote, work = place / "remote.git", place / "work"
    for command in (["init", "-q", "--bare", str(remote)], ["init", "-q", "-b", "main", str(work)]):
        subprocess.run(["git", *command], check=True)
    shutil.copytree(files, work, dirs_exist_ok=True)

    def run() -> None:
        who = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
        for command in (["add", "-A"], ["commit", "-q", "-m", "many"]):
            subprocess.run(["git", *who, *command], cwd=work, check=True)
        subprocess.run(["git", "push", "-q", str(remote), "main"], cwd=work, check=True)

    return timed(run)


def commit_raw(session: Session, repo: str, files: Path) -> None:
    """What a client has to send, and nothing else: the questions and one NDJSON body."""
    paths = sorted(path for path in files.rglob("*") if path.is_file())
    lines = [{"key": "header", "value": {"summary": "many"}}]
    asked = []
    for path in paths:
        name, data = str(path.relative_to(files)), path.read_bytes()
        content = b64encode(data).decode()
        value = {"path": name, "content": content, "encoding": "base64"}
        lines.append({"key": "file", "value": value})
        sample = b64encode(data[:512]).decode()
        asked.append({"path": name, "size": len(data), "sample": sample})
        hashlib.sha256(data).hexdigest()
    for start in range(0, len(asked), PREUPLOAD_CHUNK):
        chunk = {"files": asked[start : start + PREUPLOAD_CHUNK]}
        session.json("POST", f"/api/models/{repo}/preupload/main", chunk)
    session.commit(repo, b"".join(json.dumps(line).encode() + b"\n" for line in lines))


class Contest:
    """The rounds of one hub."""

    def __init__(self, hub: MeasuredHub, folder: Path, files: Path) -> None:
        self.hub = hub
        self.folder = folder
        self.files = files
        self.token = hub.add_user("alice")
        self.session = Session(hub, self.token)
        self.seconds: dict[str, list[float]] = {}
        self.inside: dict[str, list[float]] = {}

    def run(self, number: int) -> None:
        """One turn of everybody, each into a repository of its own."""
        place = self.folder / f"git-{number}"
        self.seconds.setdefault("git", []).append(push_with_git(self.files, place))
        self._measure("raw HTTP", number, self._raw)
        for version in CLIENTS:
            self._measure(f"client {version}", number, self._with(version))

    def _measure(self, name: str, number: int, commit: Callable[[str], float]) -> None:
        repo = f"{name.replace(' ', '-')}-{number}"
        self.session.create_repo(repo)
        since = self.hub.log_size()
        self.seconds.setdefault(name, []).append(commit(f"alice/{repo}"))
        spent = sum(line["ms"] for line in self.hub.requests(since))
        self.inside.setdefault(name, []).append(spent / 1000)

    def _raw(self, repo: str) -> float:
        return timed(lambda: commit_raw(self.session, repo, self.files))

    def _with(self, version: str) -> Callable[[str], float]:
        def commit(repo: str) -> float:
            home = self.folder / version
            environ = {"REPO": repo, "FILES": str(self.files)}
            return float(run_client(version, SCRIPT, self.hub, self.token, home, **environ))

        return commit

    def row(self, backend: str, name: str) -> Row:
        ratio = median(ratios(self.seconds[name], self.seconds["git"]))
        inside = median(self.inside[name])
        return Row(
            f"{name}, {backend}",
            f"{spread(self.seconds[name], 's')}, of it in the server {inside:.2f} s",
            f"git {spread(self.seconds['git'], 's')}",
            f"{ratio:.2f}",
            f"<= {AIM:g}",
            ratio <= AIM,
        )


def main() -> None:
    rows = []
    with work_folder() as folder:
        files = folder / "files"
        make_files(files)
        for backend in ("sqlite", "postgresql"):
            with hub_on(backend, folder / backend) as hub:
                contest = Contest(hub, folder / f"rounds-{backend}", files)
                for number in range(ROUNDS):
                    contest.run(number)
            rows += [contest.row(backend, name) for name in contest.inside]
    report(
        "4. One commit of 2,000 small files",
        "bench/many_files.py",
        rows,
        [
            f"{ROUNDS} rounds in turns; the start of the client's Python is not counted.",
            "git: add -A, commit and push to a bare repository on the same disk; it starts with"
            " an empty index and its own defaults of fsync. The hub flushes what it answers for.",
        ],
    )


if __name__ == "__main__":
    main()
