"""Runs every fuzz target, Rust and Python, and prints what was found and what was covered.

    python fuzz/run.py                  60 s for each target (make fuzz)
    python fuzz/run.py --small          5 s for each target (continuous integration)
    python fuzz/run.py relation onnx    some targets; also planted_decoder, planted_verifier, planted_cbor
    python fuzz/run.py --fixture        make the keys and proofs of fuzz/fixture again, after a change of the protocol

In order: build (stable Rust; libFuzzer comes with libfuzzer-sys), write seeds made from real keys, proofs and files,
check that the fuzzers find the planted bugs, fuzz, and replay the grown corpora to measure the lines of the decoders.
Exit code 1: a finding, a planted bug that was not found, or less than 90 % of a decoder's lines. 2: a tool is missing.

Everything that is written goes to out/fuzz and fuzz/target. docs/guides/fuzzing.md tells more.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).resolve().parent))

from driver import python_targets, rust_targets
from driver.paths import OUT, Missing, Unmeasured
from driver.report import Row, print_coverage, print_row, print_rows

SMALL_SECONDS = 5
MOST_JOBS = 4
PLANTED_SECONDS = 60
"""The most that a planted bug may take; it ends at once when found."""


def fuzz_all(suite: ModuleType, names: Sequence[str], seconds: int, jobs: int) -> list[Row]:
    """Runs targets of one language, `jobs` at a time, each told as soon as it ends."""

    def fuzz(name: str) -> Row:
        row: Row = suite.fuzz(name, PLANTED_SECONDS if name in suite.PLANTED else seconds)
        print_row(row)
        return row

    with ThreadPoolExecutor(max(jobs, 1)) as pool:
        return list(pool.map(fuzz, names))


def measure(suite: ModuleType, *, optional: bool) -> bool:
    """Prints the lines that were reached; whether they are enough. If `optional`, a machine that cannot tell passes."""
    try:
        return print_coverage(suite.LANGUAGE, suite.coverage())
    except Unmeasured as unmeasured:
        if not optional:
            raise
        print(f"fuzz: lines were not measured, as this is a small run: {unmeasured}", file=sys.stderr)
        return True


def main() -> int:
    """Returns 0 if there is no finding, planted bugs are found and the decoders' lines are covered."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets", nargs="*", help="names; all by default")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--small", action="store_true", help=f"{SMALL_SECONDS} s for each target")
    parser.add_argument("--language", choices=("rust", "python"), help="only the targets of one language")
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, MOST_JOBS), help="targets at a time")
    parser.add_argument("--fixture", action="store_true", help="make fuzz/fixture again and stop")
    options = parser.parse_args()
    seconds = SMALL_SECONDS if options.small else options.seconds
    suites = [suite for suite in (rust_targets, python_targets) if options.language in (None, suite.LANGUAGE)]
    try:
        if options.fixture:
            rust_targets.make_fixture()
            return 0
        known = [name for suite in suites for name in (*suite.TARGETS, *suite.PLANTED)]
        unknown = sorted(set(options.targets) - set(known))
        if unknown:
            print(f"There is no fuzz target {unknown[0]}; there are {', '.join(known)}.", file=sys.stderr)
            return 2
        shutil.rmtree(OUT / "findings", ignore_errors=True)
        rows: list[Row] = []
        covered = True
        for suite in suites:
            wanted = [
                name for name in (*suite.PLANTED, *suite.TARGETS) if not options.targets or name in options.targets
            ]
            if not wanted:
                continue
            suite.prepare()
            rows += fuzz_all(suite, wanted, seconds, options.jobs)
            if not options.targets:
                covered &= measure(suite, optional=options.small)
    except Missing as missing:
        print(f"fuzz: {missing}", file=sys.stderr)
        return 2
    print_rows(rows)
    return 0 if covered and all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
