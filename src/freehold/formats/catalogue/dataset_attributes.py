"""What the cards of datasets say of their data, each with the values that are in the catalogue."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from typing import Final

_TASK_IDS: Final = """
acceptability-classification entity-linking-classification fact-checking intent-classification
language-identification multi-class-classification multi-label-classification
multi-input-text-classification natural-language-inference semantic-similarity-classification
sentiment-classification topic-classification semantic-similarity-scoring sentiment-scoring
sentiment-analysis hate-speech-detection text-scoring named-entity-recognition part-of-speech
parsing lemmatization word-sense-disambiguation coreference-resolution extractive-qa open-domain-qa
closed-domain-qa news-articles-summarization news-articles-headline-generation dialogue-modeling
dialogue-generation conversational language-modeling text-simplification explanation-generation
abstractive-qa open-domain-abstractive-qa open-book-qa closed-book-qa slot-filling
masked-language-modeling document-retrieval utterance-retrieval entity-linking-retrieval
fact-checking-retrieval multiple-choice-qa multiple-choice-coreference-resolution
tabular-multi-class-classification tabular-multi-label-classification
tabular-single-column-regression rdf-to-text univariate-time-series-forecasting
multivariate-time-series-forecasting keyword-spotting speaker-identification
audio-intent-classification audio-emotion-recognition audio-language-identification
multi-label-image-classification multi-class-image-classification image-captioning
face-detection vehicle-detection instance-segmentation semantic-segmentation
panoptic-segmentation image-inpainting image-colorization super-resolution pose-estimation
visual-question-answering grasping task-planning paraphrase
"""
_CREATORS: Final = ("crowdsourced", "expert-generated", "found", "machine-generated", "other")

ATTRIBUTES: Final[Mapping[str, tuple[str, ...]]] = {
    "task_ids": tuple(_TASK_IDS.split()),
    "size_categories": (
        "n<1K",
        "1K<n<10K",
        "10K<n<100K",
        "100K<n<1M",
        "1M<n<10M",
        "10M<n<100M",
        "100M<n<1B",
        "1B<n<10B",
        "10B<n<100B",
        "100B<n<1T",
        "n>1T",
    ),
    "modality": (
        "3d",
        "audio",
        "document",
        "geospatial",
        "image",
        "tabular",
        "text",
        "timeseries",
        "video",
    ),
    "format": (
        "json",
        "csv",
        "parquet",
        "arrow",
        "text",
        "imagefolder",
        "audiofolder",
        "videofolder",
        "webdataset",
    ),
    "library": ("datasets", "pandas", "polars", "dask", "webdataset", "mlcroissant"),
    "annotations_creators": (*_CREATORS[:4], "no-annotation", "other"),
    "language_creators": _CREATORS,
    "multilinguality": ("monolingual", "multilingual", "translation", "other"),
    "source_datasets": ("original", "extended", "other"),
}
"""The values of each attribute, which is also what stands before them in a tag."""


_SIZE_LIMITS: Final = tuple(10**exponent for exponent in range(3, 13))


def find_size_category(rows: int) -> str:
    """The size category of a dataset with so many rows."""
    return ATTRIBUTES["size_categories"][bisect_right(_SIZE_LIMITS, rows)]
