"""docs/guides/attested-oracle.md: its policy is one, its code is run. Commands are parsed with those of all guides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.chain.attested import Enclave, attested
from tests.chain.test_attested_answers import asked
from tests.chain.worlds import World

from zkseal.chain.attested_answers import answer_attested, attest, statement_for
from zkseal.chain.inference import commit
from zkseal.chain.request import Mode, RequestStatus, status_of
from zkseal.tee import parse_policy

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "attested-oracle.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def test_its_policy_is_a_policy() -> None:
    (text,) = blocks("toml")
    assert parse_policy(text.replace("ab...", "ab" * 48)).references == {"snp.measurement": ("ab" * 48,)}


def test_its_code_makes_an_answer_that_counts(world: World) -> None:
    desk, enclave = attested(world), Enclave()
    desk.register(enclave)
    request_id = asked(desk, Mode.TEE)
    scope: dict[str, Any] = {
        "statement_for": statement_for,
        "attest": attest,
        "connection": world.connection,
        "oracle": world.address("InferenceOracle"),
        "inference_verifier": world.address("InferenceVerifier"),
        "registry_of_keys": desk.registry,
        "request_id": request_id,
        "payee": world.other.address,
        "inference": commit(world.public.proving_key, world.public.inputs[0]),
        "signing_key": enclave.key,
    }
    (code,) = blocks("python")
    exec(code, scope)  # the guide is ours
    answer_attested(world.connection, world.other, scope["statement"], scope["signature"], payee=world.other.address)
    assert status_of(world.connection, scope["oracle"], request_id) == RequestStatus.ANSWERED
