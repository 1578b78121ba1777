"""Policies on the web: equal digests, equal refusals, and tables that are those of the Python package."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from tests.tee.web.node import ROOT, Node

from zkseal.errors import InvalidEncoding
from zkseal.tee import policy_of, shipped_policies

DOCUMENTS: list[dict[str, Any]] = [
    *({"extends": name, "name": name} for name in shipped_policies()),
    {"name": "bare"},
    {
        "name": "übung \U0001f512 \u2028",
        "references": {"snp.measurement": ["AB"], "\U00010000": ["x"], "\uffff": ["y"]},
    },
    {"name": "full", "snp": {"min_tcb": {"milan": {"snp": 3}}, "max_vmpl": 2}, "intel": {"allow_smt": False}},
    {"name": "keys", "tpm": {"trusted_keys": {"00": "vtpm_cloud"}}, "composite": {"gpus": 2}, "chips": ["aa"]},
]
REFUSED: list[dict[str, Any]] = [
    {},
    {"extends": "other", "name": "x"},
    {"name": "x", "unknown": 1},
    {"name": "x", "intel_allow_smt": True},
    {"name": "x", "intel": True},
    {"name": "x", "platforms": ["moon"]},
    {"name": "x", "platforms": "sgx"},
    {"name": "x", "max_age_s": -1},
    {"name": "x", "max_age_s": True},
    {"name": "x", "max_age_s": "1"},
    {"name": "x", "min_assurance": "best"},
    {"name": "x", "references": {"a": []}},
    {"name": "x", "references": {"a": [""]}},
    {"name": "x", "references": {"a": "b"}},
    {"name": "x", "snp": {"min_tcb": {"milan": {"snp": "1"}}}},
    {"name": "x", "snp": {"min_tcb": {"milan": {"sun": 1}}}},
    {"name": "x", "snp": {"min_tcb": {"milan": 1}}},
    {"name": "x", "tpm": {"trusted_keys": {"00": "best"}}},
    {"name": "x", "tpm": {"trusted_keys": {"00": 1}}},
    {"name": "x", "intel": {"tcb_statuses": ["Fine"]}},
]


@pytest.mark.slow
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: ascii(document["name"]))
def test_equal_policies_have_equal_digests(node: Node, document: dict[str, Any]) -> None:
    assert node.ask("policy", document) == {"result": policy_of(document).policy_id}


@pytest.mark.slow
@pytest.mark.parametrize("document", REFUSED, ids=str)
def test_what_is_no_policy_is_refused_by_both(node: Node, document: dict[str, Any]) -> None:
    with pytest.raises(InvalidEncoding):
        policy_of(document)
    assert node.ask("policy", document)["error"]["code"] == "InvalidEncoding"


def test_the_tables_of_the_web_are_current() -> None:
    subprocess.run([sys.executable, ROOT / "scripts" / "web_tables.py", "--check"], check=True)
