"""Models as people publish them: card, files, configuration, and the facts that follow."""

from __future__ import annotations

from typing import Any, NamedTuple

from freehold.formats.facts.contents import RepoContents
from freehold.formats.repocard import parse_card


class Case(NamedTuple):
    """A model, and its library, its task and its tags in their order."""

    name: str
    card: str
    paths: str
    library: str | None
    task: str | None
    tags: str
    config: dict[str, Any] | None = None
    adapter: dict[str, Any] | None = None
    tokenizer: dict[str, Any] | None = None
    pipeline: dict[str, Any] | None = None

    def contents(self) -> RepoContents:
        """What facts are derived from."""
        card = parse_card(f"---\n{self.card.strip()}\n---\n{self.name}")
        assert card.data or self.card == "{}"
        text = self.card.partition("---\n")[2]
        return RepoContents(
            "model",
            card.data,
            text or card.body,
            ("README.md", ".gitattributes", *self.paths.split()),
            config=self.config,
            adapter_config=self.adapter,
            tokenizer_config=self.tokenizer,
            model_index=self.pipeline,
        )


CHAT = {"chat_template": "{% for message in messages %}{{ message.content }}{% endfor %}"}


def config(architecture: str, model_type: str, **others: Any) -> dict[str, Any]:
    """A config.json of transformers."""
    return {"architectures": [architecture], "model_type": model_type, **others}


CASES = (
    Case(
        "an encoder in every format",
        "language: en\ntags: [exbert]\nlicense: apache-2.0\ndatasets: [bookcorpus, wikipedia]",
        "config.json pytorch_model.bin tf_model.h5 flax_model.msgpack rust_model.ot model.onnx"
        " model.safetensors coreml/fill-mask/float32_model.mlpackage/Data/weights/weight.bin",
        "transformers",
        "fill-mask",
        "transformers pytorch tf jax rust coreml onnx safetensors bert fill-mask exbert en"
        " dataset:bookcorpus dataset:wikipedia license:apache-2.0 endpoints_compatible region:us",
        config("BertForMaskedLM", "bert"),
    ),
    Case(
        "a decoder without any metadata",
        "{}",
        "config.json model.safetensors 64.tflite",
        "transformers",
        "text-generation",
        "transformers tflite safetensors gpt2 text-generation text-generation-inference"
        " endpoints_compatible region:us",
        config("GPT2LMHeadModel", "gpt2"),
    ),
    Case(
        "an instructed model of five languages",
        "library_name: transformers\npipeline_tag: text-generation\n"
        "language: [en, de, fr, it, pt]\nlicense: llama3.1\ntags: [facebook, meta, pytorch]\n"
        "base_model: meta-llama/Meta-Llama-3.1-8B\nextra_gated_prompt: Agree.\n",
        "config.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors"
        " model.safetensors.index.json original/consolidated.00.pth tokenizer_config.json",
        "transformers",
        "text-generation",
        "transformers pytorch safetensors llama text-generation facebook meta conversational"
        " en de fr it pt base_model:meta-llama/Meta-Llama-3.1-8B"
        " base_model:finetune:meta-llama/Meta-Llama-3.1-8B license:llama3.1"
        " text-generation-inference endpoints_compatible region:us",
        config("LlamaForCausalLM", "llama"),
        tokenizer=CHAT,
    ),
    Case(
        "an adapter of PEFT",
        "base_model: mistralai/Mistral-7B-v0.1\nlibrary_name: peft\nlicense: apache-2.0\n"
        "tags: [trl, sft, generated_from_trainer]\ndatasets: [generator]\n"
        "model-index:\n- name: mistral-sft\n  results: []",
        "adapter_config.json adapter_model.safetensors training_args.bin"
        " runs/Jan01/events.out.tfevents.1700000000.host",
        "peft",
        "text-generation",
        "peft safetensors tensorboard text-generation trl sft generated_from_trainer"
        " dataset:generator base_model:mistralai/Mistral-7B-v0.1"
        " base_model:adapter:mistralai/Mistral-7B-v0.1 license:apache-2.0 region:us",
        adapter={"peft_type": "LORA", "task_type": "CAUSAL_LM"},
    ),
    Case(
        "an adapter without a card says its base in its configuration",
        "{}",
        "adapter_config.json adapter_model.bin",
        "peft",
        "text-classification",
        "peft pytorch text-classification base_model:roberta-large"
        " base_model:adapter:roberta-large region:us",
        adapter={
            "peft_type": "LORA",
            "task_type": "SEQ_CLS",
            "base_model_name_or_path": "roberta-large",
        },
    ),
    Case(
        "an adapter of a folder on somebody's disk has no base",
        "{}",
        "adapter_config.json adapter_model.bin",
        "peft",
        None,
        "peft pytorch region:us",
        adapter={"peft_type": "LORA", "base_model_name_or_path": "/mnt/models/llama"},
    ),
    Case(
        "an adapter of Adapters",
        "tags: [adapter-transformers, roberta]\ndatasets: [AdapterHub/sick]\nlanguage: [en]",
        "adapter_config.json head_config.json pytorch_adapter.bin pytorch_model_head.bin",
        "adapter-transformers",
        None,
        "adapter-transformers pytorch roberta en dataset:AdapterHub/sick region:us",
        adapter={"model_class": "RobertaModelWithHeads", "model_type": "roberta"},
    ),
    Case(
        "a quantized model in GGUF",
        "base_model: Qwen/Qwen2.5-7B-Instruct\nquantized_by: someone\nlicense: apache-2.0\n"
        "pipeline_tag: text-generation\nlanguage:\n- en\n- zh\ntags: [chat]",
        "model-Q4_K_M.gguf model-Q8_0.gguf imatrix.dat",
        None,
        "text-generation",
        "gguf text-generation chat en zh base_model:Qwen/Qwen2.5-7B-Instruct"
        " base_model:quantized:Qwen/Qwen2.5-7B-Instruct license:apache-2.0 region:us",
    ),
    Case(
        "a model quantized with AWQ",
        "base_model: google/gemma-2-9b-it\nlicense: gemma",
        "config.json model.safetensors",
        "transformers",
        "text-generation",
        "transformers safetensors gemma2 text-generation base_model:google/gemma-2-9b-it"
        " base_model:quantized:google/gemma-2-9b-it license:gemma text-generation-inference"
        " endpoints_compatible region:us",
        config("Gemma2ForCausalLM", "gemma2", quantization_config={"quant_method": "awq"}),
    ),
    Case(
        "a model quantized for MLX",
        "library_name: mlx\ntags: [mlx]\nbase_model: [Qwen/Qwen3-8B]\n"
        "pipeline_tag: text-generation",
        "config.json model.safetensors chat_template.jinja",
        "mlx",
        "text-generation",
        "mlx safetensors qwen3 text-generation conversational base_model:Qwen/Qwen3-8B"
        " base_model:quantized:Qwen/Qwen3-8B region:us",
        config("Qwen3ForCausalLM", "qwen3", quantization={"group_size": 64, "bits": 4}),
    ),
    Case(
        "a merge of several models",
        "base_model:\n- mistralai/Mistral-7B-v0.1\n- teknium/OpenHermes-2.5-Mistral-7B\n"
        "tags: [mergekit, merge]\nlicense: cc-by-nc-4.0",
        "config.json mergekit_config.yml model.safetensors",
        "transformers",
        "text-generation",
        "transformers safetensors mistral text-generation mergekit merge"
        " base_model:mistralai/Mistral-7B-v0.1 base_model:merge:mistralai/Mistral-7B-v0.1"
        " base_model:teknium/OpenHermes-2.5-Mistral-7B"
        " base_model:merge:teknium/OpenHermes-2.5-Mistral-7B license:cc-by-nc-4.0"
        " text-generation-inference endpoints_compatible region:us",
        config("MistralForCausalLM", "mistral"),
    ),
    Case(
        "a relation that the card tells",
        "base_model: a/b\nbase_model_relation: quantized",
        "model.onnx",
        None,
        None,
        "onnx base_model:a/b base_model:quantized:a/b region:us",
    ),
    Case(
        "a pipeline of diffusers",
        "license: creativeml-openrail-m\ntags: [stable-diffusion, text-to-image]\ninference: true",
        "model_index.json unet/config.json unet/diffusion_pytorch_model.safetensors"
        " vae/diffusion_pytorch_model.bin v1-5.ckpt",
        "diffusers",
        "text-to-image",
        "diffusers pytorch safetensors text-to-image stable-diffusion"
        " license:creativeml-openrail-m endpoints_compatible diffusers:StableDiffusionPipeline"
        " region:us",
        pipeline={"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.6.0"},
    ),
    Case(
        "a pipeline of diffusers without a card",
        "{}",
        "model_index.json unet/diffusion_pytorch_model.safetensors",
        "diffusers",
        "image-to-video",
        "diffusers safetensors image-to-video endpoints_compatible"
        " diffusers:StableVideoDiffusionPipeline region:us",
        pipeline={"_class_name": "StableVideoDiffusionPipeline"},
    ),
    Case(
        "a LoRA for a pipeline",
        "base_model: black-forest-labs/FLUX.1-dev\ninstance_prompt: TOK\nlicense: other\n"
        "license_name: flux-1-dev\ntags: [flux, diffusers, lora, replicate]\n"
        "pipeline_tag: text-to-image",
        "lora.safetensors",
        "diffusers",
        "text-to-image",
        "diffusers safetensors text-to-image flux lora replicate"
        " base_model:black-forest-labs/FLUX.1-dev"
        " base_model:adapter:black-forest-labs/FLUX.1-dev license:other endpoints_compatible"
        " region:us",
    ),
    Case(
        "a ControlNet is a part of a pipeline",
        "base_model: runwayml/stable-diffusion-v1-5\ntags: [controlnet]",
        "config.json diffusion_pytorch_model.safetensors",
        "diffusers",
        None,
        "diffusers safetensors controlnet base_model:runwayml/stable-diffusion-v1-5"
        " base_model:finetune:runwayml/stable-diffusion-v1-5 region:us",
        {"_class_name": "ControlNetModel", "_diffusers_version": "0.16.0"},
    ),
    Case(
        "sentence embeddings",
        "pipeline_tag: sentence-similarity\nlanguage: multilingual\nlicense: apache-2.0\n"
        "tags: [sentence-transformers, feature-extraction, sentence-similarity, transformers]",
        "modules.json config.json 1_Pooling/config.json model.safetensors pytorch_model.bin"
        " onnx/model.onnx openvino/openvino_model.bin openvino/openvino_model.xml",
        "sentence-transformers",
        "sentence-similarity",
        "sentence-transformers pytorch onnx openvino safetensors bert sentence-similarity"
        " feature-extraction transformers multilingual license:apache-2.0 endpoints_compatible"
        " region:us",
        config("BertModel", "bert"),
    ),
    Case(
        "sentence embeddings without a card",
        "{}",
        "modules.json config.json model.safetensors",
        "sentence-transformers",
        "sentence-similarity",
        "sentence-transformers safetensors mpnet sentence-similarity endpoints_compatible"
        " region:us",
        config("MPNetModel", "mpnet"),
    ),
    Case(
        "a few-shot classifier",
        "metrics: [accuracy]",
        "modules.json model_head.pkl config_setfit.json config.json model.safetensors",
        "setfit",
        "text-classification",
        "setfit safetensors bert text-classification region:us",
        config("BertModel", "bert"),
    ),
    Case(
        "an image classifier of timm",
        "license: apache-2.0\ndatasets: imagenet-1k\n---\nSee arxiv.org/abs/2110.00476.",
        "config.json model.safetensors pytorch_model.bin",
        "timm",
        "image-classification",
        "timm pytorch safetensors image-classification dataset:imagenet-1k arxiv:2110.00476"
        " license:apache-2.0 region:us",
        {"architecture": "resnet50", "num_classes": 1000, "pretrained_cfg": {"tag": "a1"}},
    ),
    Case(
        "a CLIP of OpenCLIP",
        "license: mit",
        "open_clip_config.json open_clip_model.safetensors open_clip_pytorch_model.bin",
        "open_clip",
        "zero-shot-image-classification",
        "open_clip pytorch safetensors zero-shot-image-classification license:mit region:us",
    ),
    Case(
        "a CLIP of transformers",
        "tags: [vision]",
        "config.json pytorch_model.bin",
        "transformers",
        "zero-shot-image-classification",
        "transformers pytorch clip zero-shot-image-classification vision endpoints_compatible"
        " region:us",
        config("CLIPModel", "clip", vision_config={"hidden_size": 768}),
    ),
    Case(
        "a vision transformer without a head",
        "license: apache-2.0",
        "config.json model.safetensors",
        "transformers",
        "image-feature-extraction",
        "transformers safetensors vit image-feature-extraction license:apache-2.0"
        " endpoints_compatible region:us",
        config("ViTModel", "vit"),
    ),
    Case(
        "speech recognition in three languages",
        "language: [en, zh, de]\ntags: [audio, automatic-speech-recognition]\nlicense: apache-2.0",
        "config.json model.safetensors flax_model.msgpack",
        "transformers",
        "automatic-speech-recognition",
        "transformers jax safetensors whisper automatic-speech-recognition audio en zh de"
        " license:apache-2.0 endpoints_compatible region:us",
        config("WhisperForConditionalGeneration", "whisper"),
    ),
    Case(
        "a fine-tuned model with results",
        "language: sw\nlicense: mit\ndatasets: [mozilla-foundation/common_voice_11_0]\n"
        "metrics: [wer]\nbase_model: facebook/wav2vec2-large-xlsr-53\n"
        "model-index:\n- name: XLSR Swahili\n  results:\n"
        "  - task: {type: automatic-speech-recognition, name: Speech Recognition}\n"
        "    dataset: {name: Common Voice 11, type: mozilla-foundation/common_voice_11_0}\n"
        "    metrics:\n    - {type: wer, value: 23.4, name: WER}",
        "config.json pytorch_model.bin optimizer.pt rng_state.pth scheduler.pt",
        "transformers",
        "automatic-speech-recognition",
        "transformers pytorch wav2vec2 automatic-speech-recognition sw"
        " dataset:mozilla-foundation/common_voice_11_0"
        " base_model:facebook/wav2vec2-large-xlsr-53"
        " base_model:finetune:facebook/wav2vec2-large-xlsr-53 license:mit model-index"
        " eval-results endpoints_compatible region:us",
        config("Wav2Vec2ForCTC", "wav2vec2"),
    ),
    Case(
        "a model that tells what it emitted",
        "tags: autotrain\nlanguage: unk\ndatasets: [someone/autotrain-data-imdb]\n"
        "co2_eq_emissions:\n  emissions: 26.18\n  source: mlco2",
        "config.json model.safetensors",
        "transformers",
        "text-classification",
        "transformers safetensors deberta-v2 text-classification autotrain unk"
        " dataset:someone/autotrain-data-imdb co2_eq_emissions endpoints_compatible region:us",
        config("DebertaV2ForSequenceClassification", "deberta-v2"),
    ),
    Case(
        "a translator",
        "language: [en, fi]\ntags: [translation]\nlicense: cc-by-4.0",
        "config.json pytorch_model.bin source.spm target.spm vocab.json",
        "transformers",
        "translation",
        "transformers pytorch marian translation en fi license:cc-by-4.0 endpoints_compatible"
        " region:us",
        config("MarianMTModel", "marian"),
    ),
    Case(
        "a model for many text tasks",
        "language: [en, fr, ro, de, multilingual]\ndatasets: c4\nlicense: apache-2.0\n"
        "tags: [summarization, translation]",
        "config.json model.safetensors spiece.model",
        "transformers",
        "text2text-generation",
        "transformers safetensors t5 text2text-generation summarization translation en fr ro de"
        " multilingual dataset:c4 license:apache-2.0 text-generation-inference"
        " endpoints_compatible region:us",
        config("T5ForConditionalGeneration", "t5"),
    ),
    Case(
        "a model that sees",
        "license: apache-2.0\nlanguage: en\npipeline_tag: image-text-to-text\n"
        "tags: [multimodal]\nlibrary_name: transformers",
        "config.json model.safetensors chat_template.json",
        "transformers",
        "image-text-to-text",
        "transformers safetensors qwen2_5_vl image-text-to-text multimodal conversational en"
        " license:apache-2.0 text-generation-inference endpoints_compatible region:us",
        config("Qwen2_5_VLForConditionalGeneration", "qwen2_5_vl", vision_config={"depth": 32}),
    ),
    Case(
        "a new model that sees, with code of its own",
        "license: mit",
        "config.json modeling_new.py model.safetensors",
        "transformers",
        "image-text-to-text",
        "transformers safetensors brand_new image-text-to-text custom_code license:mit"
        " endpoints_compatible region:us",
        config(
            "BrandNewForCausalLM",
            "brand_new",
            vision_config={"depth": 2},
            auto_map={"AutoModelForCausalLM": "modeling_new.BrandNewForCausalLM"},
        ),
    ),
    Case(
        "an answerer of questions about documents",
        "language: en",
        "config.json pytorch_model.bin",
        "transformers",
        "document-question-answering",
        "transformers pytorch layoutlm document-question-answering en endpoints_compatible"
        " region:us",
        config("LayoutLMForQuestionAnswering", "layoutlm"),
    ),
    Case(
        "a recognizer of names in spaCy",
        "tags: [spacy, token-classification]\nlanguage: [de]\nlicense: mit\n"
        "model-index:\n- name: de_core_news_sm\n  results:\n"
        "  - task: {name: NER, type: token-classification}\n"
        "    metrics: [{name: P, type: precision, value: 0.8}]",
        "config.cfg meta.json de_core_news_sm-any-py3-none-any.whl ner/model vocab/strings.json",
        "spacy",
        "token-classification",
        "spacy token-classification de license:mit region:us",
    ),
    Case(
        "a pipeline of scikit-learn",
        "library_name: sklearn\ntags: [sklearn, skops, tabular-classification]\n"
        "model_format: skops\nmodel_file: model.skops",
        "config.json model.skops",
        "sklearn",
        "tabular-classification",
        "sklearn skops tabular-classification region:us",
        {"sklearn": {"model": {"file": "model.skops"}, "task": "tabular-classification"}},
    ),
    Case(
        "a pickled estimator",
        "tags: [tabular-regression]",
        "sklearn_model.joblib",
        "sklearn",
        "tabular-regression",
        "sklearn joblib tabular-regression region:us",
    ),
    Case(
        "a speech toolkit",
        "language: ca\ntags: [speech, CTC]\nlicense: apache-2.0",
        "hyperparams.yaml asr.ckpt wav2vec2.ckpt",
        "speechbrain",
        None,
        "speechbrain speech CTC ca license:apache-2.0 region:us",
    ),
    Case(
        "a model of NeMo",
        "language: en\nlicense: cc-by-4.0\nthumbnail: null\ndatasets:\n- librispeech_asr\n"
        "pipeline_tag: automatic-speech-recognition",
        "stt_en_conformer.nemo",
        "nemo",
        "automatic-speech-recognition",
        "nemo automatic-speech-recognition en dataset:librispeech_asr license:cc-by-4.0 region:us",
    ),
    Case(
        "a trained player",
        "tags: [LunarLander-v2, deep-reinforcement-learning, reinforcement-learning]\n"
        "model-index:\n- name: PPO\n  results:\n"
        "  - task: {type: reinforcement-learning, name: reinforcement-learning}\n"
        "    dataset: {name: LunarLander-v2, type: LunarLander-v2}\n"
        "    metrics: [{type: mean_reward, value: 253.1 +/- 20.5, name: mean_reward}]",
        "ppo.zip ppo/_stable_baselines3_version ppo/policy.pth ppo/policy.optimizer.pth",
        "stable-baselines3",
        "reinforcement-learning",
        "stable-baselines3 pytorch reinforcement-learning LunarLander-v2"
        " deep-reinforcement-learning model-index eval-results region:us",
    ),
    Case(
        "a model of Keras",
        "license: mit",
        "config.json metadata.json model.weights.h5",
        "keras",
        None,
        "keras tf license:mit region:us",
        {"module": "keras.src.models.functional", "class_name": "Functional"},
    ),
    Case(
        "a saved model of TensorFlow",
        "library_name: tf-keras",
        "saved_model.pb keras_metadata.pb variables/variables.index",
        "tf-keras",
        None,
        "tf-keras tf region:us",
    ),
    Case(
        "a model for the browser",
        "library_name: transformers.js\nbase_model: distilbert-base-uncased",
        "config.json onnx/model.onnx onnx/model_quantized.onnx",
        "transformers.js",
        "text-classification",
        "transformers.js onnx distilbert text-classification base_model:distilbert-base-uncased"
        " base_model:finetune:distilbert-base-uncased region:us",
        config("DistilBertForSequenceClassification", "distilbert"),
    ),
    Case(
        "an old checkpoint of TensorFlow",
        "language: ja",
        "bert_config.json bert_model.ckpt.index bert_model.ckpt.data-00000-of-00001 vocab.txt",
        None,
        None,
        "tf ja region:us",
    ),
    Case(
        "weights of whisper.cpp",
        "license: mit",
        "ggml-base.bin ggml-base-encoder.mlmodelc/weights/weight.bin",
        None,
        None,
        "coreml license:mit region:us",
    ),
    Case(
        "a robot's policy",
        "library_name: lerobot\ntags: [robotics, act]\npipeline_tag: robotics\n"
        "datasets: lerobot/pusht\n",
        "config.json model.safetensors train_config.json",
        "lerobot",
        "robotics",
        "lerobot safetensors robotics act dataset:lerobot/pusht region:us",
        {"type": "act", "input_features": {}},
    ),
    Case(
        "topics found in texts",
        "tags: [bertopic]\nlibrary_name: bertopic\npipeline_tag: text-classification",
        "topics.json ctfidf_config.json ctfidf.safetensors topic_embeddings.safetensors",
        "bertopic",
        "text-classification",
        "bertopic safetensors text-classification region:us",
    ),
    Case(
        "forecasts",
        "license: apache-2.0\npipeline_tag: time-series-forecasting\n"
        "tags: [time series, forecasting]\n"
        "---\n[paper](https://arxiv.org/pdf/2403.07815v2.pdf) "
        "[doi](https://doi.org/10.1000/xyz(2020)1), [2403.07815](https://arxiv.org/abs/2403.07815)",
        "config.json model.safetensors",
        "transformers",
        "time-series-forecasting",
        "transformers safetensors t5 time-series-forecasting time_series forecasting"
        " arxiv:2403.07815 doi:10.1000/xyz(2020)1 license:apache-2.0 endpoints_compatible"
        " region:us",
        config("T5ForConditionalGeneration", "t5"),
    ),
    Case(
        "code as a language, and a license in capitals",
        "language: [code, English, zh-Hant, pt_BR, no]\nlicense: [MIT, bigcode-openrail-m]",
        "model.safetensors",
        None,
        None,
        "safetensors code en zh-Hant pt-BR no license:mit license:bigcode-openrail-m region:us",
    ),
)
