"""The libraries that load models, and the formats of files that are listed beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# The key, and the label where that is not the key.
_LIBRARIES: Final = """
transformers Transformers
diffusers Diffusers
sentence-transformers sentence-transformers
peft PEFT
timm timm
adapter-transformers Adapters
allennlp
anemoi AnemoI
asteroid Asteroid
audiocraft Audiocraft
bertopic BERTopic
birefnet BiRefNet
bm25s BM25S
chronos-forecasting Chronos
colbert ColBERT
colpali ColPali
contexttab ConTextTab
coreml Core ML
cosmos Cosmos
depth-anything-v2 DepthAnythingV2
docking-at-home Docking@Home
doctr docTR
espnet ESPnet
fairseq Fairseq
fastai fastai
fasttext fastText
flair Flair
gliner GLiNER
gliner2 GLiNER2
grok Grok
hunyuan3d-2 Hunyuan3D-2
keras Keras
keras-hub KerasHub
kernels Kernels
kokoro Kokoro
lerobot LeRobot
llama-cpp-python llama-cpp-python
mamba-ssm MambaSSM
mars5-tts MARS5-TTS
metavoice MetaVoice
mitie MITIE
ml-agents ml-agents
ml-sharp Sharp
mlx MLX
mlx-image mlx-image
model2vec Model2Vec
moshi Moshi
nemo NeMo
open_clip OpenCLIP
optimum-graphcore Optimum Graphcore
optimum-habana Optimum Habana
optimum-intel Optimum Intel
outetts OuteTTS
paddlenlp PaddleNLP
PaddleOCR PaddleOCR
pxia pxia
pyannote-audio pyannote.audio
pylate PyLate
pythae pythae
relik Relik
sample-factory sample-factory
sam2 sam2
segmentation-models-pytorch Segmentation Models PyTorch
setfit setfit
sklearn Scikit-learn
soloaudio SoloAudio
spacy spaCy
span-marker SpanMarker
speechbrain speechbrain
stable-audio-tools Stable Audio Tools
stable-baselines3 stable-baselines3
stanza Stanza
tensorflowtts TensorFlowTTS
terratorch TerraTorch
tf-keras TF-Keras
tic-clip TiC-CLIP
timesfm TimesFM
tirex TiRex
transformers.js Transformers.js
trellis Trellis
ultralytics ultralytics
unity-sentis unity-sentis
vfi-mamba VFIMamba
whisperkit WhisperKit
"""

_FILE_FORMATS: Final = """
pytorch PyTorch
tf TensorFlow
jax JAX
tflite TF Lite
rust Rust
onnx ONNX
openvino OpenVINO
coreml Core ML
safetensors Safetensors
gguf GGUF
tensorboard TensorBoard
joblib Joblib
executorch ExecuTorch
llamafile llamafile
"""


def _read_rows(text: str) -> Mapping[str, str]:
    rows = (row.partition(" ") for row in text.strip().splitlines())
    return {key: label or key for key, _, label in rows}


LIBRARIES: Final = _read_rows(_LIBRARIES)
"""The label of each library by its key: what a card may give as `library_name`."""

FILE_FORMATS: Final = _read_rows(_FILE_FORMATS)
"""The label of each format of weights by its tag; clients look for them among the libraries."""
