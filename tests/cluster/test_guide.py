"""docs/guides/cluster.md: its commands and its program are run as they stand."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from zkseal import files, pipeline
from zkseal.cli import main
from zkseal.executors import KeyFile
from zkseal.proving import VerifyingKey

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "cluster.md"
Keys = tuple[KeyFile, VerifyingKey]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(), re.DOTALL)


@pytest.fixture
def folder(key_file: Keys, inputs: npt.NDArray[np.float32], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The files that the guide speaks of."""
    (tmp_path / "model.zkp").write_bytes(key_file[0].path.read_bytes())
    files.save_verifying_key(tmp_path / "model.zkv", key_file[1])
    np.save(tmp_path / "inputs.npy", inputs[:3])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_its_commands_run(folder: Path) -> None:
    (commands,) = blocks("sh")
    for line in commands.splitlines():
        program, *arguments = shlex.split(line)
        assert program == "zkseal"
        assert main(arguments) == 0, line


def test_its_program_runs(folder: Path, key_file: Keys) -> None:
    (program,) = blocks("python")
    names: dict[str, Any] = {"inputs": np.load(folder / "inputs.npy")}
    exec(compile(program, str(GUIDE), "exec"), names)
    assert len(names["results"]) == 3
    for result in names["results"]:
        pipeline.verify(result.receipt, key_file[1], context=b"batch 7")
