"""docs/guides/credit-on-chain.md shows the code of its example, and pictures that exist."""

import re
from pathlib import Path

from zkseal.cli.parser import build_parser

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "docs" / "guides" / "credit-on-chain.md"
EXAMPLE = (ROOT / "examples" / "credit_loan.py").read_text().splitlines()


def blocks(language: str) -> list[list[str]]:
    return [block.splitlines() for block in re.findall(rf"```{language}\n(.*?)```", GUIDE.read_text(), re.DOTALL)]


def test_every_line_of_code_is_the_examples() -> None:
    assert blocks("python")
    for block in blocks("python"):
        at = 0
        for line in block:
            assert line in EXAMPLE[at:], line
            at = EXAMPLE.index(line, at) + 1


def test_every_command_is_one() -> None:
    commands = [line for block in blocks("sh") for line in block if line.startswith("zkseal ")]
    assert len(commands) > 5
    for command in commands:
        build_parser().parse_args(command.split("  ")[0].split()[1:])


def test_pictures_and_links_exist() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", GUIDE.read_text()):
        assert (GUIDE.parent / target).exists(), target
