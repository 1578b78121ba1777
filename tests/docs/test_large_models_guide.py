"""docs/guides/large-models.md: its Python runs as it stands, in order."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import zkseal
from zkseal import segments
from zkseal.pipeline import CompiledModel

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "guides" / "large-models.md").read_text()


@pytest.mark.native
def test_the_examples_of_the_guide_run() -> None:
    from zkseal.segments.split_test import deep_graph

    x = np.random.default_rng(14).normal(size=(20, 4)).astype(np.float32)
    model: CompiledModel = zkseal.compile(deep_graph(3), x)
    names: dict[str, Any] = {"zkseal": zkseal, "segments": segments, "model": model, "x": x[:1]}
    examples = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        names.pop("said", None)
        exec(example, names)
        expected = model.program.predict({"x": x[:1]})["y"]
        assert np.array_equal(names["said"].outputs["y"], expected)
