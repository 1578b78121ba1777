"""`python -m zkseal_reference vectors.json ..`: runs vector files; exit code 1 if a vector disagrees."""

from __future__ import annotations

import sys
from pathlib import Path

from .vectors import run_file


def main(paths: list[str]) -> int:
    if not paths:
        print("usage: python -m zkseal_reference vectors.json ..", file=sys.stderr)
        return 2
    failures = 0
    for path in paths:
        outcomes = list(run_file(Path(path).read_text()))
        for outcome in outcomes:
            if not outcome.passed:
                print(f"{path}: {outcome.id} {outcome.comment}: expected {outcome.expected}, found {outcome.found}")
        failed = sum(not outcome.passed for outcome in outcomes)
        print(f"{path}: {len(outcomes) - failed} of {len(outcomes)} vectors agree")
        failures += failed
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
