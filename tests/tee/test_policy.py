"""Policies: read strictly, described by their schema, and equal digests for equal content."""

import json
import tomllib
from dataclasses import fields, replace
from importlib import resources
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from zkseal.errors import InvalidEncoding
from zkseal.tee.policy import AppraisalPolicy, load_policy, parse_policy, shipped_policies

POLICIES = resources.files("zkseal.tee").joinpath("policies")
SCHEMA = json.loads(POLICIES.joinpath("schema.json").read_text())


@pytest.mark.parametrize("name", shipped_policies())
def test_a_shipped_policy_satisfies_the_schema(name: str) -> None:
    Draft202012Validator(SCHEMA).validate(tomllib.loads(POLICIES.joinpath(f"{name}.toml").read_text()))
    assert load_policy(name).name == name


def test_the_schema_lists_the_fields_of_a_policy() -> None:
    listed = set()
    for key, entry in SCHEMA["properties"].items():
        listed |= {f"{key}_{inner}" for inner in entry["properties"]} if "properties" in entry else {key}
    assert listed == {f.name for f in fields(AppraisalPolicy)} | {"extends"}


def test_production_takes_no_development_root_and_needs_nonce_references_and_revocation() -> None:
    policy = load_policy()
    assert not policy.allow_development_roots
    assert policy.min_assurance == "vtpm_cloud"
    unmade = {name.rpartition(".")[2] for name in policy.allow_not_checked if "." not in name}
    assert not unmade & {"nonce", "reference-values", "revocation", "signature", "chain", "debug", "tcb"}


def test_a_file_extends_a_shipped_policy() -> None:
    text = 'extends = "production"\nname = "mine"\n[references]\n"nitro.pcr0" = ["AB"]\n'
    assert parse_policy(text) == replace(load_policy(), name="mine", references={"nitro.pcr0": ("ab",)})


def test_the_digest_is_of_the_content() -> None:
    text = 'name = "p"\nmax_age_s = 5\n'
    assert parse_policy(text).digest == parse_policy("max_age_s=5\nname='p'").digest
    assert parse_policy(text).digest != parse_policy('name = "p"\nmax_age_s = 6\n').digest


@pytest.mark.parametrize(
    "text",
    [
        "name = 1",
        "name",
        'name = "p"\nunknown = 1',
        'name = "p"\n[intel]\nunknown = 1',
        'name = "p"\nintel = 3',
        'name = "p"\nintel_allow_smt = true',
        'name = "p"\nmax_age_s = true',
        'name = "p"\nmax_age_s = -1',
        'name = "p"\nallow_development_roots = 1',
        'name = "p"\nplatforms = ["toaster"]',
        'name = "p"\nmin_assurance = "certain"',
        'name = "p"\nextends = "nothing"',
        'extends = "production"',
        'name = "p"\n[intel]\ntcb_statuses = ["Revoked"]',
        'name = "p"\n[references]\n"nitro.pcr0" = "ab"',
        'name = "p"\n[references]\n"nitro.pcr0" = []',
        'name = "p"\n[references]\n"nitro.pcr0" = ["ab", ""]',
        'name = "p"\n[snp.min_tcb.milan]\nmagic = 1',
        'name = "p"\n[tpm.trusted_keys]\nab = "certain"',
    ],
)
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(InvalidEncoding):
        parse_policy(text)


@pytest.mark.parametrize(
    "change",
    [
        {"platforms": "xx nitro yy"},
        {"platforms": ["nitro"]},
        {"platforms": ("toaster",)},
        {"allow_not_checked": "nonce"},
        {"chips": (b"ab",)},
        {"references": {"nitro.pcr0": "abab"}},
        {"references": {"nitro.pcr0": ()}},
        {"references": {"nitro.pcr0": ("",)}},
        {"references": [("nitro.pcr0", ("ab",))]},
        {"references": {1: ("ab",)}},
        {"snp_min_tcb": {"milan": 3}},
        {"snp_min_tcb": {"milan": {"snp": "3"}}},
        {"tpm_trusted_keys": {"ab": "certain"}},
        {"min_assurance": "certain"},
        {"allow_development_roots": 0},
        {"composite_gpus": True},
        {"name": None},
    ],
)
def test_a_policy_of_other_types_is_not_made(change: dict[str, Any]) -> None:
    """A text where a tuple of texts belongs would be searched for parts of itself."""
    with pytest.raises(InvalidEncoding):
        replace(load_policy(), **change)


def test_only_production_is_for_keys() -> None:
    assert {name for name in shipped_policies() if load_policy(name).production} == {"production"}
