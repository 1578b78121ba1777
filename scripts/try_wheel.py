"""Installs the newest wheel of a folder in a clean environment without Rust, and runs the example of the README there.

python scripts/try_wheel.py dist
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Returns 0 if the wheel is what it should be."""
    wheels = sorted(Path(sys.argv[1]).glob("zkseal-*.whl"), key=lambda path: path.stat().st_mtime)
    if not wheels:
        print(f"no wheel of zkseal in {sys.argv[1]}; run: make wheel", file=sys.stderr)
        return 1
    wheel = wheels[-1].resolve()
    if "-abi3-" not in wheel.name:
        print(f"{wheel.name} is bound to one version of Python", file=sys.stderr)
        return 1
    match = re.search(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    assert match, "README.md has no example"
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder, "environment")
        venv.create(environment, with_pip=True)
        python = environment / "bin" / "python"
        constraints = ROOT / "requirements" / "lock.txt"
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "-c", constraints, f"{wheel}[sklearn]"], check=True, cwd=folder
        )
        # Only the environment's own programs and the system's are there: no cargo, no checkout, no PYTHONPATH.
        clean = {"PATH": f"{environment}/bin:/usr/bin:/bin", "HOME": folder, "LANG": os.environ.get("LANG", "C.UTF-8")}
        subprocess.run(["/bin/sh", "-c", "! command -v cargo && ! command -v rustc"], check=True, env=clean, cwd=folder)
        example = Path(folder, "example.py")
        example.write_text(match.group(1))
        subprocess.run([python, "-I", example], check=True, env=clean, cwd=folder)
        subprocess.run([environment / "bin" / "zkseal", "--version"], check=True, env=clean, cwd=folder)
    print(f"{wheel.name} ({wheel.stat().st_size / 1e6:.1f} MB) installs and runs without Rust")
    return 0


if __name__ == "__main__":
    sys.exit(main())
