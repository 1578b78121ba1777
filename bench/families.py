"""Synthetic models that grow along one axis while the others stand still, with random weights of fixed seeds.

=============  =========================================================================================
`activations`  two 3x3 convolutions of 8 channels, over images from 8x8 to 256x256
`weights`      dense 2048 - k - (4096 - k) - 2, `k` from 2 to 2048: as many activations with each `k`
`depth`        65 thousand weights and 65 thousand activations in 1 to 32 layers: convolutions of size 1, whose
               channels and pixels become fewer as the layers become more
=============  =========================================================================================

How long a proof takes depends on shapes, never on what the weights are, so that none of these is trained.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bench.models import SUBJECTS, Array, Data, Subject

if TYPE_CHECKING:  # Stages that prove look for subjects here: what they do not need must not count as their memory.
    import onnx

    from zkseal.zoo.layers import Layer

    Make = Callable[[np.random.Generator], onnx.ModelProto]

SIDES = (8, 16, 32, 64, 128, 256)
HIDDEN = (2, 8, 32, 128, 512, 2048)
LAYERS = (1, 2, 4, 8, 16, 32)

_CALIBRATION, _HELD_OUT = 8, 8
_CHANNELS = 8
_INPUTS, _ACTIVATIONS = 2048, 4096
_BUDGET = 1 << 16
"""Weights, and activations, of every point of `depth`."""


@dataclass(frozen=True)
class Point:
    """One model of a family.

    Attributes:
        at: where it lies on the axis.
        activations: values behind a ReLU.
        weights: of all linear layers, biases left out.
        layers: with a ReLU behind them.
    """

    subject: Subject
    at: int
    activations: int
    weights: int
    layers: int


@dataclass(frozen=True)
class Family:
    """Models along one axis, the smallest first; `title` says what stands still."""

    name: str
    axis: str
    title: str
    points: tuple[Point, ...]

    def chosen(self, small: bool) -> tuple[Point, ...]:
        """All points, or of a `small` run the first and the third."""
        return self.points[:3:2] if small else self.points


def subject(name: str) -> Subject:
    """What is measured under this name: a row of `bench.models`, or a point of a family."""
    return SUBJECTS[name] if name in SUBJECTS else _POINTS[name].subject


def pooled(name: str, layers: Sequence[Layer], shape: tuple[int, int, int]) -> onnx.ModelProto:
    """Convolutions with ReLU between them as an ONNX model, whose `logits` are means over all pixels.

    The output is as long as the last layer has channels, however large the image is.
    """
    import onnx
    from onnx import numpy_helper

    from zkseal.zoo.layers import Conv, Relu

    lines: list[str] = []
    arrays: dict[str, Array] = {}
    value, channels = "input", 0
    for index, layer in enumerate(layers):
        if isinstance(layer, Conv):
            weight, bias = layer.weights
            arrays |= {f"w{index}": weight, f"b{index}": bias}
            channels = len(bias)
            lines.append(f"x{index} = Conv<pads=[{', '.join([str(layer.padding)] * 4)}]>({value}, w{index}, b{index})")
        else:
            assert isinstance(layer, Relu)
            lines.append(f"x{index} = Relu({value})")
        value = f"x{index}"
    body = "\n".join([*lines, f"mean = GlobalAveragePool({value})", "logits = Flatten(mean)"])
    signature = f"(float[batch, {', '.join(map(str, shape))}] input) => (float[batch, {channels}] logits)"
    text = f'<ir_version: 8, opset_import: ["" : 13]>\n{name} {signature} {{\n{body}\n}}'
    model: onnx.ModelProto = onnx.parser.parse_model(text)
    model.graph.initializer.extend(numpy_helper.from_array(array, key) for key, array in arrays.items())
    onnx.checker.check_model(model, full_check=True)
    return model


def _image(side: int) -> Point:
    def make(rng: np.random.Generator) -> onnx.ModelProto:
        from zkseal.zoo.layers import Conv, Relu

        layers: list[Layer] = [Conv(rng, 1, _CHANNELS, 3, 1), Relu(), Conv(rng, _CHANNELS, _CHANNELS, 3, 1), Relu()]
        return pooled("image", layers, (1, side, side))

    activations, weights = 2 * _CHANNELS * side * side, 9 * _CHANNELS * (1 + _CHANNELS)
    name, title = f"activations_{activations}", f"two convolutions over {side}x{side}"
    return Point(_subject(name, title, make, (1, side, side)), activations, activations, weights, 2)


def _bottleneck(hidden: int) -> Point:
    widths = (_INPUTS, hidden, _ACTIVATIONS - hidden, 2)

    def make(rng: np.random.Generator) -> onnx.ModelProto:
        from zkseal.zoo.layers import Dense, Relu
        from zkseal.zoo.network import to_onnx

        layers: list[Layer] = []
        for inputs, outputs in pairwise(widths):
            layers += [Dense(rng, inputs, outputs), Relu()]
        return to_onnx("bottleneck", layers[:-1], (_INPUTS,), widths[-1])

    weights = sum(inputs * outputs for inputs, outputs in pairwise(widths))
    name, title = f"weights_{weights}", "dense " + "-".join(map(str, widths))
    return Point(_subject(name, title, make, (_INPUTS,)), weights, _ACTIVATIONS, weights, 2)


def _split(layers: int) -> Point:
    """From 8 channels through `layers` times as many as the budget of weights allows, and to 8 channels again."""
    ends = 2 * _CHANNELS
    channels = _BUDGET // ends
    if layers > 1:  # The positive root of (layers - 1) channels^2 + ends channels = budget.
        half = ends / 2
        channels = round((math.sqrt(half * half + (layers - 1) * _BUDGET) - half) / (layers - 1))
    shape = (_CHANNELS, 1, round(_BUDGET / (layers * channels)))

    def make(rng: np.random.Generator) -> onnx.ModelProto:
        from zkseal.zoo.layers import Conv, Relu

        made: list[Layer] = [Conv(rng, _CHANNELS, channels, 1, 0), Relu()]
        for _ in range(layers - 1):
            made += [Conv(rng, channels, channels, 1, 0), Relu()]
        return pooled("split", [*made, Conv(rng, channels, _CHANNELS, 1, 0)], shape)

    weights = (layers - 1) * channels**2 + ends * channels
    title = f"{layers} x {channels} channels over {shape[-1]} pixels"
    return Point(
        _subject(f"depth_{layers}", title, make, shape), layers, layers * channels * shape[-1], weights, layers
    )


def _subject(name: str, title: str, make: Make, shape: tuple[int, ...]) -> Subject:
    return Subject(name, title, partial(_data, name, make, shape))


def _data(name: str, make: Make, shape: tuple[int, ...]) -> Data:
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    model = make(rng)
    rows = rng.random((_CALIBRATION + _HELD_OUT, *shape), dtype=np.float32)
    return Data(model, rows[:_CALIBRATION], rows[_CALIBRATION:])


FAMILIES = (
    Family("activations", "activations", "648 weights, 2 layers", tuple(map(_image, SIDES))),
    Family("weights", "weights", "4,096 activations, 2 layers", tuple(map(_bottleneck, HIDDEN))),
    Family("depth", "layers", "65 thousand activations and weights", tuple(map(_split, LAYERS))),
)

_POINTS = {point.subject.name: point for family in FAMILIES for point in family.points}
