"""Policies of receipts: read strictly, described by their schema, equal digests for equal content."""

from __future__ import annotations

import json
import tomllib
from dataclasses import fields, replace
from importlib import resources

import pytest
from jsonschema import Draft202012Validator

from zkseal.appraisal import Mode, ReceiptPolicy, load_policy, parse_policy, shipped_policies
from zkseal.errors import InvalidEncoding

POLICIES = resources.files("zkseal.appraisal").joinpath("policies")
SCHEMA = json.loads(POLICIES.joinpath("schema.json").read_text())


@pytest.mark.parametrize("name", shipped_policies())
def test_a_shipped_policy_satisfies_the_schema(name: str) -> None:
    Draft202012Validator(SCHEMA).validate(tomllib.loads(POLICIES.joinpath(f"{name}.toml").read_text()))
    assert load_policy(name).name == name


def test_every_mode_has_a_policy() -> None:
    assert {load_policy(name).mode for name in shipped_policies()} == set(Mode)


def test_the_schema_lists_the_fields_of_a_policy() -> None:
    assert set(SCHEMA["properties"]) == {f.name for f in fields(ReceiptPolicy)}


def test_only_what_is_called_development_accepts_development() -> None:
    assert {name for name in shipped_policies() if load_policy(name).development} == {"development"}
    for name in set(shipped_policies()) - {"development"}:
        attestation = load_policy(name).attestation
        assert attestation is None or not attestation.allow_development_roots


def test_digests_are_of_the_content() -> None:
    policy = load_policy("tee-and-zk")
    assert policy.digest == load_policy("tee-and-zk").digest
    assert policy.attestation is not None
    others = [
        replace(policy, name="other"),
        replace(policy, mode=Mode.TEE),
        replace(policy, max_age_s=1),
        replace(policy, allow_not_checked=()),
        replace(policy, models=("00" * 32,)),
        replace(policy, attestation=replace(policy.attestation, max_age_s=1)),
    ]
    assert len({one.digest for one in (policy, *others)}) == 7


ZK = 'name = "p"\nmode = "zk"\n'
TEE = 'name = "p"\nmode = "tee"\n'


@pytest.mark.parametrize(
    "text",
    [
        "name = ",
        'mode = "zk"',
        'name = ""\nmode = "zk"',
        'name = "p"',
        'name = "p"\nmode = "oath"',
        'name = 3\nmode = "zk"',
        f"{ZK}more = 1",
        f"{ZK}max_age_s = -1",
        f"{ZK}max_age_s = true",
        f'{ZK}max_age_s = "1"',
        f"{ZK}allow_insecure_setup = 1",
        f"{ZK}proof_deadline_s = 3",
        f'{ZK}models = "all"',
        f'{ZK}models = ["00"]',
        f"{ZK}models = [3]",
        TEE,
        f"{TEE}attestation = 3",
        f'{TEE}[attestation]\nextends = "nothing"',
        f"{TEE}[attestation]\nmore = 1",
        f'{ZK}allow_not_checked = ["zk.proof"]',
        f"{ZK}allow_not_checked = [3]",
        f'{ZK}allow_not_checked = "model"',
        'name = "p"\nmode = "tee_then_zk"\n[attestation]\nextends = "production"',
        "a = " + "[" * 5000,
    ],
)
def test_other_policies_are_refused(text: str) -> None:
    with pytest.raises(InvalidEncoding):
        parse_policy(text)
