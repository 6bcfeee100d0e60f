"""What the hub says of Spaces and of kernels."""

import pytest

from freehold.formats.facts.contents import RepoContents
from freehold.formats.facts.derive import derive_facts


@pytest.mark.parametrize(
    ("card", "sdk", "tags"),
    [
        ({"sdk": "gradio", "sdk_version": "5.0"}, "gradio", ["gradio", "region:us"]),
        (
            {"sdk": "docker", "tags": ["mcp-server", "docker"], "license": "mit"},
            "docker",
            ["docker", "mcp-server", "region:us"],
        ),
        ({"sdk": "static", "tags": "game"}, "static", ["static", "game", "region:us"]),
        ({"sdk": "streamlit"}, "streamlit", ["streamlit", "region:us"]),
        ({"sdk": "windows", "tags": [None, 3]}, None, ["3", "region:us"]),
        ({"sdk": ["gradio"]}, "gradio", ["gradio", "region:us"]),
        ({}, None, ["region:us"]),
    ],
)
def test_a_space_has_its_kit_and_the_tags_of_its_card(card, sdk, tags):
    facts = derive_facts(RepoContents("space", card))
    assert (facts.sdk, list(facts.tags)) == (sdk, tags)


def test_a_space_links_the_models_and_datasets_of_its_card():
    card = {"models": ["openai/whisper", "gpt2", None], "datasets": "squad", "license": "MIT"}
    facts = derive_facts(RepoContents("space", card, paths=["app.py", "model.safetensors"]))
    assert (facts.models, facts.datasets) == (("openai/whisper", "gpt2"), ("squad",))
    assert facts.licenses == ("mit",)


def test_a_kernel_has_its_library_and_its_licence():
    card = {"tags": ["kernel"], "license": "apache-2.0"}
    facts = derive_facts(RepoContents("kernel", card, "arxiv.org/abs/2205.14135", ["build/x.so"]))
    assert facts.library_name == "kernels"
    assert list(facts.tags) == [
        *("kernels", "kernel", "arxiv:2205.14135", "license:apache-2.0", "region:us"),
    ]
