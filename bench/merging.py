"""How long does it take to merge a pull request of 2,000 changed files, beside git itself?"""

from __future__ import annotations

from pathlib import Path

from _git import TextSource, git
from _measure import Row, Session, hub_on, median, ratios, report, spread, timed, work_folder

ROUNDS = 7
FILES, CHANGED, FOLDERS = 4_000, 2_000, 40
AIM = 2.0

HUB, MERGE, MERGE_TREE = "the hub", "git merge", "git merge-tree"

REPO = "/api/models/alice/tiny"


def write(folder: Path, source: TextSource, numbers: range) -> None:
    """Give the numbered files new texts."""
    for number in numbers:
        path = folder / f"folder-{number % FOLDERS:02d}" / f"file-{number:05d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in source.text()))


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)


def prepare(folder: Path) -> None:
    """A repository with two branches for each round, which have changed half of the files each.

    Both sides have gone on, so a merge has something to put together in every folder.
    """
    source = TextSource(1)
    git(folder.parent, "init", "-q", str(folder))
    write(folder, source, range(FILES))
    commit(folder, "begin")
    for number in range(ROUNDS + 1):
        git(folder, "checkout", "-q", "-b", f"head-{number}", "main")
        write(folder, source, range(CHANGED))
        commit(folder, f"change {CHANGED} files")
        git(folder, "checkout", "-q", "-b", f"base-{number}", "main")
        write(folder, source, range(CHANGED, CHANGED + FOLDERS))
        commit(folder, f"change {FOLDERS} other files")
    git(folder, "checkout", "-q", "main")


class Field:
    """A hub with the pull requests of all rounds, and a clone of the same."""

    def __init__(self, session: Session, clone: Path) -> None:
        self._session = session
        self._clone = clone
        self._nums: list[int] = []

    def open_pull_requests(self) -> None:
        """One for each round."""
        for number in range(ROUNDS + 1):
            body = {
                "title": f"Round {number}",
                "description": "",
                "pullRequest": True,
                "head": f"head-{number}",
                "base": f"base-{number}",
            }
            made = self._session.json("POST", f"{REPO}/discussions", body)
            self._nums.append(made["num"])

    def merge_at_hub(self, number: int) -> float:
        """Seconds of the call."""
        path = f"{REPO}/discussions/{self._nums[number]}/merge"
        return timed(lambda: self._session.call("POST", path))

    def merge(self, number: int) -> float:
        """Seconds of `git merge`, which also writes the files."""
        git(self._clone, "checkout", "-q", f"base-{number}")
        words = ("merge", "-q", "--no-ff", "-m", "merged", f"origin/head-{number}")
        return timed(lambda: git(self._clone, *words))

    def merge_tree(self, number: int) -> float:
        """Seconds of what makes the same commit and writes no file."""
        sides = (f"origin/base-{number}", f"origin/head-{number}")

        def run() -> None:
            tree = git(self._clone, "merge-tree", "--write-tree", *sides).decode().strip()
            parents = [word for side in sides for word in ("-p", side)]
            git(self._clone, "commit-tree", tree, *parents, "-m", "merged")

        return timed(run)

    def check(self, number: int) -> None:
        """Raises unless hub and git have made the same files."""
        theirs = git(self._clone, "rev-parse", f"base-{number}^{{tree}}")
        git(self._clone, "fetch", "-q")
        ours = git(self._clone, "rev-parse", f"origin/base-{number}^{{tree}}")
        if ours != theirs:
            raise RuntimeError(f"round {number}: the merges differ")


def measure(backend: str, folder: Path, source: Path) -> list[Row]:
    with hub_on(backend, folder / backend) as hub:
        token = hub.add_user("alice")
        session = Session(hub, token)
        session.create_repo("tiny")
        url = f"{hub.url}/alice/tiny"
        git(source, "push", "-q", url, "+refs/heads/*:refs/heads/*", token=token)
        clone = folder / f"clone-{backend}"
        git(folder, "clone", "-q", url, str(clone))
        field = Field(session, clone)
        field.open_pull_requests()
        turns = {HUB: field.merge_at_hub, MERGE_TREE: field.merge_tree, MERGE: field.merge}
        seconds: dict[str, list[float]] = {name: [] for name in turns}
        # The first round is for what is only slow once.
        for number in range(ROUNDS + 1):
            for name, turn in turns.items():
                seconds[name].append(turn(number))
            field.check(number)
        return [make_row(backend, seconds, peer) for peer in (MERGE, MERGE_TREE)]


def make_row(backend: str, seconds: dict[str, list[float]], peer: str) -> Row:
    ours, others = seconds[HUB][1:], seconds[peer][1:]
    ratio = median(ratios(ours, others))
    has_aim = peer == MERGE
    return Row(
        f"merge of {CHANGED:,} changed files, {backend}, beside {peer}",
        spread(ours, "s", 3),
        spread(others, "s", 3),
        f"{ratio:.2f}",
        f"<= {AIM:g}" if has_aim else "",
        ratio <= AIM if has_aim else None,
    )


def main() -> None:
    rows = []
    with work_folder() as folder:
        source = folder / "source"
        prepare(source)
        for backend in ("sqlite", "postgresql"):
            rows += measure(backend, folder, source)
    report(
        "18. Merging",
        "bench/merging.py",
        rows,
        [
            f"{ROUNDS} pull requests in turns, after one that does not count. Each changes"
            f" {CHANGED:,} of {FILES:,} files, while its base has changed {FOLDERS} others; the"
            " files that come of it are compared.",
            "The hub also stores the pack and moves the ref durably. `git merge` writes the files"
            " to a working tree; `git merge-tree` and `git commit-tree` write none.",
        ],
    )


if __name__ == "__main__":
    main()
