"""`python -m bench.sealed`: sealing and reading a sealed model on one core, in GiB/s.

Rows: seal (tree, cipher, disk), open and verify (signature, every tag, every leaf, the root; nothing is kept), and the
whole model in memory (memfd), as an enclave holds it. The file is in the page cache. Least of --runs by CPU time of the
process, which other work on the machine disturbs least; wall time stands beside it. Exit code 1 if open and verify is
below 1 GiB/s of CPU time on a processor with AES instructions.

--json prints the rows as JSON, --mib sets the size of the model.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bench.machine import describe_machine
from zkseal.sealed import (
    PROVING_KEY_SECTION,
    SealedModel,
    SealingTerms,
    create_publisher_key,
    create_recipient_key,
    load_publisher_key,
    load_recipient_key,
    seal,
)
from zkseal.tee import Assurance

LIMIT_GIB_S = 1.0
READING = "open and verify"


def measure(mib: int, runs: int) -> dict[str, dict[str, float]]:
    """GiB/s of each step, by CPU time and by wall time."""
    data = np.random.default_rng(0).integers(0, 256, mib << 20, np.uint8).tobytes()
    terms = SealingTerms("bench", 1, bytes(32), bytes(32), Assurance.HARDWARE, 0)
    with TemporaryDirectory() as folder:
        path, publisher_path, recipient_path = (Path(folder) / name for name in ("m.zks", "p.zkk", "r.zkk"))
        create_publisher_key(publisher_path)
        public_key, _ = create_recipient_key(recipient_path)
        publisher, recipient = load_publisher_key(publisher_path), load_recipient_key(recipient_path)

        def read() -> None:
            model = SealedModel.open(path, publisher=publisher.public_key)
            model.unlock(model.data_key(recipient)).verify()

        def hold() -> None:
            model = SealedModel.open(path, publisher=publisher.public_key)
            with model.unlock(model.data_key(recipient)).in_memory(PROVING_KEY_SECTION):
                pass

        steps: dict[str, Callable[[], object]] = {
            "seal": lambda: seal(path, {PROVING_KEY_SECTION: data}, terms, publisher, [public_key]),
            READING: read,
            "in memory": hold,
        }
        return {name: _rates(step, mib / 1024, runs) for name, step in steps.items()}


def _rates(step: Callable[[], object], gib: float, runs: int) -> dict[str, float]:
    cpu_s, wall_s = [], []
    for _ in range(runs):
        cpu, wall = time.process_time(), time.perf_counter()
        step()
        cpu_s.append(time.process_time() - cpu)
        wall_s.append(time.perf_counter() - wall)
    return {"cpu_gib_s": gib / min(cpu_s), "wall_gib_s": gib / min(wall_s)}


def main() -> int:
    """Returns 0 unless a machine with AES instructions is too slow."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--mib", type=int, default=256)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    rows = measure(options.mib, options.runs)
    has_aes = _has_aes()
    if options.json:
        print(
            json.dumps({"cpu": describe_machine()["cpu"], "aes": has_aes, "mib": options.mib, "rows": rows}, indent=2)
        )
    else:
        print(f"{'one core, ' + str(options.mib) + ' MiB':<22}{'CPU time':>14}{'wall time':>14}")
        for name, row in rows.items():
            print(f"{name:<22}{row['cpu_gib_s']:>8.2f} GiB/s{row['wall_gib_s']:>8.2f} GiB/s")
    holds = rows[READING]["cpu_gib_s"] >= LIMIT_GIB_S
    if not holds and has_aes:
        print(f"{READING}: below {LIMIT_GIB_S} GiB/s", file=sys.stderr)
    return 0 if holds or not has_aes else 1


def _has_aes() -> bool:
    """Whether the first processor lists AES instructions."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return "aes" in value.split()
    return False


if __name__ == "__main__":
    sys.exit(main())
