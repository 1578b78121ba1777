"""`make accept`: every line of what zkseal must show, by the command that shows it.

A line is named by its issue and its place there: 2.3 is line 3 of "Must show" in issue "2. Every model that users
bring".

python scripts/accept.py              runs all lines, prints a table, fails if one fails
python scripts/accept.py 2            runs the lines of issue 2 (make accept ACCEPT=2)
python scripts/accept.py 1.3 2.5      runs these lines only
python scripts/accept.py --list [2]   prints lines and commands
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOGS = ROOT / "out" / "accept"


@dataclass(frozen=True)
class Line:
    """One promise: its name (issue.line), what it says, and the commands that show it (each has to succeed)."""

    name: str
    promise: str
    commands: tuple[tuple[str, ...], ...]


def pytest(*arguments: str) -> tuple[str, ...]:
    """A run of the test suite."""
    return (sys.executable, "-m", "pytest", "-q", *arguments)


def with_tools(*files: str) -> tuple[str, ...]:
    """A run of tests that need a local chain, a software TPM or a network: make installs it."""
    return ("make", "test-python", f"PYTEST={' '.join(files)}")


VERIFIER_TESTS = ("words", "encodings", "vectors", "programs", "many")
"""Parts of the tests of the EVM's verifier."""

BENCH = ("make", "bench")
"""Prints the tables, and fails if a limit does not hold on a machine that could show it (bench/checks.py)."""

AGAINST_EZKL = ("make", "bench", "BENCH=--models mlp_credit,breast_cancer,digits,lenet,dense,cifar")
"""The rows that line 1.4 speaks of, and ezkl."""

PATHS = ("make", "test-paths")

BROKER_TESTS = tuple(
    f"tests/broker/test_{part}.py"
    for part in ("denials", "vendor_evidence", "release", "http", "broker", "log", "races", "fuzz")
)

ATTESTED_TESTS = tuple(f"tests/chain/test_attested_{part}.py" for part in ("keys", "answers", "command_line", "guide"))
"""Keys of enclaves and their answers on a chain."""

LINES = (
    Line("1.1", "demo from nothing: train, compile, prove, verify, cheats rejected", (("make", "demo"),)),
    Line("1.2", "all tests, Rust and Python", (("make", "test"),)),
    Line(
        "1.3",
        "five models proved, bit for bit; agreement >= 99 %, mean error < 0.5 %",
        (pytest("tests/e2e/test_models.py", "tests/e2e/test_second_executor.py"),),
    ),
    Line("1.4", "against ezkl: proving 20 times faster; proof <= 40 kB, verification <= 50 ms", (AGAINST_EZKL,)),
    Line(
        "1.5",
        "weights are bound and bounded; two proofs share no commitment; rank test of zero knowledge",
        (
            pytest("src/zkseal/pipeline/prove_test.py", "tests/e2e/test_binding.py", "tests/e2e/test_visibility.py"),
            pytest("tests/soundness/test_model_binding.py", "tests/soundness/test_zero_knowledge.py"),
            pytest("tests/soundness/test_release_build.py"),
            ("cargo", "test", "-q", "--locked", "-p", "zkseal-prover"),
        ),
    ),
    Line(
        "1.6",
        "every change of a proof rejected by both verifiers; 30 lies rejected, each accepted without its defence",
        (pytest("tests/soundness", "reference/tests/test_tampering.py", "reference/tests/test_lies.py"),),
    ),
    Line(
        "1.7",
        "both verifiers agree on 300 vectors; fuzz targets reach 90 % of the decoders and have no finding",
        (pytest("tests/conformance", "reference"), ("make", "fuzz")),
    ),
    Line(
        "1.8",
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
    Line(
        "2.1",
        "ONNX's node tests: none fails silently, >= 80 % of the promised operators' pass; each operator proved",
        (pytest("tests/backend"),),
    ),
    Line(
        "2.2",
        "real networks proved with hidden input and weights; error against onnxruntime",
        (
            ("make", "test-python", "CI=1", "PYTEST=tests/networks"),
            ("make", "networks", "NETWORKS=brain-mri-vgg16"),
        ),
    ),
    Line(
        "2.3",
        "random forest, XGBoost, LightGBM: the original's class on every held-out row; proved",
        (pytest("tests/e2e/test_trees.py", "src/zkseal/frontends/trees"),),
    ),
    Line(
        "2.4",
        "each lowering rule: random shapes against onnxruntime; a lie in each of its hints is rejected",
        (
            pytest("tests/rules", "src/zkseal/lowering", "src/zkseal/graph"),
            pytest("tests/soundness/test_operator_lies.py", "tests/soundness/test_fraction_lies.py"),
            pytest("tests/soundness/test_integrality.py"),
        ),
    ),
    Line(
        "2.5",
        "ten reasons not to compile give ten errors, each with a remedy that works",
        (pytest("tests/e2e/test_errors_compile.py"),),
    ),
    Line(
        "2.6",
        "memory of compiling and proving is what inspect says beforehand, within 25 %, for the networks of 2.2",
        (("make", "networks", "NETWORKS=--all"),),
    ),
    Line("3.1", "the table of models, filled with measured values beside targets, ezkl and quoted peers", (BENCH,)),
    Line("3.2", "nanoGPT >= 1.8 times faster with 2 threads; a + b x lookups + c x weights within 25 %", (BENCH,)),
    Line("3.3", "soundness and zero knowledge on every kernel path of the machine, and the portable one", (PATHS,)),
    Line("3.4", "64 inferences of mlp_credit in one proof, each at least 20 times cheaper than alone", (BENCH,)),
    Line(
        "4.1",
        "on a local node: inference verified, oracle answered, loan drawn, vote cast, order executed; cheats refused",
        (("make", "demo-chain"),),
    ),
    Line(
        "4.2",
        "gas of real transactions on three hard forks: mlp_credit <= 600,000, LeNet <= 800,000; batch; storage",
        (("make", "gas"), ("make", "contracts"), with_tools("tests/chain/test_gas.py")),
    ),
    Line(
        "4.3",
        "every change of a proof rejected by the EVM; Rust, Python and EVM agree on the KZG corpus; slither, halmos",
        (
            with_tools(*(f"tests/chain/test_verifier_{part}.py" for part in VERIFIER_TESTS)),
            pytest("tests/conformance", "reference/tests/test_vectors.py"),
            ("make", "contracts"),
            ("make", "audit"),
        ),
    ),
    Line(
        "4.4",
        "replays rejected; re-entrancy tested; oracle node killed 20 times: no request lost, none answered twice",
        (
            with_tools("tests/chain/test_submission.py", "tests/chain/test_oracle.py", "tests/chain/test_kill.py"),
            ("make", "contracts"),
        ),
    ),
    Line(
        "4.5",
        "ceremony files that are wrong, truncated, changed or unknown: refused with an error that says which",
        (pytest("tests/e2e/test_ceremony_files.py"), ("cargo", "test", "-q", "--locked", "-p", "zkseal-srs")),
    ),
    Line(
        "4.6",
        "KZG proofs of mlp_credit and LeNet verified without a chain in less than 10 ms",
        (("make", "bench-kzg"),),
    ),
    Line(
        "5.1",
        "every row of the vendors' evidence as expected, offline, at its time; bytes flipped, uncovered ones listed",
        (("make", "tee"), ("make", "tee-flips"), with_tools("tests/tee")),
    ),
    Line(
        "5.2",
        "sealed, refused for every reason with its code and entry, released, asked, answered, proved, appraised",
        (
            pytest("tests/confidential", "tests/appraisal", "tests/sealed", *BROKER_TESTS),
            with_tools("tests/enclave"),
        ),
    ),
    Line(
        "5.3",
        "measured boot: equal boots have equal PCRs and keys, a changed kernel command line is refused",
        (("make", "test-measured-boot"),),
    ),
    Line(
        "5.4",
        "development is another type, another media type, refused by production; every output says its assurance",
        (pytest("tests/confidential/test_assurance.py", "tests/appraisal", "tests/tee/test_bundle.py"),),
    ),
    Line(
        "5.5",
        "a signed answer costs <= 2 ms; sealed models >= 1 GiB/s on a core; appraisal < 10 ms; gas of an answer",
        (("make", "bench-tee"), ("make", "gas"), with_tools(*ATTESTED_TESTS)),
    ),
    Line(
        "5.6",
        "broker and enclave killed at random: no key without its entry, log intact, no plaintext left",
        (pytest("-s", "tests/broker/test_kill.py", "tests/enclave/test_leaks.py"),),
    ),
    Line(
        "6.1",
        "demo: service and dashboard from nothing, a receipt verified in Chromium and a tampered one rejected",
        (("make", "demo-service"),),
    ),
    Line(
        "6.2",
        "in the browser: each kind of evidence, tampering, keyboard, axe; IPA < 1 s, KZG < 100 ms, bundle < 1 MB",
        (("make", "test-browser"),),
    ),
    Line(
        "6.3",
        "200 connections, five minutes: >= 20 verifications/s accepted, p99 < 100 ms, memory flat, only stated 429s",
        (
            ("make", "bench-service"),
            pytest("tests/service/http/test_schemathesis.py", "tests/service/http/test_limits.py"),
        ),
    ),
    Line(
        "6.4",
        "servers, workers, provers, databases, Ray actors killed, disks full, 50 times under load: every job ends once",
        (("make", "test-faults"), with_tools("tests/service/core")),
    ),
    Line(
        "6.5",
        "a Ray cluster: GPT-2's shape in segments, workers that die and lie, two hosts; one receipt",
        (("make", "test-ray"),),
    ),
    Line(
        "6.6",
        "no value of an input in any log, trace, metric, error, URL, database, artifact or temporary file",
        (pytest("tests/service/http/test_privacy.py"),),
    ),
)
"""A line without commands is not shown yet and counts as failed."""


def chosen(names: Sequence[str]) -> list[Line]:
    """The lines with these names, and those of the issues with these numbers; all without any.

    Raises ValueError for a name that chooses no line.
    """
    for name in names:
        if not any(selects(name, line) for line in LINES):
            raise ValueError(f"There is no line {name}; there are {', '.join(line.name for line in LINES)}.")
    return [line for line in LINES if not names or any(selects(name, line) for name in names)]


def selects(name: str, line: Line) -> bool:
    """Whether a name as typed means this line."""
    return line.name == name or line.name.startswith(f"{name.removesuffix('.')}.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if every chosen line holds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="ISSUE[.LINE]")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args(arguments)
    try:
        lines = chosen(options.names)
    except ValueError as error:
        parser.error(str(error))
    if options.list:
        for line in lines:
            print(f"{line.name:<5}{line.promise}")
            print(*(f"     {' '.join(command)}" for command in line.commands), sep="\n")
        return 0
    LOGS.mkdir(parents=True, exist_ok=True)
    done: dict[tuple[str, ...], bool] = {}
    results = [(line, *run(line, done)) for line in lines]
    print()
    for line, good, seconds in results:
        verdict = "ok" if good else "FAILED" if line.commands else "NOT SHOWN"
        print(f"{verdict:<10}{line.name:<5}{line.promise}  ({seconds:.0f} s)")
    return 0 if all(good for _, good, _ in results) else 1


def run(line: Line, done: dict[tuple[str, ...], bool]) -> tuple[bool, float]:
    """Runs the commands of a line; their output goes to the screen and to out/accept/<name>.log.

    A command that an earlier line has run is in `done`, with whether it succeeded, and is not run again.
    """
    start = time.perf_counter()
    good = bool(line.commands)
    with (LOGS / f"{line.name}.log").open("w") as log:
        for command in line.commands:
            if command in done:
                print(f"\n== {line.name}: {' '.join(command)} (as before)", flush=True)
                good = good and done[command]
                continue
            title = f"\n== {line.name}: {' '.join(command)}"
            print(title, flush=True)
            print(title, file=log, flush=True)
            with subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment()
            ) as process:
                assert process.stdout is not None
                for text in process.stdout:
                    print(text, end="", flush=True)
                    log.write(text)
            done[command] = process.returncode == 0
            good = good and done[command]
    return good, time.perf_counter() - start


def environment() -> dict[str, str]:
    """Sub-makes must not inherit the flags of the one that runs us."""
    return {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}}


if __name__ == "__main__":
    sys.exit(main())
