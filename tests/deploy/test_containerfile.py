"""deploy/Containerfile, read by the parser of an editor's language server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.deploy.manifests import DEPLOY

LINT = DEPLOY / "lint"


def read(path: Path) -> dict[str, Any]:
    """Instructions and findings."""
    if shutil.which("node") is None or not (LINT / "node_modules").is_dir():
        pytest.skip("the parser is not installed: make test")
    done = subprocess.run(
        ["node", str(LINT / "lint.js"), str(path)], capture_output=True, check=True, text=True, timeout=60
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_containerfile_has_no_findings_and_mistakes_have(tmp_path: Path) -> None:
    assert read(DEPLOY / "Containerfile")["findings"] == []
    wrong = tmp_path / "Containerfile"
    wrong.write_text((DEPLOY / "Containerfile").read_text().replace("EXPOSE 8710", "EXPOSE door"))
    assert read(wrong)["findings"]


def test_the_image_runs_as_nobody_and_holds_what_was_tested() -> None:
    instructions = read(DEPLOY / "Containerfile")["instructions"]
    last = dict(instructions)
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", last["USER"])
    (install,) = [content for keyword, content in instructions if keyword == "RUN" and "pip install" in content]
    assert "--constraint /wheels/lock.txt" in install
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]
    extras = re.search(r"\[([a-z0-9,]+)\]", install)
    assert extras is not None
    assert set(extras[1].split(",")) <= set(project["optional-dependencies"])
    python = next(content for keyword, content in instructions if keyword == "ARG")
    assert re.search(r":3\.(\d+)-", python), "a release of Python that is named"
