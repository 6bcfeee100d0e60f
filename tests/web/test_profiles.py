"""The pages of users and organisations, and following them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.browsing import Shown, Visitor
from tests.repos import new_repo

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

Visit = Callable[..., Visitor]


def rows(shown: Shown) -> list[str]:
    return [link.text for link in shown.document.one("main").all("a", class_="repo-link")]


def people(shown: Shown) -> list[str]:
    return [link["href"][1:] for link in shown.document.all("a", class_="person")]


def tabs(shown: Shown) -> dict[str, str]:
    links = shown.document.one("main").one("nav", class_="tabs").all("a")
    return {link["href"].rpartition("=")[2]: link.text for link in links}


def test_account_page_of_a_user_shows_what_the_viewer_may_see(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    org = site.org(owner=ann)
    model = new_repo(site, ann)
    hidden = new_repo(site, ann, private=True)
    data = new_repo(site, ann, type="dataset")
    own = visit(ann).see(f"/{ann.name}")
    assert rows(own) == [hidden.full_name, model.full_name]
    assert tabs(own)["models"] == "Models 2"
    assert own.document.all("a", href="/settings/profile")
    assert own.document.all("form", action=f"/{ann.name}/follow") == []
    for other in (None, ben):
        shown = visit(other).see(f"/{ann.name}")
        assert rows(shown) == [model.full_name]
        assert tabs(shown)["models"] == "Models 1"
        assert hidden.full_name not in shown.text
        assert shown.document.all("a", href="/settings/profile") == []
        assert shown.document.one("aside").all("a", href=f"/{org}")
    assert rows(visit().see(f"/{ann.name}?tab=datasets")) == [data.full_name]
    assert "No Spaces to see" in visit().see(f"/{ann.name}?tab=spaces").text


def test_account_page_tells_other_sites_what_it_is(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    document = visit().see(f"/{ann.name}").document
    told = {
        meta["property"]: meta["content"]
        for meta in document.all("meta")
        if "property" in meta.attributes
    }
    assert told["og:title"] == ann.name
    assert told["og:url"] == f"{site.url}/{ann.name}"
    assert told["og:image"].startswith(f"{site.url}/avatars/")
    assert "0 models" in told["og:description"]


def test_account_page_of_an_organisation_shows_its_members(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    org = site.org(owner=ann, members={ben.name: "read"})
    hidden = new_repo(site, ann, namespace=org, private=True)
    settings = f"/organizations/{org}/settings"
    page = visit(ann).see(f"/{org}?tab=members")
    assert people(page) == sorted([ann.name, ben.name])
    assert "admin" in page.document.one("ul", class_="people").text
    assert page.document.all("a", href=settings)
    member = visit(ben).see(f"/{org}")
    assert rows(member) == [hidden.full_name]
    assert member.document.all("a", href=settings) == []
    stranger = visit().see(f"/{org}?tab=members")
    assert people(stranger) == sorted([ann.name, ben.name])
    # The role is told to members alone.
    assert "admin" not in stranger.document.one("ul", class_="people").text
    assert rows(visit().see(f"/{org}")) == []


def test_account_page_shows_likes_that_the_viewer_may_see(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    org = site.org(owner=ann, members={ben.name: "read"})
    public, hidden = new_repo(site, ann), new_repo(site, ann, namespace=org, private=True)
    for repo in (public, hidden):
        assert site.call("POST", f"{repo.api}/like", token=ben.token).status_code == 200
    assert rows(visit(ann).see(f"/{ben.name}?tab=likes")) == [hidden.full_name, public.full_name]
    stranger = visit().see(f"/{ben.name}?tab=likes")
    assert rows(stranger) == [public.full_name]
    assert tabs(stranger)["likes"] == "Likes 1"


def test_account_page_narrows_and_sorts_its_lists(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    first, second = new_repo(site, ann, name="lark"), new_repo(site, ann, name="owl")
    home = f"/{ann.name}?tab=models"
    visitor = visit()
    assert rows(visitor.see(f"{home}&search=LAR")) == [first.full_name]
    assert rows(visitor.see(f"{home}&sort=created")) == [second.full_name, first.full_name]
    assert "No models like that" in visitor.see(f"{home}&search=eagle").text
    # Whose list it is, no address changes.
    assert len(rows(visitor.see(f"{home}&author=somebody"))) == 2


@pytest.mark.parametrize(
    "query", ["tab=colours", "sort=loudest", "cursor=x", "tab=likes&cursor=x", "p=1000"]
)
def test_account_page_explains_what_cannot_be(visit: Visit, ann: Account, query: str) -> None:
    assert visit().look(f"/{ann.name}?{query}").status == 400


def test_account_page_has_one_address(visit: Visit, ann: Account) -> None:
    answer = visit().look(f"/{ann.name.upper()}?tab=likes").answer
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/{ann.name}?tab=likes"


def test_account_page_of_nobody_is_not_there(visit: Visit, ann: Account) -> None:
    for viewer in (None, ann):
        for path in ("/nobody-has-this-name", "/robots.txt", "/a%2Fb"):
            shown = visit(viewer).look(path)
            assert shown.status == 404, path
            assert "Nothing here" in shown.text


def test_follow_form_follows_and_stops(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    org = site.org(owner=ben)
    visitor = visit(ann)
    for name in (ben.name, org):
        answer = visitor.fill_in(f"/{name}", f"/{name}/follow").answer
        assert (answer.status_code, answer.headers["location"]) == (303, f"/{name}")
        assert people(visitor.see(f"/{name}?tab=followers")) == [ann.name]
        assert visitor.see(f"/{name}").document.one("main").one("button").text == "Unfollow"
    assert people(visit().see(f"/{ann.name}?tab=following")) == [ben.name]
    visitor.fill_in(f"/{ben.name}", f"/{ben.name}/follow")
    assert people(visitor.see(f"/{ben.name}?tab=followers")) == []


def test_follow_form_refuses_what_cannot_be(visit: Visit, ann: Account) -> None:
    visitor = visit(ann)
    shown = visitor.send(f"/{ann.name}/follow", {"follow": "1"}, page="/")
    assert shown.status == 400
    assert "Nobody can follow themselves." in shown.text
    missing = visitor.send("/nobody-has-this-name/follow", {"follow": "1"}, page="/")
    assert missing.status == 404
