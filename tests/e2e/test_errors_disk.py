"""A full disk, a folder that may not be written to: nothing changed, nothing left behind, what was there kept."""

from __future__ import annotations

import ctypes
import os
import resource
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from tests.e2e import small_models
from tests.e2e.command_line import contents, done, refused

from zkseal.errors import FileUnavailable, OutOfDisk

pytestmark = pytest.mark.native

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
"""From Linux's prctl.h and capability.h."""

STEPS: dict[str, tuple[list[str], list[str]]] = {
    "compile": (["m.onnx", "--calibrate", "s.npz"], ["m.zkc"]),
    "setup": (["m.zkc"], ["m.zkp", "m.zkv"]),
    "prove": (["m.zkp", "x.npy"], ["x.zko", "x.zkr"]),
    "evaluate": (["m.zkc", "s.npz", "--report", "r.json", "--plot", "p.svg"], ["p.svg", "r.json"]),
}
"""Arguments of each command that writes, and the files that it writes."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Every file that a user makes on the way to a receipt."""
    folder = tmp_path_factory.mktemp("made")
    onnx.save(small_models.perceptron(), folder / "m.onnx")
    np.savez(folder / "s.npz", x=small_models.SAMPLES)
    np.save(folder / "x.npy", small_models.SAMPLES[0])
    for command, (arguments, written) in STEPS.items():
        done(folder, command, *arguments)
        assert all((folder / name).exists() for name in written)
    return dict(contents(folder))


def at_most(file_bytes: int) -> Callable[[], None]:
    """Lets a new process write files of this size at most: longer ones fail as they do on a full disk."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))


@pytest.mark.parametrize("there_before", [False, True])
@pytest.mark.parametrize("command", STEPS)
def test_a_full_disk_changes_nothing(command: str, there_before: bool, made: dict[str, bytes], tmp_path: Path) -> None:
    """The limit lets all files of a command pass but the largest: the small ones must not be left or replaced."""
    arguments, written = STEPS[command]
    for name, data in made.items():
        if there_before or name not in written:
            (tmp_path / name).write_bytes(data)
    limit = max(len(made[name]) for name in written) - 1
    reported = refused(tmp_path, OutOfDisk, command, *arguments, before_start=at_most(limit))
    assert reported["fields"]["path"] in written
    assert "Free some space" in reported["message"]


def test_the_first_of_two_files_fits(made: dict[str, bytes]) -> None:
    """What the test above is about: the opening is written first, and is smaller than the receipt."""
    assert len(made["x.zko"]) < len(made["x.zkr"])


def without_root_powers() -> None:
    """Lets permissions of files hold for a new process, even if it is root's: drops what overrides them."""
    library = ctypes.CDLL(None, use_errno=True)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        if os.geteuid() == 0 and library.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl")


@pytest.mark.parametrize("command", STEPS)
def test_a_folder_that_may_not_be_written_to(command: str, made: dict[str, bytes], tmp_path: Path) -> None:
    folder, (arguments, written) = tmp_path / "read_only", STEPS[command]
    folder.mkdir()
    for name, data in made.items():
        (folder / name).write_bytes(data)
    folder.chmod(0o555)
    try:
        reported = refused(folder, FileUnavailable, command, *arguments, before_start=without_root_powers)
    finally:
        folder.chmod(0o755)
    assert reported["fields"]["reason"] == "Permission denied"
    assert reported["fields"]["path"] in written


def test_a_folder_that_is_not_there(made: dict[str, bytes], tmp_path: Path) -> None:
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    for command, out in (("compile", "--out"), ("setup", "--verifying-key"), ("prove", "--opening")):
        reported = refused(tmp_path, FileUnavailable, command, *STEPS[command][0], out, "absent/file")
        assert reported["fields"]["path"] == "absent/file"


def test_devices_and_folders_are_not_replaced(made: dict[str, bytes], tmp_path: Path) -> None:
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "folder").mkdir()
    for target in ("/dev/full", "/dev/null", "folder"):
        refused(tmp_path, FileUnavailable, "prove", "m.zkp", "x.npy", "--out", target)
    assert all(stat.S_ISCHR(Path(device).stat().st_mode) for device in ("/dev/full", "/dev/null"))


def test_two_results_in_one_file_are_refused(made: dict[str, bytes], tmp_path: Path) -> None:
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    refused(tmp_path, FileUnavailable, "prove", "m.zkp", "x.npy", "--out", "one", "--opening", "one")
    refused(tmp_path, FileUnavailable, "setup", "m.zkc", "--proving-key", "one", "--verifying-key", "one")
