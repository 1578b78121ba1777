"""The command line as a user meets it: files in, files and one line out, an exit code for every outcome."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from zkseal.cli import main
from zkseal.cli.commands import compile as compile_command
from zkseal.cli.exit_codes import EXIT_CODES
from zkseal.conftest import tiny_graph
from zkseal.errors import (
    CalibrationMissing,
    DigestMismatch,
    DynamicShape,
    FileUnavailable,
    InternalError,
    InvalidEncoding,
    InvalidModel,
    NonFiniteWeight,
    OutOfDisk,
    RangeExceeded,
    ToleranceExceeded,
    UnsupportedOp,
    WrongContext,
    WrongFileKind,
    WrongInput,
    WrongModel,
    ZksealError,
)
from zkseal.files import atomic, load_model
from zkseal.frontends.onnx import export


@pytest.fixture
def folder(tmp_path: Path, samples: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model, samples and one input, which is the current one."""
    onnx.save(export(tiny_graph()), tmp_path / "m.onnx")
    np.savez(tmp_path / "s.npz", x=samples)
    np.save(tmp_path / "x.npy", samples[0])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> int:
    return main(list(arguments))


def result(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    """The JSON object that a command prints, and nothing else."""
    capsys.readouterr()
    assert run(*arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def refused(capsys: pytest.CaptureFixture[str], error: type[ZksealError], *arguments: str) -> dict[str, Any]:
    """The error object of a command that fails with `error`: code, one line, exit code; and no new file."""
    before = sorted(os.listdir())
    capsys.readouterr()
    assert run(*arguments, "--json") == EXIT_CODES[error]
    captured = capsys.readouterr()
    reported: dict[str, Any] = json.loads(captured.out)["error"]
    assert reported["code"] == error.__name__
    assert captured.err.startswith(f"zkseal: {error.__name__}: ")
    assert captured.err.count("\n") == 1
    assert sorted(os.listdir()) == before
    return reported


def compiled(*options: str) -> None:
    assert run("compile", "m.onnx", "--calibrate", "s.npz", *options) == 0


def test_compile_writes_the_compiled_model(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = result(capsys, "compile", "m.onnx", "--calibrate", "s.npz", "--tolerance", "0.01")
    assert made["compiled_model"] == "m.zkc"
    assert made["bytes"] == (folder / "m.zkc").stat().st_size
    assert made["accuracy"]["outputs"][0]["mean_relative_error"] < 0.01


def test_evaluate_writes_report_and_plot(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiled()
    made = result(capsys, "evaluate", "m.zkc", "s.npz", "--report", "r.json", "--plot", "p.png")
    report = json.loads((folder / "r.json").read_text())
    assert report["accuracy"] == made
    assert {entry["name"] for entry in report["perturbed"]} >= {"noise 1 %", "one extreme"}
    assert report["costs"]["nodes"][0]["node"] in ("first", "second", "input")
    assert made["outputs"][0]["samples"] == 40
    assert (folder / "p.png").read_bytes().startswith(b"\x89PNG")
    assert run("evaluate", "m.zkc", "s.npz") == 0
    assert "agreement" in capsys.readouterr().out


def test_compile_chooses_bits_and_reports(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("compile", "m.onnx", "--calibrate", "s.npz", "--bits", "mixed", "--report", "r.html")
    refused(capsys, InvalidEncoding, *arguments)
    made = result(capsys, *arguments, "--max-error", "0.2", "--min-agreement", "0.5", "--trials", "6")
    assert made["accuracy"]["outputs"][0]["mean_relative_error"] <= 0.2
    assert made["tensor_bits"] == dict(load_model("m.zkc").options.tensor_bits)
    assert "<h1>" in (folder / "r.html").read_text()
    assert (folder / "r.html").stat().st_mode & 0o077 == 0
    assert run("compile", "m.onnx", "--calibrate", "s.npz", "--bits", "mixed", "--max-error", "0.2") == 0
    assert "agreement" in capsys.readouterr().out
    refused(capsys, InvalidEncoding, "compile", "m.onnx", "--calibrate", "s.npz", "--report", "r.pdf")


def test_compile_with_a_percentile_saturates(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = result(capsys, "compile", "m.onnx", "--calibrate", "s.npz", "--percentile", "60", "--headroom", "1")
    assert any("saturates" in note for note in made["notes"])
    assert load_model("m.zkc").options.percentile == 60.0
    result(capsys, "evaluate", "m.zkc", "s.npz", "--report", "r.json")
    assert json.loads((folder / "r.json").read_text())["saturated"] > 0


def test_a_tolerance_out_of_reach_names_the_worst_node(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reported = refused(capsys, ToleranceExceeded, "compile", "m.onnx", "--calibrate", "s.npz", "--max-error", "1e-9")
    assert reported["fields"]["node"]


@pytest.mark.parametrize(
    "wrong", [("--bits", "3"), ("--bits", "wide"), ("--percentile", "40"), ("--max-error", "-1"), ("--trials", "1")]
)
def test_accuracy_options_outside_their_range_are_refused(wrong: tuple[str, str], folder: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        run("compile", "m.onnx", "--calibrate", "s.npz", *wrong)
    assert caught.value.code == 2


def test_a_report_is_written_where_samples_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiled()
    np.savez("far.npz", x=np.concatenate([np.zeros((2, 4)), np.full((1, 4), 1e6)]))
    assert run("evaluate", "m.zkc", "far.npz", "--report", "r.json", "--json") == EXIT_CODES[RangeExceeded]
    report = json.loads((folder / "r.json").read_text())
    assert report["refused"] == [[2, "x"]]
    assert report["accuracy"]["outputs"][0]["samples"] == 2


def test_evaluate_fails_above_a_limit(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiled()
    refused(capsys, ToleranceExceeded, "evaluate", "m.zkc", "s.npz", "--max-error", "1e-9")
    refused(capsys, InvalidEncoding, "evaluate", "m.zkc", "s.npz", "--plot", "p.bmp")


def test_models_at_fault(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def model(edit: Any) -> None:
        proto = export(tiny_graph())
        edit(proto)
        onnx.save(proto, folder / "bad.onnx")

    def unknown(proto: Any) -> None:
        proto.graph.node[1].op_type = "Bernoulli"

    def dynamic(proto: Any) -> None:
        proto.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "n"

    def not_finite(proto: Any) -> None:
        proto.graph.initializer[0].CopyFrom(
            onnx.numpy_helper.from_array(np.full((4, 3), np.nan, np.float32), proto.graph.initializer[0].name)
        )

    for edit, error in ((unknown, UnsupportedOp), (dynamic, DynamicShape), (not_finite, NonFiniteWeight)):
        model(edit)
        refused(capsys, error, "compile", "bad.onnx", "--calibrate", "s.npz")
    (folder / "bad.onnx").write_bytes(b"no model")
    refused(capsys, InvalidModel, "compile", "bad.onnx", "--calibrate", "s.npz")
    refused(capsys, InvalidModel, "compile", "absent.onnx", "--calibrate", "s.npz")


def test_samples_at_fault(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.save("wrong.npy", np.zeros((3, 5)))
    refused(capsys, WrongInput, "compile", "m.onnx", "--calibrate", "wrong.npy")
    np.save("nan.npy", np.full((3, 4), np.nan))
    refused(capsys, CalibrationMissing, "compile", "m.onnx", "--calibrate", "nan.npy")
    refused(capsys, FileUnavailable, "compile", "m.onnx", "--calibrate", "absent.npy")
    refused(capsys, FileUnavailable, "compile", "m.onnx", "--calibrate", "s.npz", "--out", "absent/m.zkc")


def test_files_at_fault(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiled()
    for command in (["setup", "m.onnx"], ["inspect", "x.npy"], ["prove", "m.zkc", "x.npy"]):
        refused(capsys, WrongFileKind, *command)
    data = bytearray((folder / "m.zkc").read_bytes())
    data[-1] ^= 1
    (folder / "m.zkc").write_bytes(data)
    assert refused(capsys, DigestMismatch, "inspect", "m.zkc")["fields"]["path"] == "m.zkc"


@pytest.mark.native
def test_no_result_takes_the_place_of_what_is_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiled()
    assert run("setup", "m.zkc") == 0
    Path("s.json").write_text(json.dumps({"x": np.load("s.npz")["x"].tolist()}))
    Path("link.zkr").symlink_to("m.zkp")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for command in (
        ["compile", "m.onnx", "--calibrate", "s.npz", "--out", "m.onnx"],
        ["compile", "m.onnx", "--calibrate", "s.npz", "--out", f"../{folder.name}/s.npz"],
        ["compile", "m.onnx", "--calibrate", "s.json", "--report", "s.json"],
        ["setup", "m.zkc", "--proving-key", "m.zkc"],
        ["setup", "m.zkc", "--verifying-key", "./m.zkc"],
        ["prove", "m.zkp", "x.npy", "--out", "m.zkp"],
        ["prove", "m.zkp", "x.npy", "--out", "link.zkr"],
        ["prove", "m.zkp", "x.npy", "--opening", "x.npy"],
        ["evaluate", "m.zkc", "s.json", "--report", "s.json"],
        ["evaluate", "m.zkc", "s.npz", "--plot", "m.zkc"],
    ):
        assert "reads" in refused(capsys, FileUnavailable, *command)["fields"]["reason"]
    for command in (
        ["setup", "m.zkc", "--proving-key", "k", "--verifying-key", "k"],
        ["prove", "m.zkp", "x.npy", "--out", "v", "--opening", "./v"],
    ):
        assert "another result" in refused(capsys, FileUnavailable, *command)["fields"]["reason"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_full_disk(folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "write", full)  # type: ignore[attr-defined]
    refused(capsys, OutOfDisk, "compile", "m.onnx", "--calibrate", "s.npz")


def test_an_unexpected_error_is_ours(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(compile_command, "compile_model", broken)
    monkeypatch.delenv("ZKSEAL_TRACEBACK", raising=False)
    assert "unforeseen" in refused(capsys, InternalError, "compile", "m.onnx", "--calibrate", "s.npz")["message"]
    monkeypatch.setenv("ZKSEAL_TRACEBACK", "1")
    with pytest.raises(RuntimeError):
        run("compile", "m.onnx", "--calibrate", "s.npz")


def test_ctrl_c_in_the_middle_of_writing(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(descriptor: int, data: bytes) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(atomic.os, "write", interrupted)  # type: ignore[attr-defined]
    before = sorted(os.listdir())
    assert run("compile", "m.onnx", "--calibrate", "s.npz") == 130
    assert capsys.readouterr().err.startswith("zkseal: Interrupted: ")
    assert sorted(os.listdir()) == before


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_real_signal_in_the_middle(folder: Path, number: signal.Signals, code: int) -> None:
    """The process is stopped while it reads samples from a pipe that never ends."""
    os.mkfifo("endless.csv")
    before = sorted(os.listdir())
    child = subprocess.Popen(
        [sys.executable, "-m", "zkseal", "compile", "m.onnx", "--calibrate", "endless.csv"],
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    writer = os.open("endless.csv", os.O_WRONLY)  # returns once the child reads
    try:
        os.write(writer, b"1,2,3,4\n")
        time.sleep(0.3)
        child.send_signal(number)
        _, err = child.communicate(timeout=30)
    finally:
        os.close(writer)
        child.kill()
    assert child.returncode == code
    assert err.decode().startswith("zkseal: Interrupted: ")
    assert "Traceback" not in err.decode()
    assert sorted(os.listdir()) == before


@pytest.mark.parametrize(
    "arguments",
    [[], ["unknown"], ["compile", "m.onnx"], ["compile", "m.onnx", "--calibrate", "s", "--bits", "40"],
     ["compile", "m.onnx", "--calibrate", "s", "--headroom", "0.5"], ["verify", "a", "b", "--context-hex", "xyz"],
     ["verify", "a", "b", "--context", "x", "--context-hex", "00"]],
)  # fmt: skip
def test_a_wrong_command_line(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(*arguments)
    assert caught.value.code == 2


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run("--version")
    assert caught.value.code == 0
    assert capsys.readouterr().out.startswith("zkseal ")


@pytest.mark.native
def test_inspect_of_an_onnx_model_says_what_compiling_it_takes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = result(capsys, "inspect", "m.onnx", "--samples", "10")
    assert (told["kind"], told["operators"]) == ("ONNX model", {"Gemm": 2, "Relu": 1})
    few = told["predicted"]["compile_memory_bytes"]
    assert few < result(capsys, "inspect", "m.onnx", "--batch", "10")["predicted"]["compile_memory_bytes"]
    assert run("inspect", "m.onnx") == 0
    assert "memory of compiling" in capsys.readouterr().out


def test_from_model_to_statement(folder: Path, capsys: pytest.CaptureFixture[str], samples: np.ndarray) -> None:
    compiled()
    predicted = result(capsys, "inspect", "m.zkc")
    made = result(capsys, "setup", "m.zkc")
    assert (folder / "m.zkp").stat().st_size == made["proving_key_bytes"]
    proved = result(capsys, "prove", "m.zkp", "x.npy", "--context", "visit 12", "--out", "v.zkr")
    assert proved["proof_bytes"] == predicted["predicted"]["proof_bytes"]
    assert (folder / "v.zko").stat().st_mode & 0o777 == 0o600
    checked = result(capsys, "verify", "v.zkr", "m.zkv", "--context", "visit 12")
    assert checked["verified"] is True
    assert checked["outputs"] == proved["outputs"]
    assert checked["model_id"] == made["model_id"]
    assert checked["context"] == b"visit 12".hex()
    opened = result(capsys, "open", "v.zkr", "v.zko", "m.zkv", "--context-hex", b"visit 12".hex())
    assert np.abs(np.array(opened["opened"]["x"])[0] - samples[0]).max() < 0.001
    for file in ("m.zkc", "m.zkp", "m.zkv", "v.zkr", "v.zko"):
        assert result(capsys, "inspect", file)["file_bytes"] == (folder / file).stat().st_size
    assert run("inspect", "m.zkp") == 0
    text = capsys.readouterr().out
    assert "hidden      input x, weights, every intermediate value" in text
    assert "predicted   prove" in text


@pytest.mark.native
def test_what_is_not_proved_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compiled()
    assert run("setup", "m.zkc") == 0
    assert run("setup", "m.zkc", "--proving-key", "n.zkp", "--verifying-key", "n.zkv") == 0
    assert run("prove", "m.zkp", "x.npy", "--context", "visit 12") == 0
    refused(capsys, WrongContext, "verify", "x.zkr", "m.zkv")
    refused(capsys, WrongModel, "verify", "x.zkr", "n.zkv", "--context", "visit 12")
    refused(capsys, WrongFileKind, "verify", "m.zkv", "x.zkr")
    np.save("far.npy", np.full((1, 4), 1e6))
    assert refused(capsys, RangeExceeded, "prove", "m.zkp", "far.npy")["fields"]["tensor"] == "x"
    np.save("wrong.npy", np.zeros((1, 5)))
    refused(capsys, WrongInput, "prove", "m.zkp", "wrong.npy")


INTERRUPTED_LOADER = """
import os, signal, sys, time
from importlib.machinery import ExtensionFileLoader
from zkseal.cli import main as entry
code = compile(
    "def exec_module(self, number):\\n"
    "    os.kill(os.getpid(), number)\\n"
    "    end = time.monotonic() + 0.1\\n"
    "    while time.monotonic() < end: pass\\n"
    "    print('started', flush=True)\\n",
    ExtensionFileLoader.exec_module.__code__.co_filename, "exec")
exec(code)
from zkseal.cli.parser import COMMANDS
class Slow:
    def run(options, console):
        exec_module(ExtensionFileLoader("x", "y"), getattr(signal, sys.argv[1]))
        time.sleep(10)
COMMANDS["inspect"] = COMMANDS["inspect"].__class__("slow"); COMMANDS["inspect"].run = Slow.run
from zkseal.cli.commands import inspect
COMMANDS["inspect"].configure, COMMANDS["inspect"].__doc__ = inspect.configure, inspect.__doc__
sys.exit(entry(["inspect", "x"]))
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_signals_wait_while_an_extension_starts(name: str, code: int) -> None:
    """Raised inside of its start, an exception ends some extensions by `std::terminate` (nanobind: onnx)."""
    start = time.monotonic()
    done = subprocess.run([sys.executable, "-c", INTERRUPTED_LOADER, name], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (code, "started\n"), done.stderr
    assert time.monotonic() - start < 9


def test_help_needs_no_core() -> None:
    """Where the core is not built, people still see the commands, and a command says what is missing."""
    program = (
        "import sys; sys.modules['zkseal._native'] = None; from zkseal.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    shown = subprocess.run([sys.executable, "-c", program, "--help"], capture_output=True, text=True)
    assert (shown.returncode, "usage: zkseal" in shown.stdout) == (0, True), shown.stderr
    made = subprocess.run(
        [sys.executable, "-c", program, "keygen", "publisher", "-o", "/nonexistent/key"], capture_output=True, text=True
    )
    assert "MissingDependency" in made.stderr
