"""What is kept of the JSON files beside the weights, and what they say of the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from freehold.formats.facts.architectures import find_head, find_processor
from freehold.formats.facts.contents import RepoContents
from freehold.formats.facts.file_names import Survey
from freehold.formats.facts.values import copy_json, read_mapping, read_text, read_texts

CONFIG_FILES: Final[Mapping[str, str]] = {
    "config.json": "config",
    "adapter_config.json": "adapter_config",
    "tokenizer_config.json": "tokenizer_config",
    "model_index.json": "model_index",
}
"""The files in the root of a model that are read, and the field of `RepoContents` for each."""
MAX_CONFIG_FILE: Final = 4 * 1024 * 1024
"""How large such a file may be in bytes; a larger one is none that a library has written."""

# How large each value that is kept may be, so that lists of models stay small.
_MAX_VALUE: Final = 32_768

_KEPT: Final = (
    "architectures",
    "auto_map",
    "model_type",
    "quantization_config",
    "task_specific_params",
    "sklearn",
)
_TOKENIZER: Final = (
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
    "chat_template",
    "use_default_system_prompt",
)


def select_config(contents: RepoContents) -> dict[str, Any]:
    """The part of the configuration that an answer of the hub holds; empty where there is none."""
    config = _select(contents.config, _KEPT)
    tokenizer = _select(contents.tokenizer_config, _TOKENIZER)
    _split_templates(tokenizer, config)
    adapter = _select(contents.adapter_config, ("base_model_name_or_path", "task_type"))
    diffusers = _select(contents.model_index, ("_class_name",))
    parts = {"tokenizer_config": tokenizer, "peft": adapter, "diffusers": diffusers}
    return {**config, **{name: part for name, part in parts.items() if part}}


def _select(value: object, names: tuple[str, ...]) -> dict[str, Any]:
    found = read_mapping(value)
    copies = {name: copy_json(found[name], _MAX_VALUE) for name in names if name in found}
    return {name: value for name, value in copies.items() if value is not None}


def _split_templates(tokenizer: dict[str, Any], config: dict[str, Any]) -> None:
    """Of several templates the default one stays, since clients read a text there."""
    if not isinstance(tokenizer.get("chat_template"), list):
        return
    entries = [read_mapping(entry) for entry in tokenizer.pop("chat_template")]
    named = {
        n: e["template"] for e in entries if (n := read_text(e.get("name"))) and "template" in e
    }
    if "default" in named:
        tokenizer["chat_template"] = named.pop("default")
    if named:
        config["additional_chat_templates"] = named


def find_mask_token(contents: RepoContents) -> str | None:
    """The token that stands for a word to be guessed."""
    token = read_mapping(contents.tokenizer_config).get("mask_token")
    return read_text(read_mapping(token).get("content") if isinstance(token, dict) else token)


def has_chat_template(contents: RepoContents, survey: Survey) -> bool:
    """Whether the files say how a conversation is written."""
    template = read_mapping(contents.tokenizer_config).get("chat_template")
    if contents.gguf is not None and contents.gguf.chat_template:
        return True
    return bool(template) or not survey.roots.isdisjoint(
        {"chat_template.jinja", "chat_template.json"}
    )


def describe_loading(contents: RepoContents) -> dict[str, str] | None:
    """The classes of transformers that load the model; None when its config.json says nothing."""
    config = read_mapping(contents.config)
    head = find_head(config)
    if head is None:
        return None
    auto_model, custom = _find_custom(head.auto_model, config)
    info = {
        "auto_model": auto_model,
        "custom_class": custom,
        "pipeline_tag": head.pipeline_tag,
        "processor": find_processor(head, config),
    }
    return {name: text for name, text in info.items() if text}


def _find_custom(auto_model: str, config: Mapping[str, Any]) -> tuple[str, str | None]:
    """The class that loads it, and the class in the repository's own code, if it has one."""
    known = read_mapping(config.get("auto_map"))
    names = [auto_model, *(name for name in known if name.startswith("AutoModel"))]
    for name in names:
        if custom := read_text(known.get(name)):
            return read_text(name) or auto_model, custom
    return auto_model, None


def is_for_transformers(contents: RepoContents) -> bool:
    """Whether the config.json is one that transformers has written."""
    config = read_mapping(contents.config)
    names = ("architectures", "model_type", "transformers_version")
    return any(read_texts(config.get(name)) for name in names)


def find_task_specific(contents: RepoContents, name: str) -> str | None:
    """A text of adapter_config.json or, without one, of model_index.json."""
    places = (contents.adapter_config, contents.model_index)
    return next((t for p in places if (t := read_text(read_mapping(p).get(name)))), None)


def is_quantized(contents: RepoContents) -> bool:
    """Whether the weights have fewer bits than those that they were made of."""
    config = read_mapping(contents.config)
    return any(read_mapping(config.get(name)) for name in ("quantization_config", "quantization"))
