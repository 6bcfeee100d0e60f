"""New repositories and organisations in a browser, and who belongs to these."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from freehold.server.web import memberships
from tests.browsing import Visitor
from tests.live import fresh_name

if TYPE_CHECKING:
    from tests.live import Account, LiveHub
    from tests.web.conftest import Browse

Visit = Callable[..., Visitor]


def test_new_repo_page_offers_what_one_may_choose(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    giving = site.org(owner=site.user(), members={ann.name: "write"})
    site.org(owner=site.user(), members={ann.name: "read"})
    visitor = visit(ann)
    for path, type in (
        ("/new", "model"),
        ("/new-dataset", "dataset"),
        ("/new?type=space", "space"),
    ):
        document = visitor.see(path).document
        [chosen] = [i for i in document.all("input", name="type") if "checked" in i.attributes]
        assert chosen["value"] == type
    owners = [option.text for option in document.one("select", name="owner").all("option")]
    assert owners == [ann.name, giving]
    given = visitor.see(f"/new?owner={giving}&name=x%22%3E").document
    assert "selected" in given.one("select", name="owner").all("option")[1].attributes
    assert given.one("input", name="name")["value"] == 'x">'
    assert visitor.look("/new-nonsense").status == 404
    assert visit().look("/new-dataset").answer.headers["location"] == "/login?next=%2Fnew-dataset"


def test_new_repo_form_makes_a_repository_and_leads_to_it(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    visitor, org = visit(ann), site.org(owner=ann)
    fields = {"owner": org, "type": "dataset", "name": "words", "license": "cc-by-4.0"}
    done = visitor.fill_in("/new", "/new", **fields, visibility="private")
    assert (done.status, done.answer.headers["location"]) == (303, f"/datasets/{org}/words")
    made = visitor.call("GET", f"/api/datasets/{org}/words").json()
    assert made["private"] and made["cardData"] == {"license": "cc-by-4.0"}
    again = visitor.fill_in("/new", "/new", **fields)
    assert again.status == 409 and "words" in again.document.one("p", role="alert").text
    assert again.document.one("input", name="name")["value"] == "words"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"name": "a b"}, 400),
        ({"name": ""}, 400),
        ({"license": "no-such-licence"}, 400),
        ({"type": "nonsense"}, 400),
        ({"type": "space", "sdk": "nonsense"}, 400),
        ({"owner": "nobody-at-all"}, 403),
    ],
)
def test_new_repo_form_refuses_what_cannot_be(
    visit: Visit, ann: Account, fields: dict[str, str], status: int
) -> None:
    shown = visit(ann).send("/new", {"name": "fine", "type": "model", **fields})
    assert shown.status == status
    assert visit(ann).look(f"/api/models/{ann.name}/fine").status == 404


def test_new_repo_form_makes_spaces_with_their_sdk(visit: Visit, ann: Account) -> None:
    visitor = visit(ann)
    done = visitor.fill_in("/new-space", "/new", name="demo", sdk="static")
    assert done.answer.headers["location"] == f"/spaces/{ann.name}/demo"
    assert visitor.call("GET", f"/api/spaces/{ann.name}/demo").json()["sdk"] == "static"


def test_new_repo_page_in_a_browser_asks_for_the_sdk_only_of_a_space(
    browse: Browse, ann: Account
) -> None:
    tab = browse(ann, scripts=False)
    tab.goto("/new")
    assert not tab.is_visible("#sdk")
    tab.check("input[name=type][value=space]")
    assert tab.is_visible("#sdk")


def test_new_organization_page_needs_an_account(visit: Visit, ann: Account) -> None:
    assert visit(ann).see("/organizations/new").document.all("input", name="name")
    assert visit().look("/organizations/new").status == 303


def test_new_organization_form_makes_one_with_its_maker_as_admin(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    visitor, name, path = visit(ann), fresh_name("lab"), "/organizations/new"
    done = visitor.fill_in(path, path, name=name, fullname="The Laboratory")
    assert done.answer.headers["location"] == f"/organizations/{name}/settings"
    assert "The Laboratory" in visitor.see("/settings").text
    assert visitor.fill_in(path, path, name=name.upper()).status == 409
    for wrong in ("settings", "a_b", "", "x" * 43):
        assert visitor.fill_in(path, path, name=wrong).status == 400


def test_organization_settings_page_is_for_its_admins(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    org = site.org(owner=ann, members={ben.name: "write"})
    path = f"/organizations/{org}/settings"
    text = visit(ann).see(path).document.one("ul", class_="rows").text
    assert ann.name in text and ben.name in text
    assert visit(ben).look(path).status == 403
    assert visit(site.user(admin=True)).look(path).status == 200
    assert visit(ann).look("/organizations/no-such-lab/settings").status == 404
    assert visit().look(path).status == 303


def test_organization_settings_page_gives_a_page_of_members_at_a_time(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    more = {site.user().name: "read" for _ in range(11)}
    org = site.org(owner=ann, members=more)
    path = f"/organizations/{org}/settings"
    asked = sorted(more)[0]
    found = visit(ann).see(f"{path}?search={asked}").document.one("ul", class_="rows")
    assert [row.one("a").text for row in found.all("li")] == [asked]
    assert "No member" in visit(ann).see(f"{path}?search=zzz%22").text
    assert visit(ann).look(f"{path}?cursor=x").status == 400
    following = memberships._next_page(org, 'a b"', {"cursor": "abc"})
    assert following == f"{path}?search=a%20b%22&cursor=abc"


def test_organization_member_form_adds_changes_and_removes(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    org, visitor = site.org(owner=ann), visit(ann)
    path = f"/organizations/{org}/settings/members"

    def roles() -> dict[str, str]:
        found = site.call("GET", f"/api/organizations/{org}/members", token=ann.token).json()
        return {member["user"]: member["role"] for member in found}

    def send(**fields: str) -> int:
        return visitor.send(path, fields).status

    assert send(do="add", user=ben.name, role="read") == 303
    assert roles()[ben.name] == "read"
    assert send(do="add", user=ben.name, role="read") == 409
    assert send(do="change", user=ben.name, role="write") == 303
    assert roles()[ben.name] == "write"
    unknown = visitor.send(path, {"do": "add", "user": "nobody-at-all", "role": "read"})
    assert unknown.status == 400 and "nobody-at-all" in unknown.text
    assert send(do="change", user=ben.name, role="owner") == 400
    assert send(do="nonsense", user=ben.name, role="read") == 400
    assert send(do="remove", user=ann.name) == 409
    assert send(do="remove", user=ben.name) == 303
    assert roles() == {ann.name: "admin"}


def test_organization_member_form_of_others_only_lets_them_leave(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    org = site.org(owner=ann, members={ben.name: "write"})
    path, visitor = f"/organizations/{org}/settings/members", visit(ben)
    assert visitor.send(path, {"do": "add", "user": ben.name, "role": "admin"}).status == 403
    assert visitor.send(path, {"do": "change", "user": ben.name, "role": "admin"}).status == 403
    assert visitor.send(path, {"do": "remove", "user": ann.name}).status == 403
    left = visitor.send(path, {"do": "leave", "user": ben.name})
    assert (left.status, left.answer.headers["location"]) == (303, "/settings")
    last = visit(ann).send(path, {"do": "leave", "user": ann.name})
    assert last.status == 409 and "only admin" in last.text
