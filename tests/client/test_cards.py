"""Repo cards: read, changed, checked and pushed, with everything else left as it was written."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import freehold
from freehold import (
    CardData,
    DatasetCard,
    DatasetCardData,
    EntryNotFoundError,
    EvalResult,
    HfApi,
    HFValidationError,
    InvalidCardError,
    LocalFileError,
    MetadataConflictError,
    ModelCard,
    ModelCardData,
    PreconditionFailedError,
    RepoCard,
    RepositoryNotFoundError,
    SpaceCard,
    SpaceCardData,
    eval_results_to_model_index,
    metadata_eval_result,
    metadata_load,
    metadata_save,
    metadata_update,
    model_index_to_eval_results,
)
from freehold.client import cards
from tests.client.downloading import file_reply
from tests.client.hostile import HostileServer
from tests.repos import new_repo

if TYPE_CHECKING:
    from tests.live import Account, LiveHub

README = """---
license: mit  # checked
tags:
- chat  # first
pipeline_tag:
model-index:
- name: tiny
  extra: kept
  results:
  - task: {type: text-generation}
    dataset: {type: lab/d, name: D, size: 7}
    metrics:
    - type: accuracy
      value: 0.5  # old
      trials: 3
    - {type: f1, value: 0.1}
---

# Tiny
---
"""
WINDOWS = "\ufeff" + README.replace("\n", "\r\n")
# The last line is Latin-1, which is no UTF-8.
BYTES = WINDOWS.encode() + b"caf\xe9\r\n"


def accuracy(**changes: Any) -> EvalResult:
    fields = {"task_type": "text-generation", "dataset_type": "lab/d", "dataset_name": "D"}
    return EvalResult(**{**fields, "metric_type": "accuracy", "metric_value": 0.5, **changes})


# Cards


def test_a_card_is_its_data_and_its_text() -> None:
    card = ModelCard(README)
    assert card.data.license == card.data["license"] == "mit"
    assert card.data.no_such_key is None
    assert card.text == "\n# Tiny\n---\n"
    assert card.content == str(card) == README
    card.content = "# no metadata\n"
    assert (card.data, card.text, card.content) == ({}, "# no metadata\n", "# no metadata\n")


def test_only_what_is_changed_is_written_anew() -> None:
    card = ModelCard(README)
    card.data.license = "apache-2.0"
    card.data.tags.append("new")
    card.data.library_name = "torch"
    card.text += "more\n"
    assert card.content == (
        README.replace("mit ", "apache-2.0 ")
        .replace("first\n", "first\n- new\n")
        .replace("value: 0.1}\n", "value: 0.1}\nlibrary_name: torch\n")
        + "more\n"
    )
    card.data.license = card.data.library_name = None
    assert "license" not in card.content


def test_text_begins_on_a_line_of_its_own() -> None:
    card = RepoCard("---\na: 1\n---")
    card.text = "# Title"
    assert card.content == "---\na: 1\n---\n# Title"
    card = RepoCard("\ufeff# Title")
    assert card.content == "\ufeff# Title"
    card.data.a = 1
    assert card.content == "\ufeff---\na: 1\n---\n# Title"


def test_a_card_can_be_begun_with_data() -> None:
    data = ModelCardData(
        license="mit", tags=["b", "a", "b"], model_name="m", eval_results=accuracy(), mine={"x": 1}
    )
    assert data.to_yaml().startswith("license: mit\ntags:\n- b\n- a\nmine:\n  x: 1\nmodel-index:\n")
    assert data.to_yaml(original_order=["tags"], line_break="\r\n").startswith("tags:\r\n- b")
    assert str(data) == data.to_yaml()
    card = ModelCard(f"---\n{data}\n---\n# m\n")
    assert card.data == data
    assert card.validate() == []
    assert copy.deepcopy(data) == pickle.loads(pickle.dumps(data)) == data


def test_the_documented_names_of_datasets_and_spaces() -> None:
    data = DatasetCardData(pretty_name="D", train_eval_index=[{"config": "x"}], task_ids="a")
    assert data.train_eval_index == [{"config": "x"}]
    assert "train-eval-index:\n- config: x" in DatasetCard(f"---\n{data}\n---\n").content
    space = SpaceCard("---\ntitle: T\nsdk: static\n---\n")
    assert space.data == SpaceCardData(title="T", sdk="static") == CardData(title="T", sdk="static")
    assert (space.data.get("sdk"), space.data.get("license", "mit")) == ("static", "mit")
    assert (DatasetCard.repo_type, SpaceCard.repo_type, RepoCard.repo_type) == (
        "dataset",
        "space",
        "model",
    )


# Results


def test_results_keep_what_else_the_card_says_of_them() -> None:
    card = ModelCard(README)
    assert card.data.model_name == "tiny"
    first, second = card.data.eval_results
    assert first == accuracy()
    assert first.unique_identifier == second.unique_identifier
    first.metric_value = 0.9
    card.data.eval_results.append(accuracy(metric_type="bleu", metric_value=1))
    card.data.eval_results.append(accuracy(task_type="other"))
    made = card.content
    assert made.startswith(README.partition("- {type: f1")[0].replace("0.5", "0.9"))
    assert "    - {type: f1, value: 0.1}\n    - {type: bleu, value: 1}\n" in made
    assert ModelCard(made).data.eval_results == card.data.eval_results
    card.data.eval_results = [second]
    card.data.model_name = "small"
    [entry] = ModelCard(card.content).data.to_dict()["model-index"]
    assert (entry["name"], entry["extra"]) == ("small", "kept")
    assert entry["results"][0]["metrics"] == [{"type": "f1", "value": 0.1}]
    card.data.pop("eval_results")
    assert "model" not in card.content.partition("#")[2]


def test_all_fields_of_a_result_go_into_the_index_and_back() -> None:
    whole = accuracy(
        task_name="T",
        dataset_config="c",
        dataset_split="test",
        dataset_revision="r",
        dataset_args={"a": 1},
        metric_name="A",
        metric_config="m",
        metric_args={"b": 2},
        verified=True,
        verify_token="t",
        source_name="S",
        source_url="https://s.example",
    )
    index = eval_results_to_model_index("m", [whole, accuracy(), accuracy(metric_type="f1")])
    assert [len(result["metrics"]) for result in index[0]["results"]] == [1, 2]
    assert index[0]["results"][0]["metrics"][0]["verifyToken"] == "t"
    name, results = model_index_to_eval_results(index)
    assert (name, results) == ("m", [whole, accuracy(), accuracy(metric_type="f1")])
    assert whole.is_equal_except_value(accuracy(**{**vars(whole), "metric_value": 1}))
    assert not whole.is_equal_except_value(accuracy())
    with pytest.raises(InvalidCardError, match="source_url"):
        accuracy(source_name="S")


def test_a_key_model_name_beside_the_results_stays() -> None:
    text = README.replace("license:", "model_name: another\nlicense:")
    card = ModelCard(text)
    assert (card.data.model_name, card.content) == ("tiny", text)
    card.data.model_name = "small"
    assert card.content == text.replace("name: tiny", "name: small")


@pytest.mark.parametrize(
    "index",
    ["x", "[x]", "[{name: a}]", "[{name: a, results: [{metrics: [{type: x, value: 1}]}]}]"],
)
def test_results_of_another_shape_are_refused_or_left_alone(index: str) -> None:
    text = f"---\nmodel-index: {index}\n---\n"
    with pytest.raises(InvalidCardError, match="model-index"):
        ModelCard(text)
    card = ModelCard(text, ignore_metadata_errors=True)
    card.data.license = "mit"
    assert card.data.eval_results is None
    assert card.content == text.replace("]\n---", "]\nlicense: mit\n---").replace(
        "x\n---", "x\nlicense: mit\n---"
    )
    with pytest.raises(InvalidCardError, match="model_name"):
        ModelCardData(eval_results=[accuracy()])


# Checks


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("---\nlicense: mit\ntags: 'a' b\n---\n", (3, 11)),
        ("\n---\r\na: 1\r\n  b: 1\r\n---\r\n", (4, 4)),
        ("---\n- a\n---\n", (2, 1)),
        ("---\na: \udc80\n---\n", (2, 4)),
    ],
)
def test_metadata_that_cannot_be_read_is_an_error_with_its_place(
    text: str, place: tuple[int, int]
) -> None:
    with pytest.raises(InvalidCardError) as caught:
        RepoCard(text, ignore_metadata_errors=True)
    [issue] = caught.value.issues
    assert (issue.line, issue.column) == place
    assert f"line {place[0]}, column {place[1]}: " in str(caught.value)


def test_validate_tells_errors_from_doubts_and_needs_no_hub() -> None:
    card = RepoCard("---\nlicense: my-own\ntags: [a]\n---\n")
    [warning] = card.validate()
    assert (warning.line, warning.column) == (2, 1)
    assert "unknown `license` 'my-own'" in warning.message
    card.data.tags = "a"
    with pytest.raises(InvalidCardError, match="`tags` must be a list of strings") as caught:
        card.validate()
    assert [(issue.line, issue.column) for issue in caught.value.issues] == [(3, 1)]
    [missing] = RepoCard("# hi\n").validate()
    assert "missing" in missing.message
    with pytest.raises(HFValidationError):
        card.validate("video")


@pytest.mark.parametrize("value", [object(), "\udc80", float, {1.5: 1}])
def test_data_that_no_card_can_hold_is_refused(value: Any) -> None:
    card = RepoCard(README)
    card.data.mine = value
    with pytest.raises(InvalidCardError, match="`mine` cannot be metadata"):
        card.validate()
    with pytest.raises(InvalidCardError):
        card.data.to_yaml()


def test_metadata_is_not_put_above_a_block_that_nobody_closed() -> None:
    card = RepoCard("---\na: 1\n# hi\n")
    assert card.content == "---\na: 1\n# hi\n"
    card.data.license = "mit"
    with pytest.raises(InvalidCardError, match="no second ---"):
        card.validate()


# This machine


def test_load_and_save_keep_every_byte(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_bytes(BYTES)
    path.chmod(0o600)
    link = tmp_path / "link.md"
    link.symlink_to(path)
    card = ModelCard.load(link)
    card.save(link)
    assert path.read_bytes() == BYTES
    card.data.license = "gpl"
    card.save(link)
    assert path.read_bytes() == BYTES.replace(b"mit", b"gpl")
    assert (link.is_symlink(), path.stat().st_mode & 0o777) == (True, 0o600)
    card.save(tmp_path / "new" / "README.md")
    assert RepoCard.load(str(tmp_path / "new" / "README.md")).data.license == "gpl"


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LocalFileError, match="neither a file here nor a repo id"):
        RepoCard.load(tmp_path / "README.md")
    large = tmp_path / "README.md"
    with large.open("wb") as file:
        file.truncate(cards.MAX_CARD_SIZE + 1)
    for read in (RepoCard.load, metadata_load, lambda path: metadata_save(path, {"a": 1})):
        with pytest.raises(InvalidCardError, match="bytes"):
            read(large)
    card = RepoCard("\ud800")
    with pytest.raises(InvalidCardError, match="not valid Unicode"):
        card.save(large)
    assert large.stat().st_size == cards.MAX_CARD_SIZE + 1


def test_metadata_is_loaded_and_saved(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    with pytest.raises(LocalFileError):
        metadata_load(path)
    metadata_save(path, {"license": "mit", "tags": None})
    assert path.read_bytes() == b"---\nlicense: mit\ntags: null\n---\n"
    path.write_bytes(BYTES)
    data = metadata_load(path)
    assert data is not None and data["model-index"][0]["extra"] == "kept"
    metadata_save(path, {**data, "license": "gpl"})
    assert path.read_bytes() == BYTES.replace(b"mit", b"gpl")
    path.write_text("# hi\n")
    assert metadata_load(path) is None
    path.write_text("---\na: [\n---\n")
    for call in (metadata_load, partial(metadata_save, data={"a": 1})):
        with pytest.raises(InvalidCardError, match="line 3, column 1"):
            call(path)
    assert path.read_text() == "---\na: [\n---\n"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    script = """
import sys
sys.modules["yaml"] = None
import freehold
data = freehold.ModelCardData(license="mit")
print(data)
for use in ("data.to_yaml()", "freehold.ModelCard", "freehold.metadata_update"):
    try:
        eval(use)
    except ImportError as error:
        print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    words = "Repo cards need PyYAML: pip install 'freehold[cards]'\n"
    assert (done.stdout, done.stderr) == ("{'license': 'mit'}\n" + 3 * words, "")


# A hub


def test_push_and_load(hub: LiveHub, alice: Account, api: HfApi) -> None:
    repo = new_repo(hub, alice)
    with pytest.raises(EntryNotFoundError):
        ModelCard.load(repo.full_name, api=api)
    card = ModelCard(WINDOWS)
    info = card.push_to_hub(repo.full_name, commit_message="A card", api=api)
    assert info == f"{hub.url}/{repo.full_name}/blob/main/README.md"
    assert (info.commit_message, info.oid) == ("A card", repo.head())
    assert repo.resolve("README.md").content == WINDOWS.encode()
    loaded = ModelCard.load(repo.full_name, api=api)
    assert (loaded.content, loaded.data) == (card.content, card.data)
    described = api.model_info(repo.full_name).card_data
    assert isinstance(described, ModelCardData)
    assert described.eval_results == card.data.eval_results
    assert card.push_to_hub(repo.full_name, api=api).oid == info.oid

    loaded.data.license = "gpl"
    request = loaded.push_to_hub(repo.full_name, create_pr=True, api=api)
    assert repo.head() == info.oid
    again = ModelCard.load(repo.full_name, revision=request.pr_revision, api=api)
    assert again.data.license == "gpl"
    with pytest.raises(RepositoryNotFoundError):
        card.push_to_hub(f"{repo.full_name}-not", api=api)


def test_what_is_not_valid_is_not_pushed(hub: LiveHub, alice: Account, api: HfApi) -> None:
    repo = new_repo(hub, alice)
    head = repo.head()
    card = ModelCard(README)
    card.data.tags = "a"
    with pytest.raises(InvalidCardError):
        card.push_to_hub(repo.full_name, api=api)
    assert repo.head() == head


def test_a_hub_is_asked_only_on_request(api: HfApi, monkeypatch: pytest.MonkeyPatch) -> None:
    card = RepoCard("---\nlicense: my-own\n---\n")
    offline = HfApi(endpoint="http://127.0.0.1:9", token=False)
    assert card.validate(api=offline) == card.validate(ask_hub=True, api=api) != []
    # What this client accepts and the hub does not.
    monkeypatch.setattr(cards, "parse_card", lambda text, require_metadata: cards.read_card(text))
    card.data.tags = "a"
    with pytest.raises(InvalidCardError, match="`tags` must be") as caught:
        card.validate("dataset", ask_hub=True, api=api)
    assert [(issue.line, issue.column) for issue in caught.value.issues] == [(3, 1)]


def test_the_hub_of_the_environment_is_the_default_and_the_cache_works_offline(
    hub: LiveHub, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    repo = new_repo(hub, alice, type="dataset", private=True)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("HF_TOKEN", alice.token)
    DatasetCard("---\nlicense: mit\n---\n").push_to_hub(repo.full_name)
    assert metadata_update(repo.full_name, {"tags": ["a"]}, repo_type="dataset").oid == repo.head()
    assert DatasetCard.load(repo.full_name).data == {"license": "mit", "tags": ["a"]}
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert DatasetCard.load(repo.full_name).data.tags == ["a"]


# metadata_update


def test_metadata_update_adds_and_replaces(hub: LiveHub, alice: Account, api: HfApi) -> None:
    repo = new_repo(hub, alice)
    update = partial(metadata_update, repo.full_name, api=api)
    info = update({"license": "mit", "tags": ["a"]})
    assert (str(info), info.commit_message) == (
        f"{hub.url}/{repo.full_name}/blob/main/README.md",
        "Update metadata with freehold",
    )
    title = repo.full_name.partition("/")[2]
    begun = f"---\nlicense: mit\ntags:\n- a\n---\n\n# {title}\n"
    assert repo.resolve("README.md").text == begun
    with pytest.raises(MetadataConflictError, match="'license'"):
        update({"new": 1, "license": "gpl"})
    assert update({"license": "mit"}).oid == info.oid == repo.head()
    update({"license": "gpl", "tags": None}, overwrite=True, parent_commit=info.oid)
    assert repo.resolve("README.md").text == f"---\nlicense: gpl\n---\n\n# {title}\n"
    with pytest.raises(PreconditionFailedError):
        update({"new": 1}, parent_commit=info.oid)
    request = update({"new": 1}, create_pr=True)
    assert ModelCard.load(repo.full_name, revision=request.pr_revision, api=api).data.new == 1
    update({"new": 2}, revision=request.pr_revision, overwrite=True)
    assert ModelCard.load(repo.full_name, revision=request.pr_revision, api=api).data.new == 2
    assert "new" not in repo.resolve("README.md").text


def test_metadata_update_merges_results(hub: LiveHub, alice: Account, api: HfApi) -> None:
    repo = new_repo(hub, alice)
    ModelCard(README).push_to_hub(repo.full_name, api=api)
    update = partial(metadata_update, repo.full_name, api=api)
    result = {"task": {"type": "text-generation"}, "dataset": {"type": "lab/d", "name": "D"}}
    index = [{"results": [{**result, "metrics": [{"type": "accuracy", "value": 0.7}]}]}]
    with pytest.raises(MetadataConflictError, match="'accuracy'"):
        update({"model-index": index, "license": "mit"})
    update({"model-index": index}, overwrite=True)
    assert repo.resolve("README.md").text == README.replace("0.5", "0.7")
    update(
        metadata_eval_result(
            model_pretty_name="ignored",
            task_pretty_name="T",
            task_id="summarization",
            metrics_pretty_name="ROUGE",
            metrics_id="rouge",
            metrics_value=1,
            dataset_pretty_name="D",
            dataset_id="lab/d",
        )
    )
    assert "name" not in index[0]
    card = ModelCard.load(repo.full_name, api=api)
    assert card.data.model_name == "tiny"
    assert [one.metric_type for one in card.data.eval_results] == ["accuracy", "f1", "rouge"]
    for wrong in ("x", [], [1], [{"results": [{}]}]):
        with pytest.raises(InvalidCardError):
            update({"model-index": wrong})


@pytest.mark.parametrize("metadata", ["license: mit", [("a", 1)], None])
def test_metadata_update_refuses_what_is_no_mapping(metadata: Any, api: HfApi) -> None:
    with pytest.raises(HFValidationError, match="mapping"):
        metadata_update("lab/tiny", metadata, api=api)


BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
)


@pytest.mark.parametrize("text", ["---\na: [\n---\n", f"---\n{BOMB}\n---\n", "---\na: 1\n"])
def test_metadata_update_pushes_nothing_onto_what_it_cannot_read(text: str) -> None:
    """No hub of ours would keep such a card, so one of somebody else has it."""
    with HostileServer(lambda _: file_reply(text.encode())) as server:
        api = HfApi(endpoint=server.url, token=False)
        with pytest.raises(InvalidCardError):
            metadata_update("lab/tiny", {"license": "mit"}, api=api)
    assert {request.method for request in server.requests} == {"HEAD", "GET"}


def test_a_card_that_is_too_large_is_not_fetched() -> None:
    size = str(cards.MAX_CARD_SIZE + 1)
    with HostileServer(lambda _: file_reply(b"", content_length=size)) as server:
        api = HfApi(endpoint=server.url, token=False)
        with pytest.raises(InvalidCardError, match=size):
            ModelCard.load("lab/tiny", api=api)
    assert {request.method for request in server.requests} == {"HEAD"}


def test_a_space_without_a_readme_is_left_alone(hub: LiveHub, alice: Account, api: HfApi) -> None:
    repo = new_repo(hub, alice, type="space")
    if "README.md" in repo.paths():
        api.delete_file("README.md", repo.full_name, repo_type="space")
    head = repo.head()
    with pytest.raises(InvalidCardError, match="needs a README"):
        metadata_update(repo.full_name, {"license": "mit"}, repo_type="space", api=api)
    assert repo.head() == head


def test_updates_at_the_same_time_all_land(hub: LiveHub, alice: Account, api: HfApi) -> None:
    repo = new_repo(hub, alice)
    with ThreadPoolExecutor(4) as pool:
        calls = [{f"key{number}": number} for number in range(4)]
        list(pool.map(lambda data: metadata_update(repo.full_name, data, api=api), calls))
    data = ModelCard.load(repo.full_name, api=api).data
    assert data == {f"key{number}": number for number in range(4)}


def test_a_readme_of_ten_megabytes_is_updated(hub: LiveHub, alice: Account, api: HfApi) -> None:
    repo = new_repo(hub, alice)
    body = "\n---\n" * 2_000_000
    ModelCard(f"---\nlicense: mit\n---\n{body}").push_to_hub(repo.full_name, api=api)
    metadata_update(repo.full_name, {"tags": ["a"]}, api=api)
    loaded = ModelCard.load(repo.full_name, api=api)
    assert loaded.content == f"---\nlicense: mit\ntags:\n- a\n---\n{body}"


def test_importing_the_names_is_lazy() -> None:
    script = (
        "import freehold, sys; freehold.HfApi; freehold.ModelCardData; print('yaml' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, env=os.environ)
    assert done.stdout == b"False\n"
    assert {"ModelCard", "metadata_update", "EvalResult"} <= set(dir(freehold))
