"""Models that XGBoost and LightGBM saved; neither library is needed to read them.

| suffix | what it is |
| --- | --- |
| .json | XGBoost's `save_model("model.json")`, or LightGBM's `dump_model()` as JSON |
| .txt | LightGBM's `save_model("model.txt")` |
| .ubj | XGBoost's binary form: refused with the remedy to save JSON |
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from zkseal.errors import InvalidModel
from zkseal.frontends.trees import lightgbm, lightgbm_text, xgboost
from zkseal.frontends.trees.graph import TreeModel, graph_of
from zkseal.graph import Graph
from zkseal.json_text import parse_json

__all__ = ["is_model_file", "load_file"]

MAX_BYTES = 1 << 31


def is_model_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file of this name is for `load_file`."""
    return Path(path).suffix.lower() in (".json", ".txt", ".ubj")


def load_file(path: str | os.PathLike[str], *, batch: int = 1, outputs: str | Sequence[str] | None = None) -> Graph:
    """The graph of a saved model; see `graph.graph_of` for outputs.

    Raises InvalidModel for a file that is missing or no such model, UnsupportedOp as `load` does.
    """
    source = Path(path)
    if source.suffix.lower() == ".ubj":
        raise InvalidModel(
            f"{source.name} is in XGBoost's binary form. Save the model as JSON: save_model('model.json').",
            path=source.name,
        )
    try:
        model = _read(source)
    except (OSError, KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise InvalidModel(
            f"{source.name} is no model that XGBoost or LightGBM saved ({type(error).__name__}). Save it again.",
            path=source.name,
        ) from error
    return graph_of(model, batch=batch, outputs=outputs)


def _read(path: Path) -> TreeModel:
    if path.stat().st_size > MAX_BYTES:
        raise ValueError("larger than any model")
    text = path.read_text("utf-8")
    if path.suffix.lower() == ".txt":
        return lightgbm.read_document(lightgbm_text.parse(text), path.name)
    document = parse_json(text)
    if "tree_info" in document:
        return lightgbm.read_document(document, path.name)
    return xgboost.read_document(document, path.name)
