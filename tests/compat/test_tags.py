"""The catalogues, with every client that asks for them: the oldest makes attributes of labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.compat.conftest import Client
    from tests.live import LiveHub

TAGS = """
from compat_script import api, tell

models, datasets = api.get_model_tags(), api.get_dataset_tags()
attributes = []
if hasattr(models, "library"):
    attributes = [
        models.pipeline_tag.TextClassification,
        models.library.PyTorch,
        models.library.TensorFlow,
        models.library.allennlp,
        models.language.en,
        models.license.mit,
        datasets.language.ru,
        datasets.task_ids.language_modeling,
        datasets.task_categories.text_classification,
        datasets.size_categories["100K<n<1M"],
        dict(datasets.benchmark),
    ]
tell(
    attributes=attributes,
    types=[list(models), list(datasets)],
    metrics=[m.id for m in api.list_metrics()] if hasattr(api, "list_metrics") else ["wer"],
)
"""


def test_tags_and_metrics_are_read(client: Client, hub: LiveHub) -> None:
    told = client.run(TAGS, hub.url)
    if client.generation < (0, 20):
        assert told["attributes"] == [
            *("text-classification", "pytorch", "tf", "allennlp", "en", "license:mit"),
            *("language:ru", "task_ids:language-modeling"),
            *("task_categories:text-classification", "size_categories:100K<n<1M", {}),
        ]
    models, datasets = told["types"]
    assert {"pipeline_tag", "library", "language", "license", "dataset"} <= set(models)
    assert {"language", "task_categories", "size_categories", "task_ids"} <= set(datasets)
    assert "wer" in told["metrics"]
