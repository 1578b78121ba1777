"""From the model to the auditor: sealed, released to the right enclave, asked, answered, proved, appraised.

mlp_credit by the command line, in real processes. What a broker refuses, with which code and which entry in its log,
is in tests/broker/test_denials.py and tests/broker/test_vendor_evidence.py; here the two that need a world: an older
version of the model, and a sandbox under a policy of production.
"""

from __future__ import annotations

import json

import pytest
from tests.confidential.world import CONTEXT, World

from zkseal import files
from zkseal.receipts import Receipt

pytestmark = [pytest.mark.native, pytest.mark.slow]


def receipt(world: World, name: str) -> Receipt:
    return files.load_receipt(world.folder / name)


def nonce(world: World, name: str) -> str:
    """The challenge that the client of this receipt set."""
    from zkseal.tee import AttestationBundle

    evidence = receipt(world, name).attested
    assert evidence is not None
    return AttestationBundle.from_cbor(evidence.attestation).runtime_data.nonce.hex()


def appraise(world: World, name: str, policy: str, *, code: int = 0, challenged: bool = True) -> dict[str, object]:
    words = ["appraise", name, "--policy", policy, "--key", "m.zkv", "--context", CONTEXT, "--json"]
    return world.run(*words, *(["--nonce", nonce(world, "answer.zkr")] if challenged else []), code=code).json


def test_the_answer_is_that_of_the_proof(proved: World) -> None:
    """The same output under the same model commitment: the statements are one, commitments included."""
    both, answer, proof = (receipt(proved, name) for name in ("both.zkr", "answer.zkr", "proof.zkr"))
    key = files.load_verifying_key(proved.folder / "m.zkv")
    assert both.statement == answer.statement
    assert both.statement.model_id == proof.statement.model_id == key.model_id
    assert both.statement.output == proof.statement.output
    assert both.statement.input.commitments != proof.statement.input.commitments, "fresh blindings each time"
    proved.run("verify", "both.zkr", "m.zkv", "--context", CONTEXT)


def test_the_sealed_model_names_the_same_commitment(proved: World) -> None:
    described = proved.run("inspect", "v2.zks", "--json").json
    assert receipt(proved, "both.zkr").statement.model_id.hex() in json.dumps(described)


def test_both_kinds_are_accepted_together_and_each_half_alone_is_refused(proved: World) -> None:
    found = appraise(proved, "both.zkr", "tee_and_zk.toml")
    assert (found["assurance"], found["development"]) == ("sandbox+proof", True)
    for half, check in (("answer.zkr", "zk.proof"), ("proof.zkr", "tee.attestation")):
        refused = appraise(proved, half, "tee_and_zk.toml", code=72)
        assert refused["error"]["fields"]["check"] == check  # type: ignore[index]


def test_the_answer_counts_until_its_proof_is_due(proved: World) -> None:
    pending = appraise(proved, "answer.zkr", "tee_then_zk.toml")
    assert isinstance(pending["pending_until"], int)
    assert appraise(proved, "both.zkr", "tee_then_zk.toml")["pending_until"] is None
    late = str(pending["pending_until"] + 1)
    words = ("appraise", "answer.zkr", "--policy", "tee_then_zk.toml", "--key", "m.zkv", "--context", CONTEXT)
    proved.run(*words, "--nonce", nonce(proved, "answer.zkr"), "--now", late, code=71)


def test_an_enclave_proves_by_itself(proved: World, enclave: str) -> None:
    proved.run(
        *("enclave", "ask", enclave, "--input", "x1.npy", "--policy", "policy.toml", "--development"),
        *("--context", CONTEXT, "--mode", "zk_in_tee", "-o", "inside.zkr"),
    )
    words = ("appraise", "inside.zkr", "--key", "m.zkv", "--context", CONTEXT, "--policy", "zk_in_tee.toml")
    found = proved.run(*words, "--nonce", nonce(proved, "inside.zkr"), "--json").json
    assert found["assurance"] == "sandbox+proof"
    # Two halves made apart do not pass for one made inside.
    appraise(proved, "both.zkr", "zk_in_tee.toml", code=72)


def test_no_policy_of_production_takes_it(proved: World) -> None:
    for policy in ("tee", "tee-and-zk", "tee-then-zk", "zk-in-tee"):
        appraise(proved, "both.zkr", policy, code=72)
    assert appraise(proved, "both.zkr", "zk")["assurance"] == "proof"


def test_a_client_of_production_asks_no_sandbox(world: World, enclave: str) -> None:
    refused = world.run("enclave", "ask", enclave, "--input", "x0.npy", "--policy", "policy.toml", "--json", code=72)
    assert refused.json["error"]["code"] == "PolicyDenied"
    assert not (world.folder / "x0.zkr").exists()


def test_a_model_for_production_goes_to_no_sandbox(world: World, broker: str) -> None:
    """Development evidence under a policy of production: denied with its code, and the denial is in the log."""
    world.run("broker", "init", "strict")
    policy = world.write(
        "strict.toml", 'extends = "production"\nname = "strict"\n[references]\n"snp.measurement" = ["00"]\n'
    )
    world.run(
        *("seal", "m.zkp", "--publisher", "publisher.zkk", "--to", "strict/kek.zkk.pub", "--name", "credit"),
        *("--version", "1", "--policy", policy, "-o", "strict.zks"),
    )
    world.run("broker", "add-model", "strict", "strict.zks", "--policy", policy)
    with world.serving("broker", "serve", "strict", "--port", "0") as url:
        denied = world.run("enclave", "serve", "strict.zks", "--broker", url, "--port", "0", "--json", code=None)
        assert denied.code not in (0, 2)
    entries = world.run("broker", "log", "strict", "--json").out
    assert "denied" in entries
    assert "released" not in entries


def test_an_older_version_gets_no_key(world: World, broker: str) -> None:
    """Rollback: version 1 was released once; since the minimum is 2 it is not."""
    world.run("broker", "set-minimum", "broker", "credit", "2")
    words = ("enclave", "serve", "v1.zks", "--broker", broker, "--port", "0", "--json")
    denied = world.run(*words, code=None)
    assert denied.code not in (0, 2)
    assert denied.json["error"]["fields"]["denial"] == "old_version"
    assert "old_version" in world.run("broker", "log", "broker", "--json").out


def test_the_log_holds_together_and_has_every_decision(proved: World) -> None:
    proved.run("broker", "verify-log", "broker")
    assert "release" in proved.run("broker", "log", "broker", "--json").out


def test_a_recovery_key_opens_the_model_offline(world: World) -> None:
    world.run("unseal", "v2.zks", "--key", "recovery.zkk", "--from", "publisher.zkk.pub", "-o", "recovered.zkp")
    assert (world.folder / "recovered.zkp").read_bytes() == (world.folder / "m.zkp").read_bytes()


def test_nothing_private_was_said(proved: World) -> None:
    """Inputs of the client, weights of the model: in no line, no log, no file that is for others."""
    from tests.confidential.secrets_of import markers

    texts = {words: said.out + said.err for words, said in proved.said.items()}
    texts |= {path.name: path.read_text("latin-1") for path in proved.folder.glob("*.log")}
    shared = list(proved.folder.glob("*.zk[rsv]"))
    texts |= {path.name: path.read_bytes().decode("latin-1") for path in shared}
    for name, marker in markers(proved.folder).items():
        found = [where for where, text in texts.items() if marker in text]
        assert found == [], f"{name} is in {found}"
