"""Labels of classifiers, and maps of labels, of `ai.onnx.ml`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from zkseal.frontends.onnx.ml_ops.writer import Array, Rewrite, Writer

__all__ = ["array_feature_extractor", "as_classes", "label_encoder", "write_label", "zip_map"]


def as_classes(labels: Sequence[int | bytes]) -> Array:
    if isinstance(labels[0], bytes):
        return np.array([label.decode("utf-8", "replace") for label in labels if isinstance(label, bytes)], object)
    return np.asarray(labels, np.int64)


def write_label(w: Writer, index: str, classes: Array, output: str) -> None:
    """Writes the label that belongs to class `index` into `output`."""
    numbers = np.arange(classes.size)
    if classes.dtype == object:
        w.rewrite.notes.append(
            f"Labels are indices into the classes {[str(label) for label in classes]}, not their names."
        )
        w.rewrite.retype_output(output, TensorProto.INT64)
        w.add("Identity", [index], output)
    elif np.array_equal(classes, numbers):
        w.add("Cast", [index], output, to=helper.np_dtype_to_tensor_dtype(classes.dtype))
    else:
        w.add("Gather", [w.constant("classes", classes), index], output, axis=0)


def array_feature_extractor(w: Writer) -> bool:
    """Entries of the last axis by index; labels of indices, where x is a constant list of them."""
    tensor = w.rewrite.constants.get(w.node.input[0])
    classes = np.zeros((0, 0)) if tensor is None else numpy_helper.to_array(tensor)
    if tensor is None or classes.size != classes.shape[-1]:
        if tensor is not None and tensor.data_type == TensorProto.STRING:
            return False
        index = w.add("Reshape", [w.node.input[1], w.constant("flat", np.array([-1], np.int64))])
        w.add("Gather", [w.node.input[0], index], w.node.output[0], axis=-1)
        return True
    if tensor.data_type == TensorProto.STRING:
        classes = np.array([_text(item) for item in classes.reshape(-1)], object)
    flat = w.add("Reshape", [w.node.input[1], w.constant("flat", np.array([-1], np.int64))])
    chosen = w.rewrite.fresh(f"{w.stem}_chosen")
    write_label(w, flat, classes.reshape(-1), chosen)
    w.add("Reshape", [chosen, w.constant("row", np.array([1, -1], np.int64))], w.node.output[0])
    if tensor.data_type == TensorProto.STRING:
        _retype_behind(w.rewrite, w.node.output[0])
    return True


def _text(item: object) -> str:
    return item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)


def _retype_behind(rewrite: Rewrite, name: str) -> None:
    """Labels that were strings are int64 now: so are graph outputs reached through Reshape, Cast or Identity."""
    rewrite.retype_output(name, TensorProto.INT64)
    for node in rewrite.model.graph.node:
        if name not in node.input or node.op_type not in ("Reshape", "Cast", "Identity", "Squeeze", "Flatten"):
            continue
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.STRING:
                attribute.i = TensorProto.INT64
        _retype_behind(rewrite, node.output[0])


def zip_map(w: Writer) -> bool:
    """The tensor of probabilities in place of a list of dictionaries."""
    name = w.node.output[0]
    names = w.attributes.get("classlabels_int64s") or w.attributes.get("classlabels_strings") or []
    shown = [_text(item) for item in names]
    w.rewrite.notes.append(f"Output {name!r} is a tensor with one column for each class of {shown}, not a ZipMap.")
    w.rewrite.retype_output(name, TensorProto.FLOAT)
    w.add("Identity", [w.node.input[0]], name)
    return True


def label_encoder(w: Writer) -> bool:
    """y = the value of the key that x equals, else the default: numbers to numbers, for keys without NaN."""
    keys, values, default = (_numbers(w, name) for name in ("keys", "values", "default"))
    if (
        keys is None
        or values is None
        or keys.size != values.size
        or keys.size == 0
        or len(set(keys.tolist())) < keys.size
    ):
        return False
    if np.isnan(keys.astype(np.float64)).any() or not np.isfinite(values.astype(np.float64)).all():
        return False
    rest = default.reshape(-1)[:1] if default is not None and default.size else np.zeros(1, values.dtype)
    rest = np.array([-1], values.dtype) if default is None and values.dtype.kind == "i" else rest
    if not np.isfinite(rest.astype(np.float64)).all():
        return False
    last = w.constant("last", np.array([-1], np.int64))
    kinds = [helper.np_dtype_to_tensor_dtype(array.dtype) for array in (keys, values)]
    x = w.add("Unsqueeze", [w.add("Cast", [w.node.input[0]], to=kinds[0]), last])
    found = w.add("Cast", [w.add("Equal", [x, w.constant("keys", keys)])], to=kinds[1])
    # Keys differ, so at most one of them equals x.
    chosen = w.add("Mul", [found, w.constant("values", values)])
    if not rest.any():
        w.add("ReduceSum", [chosen, last], w.node.output[0], keepdims=0)
        return True
    total, known = (w.add("ReduceSum", [name, last], keepdims=0) for name in (chosen, found))
    unknown = w.add("Sub", [w.constant("one", np.ones((), values.dtype)), known])
    instead = w.add("Mul", [unknown, w.constant("default", rest.reshape(()))])
    w.add("Add", [total, instead], w.node.output[0])
    return True


def _numbers(w: Writer, name: str) -> Array | None:
    """Keys, values or default of a LabelEncoder, in whatever attribute they are; None if there are none of numbers."""
    tensor = w.attributes.get(f"{name}_tensor")
    if tensor is not None and tensor.data_type != TensorProto.STRING:
        return np.asarray(numpy_helper.to_array(tensor)).reshape(-1)
    suffixes = ("float", "int64") if name == "default" else ("floats", "int64s")
    for suffix, dtype in zip(suffixes, (np.float32, np.int64), strict=True):
        found = w.attributes.get(f"{name}_{suffix}")
        if found is not None:
            return np.atleast_1d(np.asarray(found, dtype))
    return None
