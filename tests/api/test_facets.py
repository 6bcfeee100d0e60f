"""What lists can be narrowed by, and what pages of accounts are made of, on both databases."""

from __future__ import annotations

import pytest

from freehold.errors import NotFoundError
from freehold.server.core import facets, jobs, profiles
from freehold.server.core.access import STRANGER, Context, Viewer
from freehold.server.core.listings import find_repos
from freehold.server.db import accounts, listings
from freehold.wire.accounts import PageQuery
from freehold.wire.listings import ListQuery
from tests.live import Account, LiveHub, fresh_name
from tests.repos import file, new_repo


def context(hub: LiveHub, account: Account | None = None) -> Context:
    if account is None:
        return Context(hub.inside, STRANGER, hub.url)
    with hub.inside.db.read() as tx:
        found = accounts.find_account(tx, account.name)
    assert found is not None
    return Context(hub.inside, Viewer(found.id, found.name), hub.url)


def totals(hub: LiveHub, type: str = "model") -> dict[str, int]:
    hub.inside.tag_totals.clear()
    return {total.tag: total.total for total in facets.count_facets(context(hub), type)["other"]}


def test_facets_count_public_repositories_of_a_type(hub: LiveHub, alice: Account) -> None:
    mark = fresh_name("tag")
    card = file("README.md", f"---\ntags: [{mark}]\n---\n")
    public = new_repo(hub, alice, card)
    hidden = new_repo(hub, alice, card, private=True)
    assert totals(hub)[mark] == 1
    # The same before and after a job has added up the changes.
    jobs.run_jobs(hub.inside)
    assert totals(hub)[mark] == 1
    assert mark not in totals(hub, "dataset")
    hidden.put("/settings", {"private": False})
    assert totals(hub)[mark] == 2
    for repo in (public, hidden):
        repo.put("/settings", {"private": True})
    assert mark not in totals(hub)


def test_facets_are_told_in_the_words_of_people(hub: LiveHub, alice: Account) -> None:
    text = "---\nlanguage: cy\nsize_categories: [1K<n<10K]\ntask_categories: [summarization]\n---\n"
    new_repo(hub, alice, file("README.md", text), type="dataset")
    hub.inside.tag_totals.clear()
    found = facets.count_facets(context(hub), "dataset")
    assert found is facets.count_facets(context(hub), "dataset")
    assert [facets.label_tag("size_categories", text) for text in ("n<1K", "n>1T", "odd")] == [
        "Under 1K rows",
        "Over 1T rows",
        "odd",
    ]
    labels = {total.tag: total.label for totals in found.values() for total in totals}
    assert labels["language:cy"] == "Welsh"
    assert labels["size_categories:1k<n<10k"] == "1K to 10K rows"
    assert labels["task_categories:summarization"] == "Summarization"


def test_own_things_are_the_newest_first(
    hub: LiveHub, alice: Account, bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    org = hub.org(owner=bob, members={alice.name: "read"})
    kinds = ("model", "dataset", "space", "kernel", "model")
    made = [new_repo(hub, alice, type=type, private=type == "dataset") for type in kinds]
    made[1].commit(file("a.txt", "x"))
    new_repo(hub, bob)
    own = profiles.list_own_things(context(hub, alice))
    names = [listed.repo.full_name for listed in own.recent]
    assert names[0] == made[1].full_name
    assert set(names) == {repo.full_name for repo in made}
    assert [found.name for found in own.organizations] == [org]
    assert profiles.list_own_things(context(hub)) == ([], [])
    monkeypatch.setattr(listings, "RECENT", 1)
    own = profiles.list_own_things(context(hub, alice))
    assert made[0].full_name not in [listed.repo.full_name for listed in own.recent]
    assert len(own.recent) == 4


def test_liked_repos_are_those_that_the_viewer_may_see(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repos = [new_repo(hub, bob, private=n == 1) for n in range(3)]
    for repo in repos:
        repo.post("/like")
    first = profiles.find_liked_repos(context(hub, bob), bob.name, PageQuery(limit=2))
    assert [it.repo.full_name for it in first.listed] == [repos[2].full_name, repos[1].full_name]
    query = PageQuery(limit=2, cursor=first.cursor)
    second = profiles.find_liked_repos(context(hub, bob), bob.name, query)
    assert [it.repo.full_name for it in second.listed] == [repos[0].full_name]
    assert second.cursor == ""
    others = profiles.find_liked_repos(context(hub, alice), bob.name, PageQuery())
    assert [it.repo.private for it in others.listed] == [False, False]


def test_profile_says_who_may_change_it(hub: LiveHub, alice: Account, bob: Account) -> None:
    org = hub.org(owner=alice, members={bob.name: "write"})
    managers = [
        name
        for account in (alice, bob)
        for name in (alice.name, bob.name, org)
        if profiles.get_profile(context(hub, account), name.upper()).is_manager
    ]
    assert managers == [alice.name, org, bob.name]
    assert not profiles.get_profile(context(hub), org).is_manager
    with pytest.raises(NotFoundError):
        profiles.get_profile(context(hub), "nobody-has-this-name")


def test_found_repos_tell_how_large_they_are(hub: LiveHub, alice: Account) -> None:
    new_repo(hub, alice)
    [listed] = find_repos(context(hub), "model", ListQuery(author=alice.name)).listed
    assert (listed.parameters, listed.repo.namespace) == (0, alice.name)
