"""What the browser takes, warm: 1 s at most for a proof without a setup, 100 ms for one of a ceremony."""

from __future__ import annotations

import statistics

import pytest
from tests.browser.verifier_page import VerifierPage
from tests.browser.world import Files

pytestmark = [pytest.mark.native, pytest.mark.slow]

REPETITIONS = 12


@pytest.mark.parametrize(("name", "most_ms"), [("ipa", 1000), ("kzg", 100)])
def test_mlp_credit_is_verified_in_time(
    verifier: VerifierPage, files: Files, capsys: pytest.CaptureFixture[str], name: str, most_ms: float
) -> None:
    verifier.verify(files.receipt(name), files.key(name))
    took = []
    for _ in range(REPETITIONS):
        verifier.again()
        took.append(float(verifier.result()["proof"]["took"]))
    with capsys.disabled():
        print(f"\n  {name}: least {min(took):.1f} ms, median {statistics.median(took):.1f} ms in Chromium", end="")
    # A busy machine can only add: the least is what the browser needs.
    assert min(took) < most_ms
