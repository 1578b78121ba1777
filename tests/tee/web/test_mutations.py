"""Evidence with random changes gets the same verdict from both, and no change is a crash or a trap of the module."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from tests.tee.rows import NONCES, ROWS, evidence_of, time_of
from tests.tee.web.mutations import changed_bytes, changed_values, has_json
from tests.tee.web.node import Node, python_of

from zkseal.tee import Evidence

pytestmark = [pytest.mark.native, pytest.mark.slow]

Change = Callable[[Evidence, random.Random], Evidence]


def without_words_of_parsers(found: dict[str, Any]) -> dict[str, Any]:
    """What a parser says of malformed bytes is its own: expat names lines, and wasm32 has other sizes."""
    error = found.get("error")
    if error is not None and error["code"] == "InvalidEncoding":
        error["message"] = ""
        for check in found["result"]["checks"]:
            check["detail"] = "" if check["outcome"] == "fail" else check["detail"]
    return found


@pytest.mark.parametrize(("change", "count", "seed"), [(changed_bytes, 2500, 1), (changed_values, 500, 2)])
def test_the_verdicts_are_equal(node: Node, change: Change, count: int, seed: int) -> None:
    rng = random.Random(seed)
    read = [(row, evidence_of(row), time_of(row)) for row in ROWS]
    vectors = [vector for vector in read if change is changed_bytes or has_json(vector[1])]
    verdicts: Counter[str] = Counter()
    for _ in range(count):
        row, evidence, now = rng.choice(vectors)
        nonce_text = NONCES.get(row["evidence"])
        given = {"now": now, "nonce": bytes.fromhex(nonce_text) if nonce_text else None}
        changed = change(evidence, rng)
        expected = python_of(changed, **given)
        found = node.evidence(changed, **given)
        found.pop("chain", None)
        assert without_words_of_parsers(found) == without_words_of_parsers(expected), row["evidence"]
        verdicts[expected.get("error", {}).get("code", "accepted")] += 1
    assert len(verdicts) >= 5, verdicts
