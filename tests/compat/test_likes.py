"""Likes, overviews and members, with every client that knows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.compat.environments import VERSIONS
from tests.repos import new_repo

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

LIKES = """
import os
from compat_script import api, error_of, tell

user = os.environ["LIKER"]
space = os.environ["SPACE"]
repos = {"model": os.environ["MODEL"], "dataset": os.environ["DATASET"], "space": space}

def listed(*arguments):
    likes = api.list_liked_repos(*arguments)
    return [likes.user, likes.total, likes.models, likes.datasets, likes.spaces]

if hasattr(api, "like"):
    for repo_type, repo in repos.items():
        api.like(repo, repo_type=repo_type)
        api.like(repo, repo_type=repo_type)
before = listed()
likers = []
if hasattr(api, "list_repo_likers"):
    found = api.list_repo_likers(space, repo_type="space")
    likers = [[one.username, one.avatar_url] for one in found]
api.unlike(space, repo_type="space")
api.unlike(space, repo_type="space")
tell(
    before=before,
    after=listed(user),
    likes=api.space_info(space).likes,
    likers=likers,
    missing=error_of(api.unlike, repos["model"] + "-not"),
)
"""


def test_repositories_are_liked_and_listed(
    client: Client, hub: LiveHub, alice: Account, bob: Account
) -> None:
    repos = {type: new_repo(hub, alice, type=type) for type in ("model", "dataset", "space")}
    if client.generation >= (0, 28):
        # These like nothing, so somebody does it for them.
        for repo in repos.values():
            assert hub.call("POST", f"{repo.api}/like", token=bob.token).status_code == 200
    names = {type.upper(): repo.full_name for type, repo in repos.items()}
    told = client.run(LIKES, hub.url, bob.token, LIKER=bob.name, **names)
    model, dataset, space = ([repo.full_name] for repo in repos.values())
    assert told["before"] == [bob.name, 3, model, dataset, space]
    assert told["after"] == [bob.name, 2, model, dataset, []]
    assert told["likes"] == 0
    if client.generation >= (0, 18):
        user_id = hub.call("GET", f"/api/users/{bob.name}/overview").json()["_id"]
        assert told["likers"] == [[bob.name, f"/avatars/{user_id}.svg"]]
    assert told["missing"]["status"] == 404
    assert "RepositoryNotFoundError" in told["missing"]["is"]


OVERVIEWS = """
import os
from compat_script import api, error_of, tell

name, org = os.environ["NAME"], os.environ["ORG"]
user = api.get_user_overview(name)
about = api.get_organization_overview(org)
has_followers = hasattr(api, "list_organization_followers")
tell(
    user=[user.username, user.fullname, user.user_type, user.is_following, user.is_pro],
    numbers=[user.num_models, user.num_datasets, user.num_likes, user.num_followers],
    orgs=[[one.name, one.avatar_url] for one in user.orgs],
    org=[about.name, about.fullname, about.is_verified, about.is_following],
    sizes=[about.num_users, about.num_models, about.num_spaces, about.num_followers],
    members=[one.username for one in api.list_organization_members(org)],
    followers=[one.username for one in api.list_user_followers(name)],
    following=[one.username for one in api.list_user_following(os.environ["OTHER"])],
    of_org=[one.username for one in api.list_organization_followers(org)] if has_followers else [],
    missing=error_of(api.get_user_overview, org),
    unknown=error_of(api.get_organization_overview, name),
)
"""


@pytest.mark.parametrize("client", VERSIONS[1:], indirect=True)
def test_users_and_organisations_are_described(
    client: Client, hub: LiveHub, alice: Account, bob: Account
) -> None:
    org = hub.org(owner=alice, members={hub.user().name: "read"})
    new_repo(hub, alice, private=True)
    new_repo(hub, alice, type="dataset")
    new_repo(hub, alice, namespace=org)
    for path in (f"users/{alice.name}", f"organizations/{org}"):
        assert hub.call("POST", f"/api/{path}/follow", token=bob.token).status_code == 200
    names = {"NAME": alice.name, "ORG": org, "OTHER": bob.name}
    told = client.run(OVERVIEWS, hub.url, bob.token, **names)
    assert told["user"] == [alice.name, alice.name, "user", True, False]
    assert told["numbers"] == [0, 1, 0, 1]
    [[name, picture]] = told["orgs"]
    assert name == org
    assert hub.call("GET", picture).headers["content-type"] == "image/svg+xml"
    assert told["org"] == [org, org, False, True]
    assert told["sizes"] == [2, 1, 0, 1]
    assert len(told["members"]) == 2 and alice.name in told["members"]
    assert (told["followers"], told["following"]) == ([bob.name], [alice.name])
    assert told["of_org"] == ([bob.name] if client.generation >= (1,) else [])
    assert [told[error]["status"] for error in ("missing", "unknown")] == [404, 404]
