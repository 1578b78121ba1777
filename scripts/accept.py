"""`make accept`: every line of what the first version must show, by the command that shows it.

python scripts/accept.py              runs all lines, prints a table, fails if one fails
python scripts/accept.py 3 5          runs these lines only
python scripts/accept.py --list       prints lines and commands
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "out" / "accept"


@dataclass(frozen=True)
class Line:
    """One promise: its number, what it says, and the commands that show it (each has to succeed)."""

    number: int
    promise: str
    commands: tuple[tuple[str, ...], ...]


def pytest(*arguments: str) -> tuple[str, ...]:
    """A run of the test suite."""
    return (sys.executable, "-m", "pytest", "-q", *arguments)


LINES = (
    Line(1, "demo from nothing: train, compile, prove, verify, cheats rejected", (("make", "demo"),)),
    Line(2, "all tests, Rust and Python", (("make", "test"),)),
    Line(
        3,
        "five models proved, bit for bit; agreement >= 99 %, mean error < 0.5 %",
        (pytest("tests/e2e/test_models.py", "tests/e2e/test_second_executor.py"),),
    ),
    Line(4, "against ezkl: proving 20 times faster; proof <= 40 kB, verification <= 50 ms", (("make", "bench"),)),
    Line(
        5,
        "weights are bound and bounded; two proofs share no commitment; rank test of zero knowledge",
        (
            pytest("src/zkseal/pipeline/prove_test.py", "tests/e2e/test_binding.py", "tests/e2e/test_visibility.py"),
            pytest("tests/soundness/test_model_binding.py", "tests/soundness/test_zero_knowledge.py"),
            pytest("tests/soundness/test_release_build.py"),
            ("cargo", "test", "-q", "--locked", "-p", "zkseal-prover"),
        ),
    ),
    Line(
        6,
        "every change of a proof rejected by both verifiers; 30 lies rejected, each accepted without its defence",
        (pytest("tests/soundness", "reference/tests/test_tampering.py", "reference/tests/test_lies.py"),),
    ),
    Line(
        7,
        "both verifiers agree on 300 vectors; fuzz targets reach 90 % of the decoders and have no finding",
        (pytest("tests/conformance", "reference"), ("make", "fuzz")),
    ),
    Line(
        8,
        "every failure is a typed error, and no file is half-written",
        (
            pytest("src/zkseal/cli", "src/zkseal/files", "src/zkseal/frontends", "tests/unit"),
            pytest(
                "tests/e2e/test_errors_model.py",
                "tests/e2e/test_errors_input.py",
                "tests/e2e/test_errors_file.py",
                "tests/e2e/test_errors_disk.py",
                "tests/e2e/test_interrupts.py",
            ),
        ),
    ),
)
"""A line without commands is not shown yet and counts as failed."""


def main() -> int:
    """Returns 0 if every chosen line holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", type=int, metavar="N")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    chosen = [line for line in LINES if not options.numbers or line.number in options.numbers]
    if options.list:
        for line in chosen:
            print(f"{line.number}. {line.promise}")
            print(*(f"     {' '.join(command)}" for command in line.commands), sep="\n")
        return 0
    LOGS.mkdir(parents=True, exist_ok=True)
    results = [(line, *run(line)) for line in chosen]
    print()
    for line, good, seconds in results:
        verdict = "ok" if good else "FAILED" if line.commands else "NOT SHOWN"
        print(f"{verdict:<10}{line.number}. {line.promise}  ({seconds:.0f} s)")
    return 0 if all(good for _, good, _ in results) else 1


def run(line: Line) -> tuple[bool, float]:
    """Runs the commands of a line; their output goes to the screen and to out/accept/<number>.log."""
    start = time.perf_counter()
    good = bool(line.commands)
    with (LOGS / f"{line.number}.log").open("w") as log:
        for command in line.commands:
            title = f"\n== {line.number}. {' '.join(command)}"
            print(title, flush=True)
            print(title, file=log, flush=True)
            with subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment()
            ) as process:
                assert process.stdout is not None
                for text in process.stdout:
                    print(text, end="", flush=True)
                    log.write(text)
            good = good and process.returncode == 0
    return good, time.perf_counter() - start


def environment() -> dict[str, str]:
    """Sub-makes must not inherit the flags of the one that runs us."""
    return {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}}


if __name__ == "__main__":
    sys.exit(main())
