"""The catalogues of tags and metrics, which anybody may read."""

from __future__ import annotations

from typing import Any

from freehold.server.core import jobs
from tests.live import LiveHub, fresh_name
from tests.repos import Repo, assert_error, file, new_repo

MODEL_TYPES = [
    "pipeline_tag",
    "library",
    "dataset",
    "language",
    "license",
    "arxiv",
    "doi",
    "region",
    "deploy",
    "bucket",
    "other",
]
# What clients of 2023 make attributes of.
OLD_DATASET_TYPES = {
    "language",
    "multilinguality",
    "language_creators",
    "task_categories",
    "size_categories",
    "benchmark",
    "task_ids",
    "license",
}


def attributes(tags: list[dict[str, Any]]) -> dict[str, str]:
    """What a client of 2023 makes of the tags of a type: ids by what it makes of their labels."""
    return {
        tag["label"].replace(" ", "").replace("-", "_").replace(".", "_"): tag["id"] for tag in tags
    }


def test_list_model_tags_gives_every_type_with_the_labels_of_the_documentation(
    hub: LiveHub,
) -> None:
    answer = hub.call("GET", "/api/models-tags-by-type")
    tags = answer.json()
    assert (answer.status_code, list(tags)) == (200, MODEL_TYPES)
    assert attributes(tags["pipeline_tag"])["TextClassification"] == "text-classification"
    library = attributes(tags["library"])
    assert [library[name] for name in ("PyTorch", "TensorFlow", "allennlp")] == [
        *("pytorch", "tf", "allennlp"),
    ]
    assert attributes(tags["language"])["en"] == "en"
    assert attributes(tags["license"])["apache_2_0"] == "license:apache-2.0"


def test_list_model_tags_has_the_tasks_in_their_order_and_groups(hub: LiveHub) -> None:
    tags = hub.call("GET", "/api/models-tags-by-type").json()["pipeline_tag"]
    first = {"id": "text-classification", "label": "Text Classification", "type": "pipeline_tag"}
    assert tags[0] == {**first, "subType": "nlp"}
    ids = [tag["id"] for tag in tags]
    assert ids.index("fill-mask") < ids.index("text-to-speech") < ids.index("any-to-any")
    assert "table-to-text" not in ids
    assert all("subType" in tag for tag in tags)


def test_list_model_tags_of_one_type(hub: LiveHub) -> None:
    everything = hub.call("GET", "/api/models-tags-by-type").json()
    answer = hub.call("GET", "/api/models-tags-by-type?type=license")
    assert answer.json() == {"license": everything["license"]}
    assert hub.call("GET", "/api/models-tags-by-type?type=").json() == everything


def test_list_model_tags_of_a_type_that_is_none_is_an_error_that_lists_them(hub: LiveHub) -> None:
    answer = hub.call("GET", "/api/models-tags-by-type?type=task_ids")
    shown = ", ".join(MODEL_TYPES)
    assert_error(answer, 400, f"There is no type of tags 'task_ids': it is one of {shown}.")


def test_list_dataset_tags_gives_what_clients_of_2023_look_for(hub: LiveHub) -> None:
    answer = hub.call("GET", "/api/datasets-tags-by-type")
    tags = answer.json()
    assert answer.status_code == 200
    assert tags.keys() >= OLD_DATASET_TYPES
    assert attributes(tags["language"])["ru"] == "language:ru"
    assert attributes(tags["task_ids"])["language_modeling"] == "task_ids:language-modeling"
    tasks = attributes(tags["task_categories"])
    assert tasks["text_classification"] == "task_categories:text-classification"
    assert attributes(tags["size_categories"])["100K<n<1M"] == "size_categories:100K<n<1M"
    assert {tag["type"] for type in tags for tag in tags[type]} <= tags.keys()


def test_list_dataset_tags_of_one_type(hub: LiveHub) -> None:
    tags = hub.call("GET", "/api/datasets-tags-by-type?type=task_categories").json()
    [(type, tasks)] = tags.items()
    assert type == "task_categories"
    assert {"id": "task_categories:table-to-text", "label": "table-to-text"}.items() <= next(
        task for task in tasks if task["label"] == "table-to-text"
    ).items()
    assert not any(task["label"] == "keypoint-detection" for task in tasks)


def test_list_metrics_says_what_each_metric_is(hub: LiveHub) -> None:
    answer = hub.call("GET", "/api/metrics")
    metrics = {metric["id"]: metric for metric in answer.json()}
    assert answer.status_code == 200
    assert metrics.keys() >= {"accuracy", "bleu", "f1", "rouge", "squad", "wer"}
    assert all(metric["description"].endswith(".") for metric in metrics.values())
    assert metrics["f1"] == {
        "id": "f1",
        "description": "The harmonic mean of precision and recall.",
        "citation": None,
        "key": "",
    }


def tags_in_use(hub: LiveHub, token: str | None = None) -> set[str]:
    answer = hub.call("GET", "/api/models-tags-by-type?type=other", token=token)
    return {tag["id"] for tag in answer.json()["other"]}


def tagged(repo: Repo, *tags: str) -> None:
    repo.commit(file("README.md", f"---\ntags: [{', '.join(tags)}]\n---\n"))


def test_list_model_tags_has_those_of_public_models_of_this_moment(hub: LiveHub) -> None:
    user = hub.user()
    repo, other = new_repo(hub, user), new_repo(hub, user)
    first, second = fresh_name("tag"), fresh_name("tag")
    tagged(repo, first, second)
    tagged(other, second)
    assert {first, second} <= tags_in_use(hub)
    assert jobs.add_up_tags(hub.inside) >= 3
    assert {first, second} <= tags_in_use(hub)
    tagged(repo)
    assert tags_in_use(hub) & {first, second} == {second}
    jobs.add_up_tags(hub.inside)
    hub.call(
        "DELETE",
        "/api/repos/delete",
        token=user.token,
        json={"name": other.full_name.split("/")[1]},
    )
    assert not tags_in_use(hub) & {first, second}
    jobs.add_up_tags(hub.inside)
    assert not tags_in_use(hub) & {first, second}


def test_list_model_tags_shows_those_of_private_models_to_who_may_see_them(hub: LiveHub) -> None:
    user, stranger = hub.user(), hub.user()
    repo = new_repo(hub, user)
    mark = fresh_name("tag")
    tagged(repo, mark)
    hub.call("PUT", f"{repo.api}/settings", token=user.token, json={"private": True})
    assert mark not in tags_in_use(hub) | tags_in_use(hub, stranger.token)
    assert mark in tags_in_use(hub, user.token)
    hub.call("PUT", f"{repo.api}/settings", token=user.token, json={"private": True})
    hub.call("PUT", f"{repo.api}/settings", token=user.token, json={"private": False})
    assert mark in tags_in_use(hub)
    hub.call("PUT", f"{repo.api}/settings", token=user.token, json={"private": True})
    jobs.add_up_tags(hub.inside)
    assert mark not in tags_in_use(hub)
