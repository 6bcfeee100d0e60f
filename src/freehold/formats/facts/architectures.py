"""What classes of models are for: the task, and the classes of transformers that load them.

A class is named after its family and its head, as in `BertForMaskedLM`: the head mostly says the
task, else the family does, which `model_type` of config.json names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from freehold.formats.facts.values import read_mapping, read_text


class Head(NamedTuple):
    """What a class is for: the task, if it is one, and the class that loads it."""

    pipeline_tag: str | None
    auto_model: str


_TEXT: Final = "AutoTokenizer"
_IMAGE: Final = "AutoImageProcessor"
_AUDIO: Final = "AutoFeatureExtractor"
_MIXED: Final = "AutoProcessor"

# The end of the name of a class, the task, and what follows `AutoModel` in the class that loads it.
_HEADS: Final = """
ForMaskedLM fill-mask ForMaskedLM
ForCausalLM text-generation ForCausalLM
LMHeadModel text-generation ForCausalLM
WithLMHeadModel fill-mask ForMaskedLM
T5WithLMHeadModel text2text-generation ForSeq2SeqLM
DoubleHeadsModel text-generation ForCausalLM
ForSequenceClassification text-classification ForSequenceClassification
ForNextSentencePrediction text-classification ForNextSentencePrediction
ForTokenClassification token-classification ForTokenClassification
ForQuestionAnswering question-answering ForQuestionAnswering
ForQuestionAnsweringSimple question-answering ForQuestionAnswering
ForTableQuestionAnswering table-question-answering ForTableQuestionAnswering
ForDocumentQuestionAnswering document-question-answering ForDocumentQuestionAnswering
ForVisualQuestionAnswering visual-question-answering ForVisualQuestionAnswering
ForMultipleChoice - ForMultipleChoice
ForPreTraining - ForPreTraining
ForTextEncoding feature-extraction ForTextEncoding
ForConditionalGeneration text2text-generation ForSeq2SeqLM
MTModel translation ForSeq2SeqLM
ForVision2Seq image-text-to-text ForImageTextToText
ForImageTextToText image-text-to-text ForImageTextToText
ForMultimodalLM any-to-any ForMultimodalLM
ForImageClassification image-classification ForImageClassification
ForImageClassificationWithTeacher image-classification ForImageClassification
ForImageClassificationFourier image-classification ForImageClassification
ForImageClassificationLearned image-classification ForImageClassification
ForImageClassificationConvProcessing image-classification ForImageClassification
ForZeroShotImageClassification zero-shot-image-classification ForZeroShotImageClassification
ForObjectDetection object-detection ForObjectDetection
ForZeroShotObjectDetection zero-shot-object-detection ForZeroShotObjectDetection
ForSegmentation image-segmentation ForImageSegmentation
ForImageSegmentation image-segmentation ForImageSegmentation
ForSemanticSegmentation image-segmentation ForSemanticSegmentation
ForInstanceSegmentation image-segmentation ForInstanceSegmentation
ForUniversalSegmentation image-segmentation ForUniversalSegmentation
ForImageSuperResolution image-to-image ForImageToImage
ForImageToImage image-to-image ForImageToImage
ForDepthEstimation depth-estimation ForDepthEstimation
ForKeypointDetection keypoint-detection ForKeypointDetection
ForKeypointMatching keypoint-detection ForKeypointMatching
ForPoseEstimation keypoint-detection ForKeypointDetection
ForMaskGeneration mask-generation ForMaskGeneration
ForMaskedImageModeling image-feature-extraction ForMaskedImageModeling
ForVideoClassification video-classification ForVideoClassification
ForAudioClassification audio-classification ForAudioClassification
ForAudioFrameClassification audio-classification ForAudioFrameClassification
ForXVector audio-classification ForAudioXVector
ForCTC automatic-speech-recognition ForCTC
ForRNNT automatic-speech-recognition ForSpeechSeq2Seq
ForTDT automatic-speech-recognition ForSpeechSeq2Seq
ForSpeechSeq2Seq automatic-speech-recognition ForSpeechSeq2Seq
ForSpeechToText automatic-speech-recognition ForSpeechSeq2Seq
ForTextToSpeech text-to-speech ForTextToSpectrogram
ForTextToSpectrogram text-to-speech ForTextToSpectrogram
ForTextToWaveform text-to-speech ForTextToWaveform
ForTextToAudio text-to-audio ForTextToWaveform
ForSpeechToSpeech audio-to-audio -
ForGraphClassification graph-ml -
ForPrediction time-series-forecasting -
ForTimeSeriesPrediction time-series-forecasting ForTimeSeriesPrediction
ForRetrieval visual-document-retrieval -
Model feature-extraction -
"""

# The same for families in which a head means something else. `*` stands for every head that is
# not in the table above, and for a plain `Model`.
_FAMILIES: Final = """
ForConditionalGeneration translation ForSeq2SeqLM m2m_100 nllb-moe fsmt seamless_m4t seamless_m4t_v2
ForConditionalGeneration summarization ForSeq2SeqLM pegasus pegasus_x bigbird_pegasus
ForConditionalGeneration automatic-speech-recognition ForSpeechSeq2Seq whisper moonshine
ForConditionalGeneration automatic-speech-recognition ForSpeechSeq2Seq speech_to_text
ForConditionalGeneration automatic-speech-recognition ForSpeechSeq2Seq kyutai_speech_to_text
ForConditionalGeneration text-to-speech ForTextToWaveform csm dia parler_tts
ForConditionalGeneration text-to-audio ForTextToWaveform musicgen musicgen_melody
ForConditionalGeneration image-to-text ForImageTextToText blip pix2struct got_ocr2
ForConditionalGeneration video-text-to-text ForImageTextToText video_llava llava_next_video
ForConditionalGeneration video-text-to-text ForImageTextToText instructblipvideo
ForConditionalGeneration any-to-any ForMultimodalLM qwen2_5_omni qwen3_omni_moe janus emu3
ForQuestionAnswering document-question-answering ForDocumentQuestionAnswering layoutlm layoutlmv2
ForQuestionAnswering document-question-answering ForDocumentQuestionAnswering layoutlmv3 lilt
ForQuestionAnswering table-question-answering ForTableQuestionAnswering tapas
ForQuestionAnswering visual-question-answering ForVisualQuestionAnswering vilt blip
ForObjectDetection zero-shot-object-detection ForZeroShotObjectDetection owlvit owlv2
ForObjectDetection zero-shot-object-detection ForZeroShotObjectDetection grounding-dino
ForObjectDetection zero-shot-object-detection ForZeroShotObjectDetection mm-grounding-dino
ForObjectDetection zero-shot-object-detection ForZeroShotObjectDetection omdet-turbo
ForCausalLM image-to-text ForImageTextToText git trocr
* translation ForSeq2SeqLM marian
* text2text-generation ForSeq2SeqLM encoder-decoder
* image-to-text ForImageTextToText vision-encoder-decoder donut-swin nougat
* automatic-speech-recognition ForSpeechSeq2Seq speech-encoder-decoder
* image-text-to-text - internvl_chat minicpmv minicpmo
* text-to-speech ForTextToWaveform vits bark fastspeech2_conformer
* zero-shot-image-classification ForZeroShotImageClassification clip siglip siglip2 chinese_clip
* zero-shot-image-classification ForZeroShotImageClassification align altclip metaclip_2
* mask-generation ForMaskGeneration sam sam_hq sam2 sam3
* reinforcement-learning - decision_transformer trajectory_transformer
* image-feature-extraction - vit vit_mae vit_msn vit_hybrid beit deit dinov2
* image-feature-extraction - dinov2_with_registers dinov3_vit dinov3_convnext swin swinv2 convnext
* image-feature-extraction - convnextv2 resnet regnet efficientnet mobilenet_v1 mobilenet_v2
* image-feature-extraction - mobilevit mobilevitv2 data2vec-vision hiera ijepa levit cvt focalnet
* image-feature-extraction - poolformer pvt pvt_v2 bit timm_wrapper clip_vision_model
* image-feature-extraction - siglip_vision_model
"""

_PROCESSORS: Final[Mapping[str, str]] = {
    "image-classification": _IMAGE,
    "image-feature-extraction": _IMAGE,
    "image-segmentation": _IMAGE,
    "image-to-image": _IMAGE,
    "object-detection": _IMAGE,
    "depth-estimation": _IMAGE,
    "keypoint-detection": _IMAGE,
    "video-classification": _IMAGE,
    "audio-classification": _AUDIO,
    "automatic-speech-recognition": _MIXED,
    "audio-text-to-text": _MIXED,
    "audio-to-audio": _MIXED,
    "any-to-any": _MIXED,
    "document-question-answering": _MIXED,
    "image-text-to-text": _MIXED,
    "image-to-text": _MIXED,
    "mask-generation": _MIXED,
    "text-to-audio": _MIXED,
    "text-to-speech": _MIXED,
    "video-text-to-text": _MIXED,
    "visual-document-retrieval": _MIXED,
    "visual-question-answering": _MIXED,
    "zero-shot-image-classification": _MIXED,
    "zero-shot-object-detection": _MIXED,
    "text-classification": _TEXT,
    "token-classification": _TEXT,
    "question-answering": _TEXT,
    "table-question-answering": _TEXT,
    "translation": _TEXT,
    "summarization": _TEXT,
    "feature-extraction": _TEXT,
    "text-generation": _TEXT,
    "text2text-generation": _TEXT,
    "fill-mask": _TEXT,
}

# Families that hear: their plain models are no readers of text.
_HEARING: Final = frozenset(
    {
        "wav2vec2",
        "wav2vec2-bert",
        "wav2vec2-conformer",
        "hubert",
        "wavlm",
        "unispeech",
        "unispeech-sat",
        "sew",
        "sew-d",
        "data2vec-audio",
        "audio-spectrogram-transformer",
        "clap",
        "encodec",
        "dac",
        "mimi",
        "whisper",
    }
)


def _make_head(tag: str, suffix: str) -> Head:
    return Head(None if tag == "-" else tag, f"AutoModel{suffix.removeprefix('-')}")


def _read_heads() -> Mapping[str, Head]:
    rows = (row.split() for row in _HEADS.strip().splitlines())
    heads = {ending: _make_head(tag, suffix) for ending, tag, suffix in rows}
    # The longest fitting end decides.
    return dict(sorted(heads.items(), key=lambda item: -len(item[0])))


def _read_families() -> Mapping[tuple[str, str], Head]:
    rows = (row.split() for row in _FAMILIES.strip().splitlines())
    return {
        (ending, family): _make_head(tag, suffix)
        for ending, tag, suffix, *families in rows
        for family in families
    }


_BY_ENDING: Final = _read_heads()
_BY_FAMILY: Final = _read_families()
_WRITING: Final = frozenset({"ForCausalLM", "ForConditionalGeneration"})
_SEEING: Final = Head("image-text-to-text", "AutoModelForImageTextToText")
_LISTENING: Final = Head("audio-text-to-text", "AutoModelForSeq2SeqLM")


def find_head(config: Mapping[str, Any]) -> Head | None:
    """What the first class in `architectures` of a config.json is for; None if nobody knows."""
    name = read_text(config.get("architectures"))
    if name is None:
        return None
    # Those for TensorFlow and JAX do the same.
    ending = next((e for e in _BY_ENDING if name.endswith(e)), "*")
    family = read_text(config.get("model_type")) or ""
    known = _BY_FAMILY.get((ending, family))
    if known is None and ending in ("*", "Model", "MTModel"):
        known = _BY_FAMILY.get(("*", family))
    return known or _find_by_senses(ending, config) or _BY_ENDING.get(ending)


def _find_by_senses(ending: str, config: Mapping[str, Any]) -> Head | None:
    """What writes text, and has a part that sees or hears, is asked about what that gives it."""
    if ending not in _WRITING:
        return None
    if read_mapping(config.get("vision_config")):
        return _SEEING
    return _LISTENING if read_mapping(config.get("audio_config")) else None


def find_processor(head: Head, config: Mapping[str, Any]) -> str | None:
    """The class of transformers that prepares the inputs of such a model."""
    hears = read_text(config.get("model_type")) in _HEARING
    if head.pipeline_tag == "feature-extraction" and hears:
        return _AUDIO
    return _PROCESSORS.get(head.pipeline_tag or "")
