"""Every example runs; it checks itself and ends with an error if something is not as it says."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
BROWSER = (ROOT / ".venv-debian" / "browser" / "bin" / "chromium", ROOT / "web" / "app" / "dist" / "index.html")


@pytest.mark.native
@pytest.mark.slow
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(example: Path) -> None:
    if "zkseal.chain" in example.read_text() and shutil.which("npm") is None:
        pytest.skip("anvil comes from npm, which is not installed")
    if "playwright" in example.read_text() and not all(path.exists() for path in BROWSER):
        pytest.skip("make demo-service makes the web app and a browser, which are missing")
    done = subprocess.run([sys.executable, example], capture_output=True, text=True, timeout=300, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_every_example_says_what_it_shows() -> None:
    assert EXAMPLES
    for example in EXAMPLES:
        assert example.read_text().startswith('"""'), example
