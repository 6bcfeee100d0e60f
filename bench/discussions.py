"""How long do lists of discussions take when there are many, and long threads?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from _measure import (
    MeasuredHub,
    Row,
    Session,
    hub_on,
    median,
    ratios,
    report,
    spread,
    timed,
    work_folder,
)

from freehold.server.core.discussions import PAGE
from freehold.server.db import accounts, discussion_events, discussions, repos
from freehold.server.db.database import in_chunks
from freehold.server.db.discussion_events import NewEvent
from freehold.server.db.discussions import Discussion
from freehold.server.hub import Hub, new_id, now_ms

ROUNDS, STARTS = 21, 5
FEW, FULL, MANY = 10, PAGE, 100_000
COMMENTS = 500
AIM = 2.0
FIRST_AIM, AGAIN_AIM = 0.5, 0.3

# What people write: some words, a list and some code.
COMMENT = """I have trained it **once more** with `lr={n}` and see the same as in #{n}:

- the loss goes down to 0.{n}
- [the log](https://example.org/{n}) says nothing of *overflows*

```python
model = load("alice/many", step={n})
print(model.evaluate(split="test"))
```

Is that what you would expect?
"""


def find_repo(hub: Hub, name: str) -> tuple[str, str]:
    """The ids of a repository of alice's and of alice."""
    with hub.db.read() as tx:
        alice = accounts.find_account(tx, "alice")
        assert alice is not None
        repo = repos.find_visible_repo(tx, "model", "alice", name, alice.id, True)
        assert repo is not None
        return repo.id, alice.id


def make_discussion(repo_id: str, author_id: str, num: int) -> Discussion:
    """Every third is a pull request, and every tenth is still open."""
    is_pull_request = num % 3 == 0
    return Discussion(
        id=new_id(),
        repo_id=repo_id,
        num=num,
        author_id=author_id,
        title=f"Something about the run {num}",
        status="open" if num % 10 == 0 else "closed",
        is_pull_request=is_pull_request,
        pinned=False,
        locked=False,
        base="refs/heads/main" if is_pull_request else None,
        merge_commit=None,
        event_count=0,
        comment_count=0,
        text_size=0,
        created_at=now_ms(),
    )


def fill(hub: Hub, name: str, count: int) -> None:
    """Put so many discussions without comments into a repository."""
    repo_id, alice = find_repo(hub, name)
    # PostgreSQL keeps every version of a counter until the end of the transaction.
    for nums in in_chunks(range(1, count + 1), 1000):
        with hub.db.write() as tx:
            for num in nums:
                discussions.insert_discussion(tx, make_discussion(repo_id, alice, num))


def fill_thread(hub: Hub, name: str) -> None:
    """Put one discussion of 500 comments into a repository."""
    repo_id, alice = find_repo(hub, name)
    made = make_discussion(repo_id, alice, 1)
    with hub.db.write() as tx:
        discussions.insert_discussion(tx, made)
        for number in range(COMMENTS):
            new = NewEvent(new_id(), alice, "comment", content=COMMENT.format(n=number))
            discussion_events.add_event(tx, made.id, new, now_ms())


class Lists:
    """The lists of one hub, asked for in turns."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ask(self, name: str, query: str, expected: int) -> Callable[[], Any]:
        """A page of a list, which must have so many discussions."""
        path = f"/api/models/alice/{name}/discussions?{query}"

        def get() -> None:
            found = len(self._session.json("GET", path)["discussions"])
            if found != expected:
                raise RuntimeError(f"{path}: {found} discussions instead of {expected}")

        return get

    def compare(self, question: str, many: Any, few: Any, aim: float | None = AIM) -> Row:
        """A row: both are asked in turns."""
        many(), few()
        ours, others = [], []
        for _ in range(ROUNDS):
            ours.append(timed(many) * 1000)
            others.append(timed(few) * 1000)
        ratio = median(ratios(ours, others))
        return Row(
            question,
            spread(ours, "ms"),
            spread(others, "ms"),
            f"{ratio:.2f}",
            "" if aim is None else f"<= {aim:g}",
            None if aim is None else ratio <= aim,
        )


def measure_lists(session: Session, backend: str) -> list[Row]:
    lists = Lists(session)
    few = lists.ask("few", "p=0", FEW)
    full = lists.ask("full", "p=0", FULL)
    end = MANY // PAGE - 1
    pages = {"first page": "p=0", "last page": f"p={end}"}
    rows = [
        lists.compare(
            f"{where} of {MANY:,}, beside the first of {count}, {backend}",
            lists.ask("many", query, PAGE),
            other,
            aim,
        )
        for where, query in pages.items()
        # A page of 50 discussions is five times as long as one of ten.
        for count, other, aim in ((FEW, few, None), (FULL, full, AIM))
    ]
    filters = {
        "open pull requests": ("type=pull_request&status=open", None),
        "those of an author": ("author=alice", None),
        "a word of the title": ("search=run%2099", None),
    }
    for name, (query, aim) in filters.items():
        question = f"{name}, first page of {MANY:,}, beside the first of {FULL}, {backend}"
        rows.append(lists.compare(question, lists.ask("many", query, PAGE), full, aim))
    return rows


def measure_thread(hub: MeasuredHub, token: str, backend: str) -> list[Row]:
    first, again = [], []
    for _ in range(STARTS):
        hub.restart()
        session = Session(hub, token)
        session.call("GET", "/api/whoami-v2")

        def ask(session: Session = session) -> None:
            found = session.json("GET", "/api/models/alice/thread/discussions/1?diff=1")
            if len(found["events"]) != COMMENTS:
                raise RuntimeError(f"{len(found['events'])} events")

        first.append(timed(ask))
        again.append(timed(ask))
    what = f"a thread of {COMMENTS} comments, {backend}"
    return [
        limited_row(f"{what}, first time after a start", first, FIRST_AIM),
        limited_row(f"{what}, second time", again, AGAIN_AIM),
    ]


def limited_row(question: str, seconds: list[float], aim: float) -> Row:
    """A row beside a fixed limit."""
    found = median(seconds)
    return Row(
        question, spread(seconds, "s", 3), "", f"{found / aim:.2f}", f"< {aim} s", found < aim
    )


def measure(backend: str, folder: Path) -> list[Row]:
    with hub_on(backend, folder) as hub:
        token = hub.add_user("alice")
        session = Session(hub, token)
        for name in ("few", "full", "many", "thread"):
            session.create_repo(name)
        with closing(hub.open()) as inside:
            for name, count in (("few", FEW), ("full", FULL), ("many", MANY)):
                fill(inside, name, count)
            fill_thread(inside, "thread")
        return measure_lists(Session(hub, token), backend) + measure_thread(hub, token, backend)


def main() -> None:
    rows = []
    with work_folder() as folder:
        for backend in ("sqlite", "postgresql"):
            rows += measure(backend, folder / backend)
    report(
        "17. Discussions",
        "bench/discussions.py",
        rows,
        [
            f"One request at a time; medians of {ROUNDS} in turns, of {STARTS} starts for the"
            f" thread. Pages hold up to {PAGE} discussions; the rows were put into the database.",
            "One author has opened all of them, so counting theirs is the most work there is.",
            "Beside a fixed limit, the column `ratio` is the median divided by the limit.",
        ],
    )


if __name__ == "__main__":
    main()
