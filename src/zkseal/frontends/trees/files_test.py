"""Saved models: the same graph as from the object that saved them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zkseal.errors import InvalidModel, UnsupportedOp
from zkseal.frontends.onnx import FloatSession
from zkseal.frontends.trees import is_model_file, load, load_file

xgboost = pytest.importorskip("xgboost")
lightgbm = pytest.importorskip("lightgbm")

RNG = np.random.default_rng(0)
X = RNG.standard_normal((200, 3))
GAPS = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
Y = np.digitize(X[:, 0] + X[:, 1], [-0.5, 0.5])


def saved(kind: str, folder: Path) -> tuple[Path, Any]:
    path = folder / f"model.{kind.rpartition('.')[2]}"
    if kind.startswith("xgboost"):
        first = xgboost.XGBClassifier(n_estimators=4, n_jobs=1).fit(X, Y)
        first.save_model(path)
        return path, first
    options = {"boosting_type": "rf", "subsample": 0.6, "subsample_freq": 1} if "forest" in kind else {}
    second = lightgbm.LGBMClassifier(n_estimators=4, verbose=-1, n_jobs=1, **options).fit(GAPS, Y)
    if kind == "lightgbm.json":
        path.write_text(json.dumps(second.booster_.dump_model()))
    else:
        second.booster_.save_model(path)
    return path, second


@pytest.mark.parametrize("kind", ["xgboost.json", "lightgbm.json", "lightgbm.txt", "lightgbm forest.txt"])
def test_saved_models(kind: str, tmp_path: Path) -> None:
    path, estimator = saved(kind, tmp_path)
    assert is_model_file(path)
    expected = FloatSession(load(estimator), threads=1).run({"X": GAPS})
    for name, array in FloatSession(load_file(path), threads=1).run({"X": GAPS}).items():
        np.testing.assert_array_equal(array, expected[name])


@pytest.mark.parametrize("suffix", ["json", "ubj", "txt"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"[]", b'{"learner": {}}', b"\xff\x00", b"tree\nversion=v4\n"])
def test_files_that_are_no_models(suffix: str, content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / f"model.{suffix}"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidModel):
        load_file(path)


def test_a_text_that_was_damaged(tmp_path: Path) -> None:
    path, _ = saved("lightgbm.txt", tmp_path)
    text = path.read_text()
    tree = text.index("Tree=1")
    child = text.index("left_child=", tree) + len("left_child=")
    for broken in (
        text[: len(text) // 2],
        text.replace("num_leaves=", "num_leaves=1", 1),
        text[:child] + "7 " + text[child:].partition(" ")[2],
        text.replace("threshold=", "threshold=x", 1),
        text.replace("split_feature=", "split_feature=-", 1),
        text.replace("max_feature_idx=2", "max_feature_idx=0"),
    ):
        path.write_text(broken)
        with pytest.raises(InvalidModel):
            load_file(path)


def test_refused_forms_are_named(tmp_path: Path) -> None:
    categories = RNG.integers(6, size=(200, 1)).astype(float)
    model = lightgbm.LGBMClassifier(n_estimators=2, verbose=-1, min_data_per_group=1, cat_smooth=0.0)
    model.fit(categories, categories[:, 0] % 2, categorical_feature=[0])
    path = tmp_path / "model.txt"
    model.booster_.save_model(path)
    with pytest.raises(UnsupportedOp, match="categories"):
        load_file(path)


def test_other_files() -> None:
    assert not is_model_file("model.onnx")
    assert not is_model_file("model")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("left_children", 0),
        ("right_children", 900),
        ("split_indices", 3),
        ("split_indices", -1),
        ("split_conditions", "x"),
    ],
)
def test_a_document_that_was_damaged(name: str, value: Any, tmp_path: Path) -> None:
    path, _ = saved("xgboost.json", tmp_path)
    document = json.loads(path.read_text())
    document["learner"]["gradient_booster"]["model"]["trees"][0][name][0] = value
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidModel):
        load_file(path)
