"""Writes operators of `ai.onnx.ml` with plain ONNX operators, in place.

| operator | becomes | module |
| --- | --- | --- |
| Scaler | Sub, Mul (merged into one affine node later) | `linear` |
| LinearRegressor | Gemm, then Softmax or Sigmoid | `linear` |
| LinearClassifier | Gemm, then Softmax, or Sigmoid (and 1 - p, Concat for two classes), ArgMax, Gather | `linear` |
| Normalizer | LpNormalization, or ReduceMax, Div; nothing behind a softmax, whose rows already sum to 1 | `linear` |
| ArrayFeatureExtractor | Gather; nothing where the classes are 0, 1, 2, ... | `labels` |
| ZipMap | its tensor input | `labels` |
| LabelEncoder | Equal, Cast, sums of products, for numbers | `labels` |
| Binarizer | Greater, Cast | `features` |
| FeatureVectorizer | Cast, Concat | `features` |
| Imputer | Equal or IsNaN, Where | `features` |
| OneHotEncoder | Equal, Cast | `features` |
| TreeEnsembleClassifier, TreeEnsemble | TreeEnsembleRegressor, and what is made of its scores | `trees` |
| SVMRegressor, SVMClassifier | kernels as Gemm, Exp, Pow, Tanh; votes of pairs of classes, ArgMax | `svm` |

String labels become class indices, and a note tells the names. A form that is not known stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import onnx
from onnx import helper

from zkseal.frontends.onnx.ml_ops.features import binarizer, feature_vectorizer, imputer, one_hot_encoder
from zkseal.frontends.onnx.ml_ops.labels import array_feature_extractor, label_encoder, zip_map
from zkseal.frontends.onnx.ml_ops.linear import linear_classifier, linear_regressor, normalizer, scaler
from zkseal.frontends.onnx.ml_ops.svm import svm_classifier, svm_regressor
from zkseal.frontends.onnx.ml_ops.trees import tree_classifier, tree_ensemble, tree_regressor
from zkseal.frontends.onnx.ml_ops.writer import ML, Rewrite, Writer

__all__ = ["rewrite_ml_ops"]

_VERSION = 3
"""The version of `ai.onnx.ml` that graphs are written in: the newest that has TreeEnsembleRegressor."""


def rewrite_ml_ops(model: onnx.ModelProto) -> list[str]:
    """Rewrites the operators of the table above in `model`; returns notes for people."""
    rewrite = Rewrite(model)
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        writer = Writer(rewrite, node)
        rule = _RULES.get(node.op_type) if node.domain == ML else None
        nodes.extend(writer.nodes if rule is not None and rule(writer) else [node])
    copies = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del model.graph.node[:]
    model.graph.node.extend(copies)
    left = {node.op_type for node in copies if node.domain == ML}
    if left == {"TreeEnsembleRegressor"}:
        _import(model, _VERSION)
    return rewrite.notes


def _import(model: onnx.ModelProto, version: int) -> None:
    kept = [entry for entry in model.opset_import if entry.domain != ML]
    kept = [helper.make_opsetid(entry.domain, entry.version) for entry in kept]
    del model.opset_import[:]
    model.opset_import.extend([*kept, helper.make_opsetid(ML, version)])


_RULES: Mapping[str, Callable[[Writer], bool]] = {
    "ArrayFeatureExtractor": array_feature_extractor,
    "Binarizer": binarizer,
    "FeatureVectorizer": feature_vectorizer,
    "Imputer": imputer,
    "LabelEncoder": label_encoder,
    "LinearClassifier": linear_classifier,
    "LinearRegressor": linear_regressor,
    "Normalizer": normalizer,
    "OneHotEncoder": one_hot_encoder,
    "SVMClassifier": svm_classifier,
    "SVMRegressor": svm_regressor,
    "Scaler": scaler,
    "TreeEnsemble": tree_ensemble,
    "TreeEnsembleClassifier": tree_classifier,
    "TreeEnsembleRegressor": tree_regressor,
    "ZipMap": zip_map,
}
