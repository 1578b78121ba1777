"""Arrays are checked before the core sees them; accidents of the core become errors."""

import sys

import numpy as np
import pytest

from zkseal import proving
from zkseal.errors import (
    InternalError,
    MissingDependency,
    ResourceLimit,
    ValueOutOfBounds,
    WeightOutOfBounds,
    WrongInput,
    WrongModel,
)
from zkseal.pipeline import CompiledModel, ProvingKey
from zkseal.proving import CommittedWeights, VerifyingKey, core
from zkseal.relation import Column, Relation, RelationBuilder


def example() -> Relation:
    b = RelationBuilder()
    i = b.loop(3)
    x = b.tensor("x", (3,), Column.PUBLIC, lo=-200, hi=200)
    b.zero([i], x[i] * x[i] - x[i] * x[i])
    return b.finish(annotation=b"")


def test_arrays_take_the_narrowest_type() -> None:
    (array,) = core.by_index(example(), {"x": np.array([-200, 0, 200])}, {Column.PUBLIC}).values()
    assert array.dtype == np.int16
    bounds = [(-128, 127), (-129, 0), (0, 128), (0, 2**15), (-(2**31), 0), (0, 2**31)]
    kinds = [core.storage(lo, hi) for lo, hi in bounds]
    assert kinds == [np.int8, np.int16, np.int16, np.int32, np.int32, np.int64]


def test_wrong_arrays_are_named() -> None:
    for wrong in ({}, {"x": np.zeros(4, np.int64)}, {"x": np.zeros(3)}):
        with pytest.raises(WrongInput) as caught:
            core.by_index(example(), wrong, {Column.PUBLIC})
        assert caught.value.name == "x"
    with pytest.raises(ValueOutOfBounds) as outside:
        core.by_index(example(), {"x": np.array([0, 201, 0])}, {Column.PUBLIC})
    assert (outside.value.tensor, outside.value.index) == ("x", (1,))


def test_a_panic_is_our_fault() -> None:
    class PanicException(BaseException):
        """What the bridge to Rust raises for a panic."""

    with pytest.raises(InternalError), core.running("proving"):
        raise PanicException("index out of bounds")


def test_lack_of_memory_is_the_machines() -> None:
    with pytest.raises(ResourceLimit) as caught, core.running("proving"):
        raise MemoryError
    assert caught.value.resource == "memory"


def test_an_interrupt_passes() -> None:
    with pytest.raises(KeyboardInterrupt), core.running("proving"):
        raise KeyboardInterrupt


def test_an_interrupt_that_made_the_core_panic_is_one() -> None:
    """As it looks when Ctrl-C hits while rust-numpy asks for NumPy's interface."""

    class PanicException(BaseException):
        """What the bridge to Rust raises for a panic."""

    class Stopped(KeyboardInterrupt):
        """An interrupt of somebody's own."""

    for kind in (KeyboardInterrupt, Stopped):
        with pytest.raises(KeyboardInterrupt) as caught, core.running("making keys"):
            raise PanicException(f"Failed to access NumPy array API capsule: PyErr {{ type: {kind!r}, value: .. }}")
        assert caught.type is kind


def test_a_missing_core_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import zkseal

    monkeypatch.setitem(sys.modules, "zkseal._native", None)
    monkeypatch.delattr(zkseal, "_native", raising=False)
    with pytest.raises(MissingDependency) as caught:
        core.native()
    assert caught.value.package == "zkseal._native"


@pytest.mark.native
def test_a_weight_out_of_its_bounds_is_refused(tiny: CompiledModel) -> None:
    weights = tiny.weights()
    name = next(iter(tiny.relation.tensors_of(Column.MODEL)))
    changed = weights[name].astype(np.int64)
    changed.flat[0] = tiny.relation.tensor(name).hi + 1
    with pytest.raises(WeightOutOfBounds) as caught:
        proving.setup(tiny.relation, {**weights, name: changed})
    assert caught.value.tensor == name


@pytest.mark.native
def test_weights_of_another_program_are_refused(keys: tuple[ProvingKey, VerifyingKey]) -> None:
    proving_key, verifying_key = keys
    with pytest.raises(WrongModel):
        CommittedWeights(verifying_key, proving_key.weights.blindings, example(), {})
