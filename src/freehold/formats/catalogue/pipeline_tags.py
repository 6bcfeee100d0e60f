"""The tasks of models and datasets, in the order in which the Hub lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class PipelineTag(NamedTuple):
    """A task: its id, the group that it is shown in, and its label."""

    id: str
    group: str
    label: str


# A group may come again: the order is that of the Hub's list.
_ROWS: Final = """
nlp text-classification token-classification table-question-answering question-answering
nlp zero-shot-classification translation summarization feature-extraction text-generation
nlp text2text-generation fill-mask sentence-similarity
audio text-to-speech text-to-audio automatic-speech-recognition audio-to-audio
audio audio-classification
multimodal audio-text-to-text
audio voice-activity-detection
cv depth-estimation image-classification object-detection image-segmentation text-to-image
cv image-to-text image-to-image image-to-video unconditional-image-generation
cv video-classification
rl reinforcement-learning robotics
tabular tabular-classification tabular-regression tabular-to-text
nlp table-to-text multiple-choice text-ranking text-retrieval
tabular time-series-forecasting
cv text-to-video
multimodal image-text-to-text image-text-to-image image-text-to-video
multimodal visual-question-answering document-question-answering
cv zero-shot-image-classification
other graph-ml
cv mask-generation zero-shot-object-detection text-to-3d image-to-3d image-feature-extraction
multimodal video-text-to-text
cv keypoint-detection
multimodal visual-document-retrieval any-to-any
cv video-to-video
other other
"""

_LABELS: Final = {
    "fill-mask": "Fill-Mask",
    "graph-ml": "Graph Machine Learning",
    "table-to-text": "Table to Text",
    "tabular-to-text": "Tabular to Text",
    "text2text-generation": "Text2Text Generation",
}


def _make_label(id: str) -> str:
    if id in _LABELS:
        return _LABELS[id]
    words = [word if word == "to" else word.capitalize() for word in id.split("-")]
    text = ("-" if "to" in words else " ").join(words)
    return text.replace("Zero Shot", "Zero-Shot").replace("3d", "3D")


def _read_rows() -> Mapping[str, PipelineTag]:
    rows = (row.split() for row in _ROWS.strip().splitlines())
    return {id: PipelineTag(id, group, _make_label(id)) for group, *ids in rows for id in ids}


PIPELINE_TAGS: Final = _read_rows()
"""Every task by its id, in the order of the Hub."""

ONLY_DATASETS: Final = frozenset(
    {"tabular-to-text", "table-to-text", "multiple-choice", "text-retrieval"}
)
"""Tasks that only datasets name."""

ONLY_MODELS: Final = frozenset(
    {
        "audio-text-to-text",
        "document-question-answering",
        "keypoint-detection",
        "video-to-video",
    }
)
"""Tasks that only models name."""
