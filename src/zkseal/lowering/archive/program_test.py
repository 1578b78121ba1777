"""Programs that were written and read; what is no program is refused. All rules do so in `harness_test.verify`."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from zkseal.errors import DecodeError, InvalidEncoding, ZksealError
from zkseal.lowering import Program
from zkseal.lowering.archive import ArrayStore, from_plain, to_plain
from zkseal.lowering.harness_test import archived, calibrated, f32, from_file, graph_of, rng_of
from zkseal.lowering.values import Parameter

MUTATIONS = 2000


@pytest.fixture(scope="module")
def program() -> Program:
    """A Gemm, a softmax and a table."""
    rng = rng_of(0)
    nodes = [("Gemm", ["x", "w"], ["h"]), ("Tanh", ["h"], ["t"]), ("Softmax", ["t"], ["y"])]
    weights = {"w": f32(rng.normal(size=(4, 3)))}
    samples = [{"x": f32(rng.normal(size=(1, 4)))} for _ in range(6)]
    return calibrated(graph_of(nodes, {"x": (1, 4)}, ["y"], weights), samples)


def read(program: Program, plain: Any, store: ArrayStore) -> Program:
    return from_plain(plain, store.items, program.relation, program.parameters)


def test_integers_are_written_once(program: Program) -> None:
    store = ArrayStore()
    numbers = [store.add(array) for array in program.parameters.values()]
    count = len(store.items)
    to_plain(replace(program, steps=program.steps[:1]), store)
    assert (numbers, len(store.items)) == ([0], count)


def test_constants_are_read_where_they_lie(program: Program) -> None:
    plain, store = archived(program)
    found = read(program, plain, store).steps[0].accumulator.right.value  # type: ignore[attr-defined]
    assert isinstance(found, Parameter)
    assert any(np.shares_memory(found.stored, array) for array in store.items)
    assert not found.stored.flags.writeable


def test_equal_objects_are_written_once(program: Program) -> None:
    objects = [repr(entry) for entry in archived(program)[0]["objects"]]
    assert len(set(objects)) == len(objects)


def test_graph_and_nodes_are_not_written(program: Program) -> None:
    read_again = from_file(program)
    assert (program.nodes, program.values) != ({}, {})
    assert (read_again.nodes, read_again.values, read_again.notes) == ({}, {}, ())


def quantized(plain: Any) -> Any:
    """The first object that stands for a committed value."""
    number = [name for name, _ in plain["classes"]].index("Quantized")
    return next(entry for entry in plain["objects"] if entry[0] == number)


CHANGES: dict[str, Callable[[Any], object]] = {
    "another class": lambda plain: plain["classes"][0].__setitem__(0, "Emitter"),
    "no class": lambda plain: plain["classes"][0].__setitem__(0, 3),
    "another field": lambda plain: plain["classes"][0][1].__setitem__(0, "more"),
    "a field more": lambda plain: plain["classes"][0][1].append("more"),
    "a value more": lambda plain: plain["objects"][0].append(1),
    "a value less": lambda plain: plain["objects"][0].pop(),
    "an object of no class": lambda plain: plain["objects"][0].__setitem__(0, 1000),
    "an object without anything": lambda plain: plain["objects"][0].clear(),
    "text for a number": lambda plain: quantized(plain).__setitem__(3, "1"),
    "truth for a number": lambda plain: quantized(plain).__setitem__(3, True),
    "number for a text": lambda plain: quantized(plain).__setitem__(1, 1),
    "number for truth": lambda plain: quantized(plain).__setitem__(8, 0),
    "text in a shape": lambda plain: quantized(plain).__setitem__(2, ["1"]),
    "itself": lambda plain: plain["objects"].append([*plain["objects"][-1][:-1], len(plain["objects"])]),
    "a step that is none": lambda plain: plain["steps"].append(0),
    "a step that is not there": lambda plain: plain["steps"].append(10_000),
    "a negative number": lambda plain: plain["steps"].append(-1),
    "an output that is a step": lambda plain: plain["outputs"].append(plain["steps"][0]),
    "an entry more": lambda plain: plain.update(more=1),
    "an entry less": lambda plain: plain.pop("layouts"),
    "no steps": lambda plain: plain.update(steps=3),
    "another tensor": lambda plain: plain["layouts"].append(["none", ["x", [1, 4]]]),
    "a tensor twice": lambda plain: plain["layouts"].append(plain["layouts"][0]),
    "another layout": lambda plain: plain["layouts"][0][1].__setitem__(1, [4, 1, 1]),
    "names out of order": lambda plain: plain.update(integer_outputs=["b", "a"]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_is_no_program_is_refused(program: Program, change: Callable[[Any], object]) -> None:
    plain, store = archived(program)
    change(plain)
    with pytest.raises(InvalidEncoding) as caught:
        read(program, plain, store)
    assert caught.value.reason == "program"


@pytest.mark.parametrize("plain", [None, 3, [], {}, "text"])
def test_other_data_are_refused(program: Program, plain: Any) -> None:
    with pytest.raises(InvalidEncoding):
        read(program, plain, ArrayStore())


@pytest.mark.parametrize(
    "change",
    [
        lambda items: items.clear(),
        lambda items: items.__setitem__(slice(None), [array.astype(np.float32) for array in items]),
        lambda items: items.__setitem__(slice(None), [array[:-1] for array in items]),
    ],
)
def test_arrays_of_another_kind_are_refused(program: Program, change: Callable[[Any], object]) -> None:
    plain, store = archived(program)
    change(store.items)
    with pytest.raises(InvalidEncoding):
        read(program, plain, store)


def test_a_program_changed_anywhere_is_read_or_refused_and_fails_by_name(program: Program) -> None:
    chance, refusals = random.Random(3), 0
    for _ in range(MUTATIONS):
        plain, store = archived(program)
        mutate(plain, chance)
        try:
            read(program, plain, store)
        except DecodeError:
            refusals += 1
        except ZksealError as error:
            pytest.fail(f"{error!r} is not about bytes")
    assert refusals > MUTATIONS // 4


def mutate(plain: Any, chance: random.Random) -> None:
    """Replaces one part, however deep."""
    keys = list(plain) if isinstance(plain, dict) else range(len(plain))
    key = chance.choice(list(keys))
    if isinstance(plain[key], list) and plain[key] and chance.random() < 0.9:
        mutate(plain[key], chance)
    else:
        plain[key] = chance.choice([None, True, -1, 0, 1, 2, 1 << 63, "", "x", [], [0], [[1, 2]], {}])
