"""The facts about a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from freehold.formats.facts.base_models import find_base_models
from freehold.formats.facts.cards import read_languages, read_licenses
from freehold.formats.facts.configs import (
    describe_loading,
    find_mask_token,
    find_task_specific,
    has_chat_template,
    select_config,
)
from freehold.formats.facts.contents import RepoContents, RepoFacts
from freehold.formats.facts.file_names import Survey, find_weight_formats, survey_paths
from freehold.formats.facts.libraries import find_library
from freehold.formats.facts.papers import find_arxiv_ids, find_dois
from freehold.formats.facts.pipelines import find_pipeline_tag
from freehold.formats.facts.results import read_emissions, read_model_index
from freehold.formats.facts.tag_lists import join_tags, prefix
from freehold.formats.facts.values import read_mapping, read_tags, read_text, read_texts


def derive_model_facts(contents: RepoContents) -> RepoFacts:
    """What the hub says of a model."""
    card, survey = contents.card, survey_paths(contents.paths)
    library = find_library(contents, survey)
    facts = RepoFacts(
        pipeline_tag=find_pipeline_tag(contents, library),
        library_name=library,
        languages=read_languages(card),
        licenses=read_licenses(card),
        datasets=read_texts(card.get("datasets")),
        base_models=find_base_models(contents, survey, library),
        arxiv=find_arxiv_ids(contents.text),
        doi=find_dois(contents.text),
        config=select_config(contents),
        transformers_info=describe_loading(contents) if library == "transformers" else None,
        mask_token=find_mask_token(contents),
        model_index=read_model_index(card),
        co2=read_emissions(card),
    )
    return replace(facts, tags=join_tags(*_list_tags(contents, survey, facts)))


# What text-generation-inference serves, by `model_type`.
_ROWS: Final = """
bloom codegen cohere cohere2 dbrx deepseek_v2 deepseek_v3 falcon gemma gemma2 gemma3 gemma3_text
gpt2 gpt_bigcode gpt_neox gptj granite idefics idefics2 idefics3 llama llama4 llava llava_next mamba
mistral mixtral mllama mpt opt paligemma phi phi3 phimoe qwen2 qwen2_5_vl qwen2_vl santacoder
starcoder2 t5
"""
_SERVED: Final = frozenset(_ROWS.split())
_WRITING: Final = frozenset({"text-generation", "text2text-generation", "image-text-to-text"})
_ENDPOINTS: Final = frozenset({"transformers", "sentence-transformers", "diffusers"})


def _list_tags(contents: RepoContents, survey: Survey, facts: RepoFacts) -> Iterator[Iterable[str]]:
    """The tags in groups, in the order in which the Hub has them."""
    yield filter(None, [facts.library_name])
    yield find_weight_formats(survey)
    yield filter(None, [_find_model_type(contents), facts.pipeline_tag])
    yield read_tags(contents.card.get("tags"))
    yield _list_manners(contents, survey)
    yield facts.languages
    yield prefix("dataset", facts.datasets)
    yield prefix("arxiv", facts.arxiv)
    yield prefix("doi", facts.doi)
    yield _list_base_models(facts)
    yield prefix("license", facts.licenses)
    yield _list_results(facts)
    yield _list_services(contents, facts)
    yield prefix("region", filter(None, [contents.region]))


def _find_model_type(contents: RepoContents) -> str | None:
    return read_text(read_mapping(contents.config).get("model_type"))


def _list_manners(contents: RepoContents, survey: Survey) -> Iterator[str]:
    if read_mapping(read_mapping(contents.config).get("auto_map")):
        yield "custom_code"
    if has_chat_template(contents, survey):
        yield "conversational"
    if contents.gguf is not None and contents.gguf.quantize_imatrix_file:
        yield "imatrix"


def _list_base_models(facts: RepoFacts) -> Iterator[str]:
    if facts.base_models is not None:
        for model in facts.base_models.models:
            yield f"base_model:{model}"
            yield f"base_model:{facts.base_models.relation}:{model}"


def _list_results(facts: RepoFacts) -> Iterator[str]:
    if facts.has_eval_results:
        yield from ("model-index", "eval-results")
    if facts.co2 is not None:
        yield "co2_eq_emissions"


def _list_services(contents: RepoContents, facts: RepoFacts) -> Iterator[str]:
    library, task = facts.library_name, facts.pipeline_tag
    is_served = task in _WRITING and _find_model_type(contents) in _SERVED
    if library == "transformers" and is_served:
        yield "text-generation-inference"
    if library in _ENDPOINTS and task is not None:
        yield "endpoints_compatible"
    if library == "diffusers":
        pipeline = find_task_specific(contents, "_class_name")
        yield from prefix("diffusers", filter(None, [pipeline]))
