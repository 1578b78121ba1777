"""`make accept` has a line for each of the eight promises, and its commands name things that exist."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def accept() -> ModuleType:
    import sys

    spec = importlib.util.spec_from_file_location("accept_script", ROOT / "scripts" / "accept.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_every_promise_has_a_line() -> None:
    assert [line.number for line in accept().LINES] == list(range(1, 9))


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
            for argument in command[1:]:
                if argument.startswith(("tests/", "src/")):
                    assert (ROOT / argument).exists(), f"line {line.number}: {argument}"
