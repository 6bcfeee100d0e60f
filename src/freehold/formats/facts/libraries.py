"""Which library a model is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from freehold.formats.catalogue.libraries import LIBRARIES
from freehold.formats.facts.configs import is_for_transformers
from freehold.formats.facts.contents import RepoContents
from freehold.formats.facts.file_names import Survey
from freehold.formats.facts.values import read_mapping, read_tags, read_text

# Files in the root that only one library writes; the first row that is there decides.
_BY_FILES: Final[Mapping[tuple[str, ...], str]] = {
    ("config_setfit.json",): "setfit",
    ("modules.json", "model_head.pkl"): "setfit",
    ("modules.json",): "sentence-transformers",
    ("model_index.json",): "diffusers",
    ("modular_model_index.json",): "diffusers",
    ("open_clip_config.json",): "open_clip",
    ("gliner_config.json",): "gliner",
    ("topics.json", "ctfidf_config.json"): "bertopic",
    ("hyperparams.yaml",): "speechbrain",
    ("config.cfg", "meta.json"): "spacy",
    ("sf_log.txt",): "sample-factory",
    ("task.json", "metadata.json", "model.weights.h5"): "keras-hub",
    ("metadata.json", "model.weights.h5"): "keras",
    ("keras_metadata.pb",): "tf-keras",
    ("model.pkl", "pyproject.toml"): "fastai",
    ("sklearn_model.joblib",): "sklearn",
    ("train_config.json", "policy_preprocessor.json"): "lerobot",
}

_BY_EXTENSION: Final[Mapping[str, str]] = {
    "nemo": "nemo",
    "mlmodel": "coreml",
    "skops": "sklearn",
    "keras": "keras",
    "sentis": "unity-sentis",
}


def find_library(contents: RepoContents, survey: Survey) -> str | None:
    """The library: as the card says, else as a tag of the card says, else by the files."""
    declared = read_text(contents.card.get("library_name"))
    tagged = (tag for tag in read_tags(contents.card.get("tags")) if tag in LIBRARIES)
    return declared or next(tagged, None) or next(_guess(contents, survey), None)


def _guess(contents: RepoContents, survey: Survey) -> Iterator[str]:
    if "adapter_config.json" in survey.roots:
        yield _name_adapters(read_mapping(contents.adapter_config))
    yield from (name for files, name in _BY_FILES.items() if survey.roots.issuperset(files))
    if "_stable_baselines3_version" in survey.text:
        yield "stable-baselines3"
    yield from _guess_by_config(contents)
    yield from (name for end, name in _BY_EXTENSION.items() if end in survey.extensions)
    if ".mlpackage/" in survey.text:
        yield "coreml"


def _name_adapters(adapter: Mapping[str, object]) -> str:
    # The library Adapters names the class that it has adapted; PEFT says how it did it.
    is_old = "model_class" in adapter and "peft_type" not in adapter
    return "adapter-transformers" if is_old else "peft"


def _guess_by_config(contents: RepoContents) -> Iterator[str]:
    config = read_mapping(contents.config)
    if "sklearn" in config:
        yield "sklearn"
    if "_diffusers_version" in config:
        yield "diffusers"
    if "pretrained_cfg" in config or ("architecture" in config and "num_features" in config):
        yield "timm"
    if is_for_transformers(contents):
        yield "transformers"
