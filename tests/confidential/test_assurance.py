"""Every output that rests on evidence says on how much: each command, for people and as JSON, and each file.

A command that is added has to be listed here: with the words that show it, or with the reason why it shows no result.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.confidential.test_end_to_end import nonce
from tests.confidential.world import CONTEXT, World

from zkseal import files
from zkseal.cli.parser import build_parser
from zkseal.tee import Assurance

pytestmark = [pytest.mark.native, pytest.mark.slow]

GROUPS = ("appraise", "broker", "enclave", "keygen", "seal", "tee", "unseal")
"""Commands about evidence, and about models that are released on it."""

LEVELS = "|".join(level.name.lower() for level in Assurance)
SAYS = re.compile(rf"assurance\W{{0,8}}(least )?(\w+ )?({LEVELS})")

NO_RESULT = {
    "keygen": "makes keys; nothing is attested",
    "broker init": "makes an empty broker",
    "broker set-minimum": "a number of a version",
    "broker revoke-model": "takes a model back",
    "broker verify-log": "whether the log hangs together, not what it says",
    "tee fetch": "what vendors say of hardware; nothing is appraised",
    "tee attest": "needs a device: tests/tee/attesters/test_command.py shows it on a software TPM",
}


def leaves(parser: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not inner:
        yield path
    for action in inner:
        for name, command in action.choices.items():
            yield from leaves(command, (*path, name))


def shown(world: World, enclave: str) -> dict[str, list[str]]:
    """Words of each command, without its name."""
    ask = [enclave, "--policy", "policy.toml", "--development"]
    receipt = ["--key", "m.zkv", "--context", CONTEXT, "--nonce", nonce(world, "answer.zkr")]
    (world.folder / "bundle.cbor").write_bytes(attestation(world))
    return {
        "appraise": ["both.zkr", "--policy", "tee_and_zk.toml", *receipt],
        "seal": [
            *("m.zkp", "--publisher", "publisher.zkk", "--to", "broker/kek.zkk.pub", "--name", "credit"),
            *("--version", "3", "--policy", "policy.toml", "--assurance", "sandbox", "-o", "v3.zks"),
        ],
        # After `seal`: the same file again would be refused, which says nothing of an assurance.
        "broker add-model": ["broker", "v3.zks", "--policy", "policy.toml"],
        "broker log": ["broker"],
        "enclave ask": [*ask, "--input", "x1.npy", "--context", CONTEXT, "-o", "asked.zkr"],
        "enclave attest": ask,
        "enclave measure": [],
        "tee verify": ["bundle.cbor", "--policy", "policy.toml"],
        "unseal": ["v2.zks", "--key", "recovery.zkk", "-o", "again.zkp"],
    }


SERVING = {"broker serve", "enclave serve"}
"""Shown by the fixtures: what they said stands in `World.said` once they ended, and in their files before."""


def attestation(world: World) -> bytes:
    evidence = files.load_receipt(world.folder / "answer.zkr").attested
    assert evidence is not None
    return evidence.attestation


def assurances(value: Any) -> Iterator[str]:
    """Every value under a name that speaks of assurance."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if "assurance" in name and isinstance(inner, str):
                yield inner
            yield from assurances(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from assurances(inner)


def test_every_command_is_listed(proved: World, enclave: str) -> None:
    commands = {" ".join(path) for path in leaves(build_parser()) if path[0] in GROUPS}
    assert commands == {*shown(proved, enclave), *SERVING, *NO_RESULT}


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_every_output_says_its_assurance(proved: World, enclave: str, as_json: bool) -> None:
    for name in ("asked.zkr", "asked.zko", "again.zkp", "v3.zks"):
        (proved.folder / name).unlink(missing_ok=True)
    silent, boasting = [], []
    for command, words in shown(proved, enclave).items():
        said = proved.run(*command.split(), *words, *(["--json"] if as_json else []), code=None)
        if not SAYS.search(said.out + said.err):
            silent.append((command, said))
        lines = [line for line in said.out.splitlines() if line.startswith("{")] if as_json else []
        found = [level for line in lines for level in assurances(json.loads(line))]
        if as_json and (not found or any("hardware" in level or "vtpm_cloud" in level for level in found)):
            boasting.append((command, found))
    assert silent == []
    assert boasting == []


def test_what_serves_says_it(proved: World, enclave: str) -> None:
    for name in ("broker", "enclave"):
        texts = "".join(path.read_text() for path in proved.folder.glob(f"{name}-*.log"))
        assert SAYS.search(texts), name


def test_what_a_sandbox_says_is_never_called_an_enclave_of_hardware(proved: World, enclave: str) -> None:
    said = proved.run("enclave", "attest", enclave, "--policy", "policy.toml", "--development")
    assert "DEVELOPMENT" in said.out
    assert "contraindicated" in json.dumps(
        proved.run("enclave", "attest", enclave, "--policy", "policy.toml", "--development", "--json").json
    )


def test_files_of_development_have_types_of_their_own(proved: World) -> None:
    from zkseal.receipts import DevTeeEvidence
    from zkseal.receipts.answers import DEV_MEDIA_TYPE
    from zkseal.tee import AttestationBundle
    from zkseal.tee.bundle import DEV_MEDIA_TYPE as DEV_BUNDLE

    for name in ("answer.zkr", "both.zkr"):
        evidence = files.load_receipt(proved.folder / name).attested
        assert isinstance(evidence, DevTeeEvidence)
        assert DEV_MEDIA_TYPE.encode() in evidence.answer
        assert AttestationBundle.from_cbor(evidence.attestation).media_type == DEV_BUNDLE
        described = proved.run("inspect", name).out
        assert "tee-dev" in described
        assert "development" in described
