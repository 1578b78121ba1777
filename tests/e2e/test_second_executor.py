"""The second executor notices what it is there to notice."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.e2e.second_executor import Executor, Published
from tests.e2e.second_executor.arithmetic import divide, half_up, require_exact
from tests.e2e.subjects import Subject, subject

FOLDER = Path(__file__).parent / "second_executor"


@pytest.fixture(scope="module")
def digits() -> Subject:
    return subject("digits")


def executor(of: Subject, change: str = "", by: int = 1) -> Executor:
    """The executor with one entry of the constant `change` moved."""
    integers = {name: array.copy() for name, array in of.compiled.weights().items()}
    if change:
        integers[change].flat[3] += by
    relation = of.compiled.relation
    return Executor(of.float_model, Published(relation.encode(), relation.names.tensors, integers), of.logits)


def test_it_imports_nothing_of_zkseal() -> None:
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name == "zkseal" or name.startswith("zkseal.")], path


def test_weights_that_are_not_the_graphs_are_noticed(digits: Subject) -> None:
    for name in digits.compiled.weights():
        with pytest.raises(ValueError, match=r"powers of two|bias"):
            executor(digits, name).run(digits.zoo.held_out[:1])


def test_scales_end_where_the_annotation_says(digits: Subject) -> None:
    second = executor(digits)
    second.run(digits.zoo.held_out[:1])
    assert second.exponents["logits"] == digits.compiled.interface.outputs[0].exponent
    (port,) = second.published.outputs
    second.published.outputs = [replace(port, exponents=port.exponents + 1)]
    with pytest.raises(ValueError, match="scales"):
        second.run(digits.zoo.held_out[:1])


def test_inputs_beyond_their_bounds_are_noticed(digits: Subject) -> None:
    with pytest.raises(OverflowError):
        executor(digits).run(digits.zoo.held_out[:1] + 1000)


def test_rounding_is_half_up() -> None:
    assert half_up([-1.5, -0.5, 0.5, 1.5, 2.49], 0).tolist() == [-1, 0, 1, 2, 2]
    assert divide(np.array([-24, -8, 7, 8, 24]), 4).tolist() == [-1, 0, 0, 1, 2]
    assert divide(np.array([-3, 5]), 0).tolist() == [-3, 5]


def test_sums_that_might_wrap_are_refused() -> None:
    with pytest.raises(OverflowError):
        require_exact(np.array([1 << 40]), np.array([[1 << 22, 1]]), 0)
