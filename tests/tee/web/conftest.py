"""One node process for all tests of this folder, and the small model of tests/appraisal."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.appraisal.conftest import answer, enclave, keys, proved, samples
from tests.tee.web.node import DRIVER, MODULES, Node, started

__all__ = ["answer", "enclave", "keys", "node", "proved", "samples"]


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    missing = [str(path) for path in (DRIVER, *MODULES) if not path.exists()]
    if missing and "CI" not in os.environ:
        pytest.skip(f"make test-web builds what is missing: {', '.join(missing)}")
    assert not missing, missing
    with started() as running:
        yield running
