"""Chooses the reader of a tree model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from zkseal.frontends.trees import lightgbm, sklearn, xgboost
from zkseal.frontends.trees.graph import TreeModel, graph_of
from zkseal.frontends.trees.pipelines import behind_scalers, scalers_of
from zkseal.graph import Graph

__all__ = ["load", "reads"]


def load(estimator: Any, *, batch: int = 1, outputs: str | Sequence[str] | None = None) -> Graph:
    """The graph of a fitted tree model, from its library's own object; see `graph.graph_of` for outputs.

    Raises InvalidModel for a model that is not fitted or for unknown outputs, UnsupportedOp for what trees here cannot
    do (splits by categories, linear leaves, objectives of one's own), each with a remedy.
    """
    reader = _reader(estimator)
    assert reader is not None
    return graph_of(reader(estimator), batch=batch, outputs=outputs)


def reads(estimator: Any) -> bool:
    """Whether `load` knows this kind of model."""
    return _reader(estimator) is not None


def _reader(estimator: Any) -> Callable[[Any], TreeModel] | None:
    kinds = type(estimator).__mro__
    for kind in kinds:
        library = kind.__module__.partition(".")[0]
        if library == "xgboost" and (hasattr(kind, "get_booster") or hasattr(kind, "save_raw")):
            return xgboost.read
        if library == "lightgbm" and (hasattr(kind, "dump_model") or hasattr(kind, "booster_")):
            return lightgbm.read
    name = type(estimator).__name__
    if not type(estimator).__module__.startswith("sklearn."):
        return None
    if name == "Pipeline" and scalers_of(estimator) is not None and _reader(estimator.steps[-1][1]) is not None:
        return _read_pipeline
    return sklearn.read if name in sklearn.CLASSES else None


def _read_pipeline(pipeline: Any) -> TreeModel:
    reader, scalers = _reader(pipeline.steps[-1][1]), scalers_of(pipeline)
    assert reader is not None
    assert scalers is not None
    return behind_scalers(reader(pipeline.steps[-1][1]), scalers)
