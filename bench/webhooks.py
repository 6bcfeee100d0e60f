"""How many deliveries a second reach a receiver, and what does it cost a commit to be watched?"""

from __future__ import annotations

import multiprocessing
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from multiprocessing.connection import Connection

from _measure import (
    MeasuredHub,
    Row,
    Session,
    commit_body,
    hub_on,
    median,
    ratios,
    report,
    spread,
    timed,
    work_folder,
)

from freehold.server.core.outgoing import Targets, post
from freehold.server.db import repos
from freehold.server.db.events import record_event
from freehold.server.hub import now_ms

ROUNDS, COMMITS, EVENTS, WEBHOOKS = 5, 100, 1000, 4

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


# The receiver: as little as one can be, in a process of its own


class Receiver:
    """Counts what arrives; `wait` returns when so many requests have been answered."""

    def __init__(self, port: int, counts: Connection) -> None:
        self.port = port
        self.counts = counts

    def wait(self, count: int) -> float:
        """The time of the last of the next `count` requests."""
        moment = 0.0
        for _ in range(count):
            moment = self.counts.recv()
        return moment


@contextmanager
def receiving() -> Iterator[Receiver]:
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listener:
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.Process(target=answer_all, args=(listener, theirs), daemon=True)
        process.start()
        try:
            yield Receiver(listener.getsockname()[1], ours)
        finally:
            process.kill()
            process.join()


def answer_all(listener: socket.socket, counts: Connection) -> None:
    while True:
        connection, _ = listener.accept()
        with connection:
            if receive(connection):
                connection.sendall(ANSWER)
                counts.send(time.monotonic())


def receive(connection: socket.socket) -> bool:
    """Read one request to its end; false for a connection without one."""
    read = b""
    while b"\r\n\r\n" not in read:
        if not (data := connection.recv(65536)):
            return False
        read += data
    head, _, body = read.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return True


# Deliveries


def measure_rates(hub: MeasuredHub, backend: str) -> list[Row]:
    """Events that another process has recorded, from the first arrival to the last."""
    token = hub.add_user("alice")
    session = Session(hub, token)
    session.create_repo("told")
    rows = []
    with receiving() as receiver:
        limit = median([rate_of_posts(receiver) for _ in range(ROUNDS)])
        for number in range(1, WEBHOOKS + 1):
            watch(session, receiver, "user", "alice")
            if number in (1, WEBHOOKS):
                rates = [rate_of_events(hub, receiver, number) for _ in range(ROUNDS)]
                ratio = f"{median(rates) / limit:.2f}"
                name = f"deliveries a second, webhooks: {number}, {backend}"
                rows.append(Row(name, spread(rates, "/s", 0), f"{limit:.0f}/s", ratio))
    return rows


def watch(session: Session, receiver: Receiver, type: str, name: str) -> None:
    body = {
        "url": f"http://127.0.0.1:{receiver.port}/",
        "watched": [{"type": type, "name": name}],
        "domains": ["repo"],
    }
    session.json("POST", "/api/settings/webhooks", body)


def rate_of_posts(receiver: Receiver) -> float:
    """The same requests from one thread that does nothing else."""
    targets = Targets("any")
    url = f"http://127.0.0.1:{receiver.port}/"
    started = time.monotonic()
    for _ in range(EVENTS):
        post(url, {}, b"x" * 500, seconds=10, targets=targets)
        receiver.wait(1)
    return EVENTS / (time.monotonic() - started)


def rate_of_events(hub: MeasuredHub, receiver: Receiver, webhooks: int) -> float:
    with closing(hub.open()) as inside, inside.db.write() as tx:
        found = repos.find_visible_repo(tx, "model", "alice", "told", None, True)
        assert found is not None
        for _ in range(EVENTS):
            record_event(tx, found.id, "update", "repo.content", {"updatedRefs": []}, now_ms())
    first = receiver.wait(1)
    last = receiver.wait(EVENTS * webhooks - 1)
    return (EVENTS * webhooks - 1) / (last - first)


# Commits


def measure_commits(hub: MeasuredHub, backend: str) -> list[Row]:
    """Commits in turns to a repository that is watched and to ones that are not."""
    token = hub.add_user("bob")
    session = Session(hub, token)
    times: dict[str, list[float]] = {"quiet": [], "recorded": [], "told": []}
    for name in times:
        session.create_repo(name)
    with receiving() as receiver:
        watch(session, receiver, "model", "bob/told")
        # Nobody listens there, so it is tried once and then left alone.
        watch(session, Receiver(1, receiver.counts), "model", "bob/recorded")
        for number in range(ROUNDS):
            for name, seconds in times.items():
                seconds.append(timed(partial(commit, session, name, number)))
            receiver.wait(COMMITS)
    recorded, told = (ratios(times[name], times["quiet"]) for name in ("recorded", "told"))
    quiet = f"{1000 * median(times['quiet']) / COMMITS:.2f} ms"
    name = f"a commit that is kept for a webhook, beside one that is not, {backend}"
    return [
        Row(name, each(times["recorded"]), quiet, f"{median(recorded):.2f}"),
        Row(
            f"the same while the ones before are delivered, {backend}",
            each(times["told"]),
            quiet,
            f"{median(told):.2f}",
        ),
    ]


def each(seconds: list[float]) -> str:
    return spread([1000 * one / COMMITS for one in seconds], "ms")


def commit(session: Session, name: str, number: int) -> None:
    for place in range(COMMITS):
        body = commit_body({f"f{place}.txt": f"{number}\n".encode()})
        session.commit(f"bob/{name}", body)


def main() -> None:
    rows = []
    with work_folder() as folder:
        for backend in ("sqlite", "postgresql"):
            with hub_on(
                backend, folder / backend, webhook_targets="127.0.0.1", webhook_retry_seconds=600
            ) as hub:
                rows += measure_rates(hub, backend)
                rows += measure_commits(hub, backend)
    report(
        "19. Webhooks",
        "bench/webhooks.py",
        rows,
        [
            f"{EVENTS} events at once, {ROUNDS} rounds, one server process, a receiver on"
            " loopback; the limit is one thread that sends the same requests and nothing else.",
            f"{COMMITS} commits of one file in each of {ROUNDS} rounds; the deliveries of the"
            " watched ones are made meanwhile, on the same processors.",
        ],
    )


if __name__ == "__main__":
    main()
