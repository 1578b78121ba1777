"""`make instructions`: counts the instructions of fixed cases and compares with bench/instructions.json.

make instructions                            fails if a count moved by more than 3 %
make instructions INSTRUCTIONS="--write"     writes the counts that are compared with
make instructions INSTRUCTIONS="--optional"  says so and succeeds where nothing can count: for continuous integration

Times of a shared machine are good to a third, counts to a hundredth (masks are random: proofs of the same input were
1.1 % apart at most, verifications 0.3 %). Counted are proofs and verifications by the
core, on one thread, without vector instructions: valgrind knows none of AVX-512. So this watches how much work the
protocol and the portable kernels do; the vector kernels are watched by `make bench`. A count is that of several
repetitions less that of one, so that reading keys is none of it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bench.stage import ROOT
from bench.tables import text_table

BASELINE = ROOT / "bench" / "instructions.json"
TOLERANCE = 0.03
LEVEL = "portable"
MODELS = ("mlp_credit", "lenet")
WORK: Mapping[str, int] = {"prove": 4, "verify": 4}
"""What is counted, and how many repetitions after the first."""

Tool = Literal["valgrind", "perf"]
Counts = dict[str, int]


class CannotCount(Exception):
    """There is no tool, or it says nothing."""


@dataclass(frozen=True)
class Change:
    """A count beside the one that it is compared with; None where there is none."""

    case: str
    before: int | None
    now: int

    @property
    def share(self) -> float | None:
        """By what share of the former count it moved."""
        return None if self.before is None else self.now / self.before - 1

    @property
    def verdict(self) -> str:
        """ok, new, or in which direction it moved too far."""
        if self.share is None:
            return "new"
        if abs(self.share) <= TOLERANCE:
            return "ok"
        return "MORE" if self.share > 0 else "LESS: write the new counts"


def main(arguments: Sequence[str] | None = None) -> int:
    """1 if a count moved, or has nothing to be compared with; 2 if nothing can count."""
    parser = argparse.ArgumentParser(
        prog="bench.instructions", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="write the counts that are compared with")
    parser.add_argument("--optional", action="store_true", help="succeed where nothing can count")
    options = parser.parse_args(arguments)
    try:
        tool = find_tool()
    except CannotCount as error:
        print(f"instructions were not counted: {error}")
        return 0 if options.optional else 2
    counts = count(tool)
    stored = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    if options.write:
        BASELINE.write_text(json.dumps(stored | {tool: counts}, indent=1, sort_keys=True) + "\n")
        print(f"written: {BASELINE.relative_to(ROOT)}")
        return 0
    changes = compare(stored.get(tool, {}), counts)
    print(table(changes))
    return 0 if all(change.verdict == "ok" for change in changes) else 1


def find_tool() -> Tool:
    """valgrind, which counts alike on every machine, or perf where the machine lets it.

    Raises:
        CannotCount
    """
    if shutil.which("valgrind"):
        return "valgrind"
    if shutil.which("perf"):
        try:
            _counted("perf", ["true"])
        except CannotCount:
            pass
        else:
            return "perf"
    raise CannotCount("neither valgrind (apt-get install valgrind) nor perf with counters of the processor is there")


def compare(before: Counts, now: Counts) -> list[Change]:
    """One entry for each count of now."""
    return [Change(case, before.get(case), value) for case, value in now.items()]


def table(changes: Sequence[Change]) -> str:
    """As text, in millions."""
    rows = [
        (
            change.case,
            "-" if change.before is None else f"{change.before / 1e6:,.2f}",
            f"{change.now / 1e6:,.2f}",
            "-" if change.share is None else f"{change.share:+.2%}",
            change.verdict,
        )
        for change in changes
    ]
    return text_table(("million instructions", "before", "now", "change", ""), rows)


def count(tool: Tool) -> Counts:
    """Instructions of one repetition, by `work model`. Raises `CannotCount` if the tool fails, or the build does."""
    program = build()
    counts: Counts = {}
    with tempfile.TemporaryDirectory(prefix="zkseal-bench-") as folder:
        for model in MODELS:
            case = Path(folder) / model
            case.write_bytes(b"".join(_parts(model)))
            for work, repeat in WORK.items():
                print(f"counting {work} {model}", file=sys.stderr, flush=True)
                once, more = (_counted(tool, [str(program), work, str(times), str(case)]) for times in (1, 1 + repeat))
                counts[f"{work} {model}"] = (more - once) // repeat
    return counts


def build() -> Path:
    """The program that proves and verifies without Python, in release mode."""
    command = ["cargo", "build", "-q", "--release", "--locked", "-p", "zkseal-prover", "--example", "instructions"]
    if subprocess.run(command, cwd=ROOT).returncode != 0:
        raise CannotCount(f"{' '.join(command)} failed")
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "examples" / "instructions"


def _parts(model: str) -> Iterator[bytes]:
    """A case as crates/zkseal-prover/examples/instructions.rs reads it."""
    import numpy as np

    import zkseal
    from bench.models import SUBJECTS
    from zkseal.relation import Column

    subject = SUBJECTS[model]
    data = subject.data()
    compiled = zkseal.compile(data.model, data.calibration, **subject.options)
    proving_key, verifying_key = zkseal.setup(compiled)
    rows = data.held_out[: subject.batch]
    context = b"zkseal bench"
    receipt = zkseal.prove(proving_key, rows, context=context).receipt
    statement = receipt.statement
    for part in (verifying_key.data, proving_key.weights.blindings, context, receipt.proof):
        yield _part(part)
    for side in (statement.input, statement.output):
        yield _part(b"".join(side.commitments))
    relation = compiled.relation
    tensors: dict[str, Any] = {**compiled.weights(), **compiled.program.run({_input(compiled): rows}).tensors}
    for index, (name, tensor) in enumerate(zip(relation.names.tensors, relation.tensors, strict=True)):
        if tensor.column is not Column.PROGRESSION:
            yield _part(struct.pack("<Q", index))
            yield _part(np.ascontiguousarray(tensors[name], "<i8").tobytes())


def _input(compiled: Any) -> str:
    """The name of the only input."""
    (value,) = compiled.graph.inputs
    return str(value.name)


def _part(data: bytes) -> bytes:
    return struct.pack("<Q", len(data)) + data


def _counted(tool: Tool, command: Sequence[str]) -> int:
    """Instructions of a process, in user space."""
    if tool == "valgrind":
        line, pattern = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"], r"Collected : (\d+)"
    else:
        line, pattern = ["perf", "stat", "-x,", "-e", "instructions:u"], r"^(\d+),[^,]*,instructions"
    environment = os.environ | {"ZKSEAL_CPU": LEVEL}
    done = subprocess.run([*line, *command], env=environment, capture_output=True, text=True)
    found = re.search(pattern, done.stderr, re.MULTILINE)
    if done.returncode != 0 or found is None:
        raise CannotCount(f"{' '.join(line[:2])} {Path(command[0]).name} failed:\n{done.stderr[-1000:]}")
    return int(found[1])


if __name__ == "__main__":
    sys.exit(main())
