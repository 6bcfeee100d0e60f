"""The front page of a repository: the card, what is told beside it, and what visitors do there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from freehold.server.core.access import STRANGER, Context, open_repo
from freehold.server.core.shown_cards import TakesLongError, show_card
from freehold.server.http.sessions import VISITOR_COOKIE, make_csrf_token
from freehold.wire.route import Needs
from tests.browsing import Visitor
from tests.gates import ANSWERS, CARD, Gate, gated_repo
from tests.live import fresh_name
from tests.raw_pushes import Packed, command, push
from tests.repos import Repo, file, new_repo
from tests.weights import safetensors

if TYPE_CHECKING:
    from tests.live import Account, LiveHub
    from tests.web.conftest import Browse

Visit = Callable[..., Visitor]

README = """---
license: other
license_name: lab-licence
license_link: LICENSE.md
language: [en, fr]
library_name: transformers
pipeline_tag: text-generation
base_model: lab/absent
datasets: [lab/pages]
tags: [small]
model-index:
- name: tiny
  results:
  - task: {type: text-generation, name: Writing}
    dataset: {type: pages, name: Pages}
    metrics: [{type: accuracy, name: Accuracy, value: 0.25}]
---
# Tiny

A model that is *small*. See [notes](docs/notes.md#x) and ![plan](plan.png).

| a | b |
|---|--:|
| 1 | $x^2$ |

```python
import torch
```
"""


def test_repo_page_shows_card_and_metadata(visit: Visit, site: LiveHub, ann: Account) -> None:
    weights = safetensors(a=("BF16", 4000))
    repo = new_repo(site, ann, file("README.md", README), file("model.safetensors", weights))
    shown = visit().see(repo.page)
    assert shown.answer.headers["link"] == f'<{site.url}{repo.page}>; rel="canonical"'
    page = shown.document
    card = page.one("article", class_="prose")
    assert card.one("h2", id="card-tiny").text.startswith("Tiny")
    assert card.one("a", href=f"{repo.page}/blob/main/docs/notes.md#x").text == "notes"
    assert card.one("img", src=f"{repo.page}/resolve/main/plan.png")["alt"] == "plan"
    assert card.all("math") and card.one("span", class_="k").text == "import"
    rows = page.one("dl", class_="card-facts").all("div")
    facts = {row.one("dt").text: row.one("dd").text for row in rows}
    assert facts["Task"] == "Text Generation" and facts["Languages"] == "English French"
    assert facts["Licence"] == "lab-licence" and "small" in facts["Tags"]
    assert page.one("a", href="/models?filter=text-generation").text == "Text Generation"
    assert page.one("a", href="/datasets/lab/pages").text == "lab/pages"
    cells = page.one("section", class_="results").all("td")
    assert [cell.text for cell in cells] == ["Writing", "Pages", "Accuracy", "0.25"]
    side = page.one("aside").text
    assert "Parameters4k" in side and "BF16" in side and "lab/absent not on this hub" in side
    assert f"git clone {site.url}{repo.page}" in side and "HF_ENDPOINT=" in side
    meta = page.one("meta", property="og:description")["content"]
    assert meta.startswith("A model that is ")
    assert page.one("link", rel="canonical")["href"] == f"{site.url}{repo.page}"


def test_repo_page_tells_how_to_load_a_checkpoint(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    evil = 'x"); import os; os.system("evil'
    readme = f"---\npipeline_tag: '{evil}'\nlibrary_name: transformers\n---\n"
    repo = new_repo(site, ann, file(f"{evil}.pt", b"x"), file("README.md", readme))
    repo.commit(file("run-7/weights.pt", b"x"))
    uses = visit().see(repo.page).document.one("div", class_="uses").text
    assert f'hf_hub_download("{repo.full_name}", "run-7/weights.pt")' in uses
    assert "torch.load(path, weights_only=True)" in uses
    assert "os.system" not in uses


def test_repo_page_without_a_card_tells_how_to_write_one(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    repo = new_repo(site, ann)
    new = f"{repo.page}/new/main/README.md"
    assert visit(ann).see(repo.page).document.one("a", href=new).text == "Write the card"
    for other in (ben, None):
        page = visit(other).see(repo.page)
        assert not page.document.all("a", href=new) and "No card yet" in page.text


def test_repo_page_of_datasets_and_spaces(visit: Visit, site: LiveHub, ann: Account) -> None:
    card = "---\nsize_categories: [1K<n<10K]\nsdk: gradio\nmodels: [lab/tiny]\n---\n# Title"
    data = new_repo(site, ann, file("README.md", card), type="dataset")
    assert f'load_dataset("{data.full_name}")' in visit().see(data.page).text
    space = new_repo(site, ann, file("README.md", card), type="space", sdk="gradio")
    page = visit().see(space.page)
    assert "does not run them" in page.text and "made with gradio" in page.text
    assert page.document.one("a", href="/lab/tiny").text == "lab/tiny"
    kernel = new_repo(site, ann, file("README.md", card), type="kernel")
    assert visit().see(kernel.page).document.one("article").text.startswith("Title")


def test_repo_page_links_to_no_other_host_as_if_it_were_a_repository(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    names = "[//evil.example/x, ../../logout, lab/tiny]"
    card = f"---\nsdk: gradio\nmodels: {names}\ndatasets: {names}\n---\n# Title"
    space = new_repo(site, ann, file("README.md", card), type="space", sdk="gradio")
    page = visit().see(space.page).document
    links = [link["href"] for link in page.all("a", class_="chip")]
    assert "/lab/tiny" in links and "/datasets/lab/tiny" in links
    assert "//evil.example/x" in page.text
    assert not any(path.startswith("//") or ".." in path for path in links if "?" not in path)


def test_repo_page_tells_what_is_wrong_with_the_metadata(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann)
    put_card(repo, "---\ntags:\n- [a\n---\n# Still here\n")
    page = visit(ann).see(repo.page)
    assert "cannot be read" in page.text and "line 4" in page.text
    assert page.document.one("h2", id="card-still-here").text.startswith("Still here")


def test_repo_page_shows_a_card_that_is_too_long_as_it_is(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    repo = new_repo(site, ann, file("README.md", "*a* " * 40_000))
    page = visit().see(repo.page)
    assert "too long" in page.text
    assert page.document.one("pre", class_="as-written").text.startswith("*a* *a*")


def test_repo_page_of_a_private_one_is_that_of_none(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    repo = new_repo(site, ann, file("README.md", README), private=True)
    assert visit(ann).see(repo.page).status == 200
    for other in (ben, None):
        hidden, missing = visit(other).look(repo.page), visit(other).look(f"/{ann.name}/none")
        assert hidden.status == missing.status and hidden.text == missing.text


def test_repo_page_of_a_gated_one_hides_the_text(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    card = CARD.replace("---\n", "---\nlicense: mit\n", 1) + "# Secret\n\nMost secret."
    repo = gated_repo(site, ann, file("README.md", card))
    for other in (None, ben):
        page = visit(other).see(repo.page)
        assert "ecret" not in page.answer.text and "mit" in page.text
        assert "Use this model" not in page.text
    sign_in = f"/login?next={quote(repo.page, safe='')}"
    assert visit().see(repo.page).document.one("a", href=sign_in).text == "Sign in"
    assert "Most secret." in visit(ann).see(repo.page).text


def test_ask_access_form_asks_what_the_card_asks(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    repo = gated_repo(site, ann, file("README.md", CARD + "# Secret"))
    visitor, action = visit(ben), f"{repo.page}/request-access"
    form = visitor.see(repo.page).document.one("form", action=action)
    kinds = [field.attributes.get("type") for field in form.all("input")]
    assert kinds == ["hidden", "text", "text", "date", "checkbox"]
    assert [o.text for o in form.one("select").all("option")] == ["Choose …", "Research", "other"]
    refused = visitor.fill_in(repo.page, action, **{"answer:Company": "ACME"})
    assert refused.status == 400 and "must be filled in" in refused.text
    assert refused.document.one("input", name="answer:Company")["value"] == "ACME"
    answers = {f"answer:{label}": value for label, value in ANSWERS.items()}
    assert visitor.fill_in(repo.page, action, **answers).answer.headers["location"] == repo.page
    assert "awaiting a review" in visitor.see(repo.page).text
    assert Gate(repo).list("pending")[0]["fields"]["Company"] == "ACME"
    Gate(repo).handle(ben, "rejected", rejectionReason="Not you.")
    page = visitor.see(repo.page)
    assert "Not you." in page.text and not page.document.all("form", action=action)
    Gate(repo).handle(ben, "accepted")
    assert "Secret" in visitor.see(repo.page).text


def test_ask_access_form_of_an_open_gate_lets_in_at_once(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    repo = gated_repo(site, ann, file("README.md", "# Secret"), gate="auto")
    visitor = visit(ben)
    assert visitor.fill_in(repo.page, f"{repo.page}/request-access").status == 303
    assert "Secret" in visitor.see(repo.page).text


def test_like_form_likes_and_no_more(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo, visitor = new_repo(site, ann), visit(ann)
    path = f"{repo.page}/like"
    liked = visitor.fill_in(repo.page, path)
    assert liked.status == 303 and liked.answer.headers["location"] == repo.page
    button = visitor.see(repo.page).document.one("button", class_="like")
    assert button["aria-pressed"] == "true"
    visitor.fill_in(repo.page, path)
    assert "0 likes" in visitor.see(repo.page).text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{url}{page}/likers?x=1", "{page}/likers?x=1"),
        ("https://evil.example/", "{page}"),
        ("{url}//evil.example/", "{page}"),
        ("{url}/\\evil.example/", "{page}"),
    ],
)
def test_like_form_leads_back_to_pages_of_the_hub(
    visit: Visit, site: LiveHub, ann: Account, before: str, after: str
) -> None:
    repo, visitor = new_repo(site, ann), visit(ann)
    places = {"url": site.url, "page": repo.page}
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "referer": before.format(**places),
    }
    content = f"csrf_token={visitor.csrf_token(repo.page)}&like=1".encode()
    answer = visitor.call("POST", f"{repo.page}/like", content=content, headers=headers)
    assert answer.headers["location"] == after.format(**places)


def test_likers_page_lists_who_likes_it(
    visit: Visit, site: LiveHub, ann: Account, ben: Account
) -> None:
    repo = new_repo(site, ann)
    assert "No likes yet" in visit().see(f"{repo.page}/likers").text
    for account in (ann, ben):
        site.call("POST", f"{repo.api}/like", token=account.token)
    page = visit().see(f"{repo.page}/likers").document
    names = [a["href"] for a in page.one("ul", class_="likers").all("a")]
    assert names == [f"/{ben.name}", f"/{ann.name}"]
    assert visit().look(f"{repo.page}/likers?cursor=nonsense").status == 400


def test_preview_form_shows_a_comment_and_a_card(visit: Visit, site: LiveHub, ann: Account) -> None:
    repo, visitor = new_repo(site, ann), visit(ann)
    text = "*one* <b>two</b> [x](a.txt) $x$"
    shown = visitor.send(f"{repo.page}/preview", {"text": text}, "/").document
    assert shown.one("em").text == "one" and not shown.all("b")
    shown = visitor.send(f"{repo.page}/preview", {"text": text, "card": "1"}, "/").document
    assert shown.one("b").text == "two" and shown.all("math")
    assert shown.one("a", href=f"{repo.page}/blob/main/a.txt").text == "x"


def test_preview_form_is_for_accounts(visit: Visit, site: LiveHub, ann: Account) -> None:
    page = f"{new_repo(site, ann).page}/preview"
    visitor = visit()
    visitor.cookies[VISITOR_COOKIE] = "somebody"
    token = make_csrf_token(site.inside.signing_key, "somebody")
    form = f"csrf_token={quote(token)}&text=x".encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = visitor.call("POST", page, content=form, headers=headers)
    assert answer.status_code == 404 and "sign in" in answer.text.lower()


def test_preview_form_in_a_browser(browse: Browse, site: LiveHub, ann: Account) -> None:
    repo, tab = new_repo(site, ann), browse(ann)
    tab.goto(repo.page)
    # The pages that have such fields are made elsewhere.
    tab.evaluate(
        """async ([preview, script]) => {
            const box = document.createElement("div");
            box.dataset.preview = preview;
            box.append(document.createElement("textarea"));
            document.querySelector("main").prepend(box);
            await import(script);
        }""",
        [f"{repo.page}/preview", script_path(tab.content(), "preview.js")],
    )
    tab.locator("textarea").fill("*bold* <img src=x onerror=alert(1)>")
    tab.get_by_role("tab", name="Preview").click()
    assert tab.locator(".preview-shown em").inner_text() == "bold"
    assert not tab.locator("textarea").is_visible()
    tab.keyboard.press("ArrowLeft")
    assert tab.locator("textarea").is_visible()


def test_repo_page_in_a_browser_copies_and_finds_headings(
    browse: Browse, site: LiveHub, ann: Account
) -> None:
    text = "# One\n\n" + "text\n\n" * 200 + "# Last of all\n"
    repo, tab = new_repo(site, ann, file("README.md", text)), browse()
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.goto(f"{repo.page}#100%")
    tab.goto(f"{repo.page}#last-of-all")
    tab.wait_for_function("scrollY > 1000")
    tab.get_by_role("button", name="Copy").first.click()
    tab.get_by_role("button", name="Copied").wait_for()
    assert f"freehold download {repo.full_name}" in tab.evaluate("navigator.clipboard.readText()")


def script_path(page: str, wanted: str) -> str:
    """The path of a script, by those of a page."""
    return "/".join(["", "static", page.split("/static/")[1].split("/")[0], wanted])


def put_card(repo: Repo, text: str) -> None:
    """Put a README.md in place that the API would refuse, as a push of git can."""
    packed = Packed()
    tree = packed.sorted_tree((0o100644, b"README.md", packed.blob(text.encode())))
    before = repo.head()
    oid = packed.commit(tree, bytes.fromhex(before))
    report = push(repo, command("refs/heads/main", oid, before), pack=packed.pack())
    assert report.taken == ["refs/heads/main"]


def test_a_card_that_is_not_laid_out_yet_holds_up_no_short_call(
    visit: Visit, site: LiveHub, ann: Account
) -> None:
    title = fresh_name("card")
    repo = new_repo(site, ann, file("README.md", f"# {title}\n"))
    ctx = Context(site.inside, STRANGER, site.url)
    found = open_repo(ctx, "model", repo.full_name, Needs.CONTENT)
    with pytest.raises(TakesLongError):
        show_card(ctx, found, quickly=True)
    laid_out = show_card(ctx, found)
    assert laid_out is not None and show_card(ctx, found, quickly=True) == laid_out
    for _ in range(2):
        assert title in visit().see(repo.page).document.one("article").text
