"""Lines to copy: how to load a repository with libraries, commands and git."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from freehold.formats.catalogue.pipeline_tags import PIPELINE_TAGS
from freehold.server.db.repos import Repo
from freehold.wire.ids import repo_path

_WEIGHTS: Final = (".pt", ".pth", ".ckpt", ".bin")
_SAFE_PATH: Final = re.compile(r"[\w][\w./ +-]{0,200}", re.ASCII)

_TRANSFORMERS: Final = """\
from transformers import {auto}

model = {auto}.from_pretrained("{name}")
"""
_PIPELINE: Final = """\
from transformers import pipeline

pipe = pipeline("{task}", model="{name}")
"""
_DIFFUSERS: Final = """\
from diffusers import DiffusionPipeline

pipe = DiffusionPipeline.from_pretrained("{name}")
"""
_SENTENCES: Final = """\
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("{name}")
"""
_PEFT: Final = """\
from peft import AutoPeftModel

model = AutoPeftModel.from_pretrained("{name}")
"""
_TIMM: Final = """\
import timm

model = timm.create_model("hf_hub:{name}", pretrained=True)
"""
_DATASETS: Final = """\
from datasets import load_dataset

dataset = load_dataset("{name}")
"""
_TORCH: Final = """\
import torch
from huggingface_hub import hf_hub_download

path = hf_hub_download("{name}", "{file}")
weights = torch.load(path, weights_only=True)
"""
_SAFETENSORS: Final = """\
from huggingface_hub import hf_hub_download
from safetensors.torch import load_file

weights = load_file(hf_hub_download("{name}", "{file}"))
"""
_LIBRARIES: Final = {
    "diffusers": ("Diffusers", _DIFFUSERS),
    "sentence-transformers": ("Sentence Transformers", _SENTENCES),
    "peft": ("PEFT", _PEFT),
    "timm": ("timm", _TIMM),
}


class Snippet(NamedTuple):
    """Some lines to copy: what they are for, in which language, and under which id."""

    id: str
    title: str
    language: str
    text: str


class Files(NamedTuple):
    """What is known of a repository's files and what loads them."""

    library: str | None
    task: str | None
    auto_model: str | None
    paths: Sequence[str]


def list_snippets(repo: Repo, origin: str, files: Files) -> list[Snippet]:
    """The ways to get the files of a repository, those of its own library first.

    They are copied into terminals: whatever comes from a card or a path is on a list, or holds no
    quotes, before it is put into one.
    """
    made = [*_list_of_libraries(repo, files), *_list_of_hub(repo, origin)]
    return [Snippet(f"use-{n}", title, kind, text) for n, (title, kind, text) in enumerate(made)]


def _list_of_libraries(repo: Repo, files: Files) -> Iterator[tuple[str, str, str]]:
    name = repo.full_name
    if repo.type == "dataset":
        yield "Datasets", "python", _DATASETS.format(name=name)
    if repo.type != "model":
        return
    if files.library == "transformers":
        auto = files.auto_model or "AutoModel"
        text = _TRANSFORMERS.format(auto=auto, name=name)
        if files.task in PIPELINE_TAGS:
            text = _PIPELINE.format(task=files.task, name=name) + "\n" + text
        yield "Transformers", "python", text
    elif files.library in _LIBRARIES:
        title, template = _LIBRARIES[files.library]
        yield title, "python", template.format(name=name)
    yield from _list_of_weights(name, files)


def _list_of_weights(name: str, files: Files) -> Iterator[tuple[str, str, str]]:
    paths = [path for path in files.paths if _SAFE_PATH.fullmatch(path)]
    torch = next((path for path in paths if path.endswith(_WEIGHTS)), None)
    if torch is not None:
        yield "PyTorch", "python", _TORCH.format(name=name, file=torch)
    safe = next((path for path in paths if path.endswith(".safetensors")), None)
    if safe is not None and torch is None:
        yield "Safetensors", "python", _SAFETENSORS.format(name=name, file=safe)


def _list_of_hub(repo: Repo, origin: str) -> Iterator[tuple[str, str, str]]:
    name, kind = repo.full_name, repo.type
    of_type = "" if kind == "model" else f', repo_type="{kind}"'
    option = "" if kind == "model" else f" --repo-type {kind}"
    export = f"export HF_ENDPOINT={origin}\n"
    call = f'snapshot_download("{name}"{of_type})\n'
    yield "freehold: command line", "bash", f"{export}freehold download {name}{option}\n"
    yield (
        "freehold: Python",
        "python",
        f'from freehold import HfApi\n\npath = HfApi(endpoint="{origin}").{call}',
    )
    yield (
        "huggingface_hub",
        "python",
        f"# with HF_ENDPOINT={origin}\n"
        f"from huggingface_hub import snapshot_download\n\npath = {call}",
    )
    yield "git", "bash", f"git clone {origin}{repo_path(kind, name)}\n"


def auto_model_of(info: object) -> str | None:
    """The class of transformers that loads a model, where the hub knows it."""
    name = info.get("auto_model") if isinstance(info, dict) else None
    return name if isinstance(name, str) and name.isidentifier() else None
