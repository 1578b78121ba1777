"""Preparation of features of `ai.onnx.ml`: Binarizer, FeatureVectorizer, Imputer, OneHotEncoder."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from zkseal.frontends.onnx.ml_ops.writer import Writer

__all__ = ["binarizer", "feature_vectorizer", "imputer", "one_hot_encoder"]


def binarizer(w: Writer) -> bool:
    """1 where x is greater than the threshold, else 0."""
    threshold = np.asarray(w.attributes.get("threshold", 0.0), np.float32)
    greater = w.add("Greater", [w.float_input(), w.constant("threshold", threshold)])
    w.add("Cast", [greater], w.node.output[0], to=TensorProto.FLOAT)
    return True


def feature_vectorizer(w: Writer) -> bool:
    """All inputs as float32, side by side; each must be as wide as it says."""
    widths = w.attributes.get("inputdimensions", ())
    if len(widths) != len(w.node.input) or min(widths, default=0) < 1:
        return False
    parts = []
    for position, width in enumerate(widths):
        shape = w.constant(f"shape_{position}", np.array([-1, width], np.int64))
        parts.append(w.add("Reshape", [w.float_input(position), shape]))
    w.add("Concat", parts, w.node.output[0], axis=1)
    return True


def imputer(w: Writer) -> bool:
    """Entries that equal the replaced value, or are NaN, get that of their column (or of all)."""
    floats = "imputed_value_floats" in w.attributes
    values = np.asarray(w.attributes.get("imputed_value_floats" if floats else "imputed_value_int64s", ()))
    replaced = w.attributes.get("replaced_value_float" if floats else "replaced_value_int64", 0)
    if values.size == 0 or not np.isfinite(values).all():
        return False
    dtype, kind = (np.float32, TensorProto.FLOAT) if floats else (np.int64, TensorProto.INT64)
    x = w.add("Cast", [w.node.input[0]], to=kind)
    if np.isnan(float(replaced)):
        found = w.add("IsNaN", [x])
    else:
        found = w.add("Equal", [x, w.constant("replaced", np.asarray(replaced, dtype))])
    w.add("Where", [found, w.constant("imputed", values.astype(dtype)), x], w.node.output[0])
    return True


def one_hot_encoder(w: Writer) -> bool:
    """For each entry the categories that it equals, as 0 and 1 along a new last axis; 0 alone for unknown ones."""
    categories = np.asarray(w.attributes.get("cats_int64s", ()), np.int64)
    if categories.size == 0 or not w.attributes.get("zeros", 1):
        return False
    last = w.constant("last", np.array([-1], np.int64))
    x = w.add("Unsqueeze", [w.add("Cast", [w.node.input[0]], to=TensorProto.INT64), last])
    equal = w.add("Equal", [x, w.constant("categories", categories)])
    w.add("Cast", [equal], w.node.output[0], to=TensorProto.FLOAT)
    return True
