"""Ctrl-C at any moment: exit code 130, one line, and the folder as it was."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from tests.e2e import small_models
from tests.e2e.command_line import contents, done, environment
from tests.e2e.subjects import subject

from zkseal import files
from zkseal.cli import main
from zkseal.cli.console import Console
from zkseal.cli.exit_codes import EXIT_CODES, TERMINATED
from zkseal.errors import Interrupted

pytestmark = pytest.mark.native

COMMAND_LINE = """
import sys
import zkseal.cli.parser
from zkseal.cli import main
print("ready", file=sys.stderr, flush=True)
sys.exit(main(sys.argv[1:]))
"""

LOADING = """
import runpy, signal, sys

class CtrlC:
    def find_spec(self, name, *rest):
        if name == module:
            sys.meta_path.remove(self)
            signal.raise_signal(signal.SIGINT)

module = sys.argv.pop(1)
sys.meta_path.insert(0, CtrlC())
runpy.run_module("zkseal", run_name="__main__")
"""
"""The command line; Ctrl-C comes when the module that is named first is looked for."""

STEPS: dict[str, tuple[list[str], list[str]]] = {
    "compile": (["m.onnx", "--calibrate", "s.npz"], ["m.zkc"]),
    "setup": (["m.zkc"], ["m.zkp", "m.zkv"]),
    "prove": (["m.zkp", "x.npy"], ["x.zko", "x.zkr"]),
}

MOMENTS = (0.02, 0.25, 0.5, 0.75, 0.95)
"""Shares of a command's duration after which it is interrupted."""

PATIENCE_S = 30


@dataclass(frozen=True)
class Ended:
    """How a command ended, and the seconds that it ran after its modules were loaded."""

    code: int
    out: str
    err: str
    seconds: float


def run(folder: Path, command: str, *, after_s: float | None = None, number: int = signal.SIGINT) -> Ended:
    """Runs a command, and sends it a signal after a while."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND_LINE, command, *STEPS[command][0], "--json"],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "ready\n"
        start = time.monotonic()
        if after_s is not None:
            time.sleep(after_s)
            process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE_S)
        return Ended(process.returncode, out, err, time.monotonic() - start)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Every file on the way to a receipt of LeNet."""
    folder, lenet = tmp_path_factory.mktemp("made"), subject("lenet")
    onnx.save(lenet.zoo.model, folder / "m.onnx")
    np.savez(folder / "s.npz", input=lenet.zoo.calibration)
    np.save(folder / "x.npy", lenet.zoo.held_out[0])
    for command, (arguments, _) in STEPS.items():
        done(folder, command, *arguments)
    return dict(contents(folder))


def lay_out(folder: Path, made: dict[str, bytes], *, without: list[str]) -> None:
    for path in folder.iterdir():
        path.unlink()
    for name, data in made.items():
        if name not in without:
            (folder / name).write_bytes(data)


@pytest.mark.slow
@pytest.mark.parametrize("command", STEPS)
def test_ctrl_c_in_the_middle(command: str, made: dict[str, bytes], tmp_path: Path) -> None:
    """Either it was too late and everything is there, or nothing has changed; never anything between."""
    written = STEPS[command][1]
    lay_out(tmp_path, made, without=written)
    duration = run(tmp_path, command).seconds
    interrupted = 0
    for moment in MOMENTS:
        lay_out(tmp_path, made, without=written)
        before = contents(tmp_path)
        ended = run(tmp_path, command, after_s=moment * duration)
        if ended.code == 0 or (ended.code == -signal.SIGINT and "error" not in json.loads(ended.out)):
            # Done before it came, or while the interpreter was closing down.
            assert set(contents(tmp_path)) == {*before, *written}
            continue
        interrupted += 1
        assert ended.code == EXIT_CODES[Interrupted] == 130
        assert ended.err.startswith("zkseal: Interrupted: ")
        assert ended.err.count("\n") == 1
        assert json.loads(ended.out)["error"]["code"] == "Interrupted"
        if (now := contents(tmp_path)) != before:
            # The signal came between the last rename and the end of the command: then all files are there, whole.
            assert set(now) == {*before, *written}
            assert all(files.load(tmp_path / name) for name in written)
    assert interrupted >= 2


@pytest.mark.slow
def test_a_request_to_stop_is_heard_too(made: dict[str, bytes], tmp_path: Path) -> None:
    lay_out(tmp_path, made, without=["m.zkc"])
    before = contents(tmp_path)
    ended = run(tmp_path, "compile", after_s=0.05, number=signal.SIGTERM)
    assert ended.code == TERMINATED
    assert ended.err.startswith("zkseal: Interrupted: ")
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "module", ["zkseal.cli.parser", "numpy", "rich", "zkseal.pipeline", "zkseal.cli.commands.verify"]
)
def test_ctrl_c_while_modules_are_loaded(module: str) -> None:
    process = subprocess.run(
        [sys.executable, "-c", LOADING, module, "verify", "x.zkr", "m.zkv", "--json"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert process.returncode == 130
    assert process.stderr.startswith("zkseal: Interrupted: ")
    assert process.stderr.count("\n") == 1
    assert json.loads(process.stdout)["error"]["code"] == "Interrupted"


@pytest.mark.parametrize("moment", ["while it is told", "after it was told"])
def test_ctrl_c_when_the_result_is_told_adds_nothing_to_it(
    moment: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    original = Console.result

    def interrupted(console: Console, result: Any, lines: Any = ()) -> None:
        original(console, result, lines)
        if moment == "after it was told":
            signal.raise_signal(signal.SIGINT)

    class Hasty(dict[str, Any]):
        """Ctrl-C comes in the middle of its encoding."""

        def items(self) -> Any:
            signal.raise_signal(signal.SIGINT)
            return super().items()

    def run_it(options: Any, console: Console) -> None:
        console.result(Hasty(a=1) if moment == "while it is told" else {"a": 1})

    monkeypatch.setattr(Console, "result", original if moment == "while it is told" else interrupted)
    monkeypatch.setattr("zkseal.cli.commands.verify.run", run_it)
    assert main(["verify", "x.zkr", "m.zkv", "--json"]) == 0
    assert capsys.readouterr().out == '{"a": 1}\n'
    time.sleep(0.05)  # what waited does not come afterwards


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    onnx.save(small_models.perceptron(), "m.onnx")
    np.savez("s.npz", x=small_models.SAMPLES)
    np.save("x.npy", small_models.SAMPLES[0])
    return tmp_path


def interrupt_at(call: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From now on Ctrl-C comes at this call of the progress; returns the stages that were told before."""
    told: list[str] = []

    def tell(stage: str, share: float) -> None:
        told.append(stage)
        if len(told) == call:
            signal.raise_signal(signal.SIGINT)

    @contextlib.contextmanager
    def progress(console: Console) -> Iterator[Callable[[str, float], None]]:
        yield tell

    monkeypatch.setattr(Console, "progress", progress)
    return told


def test_ctrl_c_at_every_step_of_every_stage(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, (arguments, written) in STEPS.items():
        before, call, stages = contents(small), 1, set[str]()
        while True:
            told = interrupt_at(call, monkeypatch)
            capsys.readouterr()
            code = main([command, *arguments])
            stages |= set(told)
            if code == 0:
                assert len(told) == call - 1
                break
            assert code == 130
            assert capsys.readouterr().err.startswith("zkseal: Interrupted: ")
            assert contents(small) == before
            call += 1
        assert len(stages) >= 2, command
        assert set(contents(small)) == {*before, *written}


def test_ctrl_c_at_every_system_call_of_writing(
    small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Receipt and opening: the signal arrives right after each call that touches the disk."""
    assert main(["compile", *STEPS["compile"][0]]) == 0
    assert main(["setup", *STEPS["setup"][0]]) == 0
    before, moment = contents(small), 1
    while True:
        calls = interrupt_after(moment, monkeypatch)
        code = main(["prove", *STEPS["prove"][0]])
        monkeypatch.undo()
        monkeypatch.chdir(small)
        if code == 0:
            assert len(calls) < moment
            break
        assert code == 130
        now = contents(small)
        if "replace" not in calls:
            assert now == before, calls
        else:
            assert set(now) == {*before, "x.zkr", "x.zko"}, calls
            assert all(files.load(small / name) for name in ("x.zkr", "x.zko"))
            for name in ("x.zkr", "x.zko"):
                (small / name).unlink()
        moment += 1
    assert calls.count("replace") == 2
    capsys.readouterr()


def interrupt_after(moment: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From now on Ctrl-C comes after this many calls that change files; returns the calls so far."""
    calls: list[str] = []

    def noted(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: object, **options: object) -> object:
            result = real(*arguments, **options)
            calls.append(name)
            if len(calls) == moment:
                signal.raise_signal(signal.SIGINT)
            return result

        monkeypatch.setattr(os, name, call)

    for name in ("write", "fsync", "fchmod", "replace"):
        noted(name)
    return calls
