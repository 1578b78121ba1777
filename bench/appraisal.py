"""`python -m bench.appraisal`: the time of an appraisal, one piece of evidence of every vendor, without network.

Rows are evidence of fixtures/tee that is valid, at its own time, under `evidence-only`: the median of --runs, one
thread. Exit code 1 if a median is above 10 ms.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

from tests.tee.rows import ROWS, evidence_of, time_of

from zkseal.tee import appraise_evidence, load_policy

LIMIT_MS = 10.0


def median_ms(work: Callable[[], object], runs: int) -> float:
    """After one run that loads what is loaded once."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def measure(runs: int) -> dict[str, float]:
    """Milliseconds by file of evidence: of each platform the one that takes longest."""
    policy = load_policy("evidence-only")
    slowest: dict[str, tuple[float, str]] = {}
    for row in ROWS:
        if row["result"] != "valid":
            continue
        evidence = evidence_of(row)
        taken = median_ms(partial(appraise_evidence, evidence, policy, now=time_of(row)), runs)
        found = (taken, f"{evidence.platform}: {row['evidence']}")
        slowest[str(evidence.platform)] = max(slowest.get(str(evidence.platform), (0.0, "")), found)
    return {name: taken for taken, name in slowest.values()}


def main() -> int:
    """Returns 0 unless an appraisal takes too long."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    rows = measure(options.runs)
    if options.json:
        print(json.dumps({"limit_ms": LIMIT_MS, "median_ms": rows}, indent=2))
    else:
        print(f"{'appraisal, slowest of each platform':<72}{'median':>12}")
        for name, taken in rows.items():
            print(f"{name:<72}{taken:>9.2f} ms")
    slow = [name for name, taken in rows.items() if taken > LIMIT_MS]
    for name in slow:
        print(f"{name}: above {LIMIT_MS} ms", file=sys.stderr)
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
