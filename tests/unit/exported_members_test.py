"""The public names are listed, exist, and are not added by accident."""

import importlib
import os
import subprocess
import sys
from types import ModuleType

import pytest

import zkseal

PACKAGES = ["zkseal", "zkseal.files", "zkseal.pipeline", "zkseal.proving", "zkseal.receipts"]


@pytest.mark.parametrize("name", PACKAGES)
def test_all_names_exist_and_are_sorted(name: str) -> None:
    module = importlib.import_module(name)
    assert [n for n in module.__all__ if not hasattr(module, n)] == []
    assert len(set(module.__all__)) == len(module.__all__)


def test_nothing_public_is_unlisted() -> None:
    loaded = {name: getattr(zkseal, name) for name in dir(zkseal)}
    public = {name for name, value in loaded.items() if not name.startswith("_") and not isinstance(value, ModuleType)}
    assert public == set(zkseal.__all__) - {"__version__"}


def test_no_other_name_is_found() -> None:
    with pytest.raises(AttributeError, match="no attribute 'prover'"):
        zkseal.prover  # type: ignore[attr-defined]  # noqa: B018


def test_the_package_waits_with_what_takes_time() -> None:
    """The command line is loaded by then, and hears Ctrl-C (tests/e2e/test_interrupts.py)."""
    source = "import sys, zkseal.cli; print('numpy' in sys.modules, len(zkseal.__all__))"
    path = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    found = subprocess.run([sys.executable, "-c", source], env={**os.environ, **path}, capture_output=True, check=True)
    assert found.stdout.split() == [b"False", str(len(zkseal.__all__)).encode()]
