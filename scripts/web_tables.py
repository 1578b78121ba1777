"""Policies and pinned roots for the web: tables in TypeScript, made from the TOML and PEM files of the Python package.

`python scripts/web_tables.py` writes them; `--check` fails when they are not current.
"""

from __future__ import annotations

import base64
import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zkseal.tee.pem import certificates

ROOT = Path(__file__).resolve().parents[1]
PYTHON, WEB = ROOT / "src" / "zkseal", ROOT / "web" / "verifier" / "src"
NOTE = "// Made by scripts/web_tables.py from {source}. Do not edit.\n\n"


def _policies(folder: Path) -> dict[str, Any]:
    return {path.stem: tomllib.loads(path.read_text()) for path in sorted(folder.glob("*.toml"))}


def _roots(folder: Path) -> dict[str, str]:
    found = {}
    for path in sorted(folder.glob("*.pem")):
        (certificate,) = certificates(path.read_bytes())
        found[path.stem] = base64.b64encode(certificate).decode()
    return found


def _module(source: Path, imports: str, name: str, kind: str, value: Mapping[str, Any]) -> str:
    note = NOTE.format(source=source.relative_to(ROOT))
    return f"{note}{imports}export const {name}: Readonly<Record<string, {kind}>> = {json.dumps(value, indent=2)};\n"


def modules() -> Iterator[tuple[Path, str]]:
    """(path, content) of each table."""
    document = 'import type { PolicyDocument } from "{}";\n\n'
    tee, appraisal = PYTHON / "tee" / "policies", PYTHON / "appraisal" / "policies"
    yield (
        WEB / "tee" / "policies.generated.ts",
        _module(tee, document.replace("{}", "./policy.js"), "SHIPPED_POLICIES", "PolicyDocument", _policies(tee)),
    )
    yield (
        WEB / "appraisal" / "policies.generated.ts",
        _module(
            appraisal,
            document.replace("{}", "../tee/policy.js"),
            "SHIPPED_RECEIPT_POLICIES",
            "PolicyDocument",
            _policies(appraisal),
        ),
    )
    roots = PYTHON / "tee" / "roots"
    yield WEB / "tee" / "roots.generated.ts", _module(roots, "", "PINNED_CERTIFICATES", "string", _roots(roots))


def main(arguments: list[str]) -> int:
    """Writes the tables, or with `--check` compares them: 1 if one is not current."""
    stale = [(path, text) for path, text in modules() if not path.exists() or path.read_text() != text]
    if "--check" in arguments:
        for path, _ in stale:
            print(f"{path.relative_to(ROOT)} is not current: run scripts/web_tables.py")
        return 1 if stale else 0
    for path, text in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
