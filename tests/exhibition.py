"""A hub that looks lived in, for screenshots and for tests that look at many pages."""

from __future__ import annotations

import random
import struct
import zlib
from dataclasses import dataclass

from tests.discussions import act, as_account, discuss, propose
from tests.live import Account, LiveHub
from tests.repos import Repo, file, lfs_file, new_repo
from tests.weights import safetensors

CARD = """---
license: apache-2.0
language: [en, cy]
library_name: transformers
pipeline_tag: text-classification
tags: [peatland, remote-sensing, small]
datasets: [{org}/field-notes]
base_model: {org}/heather-base
metrics: [accuracy, f1]
model-index:
- name: heather-small
  results:
  - task: {{type: text-classification}}
    dataset: {{type: field-notes, name: Field notes}}
    metrics:
    - {{type: accuracy, value: 0.931}}
    - {{type: f1, value: 0.907}}
---
# Heather small

A small classifier that tells apart **seven kinds of upland vegetation** from the notes that
surveyors write in the field. It was trained on [field-notes](https://example.org/notes) and runs on
a laptop.

![Seven kinds of vegetation](chart.png)

## Use it

```python
import torch
from huggingface_hub import hf_hub_download

path = hf_hub_download("{org}/heather-small", "heather.pt")
state = torch.load(path, weights_only=True)
print({{name: tuple(tensor.shape) for name, tensor in state.items()}})
```

## How well it does

| Habitat | Notes | Accuracy |
|:--------|------:|:--------:|
| Blanket bog | 1,204 | 95.1 % |
| Wet heath | 873 | 92.4 % |
| Acid grassland | 640 | 88.9 % |

The loss is the usual cross entropy, $L = -\\sum_i y_i \\log p_i$, with a penalty on the norm:

$$
\\min_\\theta \\; L(\\theta) + \\lambda \\lVert \\theta \\rVert_2^2
$$

> [!NOTE]
> Notes in Welsh are a tenth of the data, and it shows.

- [x] Trained on notes from 2019 to 2025
- [ ] Tested outside of Britain
"""

CODE = '''"""Trains the classifier."""

from pathlib import Path

import torch
from torch import nn

LABELS = ["bog", "wet heath", "dry heath", "acid grassland", "flush", "scree", "wood"]


class Heather(nn.Module):
    """Two layers over a mean of embeddings."""

    def __init__(self, words: int, width: int = 128) -> None:
        super().__init__()
        self.embed = nn.EmbeddingBag(words, width)
        self.out = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, len(LABELS)))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return self.out(self.embed(tokens))


def main() -> None:
    notes = Path("notes.csv").read_text().splitlines()
    print(f"{len(notes)} notes")  # of the last six years
'''

TABLE = "id,place,habitat,depth_cm\n" + "".join(
    f"{n},Moor {n % 7},{('bog', 'wet heath', 'scree')[n % 3]},{n * 7 % 90}\n" for n in range(40)
)


@dataclass(frozen=True)
class Exhibition:
    """What there is to look at: people, an organisation, a model with a past, and its talk."""

    owner: Account
    guest: Account
    org: str
    model: Repo
    discussion: int
    proposal: int


def exhibit(hub: LiveHub, names: tuple[str, str, str] | None = None) -> Exhibition:
    """Fill a hub with models, datasets and Spaces that people have worked on.

    `names` are those of the owner, the guest and the organisation; else they are made up.
    """
    of_owner, of_guest, of_org = names or (None, None, None)
    owner, guest = hub.user(of_owner), hub.user(of_guest)
    org = hub.org(of_org, owner=owner, members={guest.name: "read"})
    model = make_model(hub, owner, org)
    make_others(hub, owner, org)
    talk = discuss(
        as_account(model, guest),
        "Accuracy on scree",
        "I get **71 %** on scree, less than the card says.\n\n```\n"
        + "scree 0.71 " * 12
        + "\n```\n\n"
        "| Habitat | Mine | Yours | Notes that were left out of the training of this model |\n"
        "|---|--:|--:|---|\n| scree | 0.71 | 0.86 | [all of 2019](https://example.org/notes) |\n",
    )
    act(model, talk, "comment", {"comment": f"Thank you, @{guest.name}: which notes were these?"})
    num = propose(
        as_account(model, guest),
        file("train.py", CODE.replace("width: int = 128", "width: int = 256")),
        file("LICENSE", "Apache License 2.0\n"),
        summary="Make it twice as wide",
    )
    act(model, num, "comment", {"comment": "Does it still fit into 4 MB?"})
    for account in (owner, guest):
        hub.call("POST", f"{model.api}/like", token=account.token)
    return Exhibition(owner, guest, org, model, talk, num)


def make_model(hub: LiveHub, owner: Account, org: str) -> Repo:
    """A model with a card, code, tables, a picture, weights of two kinds, and a short history."""
    model = new_repo(hub, owner, namespace=org, name="heather-small")
    model.commit(file("train.py", CODE.replace("nn.ReLU()", "nn.Tanh()")), summary="Train it")
    model.commit(
        file("README.md", CARD.format(org=org)),
        file("train.py", CODE),
        file("data/notes.csv", TABLE),
        file("config.json", '{"model_type": "heather", "hidden_size": 128}\n'),
        file("chart.png", draw_chart()),
        summary="Describe it, and use ReLU",
        description="Tanh was slower and no better.",
    )
    weights = safetensors(**{f"layer{n}.weight": ("F32", 4096) for n in range(4)})
    model.commit(file("model.safetensors", weights), summary="Weights as safetensors")
    data = random.Random(7).randbytes(300_000)
    weights_of_torch = lfs_file("heather.pt", model.upload(data), len(data))
    model.commit(weights_of_torch, summary="Weights for PyTorch")
    model.post("/tag/v1.0", {"message": "The first release", "rev": "main"})
    model.post("/branch/wider")
    return model


def make_others(hub: LiveHub, owner: Account, org: str) -> None:
    """A dozen more, so that lists are lists."""
    tasks = ("text-generation", "image-classification", "text-classification", "translation")
    licences = ("mit", "apache-2.0", "cc-by-4.0")
    for n in range(10):
        card = (
            f"---\nlicense: {licences[n % 3]}\npipeline_tag: {tasks[n % 4]}\n"
            f"library_name: {('pytorch', 'transformers')[n % 2]}\nlanguage: [en]\n---\n# Moor {n}\n"
        )
        name = f"moor-{tasks[n % 4]}-{n}"
        new_repo(hub, owner, file("README.md", card), namespace=org, name=name)
    card = "---\nlicense: cc-by-4.0\ntask_categories: [text-classification]\n---\n# Field notes\n"
    for name in ("field-notes", "peat-depths"):
        new_repo(hub, owner, file("README.md", card), type="dataset", namespace=org, name=name)
    card = "---\ntitle: Which habitat?\nsdk: gradio\n---\n# Which habitat?\n"
    new_repo(
        hub, owner, file("README.md", card), type="space", namespace=org, name="which", sdk="gradio"
    )
    new_repo(hub, owner, file("README.md", "# Drafts\n"), private=True, name="drafts")


def draw_chart() -> bytes:
    """A PNG of seven bars."""
    width, height, bars = 560, 160, (150, 120, 96, 132, 60, 40, 88)
    rows = []
    for y in range(height):
        row = bytearray()
        for x in range(width):
            bar = bars[x // 80]
            inside = 14 < x % 80 < 66 and height - y < bar
            row += b"\x1f\x5f\x4a" if inside else b"\xf4\xf6\xf3"
        rows.append(b"\0" + bytes(row))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pieces = [(b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in pieces
    )
