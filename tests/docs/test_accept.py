"""`make accept` has a line for each promise of each issue, and its commands name things that exist."""

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


PROMISES = {"1": 8, "2": 6, "3": 4, "4": 6, "5": 6, "6": 6}
"""How many lines "Must show" of an issue has."""


def test_every_promise_has_a_line() -> None:
    names = [f"{issue}.{line}" for issue, count in PROMISES.items() for line in range(1, count + 1)]
    assert [line.name for line in accept().LINES] == names


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ([], [f"{issue}.{line}" for issue, count in PROMISES.items() for line in range(1, count + 1)]),
        (["2"], ["2.1", "2.2", "2.3", "2.4", "2.5", "2.6"]),
        (["2."], ["2.1", "2.2", "2.3", "2.4", "2.5", "2.6"]),
        (["2.5", "1.3"], ["1.3", "2.5"]),
    ],
)
def test_lines_are_chosen_by_name_and_by_issue(typed: list[str], meant: list[str]) -> None:
    assert [line.name for line in accept().chosen(typed)] == meant


@pytest.mark.parametrize("typed", ["9", "2.7", "", "2.1.1", "x"])
def test_a_name_that_means_no_line_is_refused(typed: str) -> None:
    script = accept()
    with pytest.raises(ValueError, match="There is no line"):
        script.chosen([typed])


def test_list_prints_lines_and_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert accept().main(["--list", "2"]) == 0
    printed = capsys.readouterr().out
    assert [text for text in printed.splitlines() if text.startswith("2.")] != []
    assert "make networks" in printed
    assert "1.1" not in printed


def test_every_line_is_shown_by_a_command() -> None:
    assert [line.name for line in accept().LINES if not line.commands] == []


def test_a_line_without_commands_fails(tmp_path: Path) -> None:
    script = accept()
    script.LOGS = tmp_path
    works, fails = (sys.executable, "-c", ""), (sys.executable, "-c", "raise SystemExit(3)")
    assert script.run(script.Line("9.9", "nothing shows this", ()), {})[0] is False
    assert script.run(script.Line("9.9", "this works", (works,)), {})[0] is True
    assert script.run(script.Line("9.9", "this does not", (fails,)), {})[0] is False


def test_a_command_of_several_lines_runs_once(tmp_path: Path) -> None:
    script = accept()
    script.LOGS = tmp_path
    count = tmp_path / "count"
    command = (sys.executable, "-c", f"open({str(count)!r}, 'a').write('x'); raise SystemExit(1)")
    done: dict[tuple[str, ...], bool] = {}
    for _ in range(2):
        assert script.run(script.Line("9.9", "shown by the same command", (command,)), done)[0] is False
    assert count.read_text() == "x"


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
                assert [path for path in paths if not (ROOT / path).exists()] == [], f"line {line.name}"


def test_crates_exist() -> None:
    for line in accept().LINES:
        for command in line.commands:
            if command[0] == "cargo":
                assert (ROOT / "crates" / command[command.index("-p") + 1]).is_dir(), f"line {line.name}"


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("1.3", {"tests/e2e/test_models.py", "tests/e2e/test_second_executor.py"}),
        ("1.4", {"bench"}),
        (
            "1.5",
            {
                "tests/e2e/test_binding.py",
                "tests/soundness/test_model_binding.py",
                "tests/soundness/test_zero_knowledge.py",
            },
        ),
        ("1.6", {"tests/soundness"}),
        ("1.7", {"tests/conformance", "reference", "fuzz"}),
        ("2.1", {"tests/backend"}),
        ("2.2", {"networks", "PYTEST=tests/networks", "CI=1"}),
        ("2.3", {"tests/e2e/test_trees.py"}),
        ("2.4", {"tests/rules", "src/zkseal/lowering", "tests/soundness/test_operator_lies.py"}),
        ("2.5", {"tests/e2e/test_errors_compile.py"}),
        ("2.6", {"networks", "NETWORKS=--all"}),
        ("3.1", {"bench"}),
        ("3.3", {"test-paths"}),
    ],
)
def test_a_line_runs_what_it_promises(name: str, needed: set[str]) -> None:
    (line,) = accept().chosen([name])
    assert {argument for command in line.commands for argument in command} >= needed
