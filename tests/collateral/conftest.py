"""A server of vendors, and a folder to keep what it says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.collateral.vendor_server import VendorServer

from zkseal.collateral import Cache, Downloader


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VendorServer]:
    """One server for all tests."""
    with VendorServer(tmp_path_factory.mktemp("tls")) as server:
        yield server


@pytest.fixture
def server(started: VendorServer, monkeypatch: pytest.MonkeyPatch) -> VendorServer:
    """It, with nothing to say yet; no proxy of this machine stands before it."""
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    started.answers.clear()
    started.asked.clear()
    return started


@pytest.fixture
def pauses() -> list[float]:
    """How long the downloader would have waited, in seconds."""
    return []


@pytest.fixture
def downloader(server: VendorServer, pauses: list[float]) -> Downloader:
    """It trusts the server's authority and waits for nothing."""
    return Downloader([f"https://localhost:{server.port}"], authorities=str(server.authority), pause=pauses.append)


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """An empty one."""
    return Cache(tmp_path / "collateral")
