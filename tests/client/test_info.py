"""What calls return: documented names, the names of older clients, and fields of newer hubs."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime

import pytest

from freehold import (
    BlobLfsInfo,
    DatasetInfo,
    GitCommitInfo,
    GitRefInfo,
    GitRefs,
    LFSFileInfo,
    ModelInfo,
    RepoFile,
    RepoFolder,
    SpaceInfo,
)
from freehold.client.info import parse_entry, parse_time

MOMENT = datetime(2024, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
TEXT = "2024-01-02T03:04:05.678Z"
MODEL = {
    "_id": "621f",
    "id": "a/b",
    "modelId": "a/b",
    "sha": "c" * 40,
    "lastModified": TEXT,
    "createdAt": TEXT,
    "private": False,
    "tags": ["pytorch"],
    "downloads": 7,
    "likes": 0,
    "cardData": {"license": "mit", "tags": ["x"]},
    "usedStorage": 12,
    "siblings": [
        {"rfilename": "x.txt"},
        {
            "rfilename": "w.bin",
            "size": 9,
            "blobId": "d" * 40,
            "lfs": {"sha256": "e" * 64, "size": 9, "pointerSize": 120},
        },
    ],
    "securityRepoStatus": {"scansDone": False, "filesWithIssues": []},
    "model-index": [1],
    "somethingNew": {"of": "tomorrow"},
}


def test_a_model_has_the_names_of_today_and_of_older_clients() -> None:
    info = ModelInfo(**MODEL)
    assert (info.id, info.modelId, info.sha) == ("a/b", "a/b", "c" * 40)
    assert info.last_modified == info.created_at == MOMENT
    assert info.lastModified == info.createdAt == TEXT
    assert (info.downloads, info.likes, info.private) == (7, 0, False)
    assert info.used_storage == info.usedStorage == 12
    assert info.security_repo_status == info.securityStatus == info.securityRepoStatus
    assert info.model_index == [1]
    assert info.somethingNew == {"of": "tomorrow"}
    assert info.pipeline_tag is None and info.author is None and info.config is None


def test_a_card_is_a_mapping_and_has_attributes() -> None:
    card = ModelInfo(**MODEL).card_data
    assert card == ModelInfo(**MODEL).cardData == {"license": "mit", "tags": ["x"]}
    assert card is not None
    assert card["license"] == card.license == card.get("license") == "mit"
    assert card.language is None
    assert card.to_dict() == {"license": "mit", "tags": ["x"]}


def test_files_of_a_model() -> None:
    siblings = ModelInfo(**MODEL).siblings
    assert siblings is not None
    plain, large = siblings
    assert (plain.rfilename, plain.path, plain.size, plain.lfs) == ("x.txt", "x.txt", None, None)
    assert (large.size, large.blob_id) == (9, "d" * 40)
    assert large.lfs == BlobLfsInfo(size=9, sha256="e" * 64, pointer_size=120)
    assert large.lfs["sha256"] == large.lfs.sha256
    assert (large.digest, plain.digest) == ("e" * 64, None)


def test_the_documented_constructors() -> None:
    model = ModelInfo("a/b", sha="1", lastModified=TEXT, siblings=[{"rfilename": "f"}], own=1)
    assert (model.id, model.lastModified, model.own) == ("a/b", TEXT, 1)
    assert ModelInfo(modelId="a/b").id == "a/b"
    assert ModelInfo(modelId="a/b", securityStatus={"containsInfected": False}).securityStatus == {
        "containsInfected": False
    }
    dataset = DatasetInfo(id="a/d", description="d", citation="c", cardData={"license": "mit"})
    assert (dataset.description, dataset.citation) == ("d", "c")
    assert dataset.cardData == {"license": "mit"}
    assert SpaceInfo(id="a/s", sdk="gradio").sdk == "gradio"
    file = RepoFile("f", 3, "b1", {"sha256": "x", "size": 3})
    assert (file.rfilename, file.size, file.blob_id) == ("f", 3, "b1")
    assert file.lfs is not None and file.lfs.sha256 == "x"


def test_the_documented_constructors_take_values_in_their_order() -> None:
    model = ModelInfo(
        "a/b", "1", TEXT, ["t"], "text", [{"rfilename": "f"}], True, "a", {"c": 1}, {"s": 1}
    )
    assert (model.modelId, model.sha, model.lastModified, model.tags) == ("a/b", "1", TEXT, ["t"])
    assert model.siblings == [RepoFile("f")]
    assert (model.pipeline_tag, model.private, model.author) == ("text", True, "a")
    assert (model.config, model.securityStatus) == ({"c": 1}, {"s": 1})
    dataset = DatasetInfo("a/d", "1", TEXT, ["t"], None, True, "a", "what", "whom", {"x": 1})
    assert (dataset.private, dataset.author, dataset.cardData) == (True, "a", {"x": 1})
    assert (dataset.description, dataset.citation) == ("what", "whom")
    space = SpaceInfo("a/s", "1", TEXT, [{"rfilename": "f"}], True, "a")
    assert (space.siblings, space.private, space.author) == ([RepoFile("f")], True, "a")
    with pytest.raises(TypeError, match="sha"):
        ModelInfo("a/b", "1", sha="2")
    with pytest.raises(TypeError, match="7"):
        SpaceInfo(*range(7))


def test_documented_refs_can_be_made() -> None:
    data = {"name": "main", "ref": "refs/heads/main", "targetCommit": "e7da"}
    main = GitRefInfo(data)
    assert main == GitRefInfo(data=data) == GitRefInfo("main", "refs/heads/main", "e7da")
    assert main == GitRefInfo(name="main", ref="refs/heads/main", target_commit="e7da")
    assert (main.name, main.ref, main.target_commit) == ("main", "refs/heads/main", "e7da")
    refs = GitRefs([main], [], [])
    assert refs == GitRefs(branches=[main], converts=[], tags=[], pull_requests=None)
    for made in (main, refs):
        assert copy.deepcopy(made) == pickle.loads(pickle.dumps(made)) == made


def test_what_nobody_knows_is_an_attribute_error() -> None:
    info = ModelInfo(**MODEL)
    with pytest.raises(AttributeError, match="downlaods"):
        info.downlaods  # noqa: B018
    assert not hasattr(info, "_repr_html_")
    assert getattr(info, "nothing", 5) == 5


def test_what_the_hub_left_out_of_an_answer_is_none() -> None:
    info = ModelInfo(id="a/b", likes=3)
    assert (info.likes, info.downloads, info.siblings, info.lastModified) == (3, None, None, None)
    assert repr(info) == "ModelInfo(likes=3, id='a/b')"


def test_values_are_equal_when_their_fields_are_and_can_be_copied() -> None:
    info = ModelInfo(**MODEL)
    for same in (ModelInfo(**MODEL), copy.deepcopy(info), pickle.loads(pickle.dumps(info))):
        assert same == info
        assert hash(same) == hash(info)
    assert info != ModelInfo(**{**MODEL, "likes": 1})
    assert info != DatasetInfo(**MODEL)
    assert "likes" in info and info["likes"] == 0 and info.get("nothing") is None


def test_entries_of_a_tree() -> None:
    commit = {"id": "f" * 40, "title": "t", "date": TEXT}
    file = parse_entry({"type": "file", "path": "d/f", "size": 3, "oid": "1", "lastCommit": commit})
    assert isinstance(file, RepoFile)
    assert (file.path, file.size, file.blob_id, file.lfs) == ("d/f", 3, "1", None)
    assert file.last_commit is not None and file.last_commit.date == MOMENT
    lfs = {"oid": "2" * 64, "size": 5, "pointerSize": 127}
    large = parse_entry({"type": "file", "path": "w", "size": 5, "oid": "3", "lfs": lfs})
    assert isinstance(large, RepoFile) and large.lfs is not None
    assert (large.lfs.sha256, large.lfs.pointer_size) == ("2" * 64, 127)
    folder = parse_entry({"type": "directory", "path": "d", "size": 0, "oid": "4"})
    assert folder == RepoFolder(path="d", oid="4")
    assert (folder.path, folder.tree_id) == ("d", "4")


def test_refs_look_as_documented() -> None:
    main = {"name": "main", "ref": "refs/heads/main", "targetCommit": "e7da"}
    refs = GitRefs(branches=[GitRefInfo.parse(main)], converts=[], tags=[], pull_requests=None)
    assert repr(refs) == (
        "GitRefs(branches=[GitRefInfo(name='main', ref='refs/heads/main', target_commit='e7da')],"
        " converts=[], tags=[])"
    )
    assert refs.pull_requests is None


def test_commits_and_large_files() -> None:
    data = {"id": "1", "title": "t", "message": "m", "date": TEXT, "authors": [{"user": "alice"}]}
    commit = GitCommitInfo.parse(data)
    assert (commit.commit_id, commit.authors, commit.created_at) == ("1", ["alice"], MOMENT)
    assert commit.formatted_title is None
    file = LFSFileInfo.parse(
        {"fileOid": "1", "filename": "f", "oid": "2", "pushedAt": TEXT, "size": 3}
    )
    assert (file.file_oid, file.pushed_at, file.ref, file.pusher) == ("1", MOMENT, None, None)
    data = {"fileOid": "1", "filename": "f", "oid": "2", "pushedAt": TEXT, "size": 3}
    pushed = LFSFileInfo.parse({**data, "pusher": {"name": "alice"}})
    assert pushed.pusher == {"name": "alice"}


def test_times_have_a_zone() -> None:
    assert parse_time(TEXT) == MOMENT
    assert parse_time("2024-01-02T03:04:05.678") == MOMENT
    assert parse_time(MOMENT) is MOMENT
    assert parse_time(None) is None
    with pytest.raises(ValueError, match="yesterday"):
        parse_time("yesterday")


def test_what_weights_say_has_fields_and_values() -> None:
    counts = {"parameters": {"BF16": 7, "F32": 1}, "total": 8}
    info = ModelInfo(
        id="a/b",
        safetensors=counts,
        transformersInfo={"auto_model": "AutoModel"},
        baseModels={"relation": "merge", "models": [{"id": "c/d"}]},
    )
    assert info.safetensors is not None
    assert (info.safetensors.total, info.safetensors.parameters["BF16"]) == (8, 7)
    assert info.safetensors == counts
    assert info.transformers_info is not None
    assert info.transformers_info.auto_model == info.transformersInfo["auto_model"] == "AutoModel"
    assert info.transformers_info.processor is None
    with pytest.raises(AttributeError):
        _ = info.transformers_info.nonsense
    assert info.base_models == {"relation": "merge", "models": [{"id": "c/d"}]}
    assert pickle.loads(pickle.dumps(info)) == copy.deepcopy(info) == info
    assert ModelInfo(id="a/b").safetensors is ModelInfo(id="a/b").inference is None
