"""Folders of the web's verifier import downwards only; appraisals ask no clock, network, storage or randomness."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).resolve().parents[2] / "web" / "verifier" / "src"
# Folder of web/verifier/src -> folders that it may import; "" are the modules at the top, which prove and encode.
ARROWS = {"": set(), "tee": {""}, "tee/verifiers": {"", "tee"}, "appraisal": {"", "tee"}}
# The one table of verifiers is known to whoever appraises.
VERIFIERS = ("tee/appraise.ts", "tee/verifiers")
IMPORT = re.compile(r'^(?:import|export) [^;]*?from "(\.[^"]+)";', re.MULTILINE)
ASKS = re.compile(r"\bDate\.now|new Date\(\)|Math\.random|\bfetch\(|\bcrypto\.|Storage\b|\bperformance\.|\bconsole\.")


def modules() -> Iterator[tuple[Path, str]]:
    for path in sorted(SOURCES.rglob("*.ts")):
        yield path.relative_to(SOURCES), path.read_text()


def folder(path: Path) -> str:
    return "" if path.parent == Path() else path.parent.as_posix()


@pytest.mark.parametrize("name", [folder_name for folder_name in ARROWS if folder_name] + [""])
def test_folders_import_downwards(name: str) -> None:
    for path, text in modules():
        if folder(path) != name:
            continue
        for target in IMPORT.findall(text):
            imported = (SOURCES / path.parent / target).resolve().relative_to(SOURCES)
            place = folder(imported)
            known = place == name or place in ARROWS[name]
            table = place == "tee/verifiers" and path.as_posix().startswith(VERIFIERS) and imported.stem == "index"
            assert known or table, f"{path} imports {imported}"


def test_every_folder_has_its_place() -> None:
    assert {folder(path) for path, _ in modules()} == set(ARROWS)


def test_appraisals_ask_no_clock_network_storage_or_randomness() -> None:
    for path, text in modules():
        if folder(path):
            assert not ASKS.search(text), path
