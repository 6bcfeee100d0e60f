"""Lists of repositories: filters, orders, pages, and who sees what."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from freehold.server.core import jobs
from freehold.server.core.listings import MAX_ANSWER
from freehold.server.db import listings
from freehold.server.db.listings import Place, Wanted
from tests.discussions import propose
from tests.live import Account, LiveHub, fresh_name
from tests.repos import ask, assert_error, file, new_repo
from tests.weights import gguf, safetensors


def card(**fields: Any) -> dict[str, Any]:
    lines = [
        f"{key}: [{', '.join(value)}]" if isinstance(value, list) else f"{key}: {value}"
        for key, value in fields.items()
    ]
    return file("README.md", "---\n" + "\n".join(lines) + "\n---\n# A card\n")


def names(hub: LiveHub, path: str = "models", token: str | None = None, **query: Any) -> list[str]:
    return [item["id"] for item in ask(hub, path, token, **query)]


def test_list_repos_shows_a_commit_at_once(hub: LiveHub) -> None:
    user = hub.user()
    repo = new_repo(hub, user)
    [item] = ask(hub, "models", author=user.name)
    assert item["tags"] == []
    head = repo.commit(card(license="mit", tags=["a", "b"], pipeline_tag="fill-mask"))
    [item] = ask(hub, "models", author=user.name.upper())
    assert item.keys() == {
        *("_id", "id", "modelId", "likes", "private", "downloads", "trendingScore"),
        *("tags", "createdAt", "pipeline_tag"),
    }
    assert (item["id"], item["pipeline_tag"]) == (repo.full_name, "fill-mask")
    assert {"a", "b", "license:mit"} <= set(item["tags"])
    [item] = ask(hub, "models", author=user.name, full=True, cardData="True", config=1)
    assert item["sha"] == head
    assert item["cardData"]["license"] == "mit"
    assert item["config"] == {}
    assert [file["rfilename"] for file in item["siblings"]] == [".gitattributes", "README.md"]
    repo.commit(card(license="apache-2.0"))
    assert names(hub, author=user.name, filter="license:mit") == []
    assert names(hub, author=user.name, filter="license:apache-2.0") == [repo.full_name]


def test_list_repos_follows_merges_and_not_pull_requests(hub: LiveHub, bob: Account) -> None:
    user = hub.user()
    repo = new_repo(hub, user)
    num = propose(repo, card(license="mit"))
    assert names(hub, author=user.name, filter="license:mit") == []
    assert repo.post(f"/discussions/{num}/merge").status_code == 200
    assert names(hub, author=user.name, filter="license:mit") == [repo.full_name]


def test_list_repos_meets_all_conditions(hub: LiveHub) -> None:
    user = hub.user()
    mark = fresh_name("tag")
    one = new_repo(hub, user, card(tags=[mark, "x"], license="mit"), name="bert-base")
    two = new_repo(hub, user, card(tags=[mark, "y"], language="fr"), name="Bert_large")
    for query, wanted in (
        ({"filter": mark}, {one, two}),
        ({"filter": [mark, "x"]}, {one}),
        ({"filter": f"{mark},y"}, {two}),
        ({"tags": mark, "filter": "license:mit"}, {one}),
        ({"filter": mark, "search": "bert"}, {one, two}),
        ({"filter": mark, "search": "T_L"}, {two}),
        ({"filter": mark, "search": ["bert", "base"]}, {one}),
        ({"filter": mark, "search": f"{user.name}/bert-"}, {one}),
        ({"filter": mark, "search": "t-b"}, {one}),
        ({"filter": mark, "search": "be"}, {one, two}),
        ({"filter": mark, "search": "é"}, set()),
        ({"filter": mark, "search": "%"}, set()),
        ({"filter": mark, "search": "' OR 1=1 --"}, set()),
        ({"filter": mark, "search": '"bert"'}, set()),
        ({"search": "", "filter": mark, "author": ""}, {one, two}),
        ({"filter": mark, "author": "nobody-at-all"}, set()),
        ({"filter": mark, "gated": "true"}, set()),
        ({"filter": mark, "gated": "false"}, {one, two}),
        ({"filter": "no-such-tag"}, set()),
        ({"filter": mark, "num_parameters": "min:1K"}, set()),
        ({"filter": mark, "unknown": "x"}, {one, two}),
        ({"filter": mark.upper(), "limit": 5000}, {one, two}),
        ({"filter": [mark, "LICENSE:MIT"]}, {one}),
        ({"filter": [mark, "French"]}, {two}),
        ({"filter": mark, "language": "fr"}, {two}),
        ({"filter": mark, "apps": "llama.cpp"}, set()),
        ({"filter": mark, "inference": "warm"}, set()),
    ):
        found = names(hub, **query)
        assert set(found) == {repo.full_name for repo in wanted}, query
        assert len(found) == len(wanted), query


def test_list_repos_is_sorted_and_goes_on_where_it_stopped(hub: LiveHub) -> None:
    user = hub.user()
    repos = [new_repo(hub, user) for _ in range(5)]
    for count, repo in enumerate(repos):
        for _ in range(count):
            token = hub.user().token
            assert hub.call("POST", f"{repo.api}/like", token=token).status_code == 200
    by_likes = [repo.full_name for repo in reversed(repos)]
    assert names(hub, author=user.name, sort="likes") == by_likes
    assert names(hub, author=user.name, sort="likes", direction=1) == by_likes[::-1]
    assert names(hub, author=user.name, sort="createdAt", direction=-1) == by_likes
    assert names(hub, author=user.name, sort="nonsense", limit=2, skip=1) != []
    seen: list[str] = []
    url = f"/api/models?author={user.name}&sort=likes&direction=-1&limit=2"
    while url:
        answer = hub.call("GET", url)
        seen += [item["id"] for item in answer.json()]
        url = answer.headers.get("link", "").partition(">")[0].lstrip("<")
        assert not url or parse_qs(urlsplit(url).query)["author"] == [user.name]
        # Who overtakes the place of the page meanwhile is passed over, and moves nobody else.
        while (
            ask(hub, "models", author=user.name, sort="likes", limit=1)[0]["id"]
            != repos[0].full_name
        ):
            hub.call("POST", f"{repos[0].api}/like", token=hub.user().token)
    assert seen == by_likes[:4]


def test_list_repos_shows_private_ones_to_those_who_may_see_them(
    hub: LiveHub, alice: Account
) -> None:
    member, stranger, admin = hub.user(), hub.user(), hub.user(admin=True)
    org = hub.org(owner=alice, members={member.name: "read"})
    mark = fresh_name("tag")
    repo = new_repo(hub, alice, card(tags=[mark]), namespace=org, private=True)
    name = repo.full_name.partition("/")[2]
    for token, sees in (
        (None, False),
        (stranger.token, False),
        (member.token, True),
        (alice.token, True),
        (admin.token, True),
    ):
        for query in ({"filter": mark}, {"author": org}, {"search": name}):
            assert names(hub, token=token, **query) == ([repo.full_name] if sees else []), query


def test_list_repos_keeps_the_types_apart(hub: LiveHub) -> None:
    user = hub.user()
    for type in ("dataset", "space", "kernel"):
        repo = new_repo(hub, user, type=type)
        assert names(hub, f"{type}s", author=user.name) == [repo.full_name]
    assert names(hub, author=user.name) == []
    [space] = ask(hub, "spaces", author=user.name)
    assert space["sdk"] == "static"
    assert names(hub, "spaces", author=user.name, linked=True) == []
    linking = new_repo(hub, user, card(models=["lab/tiny"]), type="space")
    assert names(hub, "spaces", author=user.name, linked=True) == [linking.full_name]
    assert names(hub, "spaces", author=user.name, models="lab/tiny") == [linking.full_name]
    # Among others this is no question.
    model = new_repo(hub, user)
    assert names(hub, author=user.name, linked=True) == [model.full_name]


def test_list_repos_takes_many_tags_at_once(hub: LiveHub) -> None:
    user = hub.user()
    tags = [f"{user.name}-{number}" for number in range(12)]
    for tag in tags:
        new_repo(hub, user, card(tags=[other for other in tags if other != tag]))
    whole = new_repo(hub, user, card(tags=tags, language="fr"))
    for wanted in (tags, [*tags, "french"]):
        started = time.monotonic()
        assert names(hub, filter=",".join(wanted)) == [whole.full_name]
        assert time.monotonic() - started < 5
    assert len(names(hub, filter=",".join(tags[:6]))) == 7


def test_list_repos_forgets_what_is_deleted_and_follows_a_move(hub: LiveHub) -> None:
    user = hub.user()
    mark = fresh_name("tag")
    repo = new_repo(hub, user, card(tags=[mark]))
    new_name = f"{user.name}/{fresh_name('moved')}"
    moved = {"fromRepo": repo.full_name, "toRepo": new_name, "type": "model"}
    assert repo.call("POST", "/api/repos/move", json=moved).status_code == 200
    assert names(hub, search=new_name) == names(hub, filter=mark) == [new_name]
    assert names(hub, search=repo.full_name) == []
    name = new_name.partition("/")[2]
    assert repo.call("DELETE", "/api/repos/delete", json={"name": name}).status_code == 200
    assert names(hub, search=new_name) == names(hub, filter=mark) == []


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1",
        "limit=x",
        "skip=-1",
        "cursor=x",
        "cursor=bW9kZWwgbGlrZXMgMCAx",
        "expand=nonsense",
        "num_parameters=many",
        "gated=perhaps",
        "&".join(f"filter=t{n}" for n in range(51)),
    ],
)
def test_list_repos_refuses_what_cannot_be(hub: LiveHub, query: str) -> None:
    answer = hub.call("GET", f"/api/models?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]


def test_list_repos_refuses_the_cursor_of_another_list(hub: LiveHub) -> None:
    user = hub.user()
    for _ in range(2):
        new_repo(hub, user)
    first = hub.call("GET", f"/api/models?author={user.name}&limit=1&sort=likes")
    cursor = parse_qs(urlsplit(first.headers["link"].partition(">")[0]).query)["cursor"][0]
    for query in ("sort=downloads", "author=somebody", "filter=mit"):
        answer = hub.call("GET", f"/api/models?{query}&cursor={cursor}")
        assert_error(answer, 400, "The cursor is not one that this hub gave for this list.")


def test_list_repos_tells_what_is_asked_for(hub: LiveHub) -> None:
    user = hub.user()
    repo = new_repo(hub, user, card(license="mit"))
    [item] = ask(hub, "models", author=user.name, expand=["sha", "likes"])
    assert item == {"_id": item["_id"], "id": repo.full_name, "sha": repo.head(), "likes": 0}
    [item] = ask(hub, "models", author=user.name, **{"expand[]": "author", "expand": "gguf"})
    assert item.keys() == {"_id", "id", "author"}
    assert ask(hub, "models", author=user.name, limit=0) == []


def test_facts_that_are_missing_are_found_by_a_job(hub: LiveHub) -> None:
    user = hub.user()
    mark = fresh_name("tag")
    repo = new_repo(hub, user, card(tags=[mark], pipeline_tag="fill-mask"))
    with hub.inside.db.write() as tx:
        tx.run(
            "DELETE FROM repo_tag WHERE tag_number = (SELECT number FROM tag WHERE name = :mark)",
            mark=mark,
        )
        tx.run("UPDATE repo_facts SET version = 0 WHERE commit_oid = :oid", oid=repo.head())
    assert names(hub, filter=mark) == []
    assert jobs.renew_stale_facts(hub.inside) >= 1
    assert names(hub, filter=mark, pipeline_tag="fill-mask") == [repo.full_name]
    assert jobs.renew_stale_facts(hub.inside) == 0


def test_what_is_liked_now_comes_first(hub: LiveHub) -> None:
    user = hub.user()
    liked, other = new_repo(hub, user), new_repo(hub, user)
    hub.call("POST", f"{liked.api}/like", token=user.token)
    jobs.count_trends(hub.inside)
    assert names(hub, author=user.name) == [liked.full_name, other.full_name]
    [first, second] = ask(hub, "models", author=user.name)
    assert first["trendingScore"] > second["trendingScore"] == 0


def test_list_repos_searches_short_and_long_parts_of_names_together(hub: LiveHub) -> None:
    user = hub.user()
    repo = new_repo(hub, user, name="tiny_v2-bert")
    for words in (["v2", "bert"], ["bert", "v2"], ["y_v2", "bert"], ["v2"], ["tiny_v2"], ["y_"]):
        assert names(hub, author=user.name, search=words) == [repo.full_name], words
    for words in (["v3", "bert"], ["tinyxv2"], ["bert", "v_2"], ["zq"]):
        assert names(hub, author=user.name, search=words) == [], words


@pytest.mark.parametrize("words", [(), ("one-", "ne")])
@pytest.mark.parametrize("order", ["created_at", "last_modified"])
def test_list_repos_is_the_same_whichever_way_it_is_found(
    hub: LiveHub, monkeypatch: pytest.MonkeyPatch, order: str, words: tuple[str, ...]
) -> None:
    """Sorted, or walked through far enough or not, with and without a place to go on from."""
    user = hub.user()
    mark, often = fresh_name("tag"), fresh_name("tag")
    for number in range(6):
        new_repo(
            hub, user, card(tags=[often, mark] if number % 3 else [often]), name=f"one-{number}"
        )
    wanted = Wanted(type="model", tags=((often,), (mark, "none")), words=words, order=order)
    for few, walk in ((1000, 1), (0, 1), (0, 4), (0, 1000)):
        monkeypatch.setattr(listings, "FEW", few)
        monkeypatch.setattr(listings, "WALK", walk)
        monkeypatch.setattr(listings, "WALK_FOR_EACH", 0)
        with hub.inside.db.read() as tx:
            first = listings.list_repos(tx, wanted, None, False, None, 3)
            last = first[1].repo
            value = last.created_at if order == "created_at" else last.updated_at
            after = Place(value, first[1].number)
            rest = listings.list_repos(tx, wanted, None, False, after, 3)
            skipped = listings.list_repos(tx, wanted, None, False, None, 3, skip=3)
        found = [[item.repo.name for item in page] for page in (first, rest, skipped)]
        assert found == [["one-5", "one-4", "one-2"], ["one-2", "one-1"], ["one-1"]], (few, walk)


def test_list_repos_sorts_by_the_number_of_parameters(hub: LiveHub) -> None:
    user = hub.user()
    repos = [new_repo(hub, user) for _ in range(3)]
    for repo, count in zip(repos, (20, 0, 3000), strict=True):
        if count:
            repo.commit(file("model.safetensors", safetensors(a=("I8", count))))
    query = {"author": user.name, "sort": "num_parameters"}
    expected = [repos[place].full_name for place in (2, 0, 1)]
    assert names(hub, **query) == expected
    first = hub.call("GET", f"/api/models?limit=1&{urlencode(query)}")
    rest = hub.call("GET", first.headers["link"].partition(">")[0].lstrip("<"))
    assert [item["id"] for item in rest.json()] == expected[1:2]
    assert names(hub, author=user.name, num_parameters="max:1K") == [repos[0].full_name]
    assert names(hub, author=user.name, num_parameters="min:1") == [
        *(repos[2].full_name, repos[0].full_name),
    ]


def test_list_repos_goes_on_after_a_model_that_claims_to_be_the_largest_of_all(
    hub: LiveHub,
) -> None:
    user = hub.user()
    huge = new_repo(hub, user, file("model.gguf", gguf({}, [2**63 - 1])))
    small = new_repo(hub, user, file("model.safetensors", safetensors(a=("I8", 5))))
    path = f"/api/models?limit=1&sort=num_parameters&author={user.name}&num_parameters=min:1"
    first = hub.call("GET", path)
    assert [item["id"] for item in first.json()] == [huge.full_name]
    rest = hub.call("GET", first.headers["link"].partition(">")[0].lstrip("<"))
    assert rest.status_code == 200, rest.text
    assert [item["id"] for item in rest.json()] == [small.full_name]


def test_list_repos_ends_a_page_before_its_answer_gets_too_large(hub: LiveHub) -> None:
    user = hub.user()
    repos = [new_repo(hub, user) for _ in range(3)]
    paths = json.dumps(["x" * (MAX_ANSWER * 2 // 3)])
    with hub.inside.db.write() as tx:
        for repo in repos[1:]:
            tx.run(
                "UPDATE repo_facts SET siblings = :paths WHERE repo_id = :repo_id",
                paths=paths,
                repo_id=repo.get("?expand=author").json()["_id"],
            )
    path, pages = f"/api/models?full=true&author={user.name}", []
    while path:
        answer = hub.call("GET", path)
        pages.append([item["id"] for item in answer.json()])
        path = answer.headers.get("link", "").partition(">")[0].lstrip("<")
    assert pages == [[repos[2].full_name], [repos[1].full_name, repos[0].full_name]]
    # What is not asked for takes no room.
    assert len(ask(hub, "models", author=user.name)) == 3


def test_list_repos_tells_everything_that_can_be_asked_for_at_once(hub: LiveHub) -> None:
    user = hub.user()
    repo = new_repo(hub, user, card(license="mit", base_model="lab/base"))
    wanted = ["cardData", "config", "siblings", "baseModels", "model-index"]
    for name in wanted:
        [item] = ask(hub, "models", author=user.name, expand=name)
        assert item.keys() == {"_id", "id", name}
        assert item[name] == repo.get(f"?expand={name}").json()[name]


def test_list_repos_takes_as_many_conditions_as_there_may_be(hub: LiveHub) -> None:
    user = hub.user()
    tags = [fresh_name("tag") for _ in range(48)]
    repo = new_repo(hub, user, card(tags=tags))
    new_repo(hub, user, card(tags=tags[1:]))
    assert names(hub, filter=tags, search=user.name) == [repo.full_name]
    assert names(hub, filter=[*tags[1:], "none"], search=user.name) == []
