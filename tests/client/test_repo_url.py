"""`RepoUrl`: the documented examples, and every other address that people paste."""

from __future__ import annotations

import pickle

import pytest

from freehold import HFValidationError, RepoUrl

HUB = "https://huggingface.co"


@pytest.mark.parametrize(
    ("url", "endpoint", "shown"),
    [
        (
            "https://huggingface.co/gpt2",
            None,
            "RepoUrl('https://huggingface.co/gpt2', endpoint='https://huggingface.co',"
            " repo_type='model', repo_id='gpt2')",
        ),
        (
            "https://hub-ci.huggingface.co/datasets/dummy_user/dummy_dataset",
            "https://hub-ci.huggingface.co",
            "RepoUrl('https://hub-ci.huggingface.co/datasets/dummy_user/dummy_dataset',"
            " endpoint='https://hub-ci.huggingface.co', repo_type='dataset',"
            " repo_id='dummy_user/dummy_dataset')",
        ),
        (
            "hf://datasets/my-user/my-dataset",
            None,
            "RepoUrl('hf://datasets/my-user/my-dataset', endpoint='https://huggingface.co',"
            " repo_type='dataset', repo_id='my-user/my-dataset')",
        ),
        (
            "https://huggingface.co/Wauplin/dummy_model",
            None,
            "RepoUrl('https://huggingface.co/Wauplin/dummy_model',"
            " endpoint='https://huggingface.co', repo_type='model',"
            " repo_id='Wauplin/dummy_model')",
        ),
    ],
)
def test_the_documented_examples(url: str, endpoint: str | None, shown: str) -> None:
    assert repr(RepoUrl(url, endpoint=endpoint)) == shown


@pytest.mark.parametrize(
    ("url", "repo_type", "repo_id"),
    [
        (f"{HUB}/a/b", "model", "a/b"),
        (f"{HUB}/a/b/", "model", "a/b"),
        (f"{HUB}/models/a/b", "model", "a/b"),
        (f"{HUB}/spaces/a/b", "space", "a/b"),
        (f"{HUB}/kernels/a/b", "kernel", "a/b"),
        (f"{HUB}/datasets/squad", "dataset", "squad"),
        (f"{HUB}/a/b/tree/main/folder", "model", "a/b"),
        (f"{HUB}/a/b/blob/refs%2Fpr%2F1/x.txt", "model", "a/b"),
        (f"{HUB}/datasets/a/b/resolve/main/x.txt?download=true", "dataset", "a/b"),
        (f"{HUB}/gpt2/tree/main", "model", "gpt2"),
        (f"{HUB}/a/b.git", "model", "a/b"),
        (f"{HUB}/a/b#readme", "model", "a/b"),
        ("hf://a/b", "model", "a/b"),
        ("hf://spaces/a/b/app.py", "space", "a/b"),
        ("hf://a/b@v1.0/x.txt", "model", "a/b"),
        ("a/b", "model", "a/b"),
        ("datasets/a/b", "dataset", "a/b"),
        ("https://hub.example:8080/a/b", "model", "a/b"),
        ("https://hf.co/a/b", "model", "a/b"),
    ],
)
def test_addresses_that_people_paste(url: str, repo_type: str, repo_id: str) -> None:
    found = RepoUrl(url)
    assert (found.repo_type, found.repo_id) == (repo_type, repo_id)
    namespace, slash, name = repo_id.rpartition("/")
    assert (found.namespace, found.repo_name) == (namespace if slash else None, name)
    assert found == found.url == str(found)
    assert isinstance(found, str)


@pytest.mark.parametrize(
    "url", ["", HUB, f"{HUB}/", f"{HUB}/datasets", "hf://", "https://", "https://hub.example"]
)
def test_what_is_no_address_of_a_repository(url: str) -> None:
    with pytest.raises(HFValidationError):
        RepoUrl(url)


def test_an_address_on_another_hub_than_the_one_that_was_named() -> None:
    with pytest.raises(HFValidationError, match=r"hub\.example"):
        RepoUrl("https://elsewhere.example/a/b", endpoint="https://hub.example")


def test_a_name_that_begins_like_the_endpoint_is_on_another_hub() -> None:
    with pytest.raises(HFValidationError):
        RepoUrl("https://hub.example.evil/a/b", endpoint="https://hub.example")


def test_the_endpoint_of_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:8080/hub/")
    found = RepoUrl("http://127.0.0.1:8080/hub/datasets/a/b")
    assert (found.endpoint, found.repo_id) == ("http://127.0.0.1:8080/hub", "a/b")
    assert RepoUrl("hf://a/b").endpoint == "http://127.0.0.1:8080/hub"


def test_it_is_a_text_with_parts_that_survive_copies() -> None:
    url = RepoUrl(f"{HUB}/datasets/a/b")
    copy = pickle.loads(pickle.dumps(url))
    assert copy == url
    assert (copy.repo_type, copy.repo_id) == ("dataset", "a/b")
    assert url + "/tree/main" == f"{HUB}/datasets/a/b/tree/main"
    assert len({url, copy}) == 1
