"""The small form of `make test-faults`: a few faults of each database, and everything that has to hold afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.service.faults import campaign
from tests.service.faults.site import Site
from tests.service.faults.strikes import Strike, backend, database_server, disk_full, everything, prover, worker
from tests.service.faults.wide_model import save_keys
from tests.service.postgres import PostgresServer, require_programs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_keys(tmp_path_factory.mktemp("wide"))


def survives(site: Site, key_file: Path, strikes: tuple[Strike, ...]) -> None:
    report = campaign.run(site, key_file, strikes=strikes, seed=7, gap_s=(0.3, 1.0), clients=3)
    assert report.wrong == []
    assert sum(report.faults.values()) == len(strikes)
    assert report.verified_receipts > 0


def test_every_accepted_job_ends_once_on_sqlite(tmp_path: Path, key_file: Path) -> None:
    site = Site(tmp_path, None)
    try:
        survives(site, key_file, (worker, disk_full, everything) if site.disk.mounted else (worker, prover, everything))
    finally:
        site.close()


def test_every_accepted_job_ends_once_on_postgresql(tmp_path: Path, key_file: Path) -> None:
    require_programs()
    postgres = PostgresServer()
    try:
        site = Site(tmp_path, postgres)
        try:
            survives(site, key_file, (prover, backend, database_server))
        finally:
            site.close()
    finally:
        postgres.stop()
