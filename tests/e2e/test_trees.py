"""Tree models against the libraries that trained them: the same class on every held-out row, and proofs of it.

Data: breast cancer (all held-out rows), and a synthetic credit set of 30 features in their own units, 10,000 rows held
out, entries as float64 and not rounded.
"""

from __future__ import annotations

import functools
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.e2e.key_files import through_a_file

import zkseal
from zkseal.errors import ZksealError
from zkseal.graph.trees import TREES, Trees

pytest.importorskip("sklearn")
lightgbm = pytest.importorskip("lightgbm")
xgboost = pytest.importorskip("xgboost")

from sklearn.datasets import load_breast_cancer, load_digits, make_classification  # noqa: E402
from sklearn.ensemble import (  # noqa: E402
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.model_selection import train_test_split  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.native]

Rows = npt.NDArray[np.float64]

ESTIMATORS: dict[str, Callable[[], Any]] = {
    "random forest": lambda: RandomForestClassifier(100, random_state=0),
    "xgboost": lambda: xgboost.XGBClassifier(n_estimators=100, max_depth=6, n_jobs=2),
    "lightgbm": lambda: lightgbm.LGBMClassifier(n_estimators=100, max_depth=6, n_jobs=2, verbose=-1),
}


@functools.cache
def breast_cancer() -> tuple[Rows, Rows, npt.NDArray[np.int64]]:
    """Training rows, held-out rows, training classes."""
    data = load_breast_cancer()
    train, held_out, classes, _ = train_test_split(data.data, data.target, test_size=0.25, random_state=0)
    return train, held_out, classes


@functools.cache
def credit() -> tuple[Rows, Rows, npt.NDArray[np.int64]]:
    """Features of three kinds: amounts (skewed, up to 10^6), rates (small), counts of months (with fractions)."""
    rows, classes = make_classification(
        n_samples=20_000, n_features=30, n_informative=14, n_redundant=6, flip_y=0.03, class_sep=0.8, random_state=5
    )
    rows[:, :10] = 1500.0 * np.exp(rows[:, :10])
    rows[:, 10:20] = 0.05 + 0.01 * rows[:, 10:20]
    rows[:, 20:] = 36.0 + 12.0 * rows[:, 20:]
    return rows[:10_000], rows[10_000:], classes[:10_000]


MORE: dict[str, Callable[[], Any]] = {
    "small forest": lambda: RandomForestClassifier(6, random_state=0),
    "extra trees": lambda: ExtraTreesClassifier(20, max_depth=8, random_state=0),
    "gradient boosting": lambda: GradientBoostingClassifier(n_estimators=6, random_state=0),
    "histogram boosting": lambda: HistGradientBoostingClassifier(max_iter=6, random_state=0),
    "xgboost": lambda: xgboost.XGBClassifier(n_estimators=8, max_depth=4, n_jobs=2),
    "lightgbm": lambda: lightgbm.LGBMClassifier(n_estimators=8, n_jobs=2, verbose=-1),
}

DATA = {"breast cancer": breast_cancer, "credit": credit}


@dataclass(frozen=True)
class Case:
    """A fitted estimator, its compiled model, and rows that neither has seen."""

    estimator: Any
    compiled: zkseal.CompiledModel
    held_out: Rows

    def label(self, row: Rows) -> int:
        """The class of one row as the integer program gives it: what a proof proves."""
        return int(self.compiled.program.predict({"X": row[np.newaxis]})["label"][0])

    @property
    def trees(self) -> Trees:
        """The trees of the float graph."""
        return Trees.of(next(node for node in self.compiled.graph.nodes if node.op == TREES))


@functools.cache
def case(kind: str, data: str) -> Case:
    """Trained with fixed seeds."""
    train, held_out, classes = DATA[data]()
    estimator = ESTIMATORS[kind]()
    estimator.fit(train, classes)
    return Case(estimator, zkseal.compile(estimator, train[:64], select=["label", "probabilities"]), held_out)


def predicted(estimator: Any, rows: Rows) -> npt.NDArray[np.int64]:
    """Classes by the library itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.asarray(estimator.predict(rows))


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_same_class_on_every_held_out_row(kind: str, data: str) -> None:
    found = case(kind, data)
    labels = np.array([found.label(row) for row in found.held_out])
    expected = predicted(found.estimator, found.held_out)
    assert len(labels) == (143 if data == "breast cancer" else 10_000)
    assert 0.05 < expected.mean() < 0.95
    assert np.flatnonzero(labels != expected).tolist() == []
    assert "no threshold is rounded" in found.compiled.program.notes[0]


@pytest.mark.parametrize("kind", ESTIMATORS)
def test_the_same_leaf_next_to_every_threshold(kind: str) -> None:
    """Entries are thresholds and the floats beside them: a single wrong turn would show in the probabilities."""
    found = case(kind, "breast cancer")
    trees, rng = found.trees, np.random.default_rng(0)
    narrow = kind != "lightgbm"  # compares float32 entries
    rows = np.repeat(found.held_out, 4, axis=0)
    for feature in range(rows.shape[1]):
        thresholds = trees.thresholds[trees.features == feature]
        if thresholds.size:
            chosen = rng.choice(thresholds, size=len(rows))
            chosen = chosen.astype(np.float32) if narrow else chosen
            way = rng.choice(np.array([-np.inf, np.inf], chosen.dtype), size=len(rows))
            rows[:, feature] = np.where(rng.random(len(rows)) < 0.3, chosen, np.nextafter(chosen, way))
    program = found.compiled.program
    shares = np.concatenate([program.predict({"X": row[np.newaxis]})["probabilities"] for row in rows])
    np.testing.assert_allclose(shares, found.estimator.predict_proba(rows), atol=2.0**-12)


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize("kind", ESTIMATORS)
def test_proved_and_verified(kind: str, data: str, figures: dict[str, dict[str, Any]]) -> None:
    found = case(kind, data)
    proving_key, verifying_key = zkseal.setup(found.compiled)
    row, times = found.held_out[0], []
    proving_key = through_a_file(proving_key, row)
    for _ in range(3):
        start = time.perf_counter()
        result = zkseal.prove(proving_key, row, context=b"trees")
        proved = time.perf_counter()
        statement = zkseal.verify(result.receipt, verifying_key, context=b"trees")
        times.append((proved - start, time.perf_counter() - proved))
    assert int(statement.outputs["label"][0]) == predicted(found.estimator, row[np.newaxis])[0]
    with pytest.raises(ZksealError):
        zkseal.verify(result.receipt, verifying_key, context=b"other")
    figures[f"{kind}, {data}"] = {
        "prove_s": min(t for t, _ in times),
        "verify_s": min(t for _, t in times),
        "proof_bytes": len(result.receipt.to_cbor()),
        "lookups": found.compiled.relation.cost.lookups,
        "table_rows": found.compiled.relation.cost.table_rows,
    }


@pytest.mark.parametrize("kind", MORE)
def test_other_models_agree_on_every_held_out_row(kind: str) -> None:
    """Ten classes, other libraries' kinds of trees, forests whose votes tie."""
    digits = load_digits()
    train, held_out = digits.data[::2], digits.data[1::2][:300]
    estimator = MORE[kind]()
    estimator.fit(train, digits.target[::2])
    compiled = zkseal.compile(estimator, train[:64])
    found = [compiled.program.predict({"X": row[np.newaxis]}) for row in held_out]
    labels = np.concatenate([each["label"] for each in found])
    assert np.flatnonzero(labels != predicted(estimator, held_out)).tolist() == []
    shares = np.concatenate([each["probabilities"] for each in found])
    np.testing.assert_allclose(shares, estimator.predict_proba(held_out), atol=2.0**-10)
    if kind == "small forest":
        votes = np.sort(estimator.predict_proba(held_out), axis=1)
        assert (votes[:, -1] == votes[:, -2]).sum() > 10
