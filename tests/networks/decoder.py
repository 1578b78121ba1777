"""A decoder of the shape of GPT-2 (Radford et al., 2019): 12 layers, 768 wide, 12 heads, random weights.

Random weights are those of GPT-2's initialization: normal with deviation 0.02, projections into the residual stream
smaller by sqrt(2 layers). One pass computes the scores of the next token at every position.
"""

from __future__ import annotations

import numpy as np
import onnx
from tests.networks.builder import Array, Builder

EPSILON = 1e-5


def build(
    *, tokens: int = 16, layers: int = 12, width: int = 768, heads: int = 12, vocabulary: int = 50257, seed: int = 1
) -> onnx.ModelProto:
    """The model from `tokens` ids to the scores y of shape (1, tokens, vocabulary)."""
    random = np.random.default_rng(seed)
    b = Builder()

    def normal(*shape: int, deviation: float = 0.02) -> Array:
        return random.standard_normal(shape, np.float32) * np.float32(deviation)

    def linear(x: str, inputs: int, outputs: int, name: str, deviation: float = 0.02) -> str:
        return b.linear(x, normal(inputs, outputs, deviation=deviation), normal(outputs), name)

    def norm(x: str, name: str) -> str:
        return b.layer_norm(x, 1.0 + normal(width, deviation=0.1), normal(width, deviation=0.1), EPSILON, name)

    words = normal(vocabulary, width)
    x = b.add("Gather", b.constant(words, "words"), "ids", axis=0)
    x = b.add("Add", x, b.constant(normal(tokens, width, deviation=0.01), "places"))
    residual = 0.02 / (2 * layers) ** 0.5
    for layer in range(layers):
        y = norm(x, f"h{layer}.norm1")
        q, k, v = (linear(y, width, width, f"h{layer}.{part}") for part in ("query", "key", "value"))
        mixed = b.attention(q, k, v, tokens, width, heads, causal=True)
        x = b.add("Add", x, linear(mixed, width, width, f"h{layer}.projection", residual))
        inner = b.add("Gelu", linear(norm(x, f"h{layer}.norm2"), width, 4 * width, f"h{layer}.up"), approximate="tanh")
        x = b.add("Add", x, linear(inner, 4 * width, width, f"h{layer}.down", residual))
    scores = b.add("MatMul", norm(x, "norm"), b.constant(words.T, "scores"))
    return b.model({"ids": (1, tokens)}, scores, (1, tokens, vocabulary))
