"""The public names are listed, exist, and are not added by accident."""

import importlib
import pkgutil

import pytest

import zkseal

PACKAGES = ["zkseal", "zkseal.files", "zkseal.pipeline", "zkseal.proving", "zkseal.receipts"]


@pytest.mark.parametrize("name", PACKAGES)
def test_all_names_exist_and_are_sorted(name: str) -> None:
    module = importlib.import_module(name)
    assert [n for n in module.__all__ if not hasattr(module, n)] == []
    assert len(set(module.__all__)) == len(module.__all__)


def test_nothing_public_is_unlisted() -> None:
    submodules = {module.name for module in pkgutil.iter_modules(zkseal.__path__)}
    public = {name for name in vars(zkseal) if not name.startswith("_")} - submodules
    assert public == set(zkseal.__all__) - {"__version__"}
