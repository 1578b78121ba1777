"""Fitted scikit-learn estimators and pipelines as graphs, through skl2onnx."""

from __future__ import annotations

from zkseal.frontends.sklearn.load import load, to_onnx

__all__ = ["load", "to_onnx"]
