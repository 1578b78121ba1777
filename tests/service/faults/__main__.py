"""`make test-faults`: fifty faults under load, on SQLite, on PostgreSQL, with a Ray cluster; counts, and what is wrong.

Usage: python -m tests.service.faults [--faults 50] [--seed N] [--on sqlite|postgresql|ray]
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import sys
import tempfile
from pathlib import Path

from tests.service.faults import campaign
from tests.service.faults.site import Site
from tests.service.faults.strikes import strikes_for
from tests.service.faults.wide_model import save_keys
from tests.service.postgres import PostgresServer

SHARES = {"sqlite": 0.3, "postgresql": 0.5, "ray": 0.2}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=50)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--on", choices=tuple(SHARES))
    parser.add_argument("--keep", action="store_true", help="leave the logs where they are")
    options = parser.parse_args()
    wrong = 0
    for kind, share in SHARES.items():
        if options.on in (None, kind):
            faults = options.faults if options.on else round(options.faults * share)
            wrong += campaign_on(kind, faults, options.seed, keep=options.keep)
    return 1 if wrong else 0


def campaign_on(kind: str, faults: int, seed: int, *, keep: bool = False) -> int:
    """One campaign; how many things are wrong."""
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="zkseal-faults-"))
        if not keep:
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        postgres = None
        if kind != "sqlite":
            postgres = PostgresServer()
            stack.callback(postgres.stop)
        ray_address = None
        if kind == "ray":
            from tests.cluster.ray_cluster import LocalCluster

            cluster = LocalCluster(nodes=2)
            stack.callback(cluster.close)
            ray_address = cluster.address
        print(f"== {kind}, {faults} faults, seed {seed}, {folder}", flush=True)
        site = Site(folder, postgres, ray_address)
        stack.callback(site.close)
        key_file = save_keys(folder)
        strikes = strikes_for(site, faults, random.Random(seed), ray=kind == "ray")
        report = campaign.run(site, key_file, strikes=strikes, seed=seed)
        print("\n".join(report.lines()), flush=True)
        return len(report.wrong)


if __name__ == "__main__":
    sys.exit(main())
