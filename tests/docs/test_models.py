"""docs/guides/models.md: every example compiles and is proved where its library is installed."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zkseal

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "guides" / "models.md").read_text()
ROWS = re.findall(r"^\| ([^|]+) \| (?:`zkseal\[(\w+)\]` )?\| `(zkseal\.compile\(.+\))` \|$", PAGE, re.MULTILINE)

NAMES = {
    "LGBMClassifier": "lightgbm",
    "MLPClassifier": "sklearn.neural_network",
    "RandomForestClassifier": "sklearn.ensemble",
    "StandardScaler": "sklearn.preprocessing",
    "XGBClassifier": "xgboost",
    "keras": "keras",
    "make_pipeline": "sklearn.pipeline",
    "torch": "torch",
}
"""Where the names of the examples come from."""

NEEDED = {"keras": ("tensorflow", "tf2onnx"), "sklearn.neural_network": ("skl2onnx",)}


def namespace(code: str) -> dict[str, Any]:
    """The names that the code uses; skips where a library is missing."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 5)).astype(np.float32)
    found: dict[str, Any] = {"zkseal": zkseal, "X": rows, "y": (rows[:, 0] + rows[:, 1] > 0).astype(int)}
    for name, package in NAMES.items():
        if re.search(rf"\b{name}\b", code):
            for needed in (*NEEDED.get(package, ()), package):
                pytest.importorskip(needed, reason=f"{needed} is not installed")
            module = importlib.import_module(package)
            found[name] = module if name == package else getattr(module, name)
    return found


def write_files(code: str, rows: Any, classes: Any) -> None:
    """The model that an example reads from the working folder."""
    if "model.onnx" in code:
        import onnx
        from onnx import TensorProto, helper

        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 5]) for name in ("x", "y")]
        graph = helper.make_graph([helper.make_node("Softmax", ["x"], ["y"])], "g", ends[:1], ends[1:])
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), "model.onnx")
    elif "xgboost.json" in code:
        xgboost = pytest.importorskip("xgboost")
        xgboost.XGBClassifier(n_estimators=10).fit(rows, classes).save_model("xgboost.json")
    elif "lightgbm.txt" in code:
        lightgbm = pytest.importorskip("lightgbm")
        lightgbm.LGBMClassifier(n_estimators=10, verbose=-1).fit(rows, classes).booster_.save_model("lightgbm.txt")


def test_every_row_of_the_table_is_an_example() -> None:
    table = [line for line in PAGE.splitlines() if line.startswith("| ")][2:]
    assert len(ROWS) == len(table) >= 9


def test_extras_exist() -> None:
    extras = re.search(
        r"^\[project.optional-dependencies\]\n(.*?)\n\n", (ROOT / "pyproject.toml").read_text(), re.M | re.S
    )
    assert extras is not None
    for _, extra, _ in ROWS:
        assert not extra or re.search(rf"^{extra} = ", extras[1], re.M), extra


@pytest.mark.native
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("code", [code for _, _, code in ROWS], ids=[name for name, _, _ in ROWS])
def test_an_example_is_proved(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = namespace(code)
    write_files(code, names["X"], names["y"])
    compiled = eval(code, names)
    proving_key, verifying_key = zkseal.setup(compiled)
    result = zkseal.prove(proving_key, names["X"][:1])
    assert zkseal.verify(result.receipt, verifying_key).outputs.keys() == result.outputs.keys()
