"""Every part of a program can be stored: no step, accumulator or move is forgotten."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, is_dataclass
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import numpy as np
import pytest

from zkseal import lowering
from zkseal.errors import InvalidEncoding
from zkseal.lowering.archive import ArrayStore
from zkseal.lowering.archive.classes import MODULES, PACKAGE, class_of
from zkseal.lowering.archive.fields import Writer, codec_of, codecs_of
from zkseal.lowering.values import Accumulator, Environment

NAMES = [name for names in MODULES.values() for name in names]


def defined() -> Iterator[type]:
    """The dataclasses of the package."""
    for module in walk_packages(lowering.__path__, f"{PACKAGE}."):
        if not module.name.endswith("_test"):
            for kind in vars(import_module(module.name)).values():
                if inspect.isclass(kind) and kind.__module__ == module.name and is_dataclass(kind):
                    yield kind


def is_part(kind: type) -> bool:
    """Whether it is a step, an accumulator or a move."""
    methods = {name for name in ("execute", "constrain", "apply", "view") if callable(getattr(kind, name, None))}
    return methods >= {"execute", "constrain"} or methods >= {"apply", "view"} or issubclass(kind, Accumulator)


def test_every_step_accumulator_and_move_is_listed() -> None:
    parts = {kind.__name__: kind for kind in defined() if is_part(kind) and not inspect.isabstract(kind)}
    assert set(parts) - set(NAMES) == set()
    assert all(class_of(name) is kind for name, kind in parts.items())


def test_a_name_stands_for_one_class() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert len({kind.__name__ for kind in defined() if kind.__name__ in NAMES}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_a_class_has_a_form(name: str) -> None:
    kind = class_of(name)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert all(codecs_of(kind).values())


def test_a_name_that_is_not_listed_stands_for_nothing() -> None:
    for name in ("Emitter", "os", "zkseal.lowering.values.Stored", ""):
        with pytest.raises(InvalidEncoding):
            class_of(name)


@dataclass(frozen=True)
class Added:
    """A step that is not listed."""

    node: str

    def execute(self, environment: Environment) -> None:
        """Nothing."""

    def constrain(self, emitter: Any) -> None:
        """Nothing."""


def test_a_step_that_is_not_listed_is_not_written() -> None:
    assert is_part(Added)
    with pytest.raises(InvalidEncoding):
        Writer(ArrayStore()).reference(Added("n"))


@pytest.mark.parametrize("annotation", [float, bytes, dict, list[int], int | str, np.ndarray | None, object])
def test_other_types_have_no_form(annotation: Any) -> None:
    writer = Writer(ArrayStore())
    with pytest.raises(InvalidEncoding):
        codec_of(annotation).write(writer, object())
