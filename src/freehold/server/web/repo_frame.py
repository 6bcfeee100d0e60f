"""What every page of a repository shows above what it is about: its name, its badges, its tabs."""

from __future__ import annotations

from typing import Any, NamedTuple

from freehold.server.core.repo_frames import describe_frame
from freehold.server.db.repos import Repo
from freehold.server.web.visit import Page, Visit, page
from freehold.wire.ids import repo_path
from freehold.wire.route import Needs

_CARDS = {"model": "Model card", "dataset": "Dataset card", "space": "Space", "kernel": "Kernel"}


class Tab(NamedTuple):
    """A tab: its name, its path below the repository's, its label and a number behind it."""

    name: str
    path: str
    label: str
    number: int = 0


class RepoFrame(NamedTuple):
    """What `repo.html` shows; `tab` is the name of the tab that the page belongs to."""

    repo: Repo
    tab: str
    tabs: list[Tab]
    is_liked: bool
    description: str


def repo_page(visit: Visit, tab: str, template: str, status: int = 200, **values: Any) -> Page:
    """A page of the repository, whose template extends `repo.html`."""
    frame = make_frame(visit, tab, values.pop("description", ""))
    return page(template, status, frame=frame, visit=visit, **values)


def make_frame(visit: Visit, tab: str, description: str = "") -> RepoFrame:
    """The frame for a page that belongs to that tab: card, files, community or settings."""
    repo = visit.repo
    told = describe_frame(visit.ctx, repo)
    tabs = [
        Tab("card", "", _CARDS[repo.type]),
        Tab("files", "/tree/main", "Files"),
        Tab("community", "/discussions", "Community", told.open_discussions),
    ]
    if visit.may(Needs.ADMIN):
        tabs.append(Tab("settings", "/settings", "Settings"))
    about = description or f"A {repo.type} by {repo.namespace}"
    return RepoFrame(repo, tab, tabs, told.is_liked, about)


def home_of(visit: Visit) -> str:
    """The path of the repository's page."""
    return repo_path(visit.repo.type, visit.repo.full_name)
