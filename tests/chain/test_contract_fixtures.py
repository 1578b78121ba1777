"""The programs in the fixtures of contracts/ are those that their keys make."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

pytestmark = pytest.mark.native

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def anvil() -> None:
    """Not needed here."""


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("contract_fixtures", ROOT / "scripts" / "contract_fixtures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["mlp_credit", "lenet"])
def test_programs_are_those_of_the_keys(name: str) -> None:
    module = script()
    stored = json.loads((module.FIXTURES / f"{name}.json").read_text())
    made = module.programs(bytes.fromhex(stored["key"].removeprefix("0x")))
    assert {part: stored[part] for part in made} == made, "run scripts/contract_fixtures.py --programs"
