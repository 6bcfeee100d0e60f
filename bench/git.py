"""How long do git's clones, fetches and pushes take, beside git-http-backend?"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from _git import (
    SHAPES,
    Backend,
    TextSource,
    commit_files,
    count_objects,
    git,
    http_backend,
    make_commits,
    make_repository,
)
from _measure import (
    MIB,
    SCALE,
    MeasuredHub,
    Row,
    Session,
    commit_body,
    cpu_of_tree,
    hub_on,
    median,
    ratios,
    report,
    scaled,
    spread,
    timed,
    work_folder,
)
from memory import Sampler

ROUNDS = 7
MEMORY = Path("/dev/shm")
WARM_AIM, COLD_AIM, PUSH_AIM = 1.2, 2.0, 2.0
BIG_FILE, BIG_FILES = 5 * MIB, 60
FEW_FILES, PUSHED = 3, (1, 2000)
MIDDLE = 2_120

# The hub is at rest when it uses no processor for so long.
SETTLED_SECONDS = 0.5

HUB, COLD, PEER = "the hub", "the hub without its cache", "git-http-backend"

# What one of those who are compared does in a round, given its number; it gives the seconds.
Turn = Callable[[int], float]


@dataclass(frozen=True)
class Field:
    """Where it all happens: both servers, and a folder for the clients."""

    hub: MeasuredHub
    token: str
    backend: Backend
    clients: Path

    def url(self, name: str, who: str) -> str:
        """The address of a repository on one of the servers."""
        return self.backend.url(name) if who == PEER else f"{self.hub.url}/alice/{name}"

    def publish(self, name: str, source: Path) -> None:
        """Create a repository on both servers; the hub gets everything in one push."""
        Session(self.hub, self.token).create_repo(name)
        git(source, "push", "-q", self.url(name, HUB), "+main", token=self.token)
        self.backend.mirror(name, self.url(name, HUB))

    def clone(self, name: str, who: str) -> float:
        """Seconds of a clone by a stranger, without a checkout."""
        target = self.clients / "clone"
        url = self.url(name, who)
        try:
            return timed(
                lambda: git(self.clients, "clone", "-q", "--no-checkout", url, str(target))
            )
        finally:
            shutil.rmtree(target, ignore_errors=True)

    def clone_cold(self, name: str) -> float:
        """The same from a hub whose cache was just deleted."""
        shutil.rmtree(self.hub.data / "cache")
        return self.clone(name, HUB)


def take_turns(turns: dict[str, Turn]) -> dict[str, list[float]]:
    """Everybody's seconds in each round; each of them begins a round as often as the others."""
    names = list(turns)
    found: dict[str, list[float]] = {name: [] for name in names}
    for number in range(ROUNDS):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(turns[name](number))
    return found


def make_row(
    question: str, seconds: dict[str, list[float]], aim: float | None, who: str = HUB
) -> Row:
    ratio = median(ratios(seconds[who], seconds[PEER]))
    return Row(
        question,
        spread(seconds[who], "s", 3),
        spread(seconds[PEER], "s", 3),
        f"{ratio:.2f}",
        "" if aim is None else f"<= {aim:g}",
        None if aim is None else ratio <= aim,
    )


# Clones and fetches


def measure_clones(field: Field, name: str, what: str) -> list[Row]:
    def clone_cold() -> float:
        settle(field.hub)
        return field.clone_cold(name)

    def clone_peer() -> float:
        settle(field.hub)
        return field.clone(name, PEER)

    field.clone(name, HUB)
    warm = take_turns({HUB: lambda _: field.clone(name, HUB), PEER: lambda _: clone_peer()})
    cold = take_turns({COLD: lambda _: clone_cold(), PEER: lambda _: clone_peer()})
    settle(field.hub)
    return [
        make_row(f"clone of {what}, warm", warm, WARM_AIM),
        make_row(f"clone of {what}, cold", cold, COLD_AIM, COLD),
    ]


def settle(hub: MeasuredHub) -> None:
    """Returns when the hub has nothing more to do: a fetch may have set it to work."""
    before = -1.0
    while (now := cpu_of_tree(hub.pid)) > before + 0.02:
        before = now
        time.sleep(SETTLED_SECONDS)


def measure_fetches(field: Field, name: str, what: str) -> Row:
    """Fetches of one new commit, each into a copy of a clone that does not have it."""
    stale = {who: field.clients / f"stale-{number}" for number, who in enumerate((HUB, PEER))}
    for who, path in stale.items():
        git(field.clients, "clone", "-q", "--no-checkout", field.url(name, who), str(path))
    work = field.clients / "work"
    git(field.clients, "clone", "-q", field.url(name, HUB), str(work))
    commit_files(work, TextSource(2), FEW_FILES, "news")
    for who in stale:
        git(work, "push", "-q", field.url(name, who), "HEAD:refs/heads/main", token=field.token)

    def fetch(who: str) -> float:
        target = field.clients / "fetching"
        shutil.copytree(stale[who], target)
        try:
            return timed(lambda: git(target, "fetch", "-q"))
        finally:
            shutil.rmtree(target)

    seconds = take_turns({HUB: lambda _: fetch(HUB), PEER: lambda _: fetch(PEER)})
    for path in (work, *stale.values()):
        shutil.rmtree(path)
    return make_row(f"fetch of one commit, {what}", seconds, WARM_AIM)


def measure_list(field: Field, name: str) -> Row:
    def ask(who: str) -> float:
        return timed(lambda: git(field.clients, "ls-remote", field.url(name, who)))

    seconds = take_turns({HUB: lambda _: ask(HUB), PEER: lambda _: ask(PEER)})
    return make_row("ls-remote", seconds, None)


def measure_throughput(field: Field) -> Row:
    """Clones of files that neither shrink nor resemble each other."""
    source = field.clients / "big"
    git(field.clients, "init", "-q", str(source))
    count = max(scaled(BIG_FILE * BIG_FILES) // BIG_FILE, 1) if SCALE != 1 else BIG_FILES
    for number in range(count):
        (source / f"weights-{number:02d}.bin").write_bytes(os.urandom(BIG_FILE))
    git(source, "config", "core.compression", "0")
    git(source, "add", "-A")
    git(source, "commit", "-q", "-m", "weights")
    field.publish("big", source)
    shutil.rmtree(source)
    seconds = take_turns(
        {HUB: lambda _: field.clone("big", HUB), PEER: lambda _: field.clone("big", PEER)}
    )
    rates = {who: [count * BIG_FILE / MIB / s for s in seconds[who]] for who in seconds}
    row = make_row(f"clone of {count} files of 5 MiB, warm", seconds, WARM_AIM)
    ours, limit = (spread(rates[who], "MiB/s", 0) for who in (HUB, PEER))
    return Row(row.question, ours, limit, row.ratio, row.aim, row.met)


def measure_memory(field: Field, name: str, what: str) -> Row:
    """One clone from each, while somebody looks at the server and all that it starts."""
    texts = []
    for who, pid in ((HUB, field.hub.pid), (PEER, field.backend.pid)):
        with Sampler(pid) as sampler:
            field.clone(name, who)
        texts.append((sampler, f"{sampler.start / MIB:.0f} MiB grew by {sampler.growth:.0f} MiB"))
    (ours, ours_text), (peer, peer_text) = texts
    itself = f", the server itself at most {_peak_of(field.hub.pid) / MIB:.0f} MiB"
    ratio = f"{ours.growth / peer.growth:.2f}" if peer.growth else ""
    return Row(f"memory, clone of {what}, warm", ours_text + itself, peer_text, ratio)


def _peak_of(pid: int) -> int:
    """The most resident memory that a process had in its life, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM"))) * 1024


# Pushes


def measure_pushes(field: Field, name: str, count: int) -> Row:
    """Pushes of one commit that adds files, each to a new branch."""
    template = field.clients / "template"
    git(field.clients, "clone", "-q", field.url(name, PEER), str(template))
    sources = [TextSource(100 + number) for number in range(ROUNDS)]
    work = [field.clients / f"work-{number}" for number in range(ROUNDS)]
    for number, path in enumerate(work):
        shutil.copytree(template, path)
        commit_files(path, sources[number], count, f"pushed-{count}")

    def push(who: str, number: int) -> float:
        target = f"HEAD:refs/heads/push-{count}-{number}"
        return timed(
            lambda: git(work[number], "push", "-q", field.url(name, who), target, token=field.token)
        )

    seconds = take_turns({HUB: lambda n: push(HUB, n), PEER: lambda n: push(PEER, n)})
    for path in (template, *work):
        shutil.rmtree(path)
    what = "1 file" if count == 1 else f"{count:,} files"
    return make_row(f"push of {what}", seconds, PUSH_AIM)


# All of it


def publish_by_api(field: Field, name: str) -> None:
    """The middle history again, made by commits of the API; each is a pack of the hub's."""
    session = Session(field.hub, field.token)
    session.create_repo(name)
    for number, files in enumerate(make_commits(SHAPES[MIDDLE])):
        session.commit(f"alice/{name}", commit_body(files, f"commit {number}"))
    field.backend.mirror(name, field.url(name, HUB))


def measure(field: Field, folder: Path) -> Iterable[Row]:
    for objects, shape in SHAPES.items():
        name, what = f"text-{objects}", f"{objects:,} objects"
        source = folder / f"{name}.git"
        make_repository(source, shape)
        field.publish(name, source)
        yield from measure_clones(field, name, what)
        if objects == max(SHAPES):
            yield measure_memory(field, name, what)
        if objects == MIDDLE:
            yield measure_list(field, name)
            for count in PUSHED:
                yield measure_pushes(field, name, count)
        yield measure_fetches(field, name, what)
    publish_by_api(field, "api")
    target = field.clients / "counted"
    git(field.clients, "clone", "-q", "--bare", field.url("api", HUB), str(target))
    what = f"{count_objects(target):,} objects from {SHAPES[MIDDLE].commits} API commits"
    shutil.rmtree(target)
    yield from measure_clones(field, "api", what)
    yield measure_throughput(field)


def main() -> None:
    with work_folder() as folder:
        if shutil.disk_usage(folder).free < 20 * BIG_FILE * BIG_FILES:
            sys.exit("not enough room on the disk")
        with (
            hub_on("sqlite", folder / "hub") as hub,
            http_backend(folder / "backend") as backend,
            work_folder(MEMORY if MEMORY.is_dir() else None) as clients,
        ):
            field = Field(hub, hub.add_user("alice"), backend, clients)
            rows = list(measure(field, folder))
    report("15. git over HTTP", "bench/git.py", rows, NOTES)


NOTES = [
    f"{ROUNDS} rounds in turns; the ratio is the median of the rounds' ratios. Whole `git` commands"
    " of stock git with version 2 of the protocol, without a checkout; clients work in memory where"
    " there is /dev/shm, both servers on one disk. Strangers fetch; pushes carry a token in the"
    " first request, so nobody is asked twice.",
    "git-http-backend runs behind lighttpd with mod_cgi; its repositories are mirrors of the hub's,"
    " packed once by `git repack -ad`, which also writes a bitmap. The hub has each history as"
    " `git push` has sent it, in one pack; of API commits it has a pack each, until it compacts"
    " them.",
    "Warm: after one clone, which lets the hub compact the repository and make bitmaps of its own."
    " Cold: the hub's cache folder is deleted before each clone, and its bitmaps with it.",
    f"Fetches are of one commit of {FEW_FILES} files, pushes of one commit to a new branch of the"
    f" {MIDDLE:,} objects. The hub flushes what it answers for, git its packs but no loose objects.",
    "Memory: VmRSS of the server and all programs that it starts; what they have mapped of a pack"
    " counts for each of them.",
]


if __name__ == "__main__":
    main()
