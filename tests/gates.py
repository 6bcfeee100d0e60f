"""Gated repositories: who asks, who decides, and where the doors are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import httpx2

from tests.live import Account, LiveHub
from tests.repos import Operation, Repo, file, new_repo

CARD = """---
extra_gated_fields:
  Company: text
  Country: country
  Since: date_picker
  Purpose:
    type: select
    options:
      - Research
      - label: Something else
        value: other
  I agree: checkbox
  Place: ip_location
---
"""
ANSWERS = {
    "Company": "ACME",
    "Country": "France",
    "Since": "2024-02-29",
    "Purpose": "other",
    "I agree": "on",
}


def gated_repo(
    hub: LiveHub,
    account: Account,
    *operations: Operation,
    gate: str = "manual",
    **options: Any,
) -> Repo:
    """A repository with a gate; without operations it has no card that asks for anything."""
    repo = new_repo(hub, account, *(operations or (file("a.txt", "x"),)), **options)
    assert repo.put("/settings", {"gated": gate}).status_code == 200
    return repo


@dataclass(frozen=True)
class Gate:
    """The gate of a repository, as whoever may write there handles it."""

    repo: Repo

    def ask(
        self, account: Account | None, answers: dict[str, Any] | None = None, token: str = ""
    ) -> httpx2.Response:
        """Ask for access in JSON, as this user or with that token."""
        token = token or (account.token if account else "")
        path = f"{self.repo.page}/ask-access"
        return self.repo.hub.call("POST", path, token=token or None, json=answers or {})

    def withdraw(self, account: Account) -> httpx2.Response:
        """Take the request of this user back."""
        who = replace(self.repo, account=account)
        return who.post("/user-access-request/cancel")

    def handle(self, account: Account | None, status: str, **more: Any) -> httpx2.Response:
        """Give the request of this user a status."""
        body = {"status": status, **({"user": account.name} if account else {}), **more}
        return self.repo.post("/user-access-request/handle", body)

    def grant(self, account: Account) -> httpx2.Response:
        """Let this user in."""
        return self.repo.post("/user-access-request/grant", {"user": account.name})

    def list(self, status: str, query: str = "") -> list[dict[str, Any]]:
        """A page of a list."""
        answer = self.repo.get(f"/user-access-request/{status}{query}")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()
        return found

    def names(self) -> dict[str, list[str]]:
        """Who is in which list."""
        return {
            status: [item["user"]["user"] for item in self.list(status)]
            for status in ("pending", "accepted", "rejected")
        }

    def opens(self, account: Account | None) -> bool:
        """Whether this user may read the files; every refusal must be that of a gate."""
        path = f"{self.repo.api}/auth-check"
        answer = self.repo.hub.call("GET", path, token=account and account.token)
        if answer.status_code == 200:
            return True
        assert answer.headers["x-error-code"] == "GatedRepo"
        assert answer.status_code == (403 if account else 401)
        return False
