"""`make accept` has a line for each of the eight promises, and its commands name things that exist."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


def accept() -> ModuleType:
    spec = importlib.util.spec_from_file_location("accept_script", ROOT / "scripts" / "accept.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_promise_has_a_line() -> None:
    assert [line.number for line in accept().LINES] == list(range(1, 9))


def test_every_line_is_shown_by_a_command() -> None:
    assert [line.number for line in accept().LINES if not line.commands] == []


def test_a_line_without_commands_fails(tmp_path: Path) -> None:
    script = accept()
    script.LOGS = tmp_path
    assert script.run(script.Line(9, "nothing shows this", ()))[0] is False
    assert script.run(script.Line(9, "this works", ((sys.executable, "-c", ""),)))[0] is True
    assert script.run(script.Line(9, "this does not", ((sys.executable, "-c", "raise SystemExit(3)"),)))[0] is False


def test_make_targets_exist() -> None:
    text = (ROOT / "Makefile").read_text()
    for line in accept().LINES:
        for command in line.commands:
            if command[0] == "make":
                assert f"\n{command[1]}:" in text, command


def test_paths_exist() -> None:
    for line in accept().LINES:
        for command in line.commands:
            if "pytest" in command:
                paths = [
                    argument for argument in command[command.index("pytest") + 1 :] if not argument.startswith("-")
                ]
                assert paths
                assert [path for path in paths if not (ROOT / path).exists()] == [], f"line {line.number}"


def test_crates_exist() -> None:
    for line in accept().LINES:
        for command in line.commands:
            if command[0] == "cargo":
                assert (ROOT / "crates" / command[command.index("-p") + 1]).is_dir(), f"line {line.number}"


@pytest.mark.parametrize(
    ("number", "needed"),
    [
        (3, {"tests/e2e/test_models.py", "tests/e2e/test_second_executor.py"}),
        (4, {"bench"}),
        (
            5,
            {
                "tests/e2e/test_binding.py",
                "tests/soundness/test_model_binding.py",
                "tests/soundness/test_zero_knowledge.py",
            },
        ),
        (6, {"tests/soundness"}),
        (7, {"tests/conformance", "reference", "fuzz"}),
    ],
)
def test_a_line_runs_what_it_promises(number: int, needed: set[str]) -> None:
    (line,) = (line for line in accept().LINES if line.number == number)
    assert {argument for command in line.commands for argument in command} >= needed
