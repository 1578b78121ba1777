"""python -m tests.backend: runs ONNX's node tests through zkseal and prints a table by operator.

--op Relu --op Conv   only these operators (and their function bodies)
--case test_relu      only cases whose name contains this
--verbose             the sentence of every refusal and failure
--json                outcomes as JSON, one object a case
--prove               through setup, prove and verify too (slow)
--write               writes tests/backend/outcomes.json and docs/reference/operators.md again (all operators)
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from tests.backend import record
from tests.backend.cases import all_cases
from tests.backend.outcome import FAILED, REFUSED, Outcome, prove_case, run_case
from tests.backend.shards import run_cases


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 when a case failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.backend", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--op", action="append")
    parser.add_argument("--case")
    parser.add_argument("--jobs", type=int)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--prove", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args(arguments)
    if chosen.write and (chosen.op or chosen.case or chosen.prove):
        parser.error("--write needs a run of all cases")
    cases = [
        case
        for case in all_cases()
        if (not chosen.op or case.op in chosen.op) and (not chosen.case or chosen.case in case.name)
    ]
    outcomes = run_cases(cases, jobs=chosen.jobs, work=prove_case if chosen.prove else run_case)
    if chosen.write:
        record.write(outcomes)
    if chosen.json:
        print(json.dumps([asdict(outcome) for outcome in outcomes], indent=1))
    else:
        show(outcomes, verbose=chosen.verbose or bool(chosen.op or chosen.case))
    return 1 if any(outcome.kind == FAILED for outcome in outcomes) else 0


def show(outcomes: Sequence[Outcome], *, verbose: bool) -> None:
    """The table, the failures, and the refusals if asked for."""
    found = record.record(outcomes)
    width = max((len(op) for op in found), default=0)
    print(f"{'operator':{width}}  passed folded refused failed    out")
    for op, *cells, reasons in record.rows(found):
        counts = " ".join(f"{cell or '-':>{size}}" for cell, size in zip(cells, (7, 6, 7, 6, 6), strict=True))
        print(f"{op:{width}} {counts}  {reasons}")
    for outcome in outcomes:
        if outcome.kind == FAILED or (verbose and outcome.kind == REFUSED):
            print(f"{outcome.kind}: {outcome.name}: {outcome.detail}: {outcome.message}")
    for name, ops in (("promised operators", record.PROMISED), ("all operators", None)):
        good, everything = record.share(found, ops)
        print(f"{name}: {good} of {everything} pass ({100 * good / max(everything, 1):.1f} %)")


if __name__ == "__main__":
    sys.exit(main())
