"""The reference pages are complete and up to date."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from zkseal import errors
from zkseal.cli.parser import COMMANDS, build_parser

ROOT = Path(__file__).resolve().parents[2]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference_docs", ROOT / "scripts" / "reference_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_error_is_documented_once() -> None:
    text = (ROOT / "docs" / "reference" / "errors.md").read_text()
    rows = re.findall(r"^\| \d+ \| \**`(\w+)`\** \|", text, re.MULTILINE)
    assert sorted(rows) == sorted(cls.code for cls in errors.error_classes())


def test_every_command_and_option_is_documented() -> None:
    text = (ROOT / "docs" / "reference" / "cli.md").read_text()
    commands = next(action for action in build_parser()._actions if action.dest == "command").choices
    assert commands is not None
    assert set(commands) == set(COMMANDS)
    for name, parser in dict(commands).items():
        section = text.split(f"## zkseal {name}\n")[1].split("\n## ")[0]
        for action in parser._actions:
            for option in action.option_strings:
                assert option in section, f"zkseal {name} {option}"


@pytest.mark.parametrize("name", ["errors.md", "cli.md"])
def test_pages_are_up_to_date(name: str) -> None:
    page = generator().PAGES[name]
    assert (ROOT / "docs" / "reference" / name).read_text() == page(), "run: make docs"


def test_every_error_says_what_it_means() -> None:
    for cls in errors.error_classes():
        assert cls.__doc__, cls
        assert cls.__doc__.strip().split("\n")[0].endswith((".", "..")), cls


def test_the_tree_in_the_head_of_errors_is_the_tree() -> None:
    drawn = re.findall(r"^[│ ]*[├└]── (\w+)", errors.__doc__ or "", re.MULTILINE)
    assert drawn == [cls.__name__ for cls in errors.error_classes()][1:]
