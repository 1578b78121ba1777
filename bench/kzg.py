"""`python -m bench.kzg`, which is `make bench-kzg`: keys for a chain, proved and verified without one.

Prints a row for each model: row length, setup, proving and verification times (least and median of 30), proof bytes;
--json prints them as JSON. Exit code 1 if a verification takes 10 ms or more at best: a busy machine can only add.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import zkseal
from bench.models import SUBJECTS
from zkseal.files.ceremonies import load_srs

POWERS = Path(__file__).resolve().parents[1] / "fixtures" / "srs" / "kzg10-bn254-aztec-srs-32768.bin"
MODELS = ("mlp_credit", "lenet")
LIMIT_S = 0.010
REPETITIONS = 30


def measure(name: str) -> dict[str, Any]:
    """One row. Times in seconds."""
    subject = SUBJECTS[name]
    data = subject.data()
    model = zkseal.compile(data.model, data.calibration, **subject.options)
    start = time.perf_counter()
    proving_key, verifying_key = zkseal.setup(model, opening="kzg", srs=load_srs(POWERS))
    setup_s = time.perf_counter() - start
    inputs = data.held_out[: subject.batch]
    zkseal.prove(proving_key, inputs)
    start = time.perf_counter()
    receipt = zkseal.prove(proving_key, inputs).receipt
    prove_s = time.perf_counter() - start
    verify_s = []
    for _ in range(REPETITIONS):
        start = time.perf_counter()
        zkseal.verify(receipt, verifying_key)
        verify_s.append(time.perf_counter() - start)
    return {
        "model": name,
        "row_bits": verifying_key.core.c,
        "setup_s": setup_s,
        "prove_s": prove_s,
        "verify_least_s": min(verify_s),
        "verify_median_s": statistics.median(verify_s),
    }


def main() -> int:
    """Returns 0 if every model verifies in time."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [measure(name) for name in MODELS]
    if options.json:
        print(json.dumps(rows, indent=2))
    else:
        print(f"{'model':<12}{'rows of':>9}{'setup':>10}{'prove':>10}{'verify, least':>15}{'median':>10}")
        for row in rows:
            times = (row["setup_s"], row["prove_s"], row["verify_least_s"], row["verify_median_s"])
            shown = [f"{1e3 * seconds:.1f} ms" for seconds in times]
            print(
                f"{row['model']:<12}{1 << row['row_bits']:>9,}{shown[0]:>10}{shown[1]:>10}{shown[2]:>15}{shown[3]:>10}"
            )
    return 0 if all(row["verify_least_s"] < LIMIT_S for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
