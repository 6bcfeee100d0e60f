"""What the hub says of models, from their cards and files."""

import pytest

from freehold.formats.facts.configs import CONFIG_FILES
from freehold.formats.facts.contents import BaseModels, RepoContents
from freehold.formats.facts.derive import derive_facts
from freehold.formats.gguf_header import GgufFacts
from tests.formats.model_cards import CASES, CHAT, config


def facts_of(card=None, paths=(), text="", **files):
    """The facts about a model."""
    return derive_facts(RepoContents("model", card or {}, text, paths, **files))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_model_has_the_library_the_task_and_the_tags_that_people_expect(case):
    facts = derive_facts(case.contents())
    assert (facts.library_name, facts.pipeline_tag) == (case.library, case.task)
    assert [tag.replace(" ", "_") for tag in facts.tags] == case.tags.split()


def test_a_region_is_a_tag_unless_there_is_none():
    assert facts_of(region="eu").tags == ("region:eu",)
    assert facts_of(region="").tags == ()


# Files


@pytest.mark.parametrize(
    ("path", "tag"),
    [
        *(("pytorch_model-00001-of-00002.bin", "pytorch"), ("sub/x.PTH", "pytorch")),
        *(("tf_model.h5", "tf"), ("model.ckpt-1000.meta", "tf"), ("x/saved_model.pb", "tf")),
        *(("flax_model.msgpack", "jax"), ("rust_model.ot", "rust"), ("a/b.tflite", "tflite")),
        *(("x.onnx", "onnx"), ("openvino_model.xml", "openvino"), ("a.safetensors", "safetensors")),
        *(("q8.gguf", "gguf"), ("runs/1/events.out.tfevents.1.host", "tensorboard")),
        *(("X.mlmodel", "coreml"), ("X.mlmodelc/weights/weight.bin", "coreml")),
        *(("m.joblib", "joblib"), ("model.pte", "executorch"), ("x.llamafile", "llamafile")),
    ],
)
def test_a_file_is_of_a_format(path, tag):
    assert tag in facts_of(paths=["README.md", path]).tags


@pytest.mark.parametrize(
    "path",
    [
        *("README.md", "training_args.bin", "optimizer.pt", "checkpoint-5/rng_state_0.pth"),
        *("openvino/openvino_tokenizer.bin", "ggml-model-f16.bin", "bin", "model.pt.md"),
        "A.mlpackage/Data/weights/weight.bin",
    ],
)
def test_what_is_no_weights_of_pytorch_is_not_taken_for_them(path):
    assert "pytorch" not in facts_of(paths=[path]).tags


@pytest.mark.parametrize(
    ("library", "paths"),
    [
        *(("nemo", ["x.nemo"]), ("keras", ["m.keras"]), ("unity-sentis", ["m.sentis"])),
        *(("fastai", ["model.pkl", "pyproject.toml"]), ("gliner", ["gliner_config.json"])),
        *(("sample-factory", ["sf_log.txt", "checkpoint_p0/best.pth"]), ("coreml", ["X.mlmodel"])),
        *(
            ("keras-hub", ["task.json", "metadata.json", "model.weights.h5"]),
            ("sklearn", ["m.skops"]),
        ),
        *(("diffusers", ["modular_model_index.json"]), (None, ["sub/modules.json", "config.json"])),
        ("coreml", ["X.mlpackage/Manifest.json"]),
    ],
)
def test_a_library_is_known_by_the_files_that_it_writes(library, paths):
    assert facts_of(paths=paths).library_name == library


def test_the_card_knows_the_library_and_the_task_better_than_the_files():
    card = {"library_name": "fancy", "pipeline_tag": "summarization", "tags": ["peft"]}
    facts = facts_of(card, ["config.json"], config=config("BertForMaskedLM", "bert"))
    assert (facts.library_name, facts.pipeline_tag) == ("fancy", "summarization")
    assert facts.transformers_info is None


def test_of_several_tags_the_first_task_of_the_catalogue_counts():
    tags = ["other", "table-to-text", "summarization", "translation"]
    assert facts_of({"tags": tags}).pipeline_tag == "translation"


# Classes of transformers


@pytest.mark.parametrize(
    ("architecture", "model_type", "task", "auto_model", "processor"),
    [
        ("BertForMaskedLM", "bert", "fill-mask", "ForMaskedLM", "AutoTokenizer"),
        ("TFBertForMaskedLM", "bert", "fill-mask", "ForMaskedLM", "AutoTokenizer"),
        ("XLMWithLMHeadModel", "xlm", "fill-mask", "ForMaskedLM", "AutoTokenizer"),
        ("OPTForCausalLM", "opt", "text-generation", "ForCausalLM", "AutoTokenizer"),
        ("XLMRobertaModel", "xlm-roberta", "feature-extraction", "", "AutoTokenizer"),
        ("Wav2Vec2Model", "wav2vec2", "feature-extraction", "", "AutoFeatureExtractor"),
        ("TapasForQuestionAnswering", "tapas", "table-question-answering", None, "AutoTokenizer"),
        ("ViltForQuestionAnswering", "vilt", "visual-question-answering", None, "AutoProcessor"),
        ("BertForQuestionAnswering", "bert", "question-answering", None, "AutoTokenizer"),
        ("OwlViTForObjectDetection", "owlvit", "zero-shot-object-detection", None, "AutoProcessor"),
        ("DetrForObjectDetection", "detr", "object-detection", None, "AutoImageProcessor"),
        ("DetrForSegmentation", "detr", "image-segmentation", None, "AutoImageProcessor"),
        ("GLPNForDepthEstimation", "glpn", "depth-estimation", None, "AutoImageProcessor"),
        ("SamModel", "sam", "mask-generation", "ForMaskGeneration", "AutoProcessor"),
        ("VitsModel", "vits", "text-to-speech", "ForTextToWaveform", "AutoProcessor"),
        ("MusicgenForConditionalGeneration", "musicgen", "text-to-audio", None, "AutoProcessor"),
        ("BartForConditionalGeneration", "bart", "text2text-generation", "ForSeq2SeqLM", None),
        ("PegasusForConditionalGeneration", "pegasus", "summarization", "ForSeq2SeqLM", None),
        ("M2M100ForConditionalGeneration", "m2m_100", "translation", "ForSeq2SeqLM", None),
        ("VisionEncoderDecoderModel", "vision-encoder-decoder", "image-to-text", None, None),
        ("VideoMAEForVideoClassification", "videomae", "video-classification", None, None),
        ("ASTForAudioClassification", "ast", "audio-classification", None, "AutoFeatureExtractor"),
        ("PatchTSTForPrediction", "patchtst", "time-series-forecasting", "", None),
        ("DecisionTransformerModel", "decision_transformer", "reinforcement-learning", "", None),
        ("GraphormerForGraphClassification", "graphormer", "graph-ml", "", None),
        ("ColPaliForRetrieval", "colpali", "visual-document-retrieval", "", "AutoProcessor"),
        ("RobertaForMultipleChoice", "roberta", None, "ForMultipleChoice", None),
        ("MiniCPMV", "minicpmv", "image-text-to-text", "", "AutoProcessor"),
    ],
)
def test_a_class_of_transformers_has_a_task_and_what_loads_it(
    architecture, model_type, task, auto_model, processor
):
    facts = facts_of({}, ["config.json"], config=config(architecture, model_type))
    info = facts.transformers_info
    assert (facts.library_name, facts.pipeline_tag) == ("transformers", task)
    assert info.get("pipeline_tag") == task
    assert auto_model is None or info["auto_model"] == f"AutoModel{auto_model}"
    assert processor is None or info["processor"] == processor


def test_a_writer_that_hears_is_asked_about_sounds():
    voxtral = config("VoxtralForConditionalGeneration", "voxtral", audio_config={"layers": 2})
    assert facts_of(config=voxtral).pipeline_tag == "audio-text-to-text"


def test_a_class_that_nobody_knows_has_no_task():
    facts = facts_of(config=config("Frobnicator", "frob"))
    assert (facts.library_name, facts.pipeline_tag) == ("transformers", None)
    assert facts.transformers_info is None
    assert facts.tags == ("transformers", "frob", "region:us")


def test_the_class_in_the_code_of_a_repository_is_told():
    auto_map = {"AutoConfig": "c.C", "AutoModel": ["m.Model", None]}
    facts = facts_of(config=config("MyModel", "mine", auto_map=auto_map))
    assert facts.transformers_info == {
        "auto_model": "AutoModel",
        "custom_class": "m.Model",
        "pipeline_tag": "feature-extraction",
        "processor": "AutoTokenizer",
    }


# Base models


@pytest.mark.parametrize(
    ("card", "paths", "relation"),
    [
        ({"base_model": "a/b"}, [], "finetune"),
        ({"base_model": ["a/b", "c/d"]}, [], "merge"),
        ({"base_model": ["a/b"], "tags": ["LoRA"]}, [], "adapter"),
        ({"base_model": "a/b", "library_name": "peft"}, [], "adapter"),
        ({"base_model": "a/b"}, ["adapter_config.json", "x.gguf"], "adapter"),
        ({"base_model": ["a/b", "c/d"]}, ["x.gguf"], "quantized"),
        ({"base_model": "a/b", "base_model_relation": "merge"}, ["x.gguf"], "merge"),
        ({"base_model": "a/b", "base_model_relation": "copied"}, ["x.gguf"], "quantized"),
        ({"base_model": "a/b", "base_model_relation": 3}, [], "finetune"),
    ],
)
def test_how_a_base_model_was_used_is_told_or_inferred(card, paths, relation):
    facts = facts_of(card, paths)
    assert facts.base_models.relation == relation
    assert f"base_model:{relation}:a/b" in facts.tags


@pytest.mark.parametrize("value", [None, "", 3, {"a": "b"}, "no such id", "/a/b", "a/b/c", "../x"])
def test_what_is_no_id_is_no_base_model(value):
    assert facts_of({"base_model": value}).base_models is None


def test_what_is_no_id_among_base_models_is_left_out():
    facts = facts_of({"base_model": ["a/b", None, "Not One", ["c/d"], "a/b"]})
    assert facts.base_models == BaseModels("merge", ("a/b", "c/d"))


# Configuration


def test_of_the_configuration_only_what_clients_read_is_kept():
    facts = facts_of(
        config=config(
            "LlamaForCausalLM", "llama", vocab_size=32000, quantization_config={"bits": 4}
        ),
        tokenizer_config={"bos_token": {"content": "<s>"}, "added_tokens_decoder": {}, **CHAT},
        adapter_config={"task_type": "CAUSAL_LM", "r": 8, "base_model_name_or_path": "a/b"},
        model_index={"_class_name": "FluxPipeline", "vae": ["diffusers", "X"]},
    )
    assert facts.config == {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "quantization_config": {"bits": 4},
        "tokenizer_config": {"bos_token": {"content": "<s>"}, **CHAT},
        "peft": {"base_model_name_or_path": "a/b", "task_type": "CAUSAL_LM"},
        "diffusers": {"_class_name": "FluxPipeline"},
    }
    assert facts_of().config == {}
    assert set(CONFIG_FILES.values()) <= set(RepoContents.__dataclass_fields__)


def test_of_several_templates_the_default_one_is_where_clients_look():
    templates = [{"name": "default", "template": "D"}, {"name": "tool_use", "template": "T"}, 3]
    facts = facts_of(tokenizer_config={"chat_template": templates})
    assert facts.config == {
        "tokenizer_config": {"chat_template": "D"},
        "additional_chat_templates": {"tool_use": "T"},
    }
    assert "conversational" in facts.tags


def test_a_file_of_gguf_knows_how_a_conversation_is_written():
    gguf = GgufFacts(total=1, chat_template="{{ messages }}", quantize_imatrix_file="x.dat")
    assert facts_of(paths=["q.gguf"], gguf=gguf).tags == (
        *("gguf", "conversational", "imatrix", "region:us"),
    )
    assert "conversational" not in facts_of(gguf=GgufFacts(total=1)).tags


def test_a_value_that_is_too_large_is_left_out_and_the_others_stay():
    facts = facts_of(
        config=config("BertModel", "bert", task_specific_params={"x": "y" * 100_000}),
        tokenizer_config={"chat_template": "z" * 100_000, "bos_token": "<s>"},
    )
    assert facts.config == {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "tokenizer_config": {"bos_token": "<s>"},
    }


@pytest.mark.parametrize(
    ("token", "mask"),
    [
        ("[MASK]", "[MASK]"),
        ({"content": "<mask>", "lstrip": True}, "<mask>"),
        (3, None),
        ({}, None),
    ],
)
def test_the_mask_token_is_told(token, mask):
    assert facts_of(tokenizer_config={"mask_token": token}).mask_token == mask


# Results and emissions


@pytest.mark.parametrize(
    ("value", "grams"),
    [
        *((26.5, 26.5), (0, 0.0), ("149.2 g", 149.2), ("about 1e3", 1000.0), ("none", None)),
        *(({"emissions": 12, "source": "x"}, 12.0), ({"emissions": "7"}, 7.0), ({}, None)),
        *((True, None), ([1], None), (-4, None), (float("inf"), None), (10**400, None)),
        *(({"emissions": {"emissions": 1}}, None), (None, None), ("1" + "0" * 2000, None)),
    ],
)
def test_emissions_are_grams_however_they_are_written(value, grams):
    facts = facts_of({"co2_eq_emissions": value})
    assert facts.co2 == grams
    assert ("co2_eq_emissions" in facts.tags) == (grams is not None)


RESULT = {
    "task": {"type": "text-classification"},
    "dataset": {"type": "glue", "name": "GLUE"},
    "metrics": [{"type": "f1", "value": 0.5}],
}


def test_results_that_clients_can_read_stay_as_they_are():
    entry = {"name": "m", "results": [RESULT], "extra": 1}
    facts = facts_of({"model-index": [entry]})
    assert facts.model_index == [entry]
    assert facts.has_eval_results
    assert facts_of({"model-index": entry}).model_index == [entry]


@pytest.mark.parametrize(
    "change",
    [
        *({"task": None}, {"task": {}}, {"dataset": {"type": "glue"}}, {"metrics": []}),
        *({"metrics": [{"type": "f1"}]}, {"metrics": {"type": "f1", "value": 1}}, {"task": "x"}),
    ],
)
def test_results_that_clients_cannot_read_are_left_out(change):
    broken = {**RESULT, **change}
    facts = facts_of({"model-index": [{"name": "m", "results": [broken, RESULT]}]})
    assert facts.model_index == [{"name": "m", "results": [RESULT]}]
    facts = facts_of({"model-index": [{"name": "m", "results": [broken]}]})
    assert (facts.model_index, facts.has_eval_results) == (None, False)


# Papers


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("[a](https://arxiv.org/abs/1706.03762v5).", ["1706.03762"]),
        ("arxiv.org/pdf/2005.14165.pdf and arXiv:1706.03762", ["2005.14165", "1706.03762"]),
        ("arXiv preprint arXiv:1810.04805 twice: arxiv.org/abs/1810.04805", ["1810.04805"]),
        ("https://huggingface.co/papers/2307.09288", ["2307.09288"]),
        ("https://doi.org/10.48550/arXiv.2211.05100", ["2211.05100"]),
        ("http://arxiv.org/abs/cs.CL/0306050 arxiv.org/abs/hep-th/9901001", None),
        ("arxiv.org/abs/1799.12345 1706.03762 arxiv.org/abs/170603762 arXiv:12.3", []),
        ("arxiv.org/abs/1706.0376212", []),
    ],
)
def test_papers_at_arxiv_are_found_in_the_text(text, ids):
    expected = ["cs.CL/0306050", "hep-th/9901001"] if ids is None else ids
    facts = facts_of(text=text)
    assert list(facts.arxiv) == expected
    assert [tag for tag in facts.tags if tag.startswith("arxiv:")] == [
        f"arxiv:{i}" for i in expected
    ]


@pytest.mark.parametrize(
    ("text", "dois"),
    [
        ("doi:10.57967/hf/0042.", ["10.57967/hf/0042"]),
        ("(https://doi.org/10.1038/s41586-021-03819-2)", ["10.1038/s41586-021-03819-2"]),
        ("doi = {10.18653/v1/N19-1423},", ["10.18653/v1/N19-1423"]),
        ('<a href="https://doi.org/10.1000/182">10.1000/182</a>', ["10.1000/182"]),
        ("DOI: 10.1016/S0140-6736(20)30183-5, next", ["10.1016/S0140-6736(20)30183-5"]),
        ("10.1000/182 alone, doi:10.1/2, doi.org/10.1234/(((", []),
        ("doi.org/10.48550/arXiv.2211.05100", []),
    ],
)
def test_dois_are_found_in_the_text(text, dois):
    assert list(facts_of(text=text).doi) == dois
