"""A saved tree model on the command line: compiled, inspected, proved with a missing entry, verified."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zkseal.cli import main

pytestmark = pytest.mark.native

STUMP = {
    "split_conditions": [0.1, -0.75, 0.5],
    "left_children": [1, -1, -1],
    "right_children": [2, -1, -1],
    "split_indices": [1, 0, 0],
    "default_left": [0, 0, 0],
    "split_type": [0, 0, 0],
    "tree_param": {"size_leaf_vector": "1"},
}
MODEL = {
    "learner": {
        "objective": {"name": "reg:squarederror"},
        "gradient_booster": {
            "name": "gbtree",
            "model": {"trees": [STUMP], "tree_info": [0], "iteration_indptr": [0, 1]},
        },
        "learner_model_param": {"base_score": "[5E-1]", "num_class": "0", "num_feature": "2"},
    }
}


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_from_a_saved_model_to_a_statement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("m.json").write_text(json.dumps(MODEL))
    np.savez("s.npz", X=np.array([[0.0, 0.0], [0.0, 1.0]], np.float32))
    np.savez("x.npz", X=np.array([[7.0, np.nan]]))
    compiled = told(capsys, "compile", "m.json", "--calibrate", "s.npz", "--inputs", "public")
    assert "no threshold is rounded" in compiled["notes"][0]
    (port,) = told(capsys, "inspect", "m.zkc")["inputs"]
    assert port["exact"] == "float32"
    assert main(["inspect", "m.zkc"]) == 0
    assert "every float32 number, exact" in capsys.readouterr().out
    assert main(["setup", "m.zkc"]) == 0
    assert told(capsys, "prove", "m.zkp", "x.npz", "--context", "c")["outputs"] == {"variable": [[1.0]]}
    assert main(["verify", "x.zkr", "m.zkv", "--context", "c"]) == 0
    assert "X = [[7.0, nan]]" in capsys.readouterr().out
    assert told(capsys, "verify", "x.zkr", "m.zkv", "--context", "c")["inputs"] == {"X": [[7.0, None]]}
