"""What is written is executed: the example of the README, and its links."""

import re
import shlex
from pathlib import Path

import pytest

from zkseal.cli.parser import build_parser

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.native
def test_the_example_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (example,) = blocks(ROOT / "README.md", "python")
    exec(compile(example, "README.md", "exec"), {})
    assert re.fullmatch(r"(benign|malignant) \d+ bytes\n", capsys.readouterr().out)


def test_the_example_of_the_readme_is_short() -> None:
    (example,) = blocks(ROOT / "README.md", "python")
    assert len([line for line in example.splitlines() if line and "import" not in line]) <= 10


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text())
    missing = [t for t in targets if "://" not in t and not (page.parent / t).exists()]
    assert missing == []


def test_the_map_names_folders_that_exist() -> None:
    text = (ROOT / "README.md").read_text()
    folders = re.findall(r"^\| ((?:`[^`]+/`(?:, )?)+) \|", text, re.MULTILINE)
    assert len(folders) >= 6
    for name in re.findall(r"`([^`]+)/`", " ".join(folders)):
        assert (ROOT / name).is_dir(), name


def test_commands_of_the_guides_parse() -> None:
    """Every `zkseal ..` line in a guide or the README is a command line that the parser takes."""
    lines = [
        line
        for page in [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
        for block in blocks(page, "sh")
        for line in block.splitlines()
        if line.startswith("zkseal ")
    ]
    assert len(lines) >= 10
    for line in lines:
        build_parser().parse_args(shlex.split(line, comments=True)[1:])
