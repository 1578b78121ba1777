"""ONNX's node tests: nothing fails silently or crashes, and what passed once passes for ever.

python -m tests.backend shows the table; with --write it records new outcomes.
"""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.backend import record
from tests.backend.cases import Array, Case, all_cases
from tests.backend.freeze import frozen, shape_names
from tests.backend.outcome import FAILED, FOLDED, OUT, PASSED, REFUSED, Outcome, compare, prove_case, run_case
from tests.backend.shards import run_cases


@pytest.mark.slow
def test_no_case_fails_and_every_recorded_case_passes() -> None:
    outcomes = run_cases(all_cases())
    failed = [outcome for outcome in outcomes if outcome.kind == FAILED and outcome.name not in record.INEXACT]
    assert not failed, failed
    passed = {outcome.name for outcome in outcomes if outcome.kind in (PASSED, FOLDED)}
    lost = record.passed(record.load()) - passed
    assert not lost, sorted(lost)


@pytest.mark.slow
@pytest.mark.native
def test_a_case_of_every_operator_is_proved_and_verified() -> None:
    recorded = record.load()
    by_name = {case.name: case for case in all_cases()}
    chosen = []
    for op in sorted(op for op in recorded if recorded[op].get(PASSED)):
        cases = [by_name[record.PREFIX + name] for name in recorded[op][PASSED]]
        chosen.append(min(cases, key=lambda case: sum(array.size for array in case.inputs.values())))
    outcomes = run_cases(chosen, work=prove_case)
    assert not [outcome for outcome in outcomes if outcome.kind != PASSED]


def test_the_record_holds_every_case_of_the_installed_onnx_and_no_failure() -> None:
    recorded = record.load()
    names = sorted(record.PREFIX + name for kinds in recorded.values() for found in kinds.values() for name in found)
    assert names == sorted(case.name for case in all_cases()), "run: python -m tests.backend --write"
    failed = {
        record.PREFIX + name
        for kinds in recorded.values()
        for k, v in kinds.items()
        if k.startswith(FAILED)
        for name in v
    }
    assert failed <= set(record.INEXACT)


def test_four_of_five_cases_of_promised_operators_pass_and_refusals_do_not_count() -> None:
    good, everything = record.share(record.load())
    assert everything > 1000
    assert good >= 0.8 * everything


def test_the_page_shows_the_record() -> None:
    assert record.PAGE.read_text() == record.page(record.load()), "run: python -m tests.backend --write"


def relu_case(y: Array, *, name: str = "relu") -> Case:
    """Relu of (-1, 0.5, 2), with any expected output."""
    x = np.array([-1.0, 0.5, 2.0], np.float32)
    graph = helper.make_graph(
        [helper.make_node("Relu", ["x"], ["y"])],
        "relu",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [3])],
    )
    return Case(name, "Relu", helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), {"x": x}, {"y": y})


def test_right_numbers_pass_and_wrong_ones_fail() -> None:
    right = np.array([0.0, 0.5, 2.0], np.float32)
    assert run_case(relu_case(right)).kind == PASSED
    wrong = run_case(relu_case(right + np.float32(2.0**-8)))
    assert (wrong.kind, "error" in wrong.detail) == (FAILED, True)


def test_integers_have_to_be_equal() -> None:
    y = np.array([3, 4])
    assert compare({"y": y}, {"y": np.array([3.0, 4.0])}) == ""
    assert compare({"y": y}, {"y": np.array([3, 5])}) == "output y differs"
    assert "missing" in compare({"y": y}, {})
    assert "shape" in compare({"y": y}, {"y": np.array([[3, 4]])})
    assert compare({"y": np.array([1.0])}, {"y": np.array([np.nan])}) != ""


def test_a_worker_that_dies_is_one_failure() -> None:
    def work(case: Case) -> Outcome:
        if case.name == "deadly":
            import os

            os._exit(3)
        return Outcome(case.name, case.op, PASSED)

    y = np.zeros(3, np.float32)
    cases = [relu_case(y, name=name) for name in ("first", "deadly", "last")]
    found = run_cases(cases, jobs=1, work=work)
    assert [(o.name, o.kind) for o in found] == [("first", PASSED), ("deadly", FAILED), ("last", PASSED)]


def test_a_case_that_never_ends_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(model: onnx.ModelProto) -> None:
        while True:
            pass

    monkeypatch.setattr("tests.backend.outcome.load", load)
    assert run_case(relu_case(np.zeros(3, np.float32)), seconds=0.2).detail == "time"


def test_shape_operands_are_frozen_through_what_computes_them() -> None:
    nodes = [
        helper.make_node("Concat", ["a", "b"], ["s"], axis=0),
        helper.make_node("Reshape", ["x", "s"], ["y"]),
    ]
    infos = [helper.make_tensor_value_info(n, TensorProto.INT64, [1]) for n in ("a", "b")]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 3])
    graph = helper.make_graph(nodes, "g", [x, *infos], [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)])
    assert shape_names(graph) == {"s", "a", "b"}
    inputs = {"x": np.zeros((2, 3), np.float32), "a": np.array([3]), "b": np.array([2])}
    model, left = frozen(Case("r", "Reshape", helper.make_model(graph), inputs, {}))
    assert list(left) == [value.name for value in model.graph.input] == ["x"]


def test_out_of_scope_and_refused_are_told_apart() -> None:
    by_name = {case.name: case for case in all_cases()}
    assert run_case(by_name["test_nonzero_example"]).kind == OUT
    assert run_case(by_name["test_tfidfvectorizer_tf_only_bigrams_skip0"]).kind == REFUSED
