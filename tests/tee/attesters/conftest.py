"""Software TPMs and runtime data for the tests of attesters."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.tee.attesters.machines import manufacture, running

from zkseal.tee import Assurance, RuntimeData


@pytest.fixture
def runtime_data() -> RuntimeData:
    """Of no real enclave; every field has its size."""
    return RuntimeData(
        ceiling=Assurance.VTPM_DEV,
        hpke_public_key=b"\1" * 32,
        signing_public_key=b"\2" * 33,
        model_digest=b"\3" * 32,
        zk_model_commitment=b"\4" * 32,
        policy_digest=b"\5" * 32,
        boot_epoch=b"\6" * 16,
        nonce=b"\7" * 32,
    )


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """For sockets: pytest's folders can be longer than the 108 bytes of a socket's name."""
    with tempfile.TemporaryDirectory(prefix="zkseal-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], Path]:
    """State of a TPM as it left the factory: one that swtpm-localca certified, one that nobody did."""

    @cache
    def made(certified: bool) -> Path:
        return manufacture(tmp_path_factory.mktemp("factory") / "tpm", certified=certified)

    return made


@pytest.fixture
def tpm(
    tmp_path: Path, short_folder: Path, factory: Callable[[bool], Path], request: pytest.FixtureRequest
) -> Iterator[str]:
    """TCTI of a TPM as it left the factory, certified; `indirect` parameter False: that nobody certified."""
    state = tmp_path / "state"
    shutil.copytree(factory(getattr(request, "param", True)), state)
    with running(state, short_folder) as tcti:
        yield tcti
