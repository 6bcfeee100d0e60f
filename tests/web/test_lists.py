"""The front page, lists of repositories with what narrows them, and the search."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.browsing import Element, Shown, Visitor
from tests.live import fresh_name
from tests.repos import Repo, file, new_repo
from tests.weights import safetensors

if TYPE_CHECKING:
    from tests.live import Account, LiveHub
    from tests.web.conftest import Browse

Visit = Callable[..., Visitor]

EVIL = "<script>alert(1)</script>"


def card(text: str = "A card", **fields: str) -> dict[str, Any]:
    lines = "".join(f"{name}: {value}\n" for name, value in fields.items())
    return file("README.md", f"---\n{lines}---\n{text}\n")


def rows(shown: Shown) -> list[str]:
    """The names of the repositories that a list has."""
    links = shown.document.one("main").all("a", class_="repo-link")
    return [link.text for link in links]


def choices(shown: Shown) -> dict[str, Element]:
    """The choices at the side, by what they say first."""
    found = shown.document.one("aside").all("li")
    return {choice.one("span").text: choice.one("a") for choice in found}


def many(site: LiveHub, ann: Account, number: int) -> list[Repo]:
    return [new_repo(site, ann, name=f"many-{n:02d}") for n in range(number)]


# The front page


def test_home_page_tells_a_stranger_what_this_is(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo = new_repo(site, ann)
    repo.post("/like")
    shown = visit().see("/")
    [heading] = shown.document.all("h1")
    assert "models, datasets and Spaces" in heading.text
    assert f"export HF_ENDPOINT={site.url}" in shown.text
    ids = {element["id"] for element in shown.document.all("pre")}
    assert {f"#{id}" for id in ids} == {
        b["data-copy"] for b in shown.document.all("button", type="button")
    }
    titles = [heading.text for heading in shown.document.all("h2")]
    assert titles[:3] == ["Trending models", "Trending datasets", "Trending Spaces"]


def test_home_page_shows_what_is_ones_own(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    org = site.org(owner=ann)
    hidden = new_repo(site, ann, private=True)
    data = new_repo(site, ann, type="dataset")
    aside = visit(ann).see("/").document.one("aside")
    links = [link["href"] for link in aside.all("a")]
    assert links.index(data.page) < links.index(hidden.page)
    assert f"/{org}" in links and "/new-dataset" in links
    for other in (None, ben):
        assert hidden.full_name not in visit(other).see("/").text


def test_home_page_of_an_empty_hub_says_how_to_begin(fresh_hub: Callable[..., LiveHub]) -> None:
    hub = fresh_hub()
    assert "Nothing public here yet" in Visitor(hub).see("/").text
    shown = Visitor(hub, hub.user()).see("/")
    assert "Nothing here yet" in shown.text and "Your repositories None yet." in shown.text
    assert "No models yet" in Visitor(hub).see("/models").text


# Lists


def test_models_page_shows_what_is_known_of_each(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    repo = new_repo(
        site,
        ann,
        card(pipeline_tag="fill-mask", library_name="timm"),
        file("model.safetensors", safetensors(w=("I8", 1500))),
    )
    repo.put("/settings", {"gated": "auto"})
    hidden = new_repo(site, ann, private=True)
    shown = visit(ann).see(f"/models?author={ann.name.upper()}&sort=created")
    assert rows(shown) == [hidden.full_name, repo.full_name]
    private, gated = shown.document.all("li", class_="repo-row")
    assert private.one("span", class_="badge").text == "private"
    assert gated.one("span", class_="badge").text == "gated"
    assert "Fill-Mask · timm · 1.5k parameters · updated just now" in gated.text
    assert gated.one("a")["href"] == f"/{repo.full_name}"
    for other in (None, ben):
        assert rows(visit(other).see(f"/models?author={ann.name}")) == [repo.full_name]


def test_models_page_understands_addresses_of_the_hub(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    one = new_repo(
        site,
        ann,
        card(pipeline_tag="fill-mask", library_name="timm", license="mit", language="[en, cy]"),
        name="one-Model",
    )
    two = new_repo(site, ann, card(license="apache-2.0", tags="[moon]", datasets="[squad]"))
    visitor = visit()
    for query, found in (
        ("pipeline_tag=fill-mask", [one]),
        ("library=timm&sort=downloads", [one]),
        ("license=license:mit", [one]),
        ("license=mit&sort=lastModified", [one]),
        ("language=en,cy", [one]),
        ("language=en&language=fr", []),
        ("search=one+model", [one]),
        ("other=moon&p=0", [two]),
        ("filter=moon,license:apache-2.0", [two]),
        ("dataset=dataset:squad", [two]),
        ("sort=created", [two, one]),
        ("num_parameters=min:1B", []),
        ("sort=least_params", []),
        ("apps=vllm", []),
        ("gated=true", []),
    ):
        shown = visitor.see(f"/models?author={ann.name}&{query}")
        assert rows(shown) == [repo.full_name for repo in found], query


def test_models_page_offers_what_public_models_have(fresh_hub: Callable[..., LiveHub]) -> None:
    # What is offered is remembered for some seconds, so this hub shows its side for the first time.
    site = fresh_hub()
    ann = site.user()
    new_repo(site, ann, card(license="mit", language="[cy, en]"))
    new_repo(site, ann, card(license="mit", language="[cy, br]"), private=True)
    visitor = Visitor(site, ann)
    shown = visitor.see(f"/models?author={ann.name}&language=cy&search=repo")
    assert len(rows(shown)) == 2
    offered = choices(shown)
    assert "Breton" not in offered
    assert offered["English"].text == "English1"
    welsh = offered["Welsh"]
    assert welsh["aria-current"] == "true"
    # Without the choice again, and with another one beside it.
    assert parse_qs(urlsplit(welsh["href"]).query) == {"author": [ann.name], "search": ["repo"]}
    query = parse_qs(urlsplit(offered["mit"]["href"]).query)
    assert query["license"] == ["license:mit"] and query["language"] == ["cy"]
    assert len(rows(visitor.see(offered["mit"]["href"]))) == 2
    chips = {chip.text: chip["href"] for chip in shown.document.all("a", class_="chip")}
    assert {text.split()[0] for text in chips} == {"name", "author", "language"}
    assert all("language=cy" in url for text, url in chips.items() if "Welsh" not in text)
    assert "all public models" in shown.document.one("aside").text

    alone = visitor.see("/models?license=license:mit&facet=language&find=WEL")
    assert list(choices(alone)) == ["Welsh"]
    assert choices(alone)["Welsh"]["href"] == "/models?license=license:mit&language=cy"
    assert visitor.look("/models?facet=colour").status == 400


def test_models_page_goes_from_page_to_page(visit: Visit, site: LiveHub, ann: Account) -> None:
    many(site, ann, 32)
    visitor = visit()
    first = visitor.see(f"/models?author={ann.name}&sort=created")
    assert len(rows(first)) == 30 and first.document.one(id="told").text == "Models 1 to 30"
    following = first.document.one("a", rel="next")["href"]
    assert following == f"/models?author={ann.name}&sort=created&p=1"
    second = visitor.see(following)
    assert rows(second) == [f"{ann.name}/many-01", f"{ann.name}/many-00"]
    assert second.document.one("a", rel="prev")["href"] == f"/models?author={ann.name}&sort=created"
    assert second.document.all("a", rel="next") == []
    beyond = visitor.see(f"/models?author={ann.name}&p=7")
    assert rows(beyond) == [] and beyond.document.all("a", rel="prev")
    last = visitor.see("/models?p=99")
    assert last.status == 200


def test_models_page_goes_on_with_a_cursor(visit: Visit, site: LiveHub, ann: Account) -> None:
    many(site, ann, 31)
    path = f"/api/models?author={ann.name}&sort=createdAt&limit=30"
    cursor = re.search(r"cursor=([^&>]+)", site.call("GET", path).headers["link"])
    assert cursor is not None
    shown = visit().see(f"/models?author={ann.name}&sort=created&cursor={cursor[1]}")
    assert rows(shown) == [f"{ann.name}/many-00"]
    assert shown.document.one(id="told").text == "1 further model"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("sort=loudest", "There is no order 'loudest'"),
        ("cursor=nonsense", "The cursor is not one"),
        ("p=-1", "Pages are numbered from 0 to 99"),
        ("p=100", "Pages are numbered from 0 to 99"),
        ("p=²", "Pages are numbered from 0 to 99"),
        ("search=" + "x" * 300, "A search has at most 250 characters"),
        ("num_parameters=many", "num_parameters is like"),
        ("other=" + ",".join(f"t{n}" for n in range(60)), "at most 50 conditions"),
        ("author=" + "a" * 4001, "too many conditions"),
    ],
)
def test_models_page_explains_what_cannot_be(visit: Visit, query: str, message: str) -> None:
    shown = visit().look(f"/models?{quote(query, safe='=,')}")
    assert shown.status == 400
    assert message in shown.document.one("main").text


@pytest.mark.parametrize(
    "query",
    ["search=%00", "search=a%00b", "author=%00", "other=%00", "search=%25_%21", "other=%ff"],
)
def test_models_page_finds_nothing_odd(visit: Visit, query: str) -> None:
    assert visit().look(f"/models?{query}").status == 200


def test_models_page_shows_what_was_asked_as_text(visit: Visit) -> None:
    for field in ("search", "author", "other", "language", "license", "num_parameters"):
        answer = visit().look(f"/models?{field}={quote(EVIL)}").answer
        assert "<script>alert" not in answer.text
    answer = visit().see(f"/models?facet=language&find={quote(EVIL)}").answer
    assert "<script>alert" not in answer.text


def test_datasets_page_has_facets_of_its_own(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo = new_repo(
        site,
        ann,
        card(task_categories="[summarization]", size_categories="[1K<n<10K]", language="cy"),
        type="dataset",
    )
    visitor = visit()
    shown = visitor.see(f"/datasets?author={ann.name}&language=language:cy")
    assert rows(shown) == [repo.full_name]
    assert "Summarization" in shown.document.one("li", class_="repo-row").text
    size = next(it["href"] for it in shown.document.one("aside").all("a") if "size_" in it["href"])
    assert rows(visitor.see(size)) == [repo.full_name]
    assert rows(visitor.see(f"/datasets?author={ann.name}&task_categories=translation")) == []


def test_spaces_page_lists_by_sdk(visit: Visit, site: LiveHub, ann: Account) -> None:
    space = new_repo(site, ann, card(sdk="gradio"), type="space", sdk="gradio")
    shown = visit().see(f"/spaces?author={ann.name}&sdk=gradio")
    assert rows(shown) == [space.full_name]
    row = shown.document.one("li", class_="repo-row")
    assert "gradio" in row.text and "Downloads" not in row.text
    assert shown.document.one("main").one("h1").text == "Spaces"


def test_kernels_page_lists_kernels(visit: Visit, site: LiveHub, ann: Account) -> None:
    kernel = new_repo(site, ann, type="kernel")
    assert rows(visit().see(f"/kernels?author={ann.name}")) == [kernel.full_name]


def test_models_page_follows_what_is_typed(browse: Browse, site: LiveHub, ann: Account) -> None:
    for name in ("lark", "larkspur", "owl"):
        new_repo(site, ann, name=name)
    tab = browse()
    tab.goto(f"/models?author={ann.name}")
    tab.locator("#list-search").press_sequentially("larks")
    tab.wait_for_url("**search=larks*")
    assert tab.locator(".repo-link").all_inner_texts() == [f"{ann.name}/larkspur"]
    assert tab.locator("#told").inner_text() == "1 model"
    assert "author=" in tab.url
    tab.locator("#list-search").fill("")
    tab.locator("#list-sort").select_option("created")
    tab.wait_for_url("**sort=created*")
    assert tab.locator(".repo-link").count() == 3


def test_lists_and_profiles_fit_a_narrow_screen(
    browse: Browse, site: LiveHub, ann: Account
) -> None:
    long = "a" * 60
    new_repo(site, ann, card(f"{long * 3} narrow", tags=f"[{long}]"), name=f"{ann.name}-{long}")
    tab = browse(ann)
    tab.set_viewport_size({"width": 360, "height": 740})
    for path in ("/", f"/models?other={long}", f"/search?q={ann.name}", f"/{ann.name}"):
        tab.goto(path)
        assert tab.locator(".repo-link").count() > 0
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360, path


# The search


def test_search_page_shows_where_words_were_found(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    word = fresh_name("w").replace("-", "")
    found = new_repo(site, ann, card(f"All about {word} & <b>more</b>"))
    hidden = new_repo(site, ann, card(word), private=True, type="dataset")
    shown = visit().see(f"/search?q={word}")
    assert rows(shown) == [found.full_name]
    assert shown.document.one("mark").text == word
    assert "<b>more" not in shown.answer.text
    assert shown.document.one("header").one("input", name="q")["value"] == word
    assert set(rows(visit(ann).see(f"/search?q={word}"))) == {found.full_name, hidden.full_name}
    assert rows(visit(ben).see(f"/search?q={word}&type=dataset")) == []
    assert "Nothing found" in visit(ben).see(f"/search?q={word}&type=dataset").text


def test_search_page_finds_accounts(visit: Visit, site: LiveHub, ann: Account) -> None:
    org = site.org(f"{ann.name}-lab", owner=ann)
    for address in (f"/search?q={ann.name}", f"/search?q={ann.name}&type=account"):
        people = visit().see(address).document.all("a", class_="person")
        assert {person["href"] for person in people} == {f"/{ann.name}", f"/{org}"}


def test_search_page_goes_from_page_to_page(visit: Visit, site: LiveHub, ann: Account) -> None:
    many(site, ann, 22)
    visitor = visit()
    first = visitor.see(f"/search?q={ann.name}&type=model")
    second = visitor.see(first.document.one("a", rel="next")["href"])
    assert len(rows(first)) == 20 and len(set(rows(first) + rows(second))) == 22
    assert second.document.one("a", rel="prev")["href"] == f"/search?q={ann.name}&type=model"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 200),
        ("?q=%00", 200),
        (f"?q={quote(EVIL)}", 200),
        ("?q=%22+OR+*", 200),
        ("?q=x&p=999", 200),
        ("?q=x&type=models", 200),
        ("?q=x&type=colour", 400),
        ("?q=x&p=-1", 400),
        ("?q=x&p=1000", 400),
        (f"?q={'x' * 300}", 400),
    ],
)
def test_search_page_answers_whatever_is_asked(visit: Visit, query: str, status: int) -> None:
    shown = visit().look(f"/search{query}")
    assert shown.status == status
    assert "<script>alert" not in shown.answer.text


def test_search_page_is_reached_from_suggestions(
    browse: Browse, site: LiveHub, ann: Account
) -> None:
    mark = fresh_name("zebra")
    repo = new_repo(site, ann, name=mark)
    tab = browse()
    tab.goto("/models")
    tab.keyboard.press("/")
    tab.keyboard.type(mark[:9])
    option = tab.locator(".suggestions [role=option]").first
    option.wait_for()
    field = tab.locator("[data-quicksearch]")
    assert field.get_attribute("aria-expanded") == "true"
    tab.keyboard.press("ArrowDown")
    assert field.get_attribute("aria-activedescendant") == option.get_attribute("id")
    tab.keyboard.press("Escape")
    assert field.get_attribute("aria-expanded") == "false"
    tab.keyboard.press("ArrowUp")
    assert tab.locator("[aria-selected=true]").inner_text().startswith("Search for")
    tab.keyboard.press("Enter")
    tab.wait_for_url(f"**/search?q={mark[:9]}")
    assert repo.full_name in tab.locator("main").inner_text()
