"""Which task a model is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from freehold.formats.catalogue.pipeline_tags import ONLY_DATASETS, PIPELINE_TAGS
from freehold.formats.facts.architectures import find_head
from freehold.formats.facts.configs import find_task_specific
from freehold.formats.facts.contents import RepoContents
from freehold.formats.facts.values import read_mapping, read_tags, read_text

# Libraries that read the config.json of transformers.
_WITH_ARCHITECTURES: Final = frozenset({"transformers", "transformers.js", "mlx"})

# Libraries in which nearly every model is for one task.
_BY_LIBRARY: Final[Mapping[str, str]] = {
    "sentence-transformers": "sentence-similarity",
    "setfit": "text-classification",
    "timm": "image-classification",
    "open_clip": "zero-shot-image-classification",
    "stable-baselines3": "reinforcement-learning",
    "sample-factory": "reinforcement-learning",
    "ml-agents": "reinforcement-learning",
    "lerobot": "robotics",
    "gliner": "token-classification",
    "span-marker": "token-classification",
    "flair": "token-classification",
    "chronos-forecasting": "time-series-forecasting",
}

_BY_TASK_TYPE: Final[Mapping[str, str]] = {
    "CAUSAL_LM": "text-generation",
    "SEQ_2_SEQ_LM": "text2text-generation",
    "SEQ_CLS": "text-classification",
    "TOKEN_CLS": "token-classification",
    "QUESTION_ANS": "question-answering",
    "FEATURE_EXTRACTION": "feature-extraction",
}

# Parts of the names of pipelines of diffusers; the first that fits decides.
_BY_PIPELINE: Final[Mapping[str, str]] = {
    "ImageToVideo": "image-to-video",
    "StableVideoDiffusion": "image-to-video",
    "VideoToVideo": "video-to-video",
    "Video": "text-to-video",
    "Img2Img": "image-to-image",
    "Inpaint": "image-to-image",
    "Upscale": "image-to-image",
    "Edit": "image-to-image",
    "Pix2Pix": "image-to-image",
    "Kontext": "image-to-image",
    "ShapEImg": "image-to-3d",
    "ShapE": "text-to-3d",
    "Audio": "text-to-audio",
    "Music": "text-to-audio",
    "DDPM": "unconditional-image-generation",
    "DDIM": "unconditional-image-generation",
    "LDMPipeline": "unconditional-image-generation",
    "ScoreSdeVe": "unconditional-image-generation",
    "Depth": "depth-estimation",
    "Pipeline": "text-to-image",
}


def find_pipeline_tag(contents: RepoContents, library: str | None) -> str | None:
    """The task: as the card says, by the classes of transformers, by a tag, or by the library."""
    declared = read_text(contents.card.get("pipeline_tag"))
    return declared or next(_guess(contents, library), None)


def _guess(contents: RepoContents, library: str | None) -> Iterator[str]:
    if library in _WITH_ARCHITECTURES:
        head = find_head(read_mapping(contents.config))
        if head and head.pipeline_tag:
            yield head.pipeline_tag
    tags = set(read_tags(contents.card.get("tags")))
    yield from (tag for tag in PIPELINE_TAGS if tag in tags and _is_telling(tag))
    yield from _guess_by_library(contents, library)


def _is_telling(tag: str) -> bool:
    return tag not in ONLY_DATASETS and tag != "other"


def _guess_by_library(contents: RepoContents, library: str | None) -> Iterator[str]:
    yield from (tag for name, tag in _BY_LIBRARY.items() if name == library)
    if library == "peft":
        task = find_task_specific(contents, "task_type")
        yield from (tag for name, tag in _BY_TASK_TYPE.items() if name == task)
    if library == "diffusers":
        pipeline = find_task_specific(contents, "_class_name") or ""
        yield from (tag for part, tag in _BY_PIPELINE.items() if part in pipeline)
