"""What webhooks are sent: every event, in order, to who may know, however things go wrong."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from freehold.server.core.deliveries import BLOCKING_ATTEMPTS, MAX_SENDERS_OF_ONE
from freehold.server.core.jobs import LOG_MS, compact_repo, forget_deliveries
from freehold.server.db import repos
from freehold.server.db.deliveries import LOG_LENGTH
from freehold.server.db.events import record_event
from freehold.server.hub import now_ms
from tests.conftest import BACKENDS, NewHub
from tests.live import Account, LiveHub, fresh_name
from tests.receivers import PATIENCE, Received, Receiver, log_of, watch
from tests.repos import Repo, assert_error, file, new_repo

SETTINGS: dict[str, Any] = {"webhook_targets": "127.0.0.1", "webhook_retry_seconds": 0.05}
SECRET = "an-extraordinarily-secret-text"


@pytest.fixture(scope="module", params=BACKENDS)
def hub(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    new_database: Callable[[str], str],
) -> Iterator[LiveHub]:
    """A hub whose webhooks may lead to this machine and are tried again at once."""
    data = tmp_path_factory.mktemp("webhooks")
    with LiveHub(data, new_database(request.param), **SETTINGS) as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that takes everything."""
    with Receiver() as listening:
        yield listening


def delete(repo: Repo) -> None:
    namespace, _, name = repo.full_name.partition("/")
    body = {"name": name, "organization": namespace, "type": repo.type}
    answer = repo.call("DELETE", "/api/repos/delete", json=body)
    assert answer.status_code == 200, answer.text


def change(repo: Repo, **settings: Any) -> None:
    assert repo.put("/settings", settings).status_code == 200


def settings(hub: LiveHub, account: Account, webhook_id: str) -> dict[str, Any]:
    path = f"/api/settings/webhooks/{webhook_id}"
    found: dict[str, Any] = hub.call("GET", path, token=account.token).json()["webhook"]
    return found


def call(hub: LiveHub, account: Account, path: str) -> Any:
    return hub.call("POST", f"/api/settings/webhooks/{path}", token=account.token)


def wait_for(condition: Callable[[], Any]) -> Any:
    """Ask the hub until the answer is true, and return it."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := condition()):
        assert time.monotonic() < deadline
    return answer


def first_line(hub: LiveHub, account: Account, webhook_id: str, **wanted: Any) -> dict[str, Any]:
    """The newest line of the log, once it says this."""

    def find() -> Any:
        lines = log_of(hub, account, webhook_id)
        fits = lines and all(lines[0][name] == value for name, value in wanted.items())
        return lines[0] if fits else None

    line: dict[str, Any] = wait_for(find)
    return line


def record(repo: Repo, action: str, scope: str, **detail: Any) -> None:
    """Record an event from another process than the server's."""
    hub = repo.hub.inside
    namespace, _, name = repo.full_name.partition("/")
    with hub.db.write() as tx:
        found = repos.find_visible_repo(tx, repo.type, namespace, name, None, True)
        assert found is not None
        record_event(tx, found.id, action, scope, detail, now_ms())


# What is told


def test_a_delivery_is_signed_and_says_what_it_is(
    hub: LiveHub, alice: Account, receiver: Receiver
) -> None:
    repo = new_repo(hub, alice, type="space")
    webhook_id = watch(hub, alice, f"{receiver.url}?a=b", repo, secret=SECRET)
    before = repo.head()
    oid = repo.commit(file("a.txt", "x"))
    received = receiver.get()
    assert received.path == "/hook?a=b"
    (line,) = log_of(hub, alice, webhook_id)
    headers = received.headers
    assert re.fullmatch(r"freehold/\d+\.\d+\.\d+\S*", headers.pop("user-agent"))
    assert headers == {
        "host": receiver.url.split("/")[2],
        "connection": "close",
        "content-length": headers["content-length"],
        "content-type": "application/json",
        "x-webhook-delivery": line["id"],
        "x-webhook-secret": SECRET,
    }
    info = repo.get().json()
    owner = hub.call("GET", "/api/whoami-v2", token=alice.token).json()["id"]
    assert received.body == {
        "event": {"action": "update", "scope": "repo.content"},
        "repo": {
            "type": "space",
            "name": repo.full_name,
            "id": info["_id"],
            "private": False,
            "url": {
                "web": f"{hub.url}/spaces/{repo.full_name}",
                "api": f"{hub.url}/api/spaces/{repo.full_name}",
            },
            "headSha": oid,
            "owner": {"id": owner},
            "subdomain": repo.full_name.replace("/", "-"),
        },
        "updatedRefs": [{"ref": "refs/heads/main", "oldSha": before, "newSha": oid}],
        "webhook": {"id": webhook_id, "version": 3},
    }


def test_every_change_of_a_repository_is_told(
    hub: LiveHub, alice: Account, receiver: Receiver
) -> None:
    watch(hub, alice, receiver.url, alice.name, domains=("repo",))
    repo = new_repo(hub, alice)
    head = repo.head()
    assert repo.post("/branch/dev", {}).status_code == 200
    assert repo.delete("/branch/dev").status_code == 200
    change(repo, private=True, gated="manual")
    change(repo)
    new_name = f"{alice.name}/{fresh_name('moved')}"
    body = {"fromRepo": repo.full_name, "toRepo": new_name, "type": "model"}
    assert repo.call("POST", "/api/repos/move", json=body).status_code == 200
    delete(Repo(hub, alice, new_name))
    told = [receiver.get() for _ in range(7)]
    owner = told[0].body["repo"]["owner"]
    assert [(item.event, *details(item.body)) for item in told] == [
        ("create/repo",),
        ("update/repo.content", [ref("main", None, head)]),
        ("update/repo.content", [ref("dev", None, head)]),
        ("update/repo.content", [ref("dev", head, None)]),
        ("update/repo.config", {"private": True, "gated": "manual"}),
        ("move/repo", {"name": new_name, "owner": owner}),
        ("delete/repo",),
    ]
    rows = [item.body["repo"] for item in told]
    assert [row["name"] for row in rows] == [repo.full_name] * 6 + [new_name]
    assert [row["private"] for row in rows] == [False] * 4 + [True] * 3
    assert {row["headSha"] for row in rows} == {head}
    assert len({row["id"] for row in rows}) == 1


def details(body: dict[str, Any]) -> list[Any]:
    """What is in a payload besides what is in each one."""
    return [value for key, value in body.items() if key not in ("event", "repo", "webhook")]


def ref(branch: str, old: str | None, new: str | None) -> dict[str, Any]:
    return {"ref": f"refs/heads/{branch}", "oldSha": old, "newSha": new}


def test_what_another_process_has_recorded_is_told_and_only_in_its_domain(
    hub: LiveHub, alice: Account, receiver: Receiver
) -> None:
    repo = new_repo(hub, alice)
    talk = {"num": 1, "title": "é"}
    with Receiver() as other:
        watch(hub, alice, receiver.url, repo, domains=("discussion",))
        watch(hub, alice, other.url, alice.name, domains=("repo",))
        repo.commit(file("a.txt", "1"))
        record(repo, "create", "discussion", discussion=talk)
        record(repo, "create", "discussion.comment", discussion=talk, comment={"content": "c"})
        told = [receiver.get() for _ in range(2)]
        repo.commit(file("a.txt", "2"))
        assert other.get_events(2) == ["update/repo.content"] * 2
    assert [
        (item.event, item.body.get("discussion"), item.body.get("comment")) for item in told
    ] == [
        ("create/discussion", talk, None),
        ("create/discussion.comment", talk, {"content": "c"}),
    ]
    assert "headSha" not in told[0].body["repo"]


def test_a_webhook_hears_once_of_what_it_watches_twice(
    hub: LiveHub, alice: Account, bob: Account, receiver: Receiver
) -> None:
    org = hub.org(owner=alice)
    repo = new_repo(hub, alice, namespace=org)
    items = [{"type": "org", "name": org}, {"type": "model", "name": repo.full_name}]
    body = {"url": receiver.url, "watched": items, "domains": ["repo"]}
    answer = hub.call("POST", "/api/settings/webhooks", token=bob.token, json=body)
    assert answer.status_code == 200
    first, second = repo.commit(file("a.txt", "1")), repo.commit(file("a.txt", "2"))
    assert [receiver.get().body["repo"]["headSha"] for _ in range(2)] == [first, second]


def test_compaction_is_told_to_nobody(hub: LiveHub, alice: Account, receiver: Receiver) -> None:
    repo = new_repo(hub, alice, file("a.txt", "1"))
    watch(hub, alice, receiver.url, repo)
    assert compact_repo(hub.inside, repo.get().json()["_id"]) == 2
    repo.commit(file("a.txt", "2"))
    assert receiver.get().body["repo"]["headSha"] == repo.head()


# Who hears it


def test_a_private_repository_is_told_only_to_who_may_see_it_now(
    hub: LiveHub, alice: Account, bob: Account, receiver: Receiver
) -> None:
    org = hub.org(owner=alice, members={bob.name: "read"})
    hidden = new_repo(hub, alice, namespace=org, private=True)
    public = new_repo(hub, alice, namespace=org)
    with Receiver() as owners:
        webhook_id = watch(hub, bob, receiver.url, hidden, public)
        watch(hub, alice, owners.url, hidden, public)
        hidden.commit(file("a.txt", "1"))
        assert receiver.get().body["repo"]["name"] == hidden.full_name
        with hub.inside.db.write() as tx:
            tx.run(
                "DELETE FROM org_member"
                " WHERE user_id = (SELECT id FROM account WHERE name = :name)",
                name=bob.name,
            )
        hidden.commit(file("a.txt", "2"))
        change(hidden, gated="auto")
        public.commit(file("a.txt", "1"))
        assert receiver.get().body["repo"]["name"] == public.full_name
        assert len(owners.get_events(4)) == 4
        delete(hidden)
        assert owners.get().event == "delete/repo"
    # Not even what was told before is told again.
    names = [line["payload"]["repo"]["name"] for line in log_of(hub, bob, webhook_id)]
    assert names == [public.full_name]


def test_what_became_private_while_it_waited_is_told_no_more(
    hub: LiveHub, alice: Account, bob: Account, receiver: Receiver
) -> None:
    repo, other = new_repo(hub, alice), new_repo(hub, alice)
    webhook_id = watch(hub, bob, receiver.url, repo, other)
    receiver.close()
    repo.commit(file("a.txt", "1"))
    first_line(hub, bob, webhook_id, state="waiting")
    change(repo, private=True)
    assert log_of(hub, bob, webhook_id) == []
    other.commit(file("a.txt", "1"))
    receiver.open()
    assert receiver.get().body["repo"]["name"] == other.full_name


def test_replay_webhook_of_what_may_not_be_seen_any_more_is_404(
    hub: LiveHub, alice: Account, bob: Account, receiver: Receiver
) -> None:
    repo = new_repo(hub, alice)
    webhook_id = watch(hub, bob, receiver.url, repo)
    repo.commit(file("a.txt", "1"))
    line = receiver.get().headers["x-webhook-delivery"]
    change(repo, private=True)
    answer = call(hub, bob, f"{webhook_id}/replay/{line}")
    assert_error(answer, 404, "The log of this webhook has no such line.")


# When the receiver is not there


def test_a_receiver_that_was_down_gets_everything_in_order(
    hub: LiveHub, alice: Account, receiver: Receiver
) -> None:
    repo = new_repo(hub, alice)
    webhook_id = watch(hub, alice, receiver.url, repo)
    receiver.close()
    made = [repo.commit(file("a.txt", str(number))) for number in range(5)]

    def tried_twice() -> Any:
        lines = log_of(hub, alice, webhook_id)
        return lines if len(lines) == len(made) and lines[-1]["attempts"] >= 2 else None

    *others, line = wait_for(tried_twice)
    assert (line["state"], line["status"]) == ("waiting", None)
    assert line["error"] == "no connection: [Errno 111] Connection refused"
    assert {item["attempts"] for item in others} == {0}
    receiver.open()
    assert [receiver.get().body["repo"]["headSha"] for _ in made] == made
    first_line(hub, alice, webhook_id, state="delivered")


def test_a_receiver_that_is_not_ready_keeps_the_order(
    hub: LiveHub, alice: Account, receiver: Receiver
) -> None:
    answers = iter([503, 429, 502, 504, 200])
    receiver.answer = lambda received: next(answers, 204)
    repo = new_repo(hub, alice)
    webhook_id = watch(hub, alice, receiver.url, repo)
    one, two = repo.commit(file("a.txt", "1")), repo.commit(file("a.txt", "2"))
    told = [receiver.get() for _ in range(6)]
    assert [item.body["repo"]["headSha"] for item in told] == [one] * 5 + [two]
    # All attempts of a delivery bear its id.
    assert len({item.headers["x-webhook-delivery"] for item in told}) == 2
    assert first_line(hub, alice, webhook_id, state="delivered")["status"] == 204


def test_what_a_receiver_refuses_holds_up_nothing_else(
    hub: LiveHub, alice: Account, receiver: Receiver
) -> None:
    ready = Event()
    answers = iter([500])

    def answer(received: Received) -> int:
        assert ready.wait(PATIENCE)
        return next(answers, 200)

    receiver.answer = answer
    repo = new_repo(hub, alice)
    webhook_id = watch(hub, alice, receiver.url, repo)
    one, two = repo.commit(file("a.txt", "1")), repo.commit(file("a.txt", "2"))
    wait_for(lambda: len(log_of(hub, alice, webhook_id)) == 2)
    ready.set()
    assert [receiver.get().body["repo"]["headSha"] for _ in range(3)] == [one, two, one]
    wait_for(lambda: [line["attempts"] for line in log_of(hub, alice, webhook_id)] == [1, 2])


def test_what_was_tried_too_often_keeps_the_others_waiting_no_longer(
    hub: LiveHub, alice: Account, receiver: Receiver
) -> None:
    """It may be the reason: a gateway says 502 as well when its application falls over."""
    repo = new_repo(hub, alice)
    webhook_id = watch(hub, alice, receiver.url, repo)
    receiver.answer = lambda received: 502
    one, two = repo.commit(file("a.txt", "1")), repo.commit(file("a.txt", "2"))
    receiver.answer = lambda received: 502 if received.body["repo"]["headSha"] == one else 200

    def tried_often() -> bool:
        # Again and again: whoever is sending at this moment writes a smaller number afterwards.
        with hub.inside.db.write() as tx:
            tx.run(
                "UPDATE webhook_delivery SET attempts = :enough WHERE webhook_id = :id"
                " AND status = 502 AND attempts < :enough",
                enough=BLOCKING_ATTEMPTS,
                id=webhook_id,
            )
            # On a slow machine the pauses would become longer than anybody waits.
            tx.run("UPDATE webhook SET failures = 0, retry_at = 0 WHERE id = :id", id=webhook_id)
        lines = log_of(hub, alice, webhook_id)
        return len(lines) == 2 and lines[1]["attempts"] > BLOCKING_ATTEMPTS

    wait_for(tried_often)
    while (told := receiver.get().body["repo"]["headSha"]) == one:
        pass
    assert told == two
    assert first_line(hub, alice, webhook_id, state="delivered")["attempts"] == 1


def test_a_redirect_is_not_followed(hub: LiveHub, alice: Account, receiver: Receiver) -> None:
    answers = iter([307, 301])
    receiver.answer = lambda received: next(answers, 200)
    repo = new_repo(hub, alice)
    webhook_id = watch(hub, alice, receiver.url, repo)
    repo.commit(file("a.txt", "1"))
    assert [receiver.get().path for _ in range(3)] == ["/hook"] * 3
    assert first_line(hub, alice, webhook_id, state="delivered")["attempts"] == 3
    receiver.answer = lambda received: 302
    repo.commit(file("a.txt", "2"))
    line = first_line(hub, alice, webhook_id, status=302)
    assert line["error"] == "answered 302: redirects are not followed"


def test_slow_receivers_hold_up_nobody_else(
    hub: LiveHub, alice: Account, bob: Account, receiver: Receiver
) -> None:
    """However many one user has: four of them are served at once, one delivery after the other."""
    repo = new_repo(hub, alice)
    over = Event()

    def wait(received: Received) -> int:
        over.wait(PATIENCE)
        return 200

    with Receiver() as slow:
        slow.answer = wait
        webhooks = [watch(hub, alice, slow.url, repo) for _ in range(MAX_SENDERS_OF_ONE + 1)]
        watch(hub, bob, receiver.url, repo)
        made = [repo.commit(file("a.txt", str(number))) for number in range(2)]
        assert [receiver.get().body["repo"]["headSha"] for _ in made] == made
        held = [slow.get() for _ in range(MAX_SENDERS_OF_ONE)]
        made.append(repo.commit(file("a.txt", "the last one")))
        assert receiver.get().body["repo"]["headSha"] == made[2]
        assert slow.requests.empty()
        assert {item.body["repo"]["headSha"] for item in held} == {made[0]}
        over.set()
        told = held + [slow.get() for _ in range(3 * len(webhooks) - len(held))]
    for webhook_id in webhooks:
        own = [item for item in told if item.body["webhook"]["id"] == webhook_id]
        assert [item.body["repo"]["headSha"] for item in own] == made


def test_a_receiver_that_does_not_answer_in_time_is_tried_again(
    fresh_hub: NewHub, receiver: Receiver
) -> None:
    hub = fresh_hub(**SETTINGS, webhook_seconds=0.3)
    alice = hub.user()
    over = Event()
    first = iter([True])

    def wait(received: Received) -> int:
        if next(first, False):
            over.wait(PATIENCE)
        return 200

    receiver.answer = wait
    repo = new_repo(hub, alice)
    webhook_id = watch(hub, alice, receiver.url, repo)
    repo.commit(file("a.txt", "1"))
    assert receiver.get().body == receiver.get().body
    over.set()
    assert first_line(hub, alice, webhook_id, state="delivered")["attempts"] >= 2


def test_a_webhook_of_which_nothing_arrives_is_suspended_and_can_be_turned_on_again(
    fresh_hub: NewHub, receiver: Receiver
) -> None:
    hub = fresh_hub(**SETTINGS, webhook_give_up_seconds=0.3)
    alice = hub.user()
    repo = new_repo(hub, alice)
    webhook_id = watch(hub, alice, f"{receiver.url}?key={SECRET}", repo, secret=SECRET)
    receiver.answer = lambda received: 500
    lost = repo.commit(file("a.txt", "1"))
    wait_for(lambda: settings(hub, alice, webhook_id)["disabled"] == "suspended-after-failure")
    (line,) = log_of(hub, alice, webhook_id)
    assert (line["state"], line["status"], line["error"]) == ("failed", 500, "answered 500")
    assert SECRET not in json.dumps(line)
    assert_error(
        call(hub, alice, f"{webhook_id}/replay/{line['id']}"),
        409,
        "This webhook is off: enable it first.",
    )
    repo.commit(file("a.txt", "told to nobody"))
    attempts = [receiver.get() for _ in range(line["attempts"])]
    assert {item.body["repo"]["headSha"] for item in attempts} == {lost}
    receiver.answer = lambda received: 200
    enabled = call(hub, alice, f"{webhook_id}/enable").json()["webhook"]
    assert (enabled["disabled"], settings(hub, alice, webhook_id)["disabled"]) == (False, False)
    later = repo.commit(file("a.txt", "3"))
    assert receiver.get().body["repo"]["headSha"] == later
    assert call(hub, alice, f"{webhook_id}/replay/{line['id']}").status_code == 200
    assert receiver.get().body["repo"]["headSha"] == lost
    # Addresses hold secrets, too.
    assert SECRET not in hub.log() and "is off now" in hub.log()


def test_disable_webhook_keeps_what_waited_and_nothing_that_happens_meanwhile(
    hub: LiveHub, alice: Account, receiver: Receiver
) -> None:
    repo = new_repo(hub, alice)
    webhook_id = watch(hub, alice, receiver.url, repo)
    receiver.close()
    one = repo.commit(file("a.txt", "1"))
    first_line(hub, alice, webhook_id, state="waiting")
    assert call(hub, alice, f"{webhook_id}/disable").status_code == 200
    receiver.open()
    repo.commit(file("a.txt", "2"))
    assert call(hub, alice, f"{webhook_id}/enable").status_code == 200
    three = repo.commit(file("a.txt", "3"))
    assert [receiver.get().body["repo"]["headSha"] for _ in range(2)] == [one, three]


def test_a_deleted_repository_takes_nothing_along_that_was_to_be_told(
    hub: LiveHub, alice: Account, receiver: Receiver
) -> None:
    repo = new_repo(hub, alice)
    watch(hub, alice, receiver.url, repo)
    receiver.close()
    repo.commit(file("a.txt", "1"))
    delete(repo)
    receiver.open()
    assert receiver.get_events(2) == ["update/repo.content", "delete/repo"]


# When the hub is not there


def test_what_was_committed_is_told_after_a_crash(fresh_hub: NewHub, receiver: Receiver) -> None:
    """The first process dies while it sends, so nobody knows whether it has arrived."""
    hub = fresh_hub(**SETTINGS)
    alice = hub.user()
    repo = new_repo(hub, alice)
    watch(hub, alice, receiver.url, repo)
    over = Event()

    def hold(received: Received) -> int:
        over.wait(PATIENCE)
        return 200

    receiver.answer = hold
    one = repo.commit(file("a.txt", "1"))
    first = receiver.get()
    two = repo.commit(file("a.txt", "2"))
    hub.kill()
    over.set()
    with hub.inside.db.write() as tx:
        # As time would do.
        assert tx.run("UPDATE webhook SET leased_until = 1 WHERE leased_until > :now", now=now_ms())
    hub.start()
    again = receiver.get()
    assert (again.body, again.headers) == (first.body, first.headers)
    assert again.body["repo"]["headSha"] == one
    assert receiver.get().body["repo"]["headSha"] == two


def test_what_waited_is_told_after_a_restart(fresh_hub: NewHub, receiver: Receiver) -> None:
    hub = fresh_hub(**(SETTINGS | {"webhook_retry_seconds": 1}))
    alice = hub.user()
    repo = new_repo(hub, alice)
    webhook_id = watch(hub, alice, receiver.url, repo)
    receiver.close()
    made = [repo.commit(file("a.txt", str(number))) for number in range(3)]
    # In the pause, so that nobody holds the lease that only ends with its time.
    wait_for(lambda: any(line["attempts"] for line in log_of(hub, alice, webhook_id)))
    hub.kill()
    receiver.open()
    hub.start()
    assert [receiver.get().body["repo"]["headSha"] for _ in made] == made


def test_a_hub_that_stops_finishes_what_it_is_sending(
    fresh_hub: NewHub, receiver: Receiver
) -> None:
    hub = fresh_hub(**SETTINGS)
    alice = hub.user()
    repo = new_repo(hub, alice)
    webhook_id = watch(hub, alice, receiver.url, repo)
    over = Event()

    def hold(received: Received) -> int:
        over.wait(PATIENCE)
        return 200

    receiver.answer = hold
    repo.commit(file("a.txt", "1"))
    receiver.get()
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(hub.stop)
        wait_for(lambda: not is_listening(hub))
        assert not stopping.done()
        over.set()
        stopping.result(PATIENCE)
    hub.start()
    (line,) = log_of(hub, alice, webhook_id)
    assert (line["state"], line["attempts"]) == ("delivered", 1)


def is_listening(hub: LiveHub) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", int(hub.url.rpartition(":")[2]))) == 0


@pytest.mark.parametrize("backend", BACKENDS)
def test_several_processes_tell_everything_once_and_in_order(
    fresh_hub: NewHub, backend: str, receiver: Receiver
) -> None:
    hub = fresh_hub(backend, **SETTINGS, workers=2)
    alice = hub.user()
    webhooks = [watch(hub, alice, f"{receiver.url}?{number}", alice.name) for number in range(2)]
    repos = [new_repo(hub, alice) for _ in range(2)]

    def commit(repo: Repo) -> list[str]:
        return [repo.commit(file("a.txt", str(number))) for number in range(10)]

    with ThreadPoolExecutor() as pool:
        made = list(pool.map(commit, repos))
    told = [receiver.get() for _ in range(2 * (2 * 2 + 2 * 10))]
    for webhook_id in webhooks:
        for repo, oids in zip(repos, made, strict=True):
            heads = [
                item.body["repo"]["headSha"]
                for item in told
                if item.body["webhook"]["id"] == webhook_id
                and item.body["repo"]["name"] == repo.full_name
            ]
            assert heads[2:] == oids
        first_line(hub, alice, webhook_id, state="delivered")
    assert receiver.requests.empty()


# The log


def test_list_webhook_logs_gives_pages_the_newest_line_first(
    hub: LiveHub, alice: Account, receiver: Receiver
) -> None:
    repo = new_repo(hub, alice)
    webhook_id = watch(hub, alice, receiver.url, repo)
    for number in range(5):
        repo.commit(file("a.txt", str(number)))
    told = [receiver.get() for _ in range(5)]
    first_line(hub, alice, webhook_id, state="delivered")
    path: str | None = f"/api/settings/webhooks/{webhook_id}/logs?limit=2"
    pages = []
    while path:
        answer = hub.call("GET", path, token=alice.token)
        pages.append(answer.json())
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        path = link[1] if link else None
    assert [len(page) for page in pages] == [2, 2, 1]
    lines = [line for page in pages for line in page]
    assert [line["payload"] for line in lines] == [item.body for item in reversed(told)]
    assert {(line["state"], line["attempts"], line["status"]) for line in lines} == {
        ("delivered", 1, 200)
    }
    for query in ("limit=0", "cursor=xyz", "limit=x"):
        answer = hub.call(
            "GET", f"/api/settings/webhooks/{webhook_id}/logs?{query}", token=alice.token
        )
        assert answer.status_code == 400, query


def test_replay_webhook_sends_the_same_once_more(
    hub: LiveHub, alice: Account, receiver: Receiver
) -> None:
    repo = new_repo(hub, alice)
    webhook_id = watch(hub, alice, receiver.url, repo)
    repo.commit(file("a.txt", "1"))
    first = receiver.get()
    delete(repo)
    assert receiver.get().event == "delete/repo"
    answer = call(hub, alice, f"{webhook_id}/replay/{first.headers['x-webhook-delivery']}")
    assert answer.status_code == 200
    again = receiver.get()
    assert again.body == first.body
    assert answer.json() == {"status": 202, "id": again.headers["x-webhook-delivery"]}
    line = first_line(hub, alice, webhook_id, state="delivered")
    assert line["id"] == answer.json()["id"]
    missing = call(hub, alice, f"{webhook_id}/replay/{'0' * 24}")
    assert_error(missing, 404, "The log of this webhook has no such line.")


def test_the_log_has_an_end(hub: LiveHub, alice: Account, receiver: Receiver) -> None:
    repo = new_repo(hub, alice)
    webhook_id = watch(hub, alice, receiver.url, repo)
    repo.commit(file("a.txt", "1"))
    line = receiver.get().headers["x-webhook-delivery"]
    first_line(hub, alice, webhook_id, state="delivered")

    def count(table: str) -> int:
        with hub.inside.db.read() as tx:
            row = tx.one(
                f"SELECT COUNT(*) AS found FROM webhook_{table}"
                f" WHERE {'webhook_id' if table == 'delivery' else 'repo_id'} = :id",
                id=webhook_id if table == "delivery" else repo.get().json()["_id"],
            )
        assert row is not None
        return int(row.found)

    with hub.inside.db.write() as tx:
        tx.run_many(
            "INSERT INTO webhook_delivery (id, webhook_id, event_number, state, created_at)"
            " SELECT :new_id, webhook_id, event_number, 'delivered', created_at"
            " FROM webhook_delivery WHERE id = :id",
            [{"new_id": f"{webhook_id}{n}", "id": line} for n in range(LOG_LENGTH + 5)],
        )
    repo.commit(file("a.txt", "2"))
    receiver.get()
    wait_for(lambda: count("delivery") == LOG_LENGTH)
    assert count("event") == 2
    with hub.inside.db.write() as tx:
        tx.run(
            "UPDATE webhook_delivery SET created_at = :old WHERE webhook_id = :id",
            old=now_ms() - LOG_MS - 1,
            id=webhook_id,
        )
        tx.run("UPDATE webhook_event SET created_at = :old", old=now_ms() - LOG_MS - 1)
    assert forget_deliveries(hub.inside) >= LOG_LENGTH
    assert (count("delivery"), count("event")) == (0, 0)


# Where it may lead


def test_a_name_that_leads_to_this_machine_is_refused_when_something_is_sent(
    fresh_hub: NewHub, receiver: Receiver
) -> None:
    public = fresh_hub(webhook_retry_seconds=0.05)
    alice = public.user()
    repo = new_repo(public, alice)
    url = f"http://localhost:{receiver.port}/hook"
    webhook_id = watch(public, alice, url, repo)
    repo.commit(file("a.txt", "1"))

    def refused() -> Any:
        lines = log_of(public, alice, webhook_id)
        return lines[0] if lines and lines[0]["attempts"] >= 2 else None

    line = wait_for(refused)
    assert line["error"] == "webhooks of this hub may not lead to this address"
    assert line["status"] is None
    assert receiver.requests.empty()
