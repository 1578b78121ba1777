"""docs/soundness-checklist.md answers every line of the list of peers' bugs, and the tests that it names exist."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "soundness-checklist.md").read_text()
NAMED = sorted(set(re.findall(r"`([\w./-]+\.(?:py|rs))::(\w+)(?:\[([^`]*)\])?`", TEXT)))
LINES = 25
NOT_APPLICABLE = {18}
"""Lines about what is not built: they say why, and name no test."""


def sections() -> dict[int, str]:
    parts = re.split(r"^\*\*(\d+)\. ", TEXT, flags=re.MULTILINE)
    return {
        int(number): re.split(r"^## ", body, flags=re.MULTILINE)[0]
        for number, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def functions(path: Path) -> set[str]:
    if path.suffix == ".rs":
        return set(re.findall(r"#\[test\]\s+(?:#\[[^\]]*\]\s+)*fn (\w+)", path.read_text()))
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}


def case_exists(path: Path, case: str) -> bool:
    """The case is a part of a vector's comment, or a string in a table beside the test.

    An id may put the program in front ("gemm: ..") or end with a label ("challenge beta").
    """
    if path.parent.name == "conformance":
        files = [json.loads(file.read_text()) for file in (ROOT / "vectors").glob("*/*.json")]
        return any(case in vector["comment"] for file in files for vector in file["vectors"])
    text = "".join(file.read_text() for file in path.parent.glob("*.py"))
    return any(f'"{part}"' in text for part in (case, case.split(": ", 1)[-1], case.rsplit(" ", 1)[-1]))


def test_every_line_is_answered() -> None:
    assert list(sections()) == list(range(1, LINES + 1))


@pytest.mark.parametrize("number", range(1, LINES + 1))
def test_a_line_names_a_test_or_says_why_not(number: int) -> None:
    body = sections()[number]
    if number in NOT_APPLICABLE:
        assert "Does not apply" in body
        assert "::" not in body
    else:
        assert "Tests: `" in body


@pytest.mark.parametrize(("path", "name", "case"), NAMED, ids=lambda part: part)
def test_a_named_test_exists(path: str, name: str, case: str) -> None:
    assert (ROOT / path).is_file()
    assert name in functions(ROOT / path)
    assert not case or case_exists(ROOT / path, case)


def test_a_case_that_is_not_there_is_noticed() -> None:
    assert not case_exists(ROOT / "tests/soundness/test_protocol_lies.py", "value of no interest")
    assert not case_exists(ROOT / "tests/conformance/test_vectors.py", "value of no interest")


def test_everything_that_looks_like_a_test_is_read() -> None:
    assert TEXT.count("::test_") == len(re.findall(r"`[\w./-]+\.(?:py|rs)::\w+(?:\[[^`]*\])?`", TEXT))


def test_the_protocol_book_refers_to_the_list() -> None:
    assert "docs/soundness-checklist.md" in (ROOT / "docs" / "protocol" / "7-soundness.md").read_text()
