"""python -m tests.networks [NAME ..] [--all]: proves the networks one after the other and prints what was measured.

Memory is resident memory at its peak in each phase, in MB, with what was predicted before in brackets.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.networks.catalogue import NETWORKS
from tests.networks.measure import PHASES, Measured, measure


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 1 when a network does not agree with onnxruntime or its memory was not predicted.

    Where CI is set, also when one is missing.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.networks", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("networks", nargs="*", metavar="NAME", help=", ".join(NETWORKS))
    parser.add_argument("--all", action="store_true", help="the ones that are too large for tests, too")
    asked = parser.parse_args(arguments)
    chosen = asked.networks or [n.name for n in NETWORKS.values() if asked.all or not n.bench_only]
    failed = False
    for name in chosen:
        network = NETWORKS[name]
        if not network.installed():
            print(f"{name}: {network.package} is not installed (pip install -r requirements/networks.txt)")
            failed |= bool(os.environ.get("CI"))
            continue
        with tempfile.TemporaryDirectory() as folder:
            found = measure(name, Path(folder))
        show(found)
        failed |= found.error > network.tolerance or found.cosine < network.cosine or bool(found.mispredicted())
    return 1 if failed else 0


def show(found: Measured) -> None:
    """The figures of one network, a line for each phase."""
    print(f"{found.name}: error {found.error:.3g}, cosine {found.cosine:.6f}, proof {found.proof_bytes} bytes")
    for phase in PHASES:
        predicted = found.predicted.get(phase)
        expected = f" ({predicted / 1e6:.0f})" if predicted else ""
        expected += " MISPREDICTED" if phase in found.mispredicted() else ""
        print(f"  {phase:8} {found.seconds[phase]:8.1f} s  {found.peaks[phase] / 1e6:8.0f} MB{expected}")


if __name__ == "__main__":
    sys.exit(main())
