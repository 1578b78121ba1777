"""Writes the compiled contracts that the wheel and the examples carry: users have no Solidity compiler.

python scripts/chain_artifacts.py            builds contracts/ and writes the files (make chain-artifacts)
python scripts/chain_artifacts.py --check    builds, and fails if a file is not what was built
python scripts/chain_artifacts.py --digest   fails if the sources are not those that the files were built from

Only the standard library is used. A file holds interface and creation code; foundry.toml keeps metadata out of the
code, so that equal sources give equal files on every machine. `sources.json` holds a digest of the sources, which a
test compares without a compiler.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS = ROOT / "contracts"
SHIPPED = ROOT / "src" / "zkseal" / "chain" / "artifacts"
EXAMPLES = ROOT / "examples" / "contracts"

FORGE = str(CONTRACTS / "tools" / "forge")
"""Ends with the exit code of forge, which npx does not."""

SOURCES = "sources.json"
STAND_INS = "test/support/Mocks.sol"
"""Token, feed and exchange of the examples."""

FILES: dict[Path, dict[str, str]] = {
    SHIPPED: {
        "ZksealVerifier": "src/verifier/ZksealVerifier.sol",
        **{
            name: f"src/{name}.sol"
            for name in (
                "ModelRegistry",
                "InferenceVerifier",
                "AttestedKeyRegistry",
                "InferenceOracle",
                "InferenceFeed",
                "CreditScore",
                "LoanDesk",
                "AgentGovernor",
                "StrategyVault",
                "TradingHook",
                "ZksealValidator",
            )
        },
    },
    EXAMPLES: dict.fromkeys(("Token", "VotesToken", "Feed", "Venue"), STAND_INS),
}
"""Folder -> contract -> its source in contracts/."""


def digest() -> str:
    """SHA-256 over everything that the files are made from: sources, settings, pinned packages."""
    paths = sorted((CONTRACTS / "src").rglob("*.sol"))
    paths += [CONTRACTS / name for name in (STAND_INS, "foundry.toml", "package-lock.json")]
    total = hashlib.sha256()
    for path in paths:
        inner = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(CONTRACTS)} {inner}\n".encode())
    return total.hexdigest()


def recorded() -> str | None:
    """The digest of the sources that the files were built from; None if there are no files."""
    path = SHIPPED / SOURCES
    return json.loads(path.read_text())["sha256"] if path.exists() else None


def build() -> dict[Path, str]:
    """Builds the contracts; the text of every file."""
    subprocess.run([FORGE, "build", "--skip", "test", "--skip", "script"], cwd=CONTRACTS, check=True)
    subprocess.run([FORGE, "build", STAND_INS], cwd=CONTRACTS, check=True)
    texts = {
        folder / f"{name}.json": artifact(name, source)
        for folder, contracts in FILES.items()
        for name, source in contracts.items()
    }
    return texts | {SHIPPED / SOURCES: json.dumps({"sha256": digest()}, indent=1) + "\n"}


def artifact(name: str, source: str) -> str:
    """Interface and creation code of one contract that forge built."""
    built: dict[str, Any] = json.loads((CONTRACTS / "out" / Path(source).name / f"{name}.json").read_text())
    code = built["bytecode"]
    if code["linkReferences"]:
        raise SystemExit(f"{name} needs libraries at addresses, which nobody deploys: make their functions internal")
    document = {"abi": without_internal_types(built["abi"]), "bytecode": code["object"], "contract": name}
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def without_internal_types(value: Any) -> Any:
    """The interface without the compiler's names of types, which nothing reads."""
    if isinstance(value, list):
        return [without_internal_types(entry) for entry in value]
    if isinstance(value, dict):
        return {key: without_internal_types(entry) for key, entry in value.items() if key != "internalType"}
    return value


def main() -> int:
    """Writes or compares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--digest", action="store_true")
    options = parser.parse_args()
    if options.digest:
        stale = [SHIPPED / SOURCES] if recorded() != digest() else []
    else:
        texts = build()
        stale = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    if stale and not (options.check or options.digest):
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        print(f"wrote {len(stale)} of {len(texts)} files")
        return 0
    if stale:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        print(f"out of date: {names}. Run: make chain-artifacts", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
