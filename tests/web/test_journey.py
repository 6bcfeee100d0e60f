"""From the first visit to a merged pull request, in Chromium, with the official client beside."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import expect

from freehold.server.core.passwords import set_password
from tests.compat.conftest import new_client
from tests.live import Account, fresh_name

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.live import LiveHub
    from tests.web.conftest import Browse

PASSWORD = "bracken-and-gorse"
OPEN_PULL_REQUEST = """
import json, os
from huggingface_hub import HfApi

done = HfApi().upload_file(
    path_or_fileobj=os.environ["CARD"].encode(),
    path_in_repo="README.md",
    repo_id=os.environ["REPO"],
    commit_message="Say what it is",
    create_pr=True,
)
print(json.dumps(done.pr_url))
"""
CARD = "---\nlicense: mit\n---\n# A bog classifier\n\nIt knows *seven* habitats: $e^{i}$.\n"


def test_a_model_from_the_first_visit_to_a_merged_pull_request(
    site: LiveHub,
    ann: Account,
    ben: Account,
    browse: Browse,
    torch_checkpoint: Path,
    tmp_path: Path,
) -> None:
    set_password(site.inside, ann.name, PASSWORD)
    name = fresh_name("bog")
    tab = browse()
    sign_in(tab, ann)
    create(tab, name)
    upload(tab, torch_checkpoint)
    saved = site.call("GET", f"/{ann.name}/{name}/resolve/main/transformer.pt", token=ann.token)
    assert saved.content == torch_checkpoint.read_bytes()

    client = new_client("2.4.0", tmp_path / "home")
    environ = {"CARD": CARD, "REPO": f"{ann.name}/{name}"}
    address = client.run(OPEN_PULL_REQUEST, site.url, ben.token, **environ)
    merge(tab, address)
    read_card(tab, f"/{ann.name}/{name}")
    find(tab, name)
    hide(tab, f"/{ann.name}/{name}")
    assert site.call("GET", f"/{ann.name}/{name}").status_code == 404


def sign_in(tab: Page, account: Account) -> None:
    tab.goto("/new")
    tab.get_by_label("User name").fill(account.name)
    tab.get_by_label("Password").fill("not that one")
    tab.get_by_role("button", name="Sign in").click()
    expect(tab.get_by_role("alert")).to_be_visible()
    tab.get_by_label("Password").fill(PASSWORD)
    tab.get_by_role("button", name="Sign in").click()
    tab.wait_for_url("**/new")


def create(tab: Page, name: str) -> None:
    tab.get_by_label("Name", exact=True).fill(name)
    tab.get_by_role("button", name="Create the repository").click()
    tab.wait_for_url(f"**/{name}")


def upload(tab: Page, path: Path) -> None:
    tab.goto(f"{tab.url}/upload/main")
    tab.locator("input[type=file]").first.set_input_files(path)
    expect(tab.get_by_text("transformer.pt")).to_be_visible()
    tab.get_by_role("button", name="Upload", exact=True).click()
    tab.wait_for_url(re.compile("/(commit|tree|blob)/"), timeout=120_000)


def merge(tab: Page, address: str) -> None:
    tab.goto(address)
    expect(tab.get_by_role("heading", level=2).first).to_contain_text("Say what it is")
    tab.get_by_role("link", name="Files changed").click()
    expect(tab.get_by_text("# A bog classifier")).to_be_visible()
    tab.get_by_role("link", name="Conversation").click()
    tab.get_by_role("button", name=re.compile("^Merge")).click()
    expect(tab.get_by_text("Merged into")).to_be_visible()


def read_card(tab: Page, path: str) -> None:
    tab.goto(path)
    expect(tab.get_by_role("heading", name="A bog classifier")).to_be_visible()
    expect(tab.locator("math")).to_be_visible()
    expect(tab.get_by_role("link", name="mit", exact=True).first).to_be_visible()


def find(tab: Page, name: str) -> None:
    tab.goto("/")
    search = tab.get_by_role("combobox", name="Search")
    search.press_sequentially(name[:12])
    expect(tab.get_by_role("option", name=re.compile(name))).to_be_visible()
    search.press("ArrowDown")
    search.press("Enter")
    tab.wait_for_url(f"**/{name}")


def hide(tab: Page, path: str) -> None:
    tab.goto(f"{path}/settings")
    tab.get_by_role("radio", name=re.compile("^Only ")).check()
    tab.get_by_role("button", name="Save the visibility").click()
    tab.goto(path)
    expect(tab.get_by_text("private", exact=True)).to_be_visible()
