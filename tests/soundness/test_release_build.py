"""The module that users get has no test hooks; the one that lies says so."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from zkseal import _native

from .native import ROOT, kit, kit_path

pytestmark = pytest.mark.native


def test_the_release_module_was_built_without_test_hooks() -> None:
    marker = kit().MARKER.encode()
    assert marker in kit_path().read_bytes()
    release = Path(_native.__file__).read_bytes()
    assert marker not in release
    assert b"zkseal proof protocol v1/inference" in release  # strings of the module can be found this way


def test_no_build_of_the_whole_workspace_enables_test_hooks() -> None:
    """Cargo unifies features of what it builds together: the default features of every crate leave the hooks out."""
    tree = ("cargo", "tree", "--workspace", "--edges", "features,normal", "--format", "{p} {f}", "--prefix", "none")
    listed = subprocess.run(tree, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "zkseal-prover" in listed
    assert "test-hooks" not in listed
