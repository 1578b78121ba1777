"""Scikit-learn pipelines on tables."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np

from zkseal.zoo.model import ZooModel, sklearn_module

_CALIBRATION_ROWS = 256


@functools.cache
def breast_cancer() -> ZooModel:
    """Breast cancer Wisconsin: StandardScaler and an MLP 30-16-8-1; 569 rows, a quarter held out."""
    data = sklearn_module("datasets").load_breast_cancer()
    network = _mlp((16, 8), alpha=1.0, max_iter=200, seed=2)
    return _fit("breast_cancer", _pipeline("StandardScaler", network), data.data, data.target)


@functools.cache
def digits() -> ZooModel:
    """Handwritten digits of 8x8 pixels: scaling to [0, 1] and an MLP 64-64-10; 1797 rows, a quarter held out."""
    data = sklearn_module("datasets").load_digits()
    return _fit(
        "digits", _pipeline("MinMaxScaler", _mlp((64,), alpha=1e-3, max_iter=60, seed=1)), data.data, data.target
    )


@functools.cache
def mlp_credit() -> ZooModel:
    """Synthetic credit decisions: an MLP 20-64-32-1 on standardized features; 4000 rows, a quarter held out."""
    rows, classes = sklearn_module("datasets").make_classification(
        n_samples=4000, n_features=20, n_informative=10, n_redundant=4, class_sep=1.5, random_state=7
    )
    rows = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    return _fit("mlp_credit", _mlp((64, 32), alpha=1e-3, max_iter=40, seed=1), rows, classes)


def _mlp(hidden: tuple[int, ...], *, alpha: float, max_iter: int, seed: int) -> Any:
    return sklearn_module("neural_network").MLPClassifier(hidden, alpha=alpha, max_iter=max_iter, random_state=seed)


def _pipeline(scaler: str, estimator: Any) -> Any:
    return sklearn_module("pipeline").make_pipeline(getattr(sklearn_module("preprocessing"), scaler)(), estimator)


def _fit(name: str, estimator: Any, rows: Any, classes: Any) -> ZooModel:
    rows = np.asarray(rows, np.float32)
    train, held_out, train_classes, labels = sklearn_module("model_selection").train_test_split(
        rows, np.asarray(classes, np.int64), test_size=0.25, random_state=0, stratify=classes
    )
    with warnings.catch_warnings():  # A fixed number of epochs is what makes training quick.
        warnings.simplefilter("ignore", sklearn_module("exceptions").ConvergenceWarning)
        estimator.fit(train, train_classes)
    return ZooModel(name, estimator, train[:_CALIBRATION_ROWS], held_out, labels)
