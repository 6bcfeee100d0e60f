"""What the hub says of models by the headers of their weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from freehold.formats.weight_headers import MAX_SAFETENSORS
from freehold.server.core import jobs
from freehold.server.core.weights import MAX_FILES
from freehold.server.objects.keys import lfs_key
from tests.clones import clone
from tests.discussions import propose
from tests.live import Account, LiveHub
from tests.repos import Repo, file, lfs_file, new_repo, pointer, sha256
from tests.weights import gguf, safetensors, shard_index, with_header
from tests.xet import Store

TINY = {"parameters": {"F32": 3, "BF16": 5}, "total": 8}
TINY_FILE = safetensors(a=("F32", 3), b=("BF16", 5))


def put(repo: Repo, files: dict[str, bytes], *more: Any) -> str:
    """Commit these files through LFS."""
    lines = [lfs_file(path, repo.upload(data), len(data)) for path, data in files.items()]
    return repo.commit(*lines, *more)


def told(repo: Repo, name: str = "safetensors", path: str = "") -> Any:
    """What a property is, in the description of the repository and in a list alike."""
    detail = repo.get(f"{path}?expand={name}").json().get(name)
    if not path:
        query = f"/api/models?author={repo.account.name}&expand={name}"
        items = repo.call("GET", query).json()
        assert next(item for item in items if item["id"] == repo.full_name).get(name) == detail
    return detail


def found(repo: Repo, sizes: str) -> bool:
    """Whether a list of models of this size has the repository."""
    items = repo.call("GET", f"/api/models?author={repo.account.name}&num_parameters={sizes}")
    return repo.full_name in [item["id"] for item in items.json()]


def test_parameters_are_counted_when_weights_are_committed(hub: LiveHub) -> None:
    repo = new_repo(hub, hub.user())
    assert told(repo) is None
    put(repo, {"model.safetensors": TINY_FILE})
    assert told(repo) == TINY
    assert repo.get().json()["safetensors"] == TINY
    assert found(repo, "min:8,max:8")
    assert not found(repo, "min:9")
    first = repo.head()
    # In git as well, and what comes with another commit.
    repo.commit(file("model.safetensors", safetensors(a=("I8", 2000))))
    assert told(repo)["total"] == 2000
    assert found(repo, "min:2K")
    assert told(repo, path=f"/revision/{first}") == TINY
    repo.commit(file("README.md", "# Hello"))
    assert told(repo)["total"] == 2000


def test_parameters_of_shards_are_those_of_all_of_them(hub: LiveHub, alice: Account) -> None:
    names = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    shards = dict(zip(names, (TINY_FILE, safetensors(c=("F32", 10))), strict=True))
    both = {"parameters": {"F32": 13, "BF16": 5}, "total": 18}
    repo = new_repo(hub, alice)
    put(repo, {names[0]: shards[names[0]]})
    assert told(repo) is None
    put(repo, {names[1]: shards[names[1]]})
    assert told(repo) == both
    index = shard_index({"a": names[0], "b": names[0], "c": names[1]})
    # What is beside the model is not counted with it.
    put(repo, {"consolidated.safetensors": TINY_FILE}, file("model.safetensors.index.json", index))
    assert told(repo) == both
    repo.commit(file("model.safetensors.index.json", shard_index({"a": "gone.safetensors"})))
    assert told(repo) is None
    put(repo, {"model.safetensors.index.json": index.encode()})
    assert told(repo) == both


def test_parameters_are_counted_of_what_came_through_xet(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    repo = new_repo(hub, alice)
    data = safetensors(a=("F32", 100_000), b=("BF16", 7))
    Store.open(repo).commit("model.safetensors", data)
    assert told(repo) == {"parameters": {"F32": 100_000, "BF16": 7}, "total": 100_007}
    # Who says that other bytes are the same file is believed by nobody else, before the lie is
    # found out and afterwards.
    liar = new_repo(hub, bob)
    lie = safetensors(a=("F32", 100_001), b=("BF16", 5))
    assert len(lie) == len(data)
    Store.open(liar).upload(lie, sha256(data))
    liar.send_commit(lfs_file("model.safetensors", sha256(data), len(lie)))
    repo.commit(file("README.md", "# Hello"))
    assert told(repo)["total"] == 100_007


def test_parameters_of_a_pipeline_are_those_of_its_main_part(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice, file("model_index.json", "{}"))
    name = "diffusion_pytorch_model.safetensors"
    put(repo, {f"unet/{name}": TINY_FILE, f"vae/{name}": safetensors(a=("F32", 1))})
    assert told(repo) == TINY
    adapter = new_repo(hub, alice, file("adapter_config.json", '{"peft_type": "LORA"}'))
    put(adapter, {"adapter_model.safetensors": TINY_FILE})
    assert told(adapter) == TINY


def test_a_gguf_file_says_what_its_model_is(hub: LiveHub) -> None:
    repo = new_repo(hub, hub.user())
    values = {"general.architecture": "llama", "tokenizer.chat_template": "{{ x }}"}
    data = gguf(values, [70, 7], ["<s>", "</s>"])
    put(repo, {"tiny-Q4.gguf": data, "tiny-Q8.gguf": gguf(values, [1])})
    assert told(repo, "gguf") == {
        "total": 77,
        "architecture": "llama",
        "chat_template": "{{ x }}",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "totalFileSize": len(data),
    }
    assert "conversational" in repo.get().json()["tags"]
    assert found(repo, "min:77,max:77")


def test_weights_that_are_pushed_and_merged_are_counted(
    hub: LiveHub, alice: Account, tmp_path: Path
) -> None:
    repo = new_repo(hub, alice)
    repo.upload(TINY_FILE)
    work = clone(repo, tmp_path / "work")
    work.write({"model.safetensors": pointer(TINY_FILE)})
    work.git("push", "origin", "main")
    assert told(repo) == TINY
    bigger = safetensors(a=("F32", 100))
    num = propose(repo, lfs_file("model.safetensors", repo.upload(bigger), len(bigger)))
    assert told(repo) == TINY
    assert told(repo, path=f"/revision/refs%2Fpr%2F{num}")["total"] == 100
    assert repo.post(f"/discussions/{num}/merge").status_code == 200
    assert told(repo)["total"] == 100


HOSTILE = {
    "a length beyond the file": with_header(b"{}", size=2**63),
    "a length beyond the limit": with_header(b" " * 100, bytes(100), size=MAX_SAFETENSORS + 1),
    "nested": with_header(b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
    "twice": with_header(b'{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a":1}'),
    "negative": with_header(b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[-4,0]}}'),
    "not finite": with_header(b'{"a":NaN}'),
    "long numbers": with_header(b'{"a":%s}' % (b"9" * 5000)),
    "no JSON": with_header(b"\xff" * 50),
    "nothing": b"",
    "cut": TINY_FILE[:-1],
}


def test_a_header_that_lies_says_nothing_and_stops_nothing(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    for name, data in HOSTILE.items():
        if data:
            put(repo, {"model.safetensors": data})
        else:
            repo.commit(file("model.safetensors", data))
        assert told(repo) is None, name
        info = repo.get()
        assert info.status_code == 200
        assert "safetensors" in info.json()["tags"], name
    put(repo, {"model.safetensors": TINY_FILE})
    assert told(repo) == TINY
    for data in (b"GGUF" + b"\xff" * 100, gguf({}, [2**63]), b"GGUF\3\0\0\0"):
        put(repo, {"model.gguf": data})
        assert told(repo, "gguf") is None


def test_a_hash_is_no_permission_to_be_told_what_a_file_says(
    hub: LiveHub, alice: Account, bob: Account
) -> None:
    secret = new_repo(hub, alice, private=True)
    data = safetensors(secret=("F32", 77))
    put(secret, {"model.safetensors": data})
    assert told(secret)["total"] == 77
    # The same tree, byte for byte, of somebody who has the hash and not the file.
    copy = new_repo(hub, bob)
    attributes = secret.resolve(".gitattributes").content
    copy.commit(
        file(".gitattributes", attributes),
        file("model.safetensors", pointer(data)),
    )
    assert copy.get("/tree/main").json() == secret.get("/tree/main").json()
    assert told(copy) is None
    jobs.renew_stale_facts(hub.inside)
    assert told(copy) is None
    # With the file it is told, though the tree stays as it was.
    copy.upload(data)
    assert told(copy, path="/revision/main")["total"] == 77
    jobs.renew_stale_facts(hub.inside)
    assert told(copy)["total"] == 77


def test_many_headers_are_left_to_a_job(hub: LiveHub) -> None:
    repo = new_repo(hub, hub.user())
    count = MAX_FILES + 3
    names = [f"model-{n:05}-of-{count:05}.safetensors" for n in range(1, count + 1)]
    files = {name: safetensors(**{f"t{n}": ("I8", n)}) for n, name in enumerate(names, 1)}
    oids = [repo.upload(data) for data in files.values()]
    repo.commit(
        *(lfs_file(name, oid, len(files[name])) for name, oid in zip(names, oids, strict=True))
    )
    total = sum(range(1, count + 1))
    assert not found(repo, f"min:{total}")
    assert jobs.renew_stale_facts(hub.inside) >= 1
    assert found(repo, f"min:{total},max:{total}")
    assert told(repo)["total"] == total


def test_a_header_is_read_once(hub: LiveHub, alice: Account) -> None:
    repo = new_repo(hub, alice)
    data = safetensors(a=("I8", 123))
    put(repo, {"model.safetensors": data}, file("README.md", "1"))
    hub.inside.objects.delete(lfs_key(sha256(data)))
    repo.commit(file("README.md", "2"))
    assert told(repo)["total"] == 123


def test_bytes_that_are_lost_stop_no_commit_and_are_looked_for_again(hub: LiveHub) -> None:
    repo = new_repo(hub, hub.user())
    data = safetensors(a=("I8", 321))
    oid = repo.upload(data)
    hub.inside.objects.delete(lfs_key(oid))
    repo.commit(lfs_file("model.safetensors", oid, len(data)))
    assert repo.get().status_code == 200
    assert told(repo) is None
    writer = hub.inside.objects.open_write(lfs_key(oid))
    writer.write(data)
    writer.commit()
    assert jobs.renew_stale_facts(hub.inside) >= 1
    assert told(repo)["total"] == 321
