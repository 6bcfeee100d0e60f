"""Lists with every client, by its own parameters, and the same lists with ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from freehold import HfApi
from tests.live import fresh_name
from tests.repos import Repo, file, new_repo

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import Account, LiveHub

LISTS = """
import inspect
import json
import os
from compat_script import api, tell

def ask(kind, arguments):
    call = getattr(api, f"list_{kind}s")
    if not arguments.keys() <= inspect.signature(call).parameters.keys():
        return None
    return [item.id for item in call(**arguments)]

questions = json.loads(os.environ["QUESTIONS"])
tell(found={name: ask(*question) for name, question in questions.items()})
"""

OLD_FILTERS = """
import os
from compat_script import api, tell
from huggingface_hub import DatasetFilter, ModelFilter

owner, mark = os.environ["OWNER"], os.environ["MARK"]
models = {
    "author": ModelFilter(author=owner, tags=mark),
    "name": ModelFilter(author=owner, model_name="alpha"),
    "task": ModelFilter(task="fill-mask", language="de", library="transformers", tags=[mark]),
    "dataset": ModelFilter(trained_dataset=[f"{owner}/corpus"]),
}
datasets = {
    "author": DatasetFilter(author=owner),
    "fields": DatasetFilter(
        author=owner, language="de", size_categories="1K<n<10K",
        task_categories=["fill-mask"], multilinguality="monolingual",
    ),
    "other": DatasetFilter(author=owner, language="en"),
}
tell(
    models={name: [m.modelId for m in api.list_models(filter=f)] for name, f in models.items()},
    datasets={name: [d.id for d in api.list_datasets(filter=f)] for name, f in datasets.items()},
)
"""

DETAILS = """
import os
from compat_script import api, tell

owner = os.environ["OWNER"]
[model] = api.list_models(
    author=owner, search="alpha", full=True, cardData=True, fetch_config=True
)
card = model.cardData if hasattr(model, "cardData") else model.card_data.to_dict()
clean = list(api.list_models(author=owner, emissions_thresholds=(1, 20), cardData=True))
tell(
    files=[file.rfilename for file in model.siblings],
    tags=model.tags,
    license=card["license"],
    config=model.config,
    sha=model.sha,
    clean=[m.id for m in clean],
    pages=[m.id for m in api.list_models(author=owner, sort="created_at", limit=2)],
)
"""


def readme(**card: Any) -> dict[str, Any]:
    """A card whose metadata is JSON, which is YAML as well."""
    return file("README.md", f"---\n{json.dumps(card)}\n---\n# About\n")


class Shelf:
    """Two models, two datasets and a Space of one owner, with a tag that nobody else has."""

    def __init__(self, hub: LiveHub, owner: Account) -> None:
        self.owner, self.mark = owner.name, fresh_name("mark")
        self.alpha = self._make(
            hub,
            owner,
            "model",
            "alpha",
            license="mit",
            language="de",
            tags=[self.mark],
            library_name="transformers",
            pipeline_tag="fill-mask",
            datasets=[f"{owner.name}/corpus"],
            co2_eq_emissions=12.5,
        )
        self.alpha.commit(file("config.json", '{"model_type": "bert"}'))
        self.beta = self._make(hub, owner, "model", "beta", tags=[self.mark], co2_eq_emissions=50)
        self.corpus = self._make(
            hub,
            owner,
            "dataset",
            "corpus",
            language="de",
            size_categories="1K<n<10K",
            task_categories=["fill-mask"],
            multilinguality="monolingual",
            tags=[self.mark],
        )
        self.other = self._make(hub, owner, "dataset", "other", language="en", tags=[self.mark])
        self.space = self._make(
            hub, owner, "space", "show", models=[self.alpha.full_name], sdk="static"
        )

    @staticmethod
    def _make(hub: LiveHub, owner: Account, type: str, name: str, **card: Any) -> Repo:
        return new_repo(hub, owner, readme(**card), type=type, name=name)

    def questions(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Lists by name: of what, with which arguments."""
        mark, owner, model = self.mark, self.owner, self.alpha.full_name
        return {
            "tag": ("model", {"filter": mark}),
            "tags": ("model", {"filter": [mark, "license:mit"]}),
            "author": ("model", {"author": owner}),
            "search": ("model", {"search": f"{owner}/ALPH"}),
            "nothing": ("model", {"filter": mark, "search": "gamma"}),
            "task": ("model", {"filter": mark, "pipeline_tag": "fill-mask"}),
            "dataset": ("model", {"trained_dataset": self.corpus.full_name}),
            "old words": (
                "model",
                {"author": owner, "task": "fill-mask", "library": "transformers", "language": "de"},
            ),
            "gated": ("model", {"author": owner, "gated": True}),
            "open": ("model", {"author": owner, "gated": False}),
            "served": ("model", {"author": owner, "inference": "warm"}),
            "sorted": ("model", {"author": owner, "sort": "last_modified"}),
            "limited": ("model", {"author": owner, "limit": 1}),
            "expanded": ("model", {"author": owner, "expand": ["author", "tags", "safetensors"]}),
            "datasets": ("dataset", {"filter": mark}),
            "dataset fields": (
                "dataset",
                {"author": owner, "language": "de", "task_categories": "fill-mask"},
            ),
            "dataset sizes": ("dataset", {"author": owner, "size_categories": "1K<n<10K"}),
            "spaces": ("space", {"author": owner}),
            "spaces of a model": ("space", {"models": model}),
            "linked spaces": ("space", {"author": owner, "linked": True}),
        }

    def answers(self) -> dict[str, list[str]]:
        """What the lists have, in their order."""
        alpha, beta = self.alpha.full_name, self.beta.full_name
        corpus, other, space = self.corpus.full_name, self.other.full_name, self.space.full_name
        return {
            **{name: [alpha] for name in ("tags", "search", "task", "dataset", "old words")},
            **{name: [beta, alpha] for name in ("tag", "author", "open", "expanded", "sorted")},
            **{name: [] for name in ("nothing", "gated", "served")},
            "limited": [beta],
            "datasets": [other, corpus],
            **{name: [corpus] for name in ("dataset fields", "dataset sizes")},
            **{name: [space] for name in ("spaces", "spaces of a model", "linked spaces")},
        }


def test_lists_are_those_of_every_client_and_of_ours(client: Client, hub: LiveHub) -> None:
    shelf = Shelf(hub, hub.user())
    questions, answers = shelf.questions(), shelf.answers()
    told = client.run(LISTS, hub.url, QUESTIONS=json.dumps(questions))["found"]
    asked = {name: found for name, found in told.items() if found is not None}
    assert asked == {name: answers[name] for name in asked}
    assert len(asked) >= 10
    ours = HfApi(endpoint=hub.url, token=False)
    for name, (kind, arguments) in questions.items():
        found = [item.id for item in getattr(ours, f"list_{kind}s")(**arguments)]
        assert found == answers[name], name


def test_filters_of_old_clients_find_what_they_name(client: Client, hub: LiveHub) -> None:
    if client.generation >= (0, 24):
        return
    shelf = Shelf(hub, hub.user())
    alpha, beta = shelf.alpha.full_name, shelf.beta.full_name
    told = client.run(OLD_FILTERS, hub.url, OWNER=shelf.owner, MARK=shelf.mark)
    one = {"name": [alpha], "task": [alpha], "dataset": [alpha]}
    assert told["models"] == {"author": [beta, alpha], **one}
    corpus, other = shelf.corpus.full_name, shelf.other.full_name
    assert told["datasets"] == {"author": [other, corpus], "fields": [corpus], "other": [other]}


def test_what_a_list_tells_is_read(client: Client, hub: LiveHub) -> None:
    shelf = Shelf(hub, hub.user())
    alpha, beta = shelf.alpha.full_name, shelf.beta.full_name
    told = client.run(DETAILS, hub.url, OWNER=shelf.owner)
    assert told["files"] == [".gitattributes", "README.md", "config.json"]
    assert {shelf.mark, "license:mit", "de", "fill-mask", "transformers"} <= set(told["tags"])
    assert (told["license"], told["sha"]) == ("mit", shelf.alpha.head())
    assert told["config"]["model_type"] == "bert"
    assert (told["clean"], told["pages"]) == ([alpha], [beta, alpha])
