"""Search: words in names, tags and cards, the best first, and who finds what."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from freehold.server.core import jobs, search, users
from freehold.server.db import search as db_search
from tests.conftest import NewHub
from tests.live import Account, LiveHub, fresh_name
from tests.repos import Repo, ask, assert_error, file, new_repo

HOSTILE = (
    '"',
    "'",
    "\\",
    "%",
    "_",
    "\0",
    "a\0b",
    "*",
    "NEAR(a b)",
    "a AND",
    "OR NOT",
    "name_words : bert",
    "^bert",
    '"bert',
    'bert" OR "x',
    "' OR 1=1 --",
    "'); DROP TABLE repo; --",
    "'a':* & !'b'",
    "§model",
    "-",
    "/",
    "(((",
    "\u0301",
    "\U0001f917",
    "中",
)


def find(hub: LiveHub, q: str, token: str | None = None, **query: Any) -> list[str]:
    return [hit["id"] for hit in ask(hub, "search/full-text", token, q=q, **query)["hits"]]


def quick(hub: LiveHub, q: str, token: str | None = None, **query: Any) -> list[str]:
    """The names of the models that quicksearch finds."""
    answer = ask(hub, "quicksearch", token, q=q, **query)
    assert answer["q"] == q
    return [item["id"] for item in answer["models"]]


def word() -> str:
    """A word that is in nothing else."""
    return fresh_name("w").replace("-", "")


def card(text: str, *fields: str) -> dict[str, Any]:
    return file("README.md", "\n".join(["---", *fields, "---", text]))


def test_search_text_finds_a_commit_at_once(hub: LiveHub, alice: Account) -> None:
    needle, title, tag = word(), word(), word()
    repo = new_repo(hub, alice)
    assert find(hub, needle) == []
    text = f"# Hi\n<p>See the **{needle}** [paper](https://example.org/{tag}paper)</p>"
    repo.commit(card(text, f"pretty_name: Crème {title}", f"tags: [{tag}, x]", "license: mit"))
    assert find(hub, needle) == find(hub, title) == find(hub, tag) == [repo.full_name]
    # All words must be there, wherever each of them is, accents or not; no address is searched.
    assert find(hub, f"{needle} CREME {tag} mit") == [repo.full_name]
    assert find(hub, f"{needle} {word()}") == find(hub, f"{tag}paper") == []
    [hit] = ask(hub, "search/full-text", q=needle)["hits"]
    assert hit["snippet"] == [
        {"text": "Hi See the ", "type": "text"},
        {"text": needle, "type": "highlight"},
        {"text": " paper", "type": "text"},
    ]
    assert (hit["type"], hit["name"], hit["private"]) == ("model", repo.full_name, False)
    assert tag in hit["tags"]
    assert hit["_id"] == repo.get().json()["_id"]
    repo.commit(card("Nothing."))
    assert find(hub, needle) == find(hub, tag) == []


def test_search_text_finds_words_that_are_begun(hub: LiveHub, alice: Account) -> None:
    needle = word()
    repo = new_repo(hub, alice, card(f"{needle}ing other"))
    assert find(hub, needle) == find(hub, f"other {needle}") == [repo.full_name]
    assert find(hub, f"{needle} other") == [], "only the last word may be begun"


def test_search_text_prefers_names_then_tags_then_texts(hub: LiveHub, alice: Account) -> None:
    needle = word()
    in_text = new_repo(hub, alice, card(f"{needle} {needle} {needle}"))
    in_tags = new_repo(hub, alice, card("Nothing.", f"tags: [{needle}]"))
    within = new_repo(hub, alice, name=f"x{needle}x")
    begun = new_repo(hub, alice, name=f"x-{needle}s")
    part = new_repo(hub, alice, name=f"tiny-{needle}-v2")
    first = new_repo(hub, alice, name=f"{needle}-v2")
    exact = new_repo(hub, alice, name=needle)
    wanted = [exact, first, part, begun, within, in_tags, in_text]
    assert find(hub, needle) == [repo.full_name for repo in wanted]
    # Of equals, the one that is liked.
    liked = new_repo(hub, alice, name=f"tiny-{needle}-v1")
    assert hub.call("POST", f"{liked.api}/like", token=alice.token).status_code == 200
    part.commit(file("later.txt", "x"))
    assert find(hub, needle)[2:4] == [liked.full_name, part.full_name]
    assert find(hub, f"{alice.name}/{needle}", limit=1) == [exact.full_name]
    answer = ask(hub, "search/full-text", q=needle, limit=2, skip=1)
    assert [hit["id"] for hit in answer["hits"]] == [first.full_name, liked.full_name]
    assert (answer["estimatedTotalHits"], answer["limit"], answer["skip"]) == (8, 2, 1)
    assert find(hub, needle, skip=8) == find(hub, needle, skip=10**12) == []


def test_search_text_of_types(hub: LiveHub, alice: Account) -> None:
    needle = word()
    repos = {
        type: new_repo(hub, alice, card(needle, "sdk: static"), type=type)
        for type in ("model", "dataset", "space")
    }
    names = {type: repo.full_name for type, repo in repos.items()}
    assert set(find(hub, needle)) == set(names.values())
    assert find(hub, needle, type="dataset") == [names["dataset"]]
    assert set(find(hub, needle, type=["model", "space"])) == {names["model"], names["space"]}
    bad = hub.call("GET", "/api/search/full-text?q=x&type=movie")
    assert_error(bad, 400, "There is no type 'movie'; there are: model, dataset, space, kernel.")
    assert hub.call("GET", "/api/search/full-text?q=x&limit=101").status_code == 400
    assert hub.call("GET", "/api/search/full-text?q=x&skip=-1").status_code == 400


def test_search_text_shows_private_ones_to_those_who_may_see_them(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    member, admin = hub.user(), hub.user(admin=True)
    org = hub.org(owner=alice, members={member.name: "read"})
    needle = word()
    repo = new_repo(hub, alice, card(needle), namespace=org, private=True)
    gated = new_repo(hub, alice, card(needle))
    gated.put("/settings", {"gated": "manual"})
    part = repo.full_name.partition("/")[2]
    for token, sees in (
        (None, False),
        (bob.token, False),
        (member.token, True),
        (alice.token, True),
        (admin.token, True),
    ):
        wanted = {repo.full_name, gated.full_name} if sees else {gated.full_name}
        assert set(find(hub, needle, token)) == wanted
        assert quick(hub, part, token) == ([repo.full_name] if sees else [])
        total = ask(hub, "search/full-text", token, q=needle)["estimatedTotalHits"]
        assert total == len(wanted)
    repo.put("/settings", {"private": False})
    assert set(find(hub, needle)) == {repo.full_name, gated.full_name}


def test_search_text_looks_at_what_the_viewer_may_see(
    hub: LiveHub, alice: Account, bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others hide takes no place among the few that are looked at."""
    needle = word()
    org = hub.org(owner=bob)
    hidden = [new_repo(hub, alice, card(needle), private=True) for _ in range(2)]
    shown = new_repo(hub, bob, card(needle), private=True, namespace=org)
    with hub.inside.db.read() as tx:
        row = tx.one("SELECT id FROM account WHERE name = :name", name=bob.name)
        assert row is not None
        viewing = db_search.Viewing.of(tx, ["model"], row.id, False)
        monkeypatch.setattr(db_search, "SCANNED", 1)

        def found() -> list[str]:
            items = db_search.find_by_words(tx, viewing, [needle])
            return [f"{item.namespace}/{item.name}" for item in items]

        assert found() == [shown.full_name]
        assert db_search.find_by_words(tx, viewing._replace(owner_ids=[]), [needle]) == []
        hidden[1].put("/settings", {"private": False})
        shown.call("DELETE", "/api/repos/delete", json=named(shown))
        assert found() == [hidden[1].full_name]


def named(repo: Repo) -> dict[str, str]:
    namespace, _, name = repo.full_name.partition("/")
    return {"organization": namespace, "name": name}


def test_search_text_follows_moves_and_deletions(hub: LiveHub, alice: Account) -> None:
    before, after, needle = word(), word(), word()
    org = hub.org(owner=alice)
    new_repo(hub, alice, card(needle), name=before)
    body = {"fromRepo": f"{alice.name}/{before}", "toRepo": f"{org}/{after}"}
    assert hub.call("POST", "/api/repos/move", token=alice.token, json=body).status_code == 200
    moved = f"{org}/{after}"
    assert find(hub, before) == quick(hub, before) == find(hub, f"{alice.name} {needle}") == []
    assert find(hub, after) == quick(hub, after) == find(hub, needle) == [moved]
    assert find(hub, f"{org} {needle}") == [moved]
    named = {"name": after, "organization": org}
    gone = hub.call("DELETE", "/api/repos/delete", token=alice.token, json=named)
    assert gone.status_code == 200
    assert find(hub, after) == quick(hub, after) == find(hub, needle) == []
    if hub.inside.db.is_sqlite:
        check_indexes(hub)


def check_indexes(hub: LiveHub) -> None:
    """Raises when an index of SQLite does not hold the words of its table, and no others."""
    with hub.inside.db.write() as tx:
        for table in ("repo_words", "repo_name_words", "account_words"):
            tx.run(f"INSERT INTO {table} ({table}, rank) VALUES ('integrity-check', 1)")


def test_search_text_is_filled_for_what_older_hubs_have(hub: LiveHub, alice: Account) -> None:
    needle = word()
    repo = new_repo(hub, alice, card(needle))
    with hub.inside.db.write() as tx:
        repo_id = repo.get().json()["_id"]
        tx.run("UPDATE repo_facts SET version = 1 WHERE repo_id = :id", id=repo_id)
        tx.run("UPDATE repo_text SET text_words = '' WHERE repo_id = :id", id=repo_id)
    assert find(hub, needle) == []
    assert jobs.renew_stale_facts(hub.inside) >= 1
    assert find(hub, needle) == [repo.full_name]


def test_search_text_finds_what_most_people_like_among_many(
    hub: LiveHub, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where only some of the names with a word are looked at."""
    monkeypatch.setattr(db_search, "MOST_BEGUN", 1)
    needle = word()
    first, liked = (new_repo(hub, alice, name=f"{needle}-{end}") for end in "ab")
    asked, viewing = search.Asked.read(needle), db_search.Viewing(["model"], None, False, [])

    def found() -> list[str]:
        with hub.inside.db.read() as tx:
            ranked = search.find_ranked(tx, viewing, asked, 1, only_names=True)
        return [f"{item.namespace}/{item.name}" for item in ranked]

    assert found() == [first.full_name]
    assert hub.call("POST", f"{liked.api}/like", token=alice.token).status_code == 200
    assert found() == [liked.full_name, first.full_name]


def test_search_text_of_many_repositories_leaves_out_begun_words(
    hub: LiveHub, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    needle = word()
    new_repo(hub, alice, card(f"{needle}ing"))
    viewing = db_search.Viewing(["model"], None, False, [])
    with hub.inside.db.read() as tx:
        assert len(db_search.find_by_begun_words(tx, viewing, [needle])) == 1
        monkeypatch.setattr(db_search, "FEW_REPOS", 0)
        assert db_search.find_by_begun_words(tx, viewing, [needle]) == []


@pytest.mark.parametrize("path", ["search/full-text", "quicksearch"])
def test_search_text_takes_whatever_people_type(hub: LiveHub, alice: Account, path: str) -> None:
    repo = new_repo(hub, alice, card("中文 model"), name=fresh_name("bert"))
    long = [" ".join(f"w{n}" for n in range(1000)), "a" * 30_000, '"' * 20_000, "é" * 5000]
    for text in (*HOSTILE, *long, ""):
        answer = hub.call("GET", f"/api/{path}?{urlencode({'q': text})}")
        assert answer.status_code == 200, (text[:50], answer.text)
    assert find(hub, "文 中", type="model", limit=100).count(repo.full_name) == 1
    assert find(hub, f"{repo.full_name}' OR 1=1 --") == []
    assert find(hub, repo.full_name.replace("-", "_")) == [repo.full_name]


def test_quicksearch_finds_names_of_everything(hub: LiveHub, alice: Account) -> None:
    needle = word()
    user = hub.user(f"{needle}-user")
    org = hub.org(f"the-{needle}", owner=user)
    exact = new_repo(hub, alice, name=needle)
    other = new_repo(hub, alice, card("Nothing."), name=f"a{needle}a")
    data = new_repo(hub, user, type="dataset")
    answer = ask(hub, "quicksearch", q=needle)
    ids = {kind: [item.get("id") for item in answer[kind]] for kind in ("models", "datasets")}
    assert ids["models"] == [exact.full_name, other.full_name]
    assert ids["datasets"] == [data.full_name]
    assert answer["models"][0]["_id"] == exact.get().json()["_id"]
    [found] = answer["users"]
    assert (found["user"], found["avatarUrl"]) == (user.name, f"/avatars/{found['_id']}.svg")
    assert [item["name"] for item in answer["orgs"]] == [org]
    numbers = [answer[f"{kind}Count"] for kind in ("models", "datasets", "spaces", "users", "orgs")]
    assert numbers == [2, 1, 0, 1, 1]
    assert answer["papers"] == answer["collections"] == answer["spaces"] == []
    assert quick(hub, needle, limit=1) == [exact.full_name]
    assert quick(hub, needle, type="user") == []
    assert quick(hub, needle, type="model,org") == [exact.full_name, other.full_name]
    assert hub.call("GET", "/api/quicksearch?q=x&type=movie").status_code == 400
    # No text of a card is a name.
    assert quick(hub, "nothing") == []


def test_quicksearch_knows_the_full_names_of_people(hub: LiveHub) -> None:
    name, surname = fresh_name("user"), word()
    account = users.create_user(hub.inside, name, fullname=f"Zoë {surname.title()}")
    for text in (name.upper(), surname, f"{surname} zoe", f"zoë {surname[:6]}"):
        [found] = ask(hub, "quicksearch", q=text)["users"]
        assert (found["_id"], found["fullname"]) == (account.id, account.fullname)
    assert ask(hub, "quicksearch", q=f"{surname} {word()}")["usersCount"] == 0


def test_list_trending_begins_with_what_is_liked_most(fresh_hub: NewHub) -> None:
    hub = fresh_hub()
    alice, bob = hub.user(), hub.user()
    dataset, model = new_repo(hub, alice, type="dataset"), new_repo(hub, alice)
    hidden, space = new_repo(hub, alice, private=True), new_repo(hub, alice, type="space")
    for repo, likers in ((dataset, [alice, bob]), (model, [bob]), (hidden, [alice])):
        for user in likers:
            assert hub.call("POST", f"{repo.api}/like", token=user.token).status_code == 200
    jobs.count_trends(hub.inside)

    def names(token: str | None = None, **query: Any) -> list[str]:
        items = ask(hub, "trending", token, **query)["recentlyTrending"]
        assert all(item["repoData"]["trendingScore"] >= 0 for item in items)
        return [f"{item['repoType']} {item['repoData']['id']}" for item in items]

    of_all = [f"{repo.type} {repo.full_name}" for repo in (dataset, model, space)]
    assert names() == names(type="all") == of_all
    assert names(limit=2) == of_all[:2]
    assert names(type="space") == of_all[2:]
    assert set(names(alice.token)) == {*of_all, f"model {hidden.full_name}"}
    for query in ("limit=0", "limit=21", "type=movie"):
        assert hub.call("GET", f"/api/trending?{query}").status_code == 400
