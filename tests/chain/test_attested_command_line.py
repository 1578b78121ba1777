"""`zkseal chain ..-key`: keys of enclaves on the command line, from files of appraisers to their revocation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.chain.attested import Enclave
from tests.chain.command_line import Desk
from tests.chain.worlds import Model

from zkseal import _native, cli
from zkseal.chain.address_book import AddressBook
from zkseal.chain.attested_keys import KeyAttestation, model_digest
from zkseal.chain.local import LocalChain, local_chain, local_signer
from zkseal.chain.signed_attestations import SignedAttestation, joined, load_signed_attestation
from zkseal.cli.commands.chain import attest_key
from zkseal.cli.commands.chain.enclave_keys import attestation_of, ear_of, measurement_of
from zkseal.cli.console import Console
from zkseal.cli.parser import build_parser
from zkseal.cli.sealed import policy_named
from zkseal.errors import (
    FileUnavailable,
    InvalidEncoding,
    NonceMismatch,
    NotForChain,
    PolicyDenied,
    TransactionReverted,
    UnknownVersion,
    WrongInput,
    WrongModel,
)
from zkseal.evm.programs import programs
from zkseal.tee import (
    AppraisalPolicy,
    Assurance,
    AttestationBundle,
    AttestationResult,
    AttestedRuntime,
    Platform,
    RuntimeData,
    appraise_bundle,
    load_policy,
)
from zkseal.tee.attesters.sandbox import SandboxAttester

NONCE = b"\x07" * 32
IMAGE = 'extends = "production"\nname = "image"\n[references]\n"snp.measurement" = ["{}"]\n'.format("ab" * 48)


@pytest.fixture(scope="module")
def running() -> Iterator[LocalChain]:
    with local_chain() as chain:
        yield chain


@pytest.fixture(scope="module")
def desk(running: LocalChain, tmp_path_factory: pytest.TempPathFactory, public_model: Model) -> Desk:
    made = Desk(tmp_path_factory.mktemp("desk"), running.url)
    made.put_keys("public", public_model)
    for index, name in enumerate(("owner", "user", "guardian", "first", "second", "third")):
        made.put_account(name, local_signer(index))
    appraisers = sorted((local_signer(index).address for index in (3, 4, 5)), key=lambda address: int(address, 16))
    parameters = {
        "AttestedKeyRegistry": {
            "guardian_": local_signer(2).address,
            "appraisers": appraisers,
            "threshold_": 2,
        }
    }
    (made.folder / "parameters.json").write_text(json.dumps(parameters))
    (made.folder / "image.toml").write_text(IMAGE)
    return made


@pytest.fixture(scope="module")
def deployed(desk: Desk, public_model: Model) -> str:
    """The model's id, registered; and its image allowed."""
    parameters = str(desk.folder / "parameters.json")
    for words in (
        desk.arguments("deploy", "owner", "--parameters", parameters),
        desk.arguments("register", "owner", str(desk.folder / "public.zkv")),
    ):
        assert cli.main(words) == 0
    return f"0x{programs(public_model.verifying_key).model_id:064x}"


def image_policy(desk: Desk) -> AppraisalPolicy:
    return policy_named(str(desk.folder / "image.toml"))


def runtime_data(model: Model, enclave: Enclave, ceiling: Assurance = Assurance.HARDWARE) -> RuntimeData:
    zeros = bytes(32)
    return RuntimeData(
        ceiling, zeros, enclave.key.public_key, zeros, model.verifying_key.model_id, zeros, bytes(16), NONCE
    )


def production_runtime(model: Model, enclave: Enclave, **changes: Any) -> AttestedRuntime:
    """As an appraisal of hardware evidence returns it: no hardware is at hand here, and no test key signs for AMD."""
    result = AttestationResult(Platform.SNP, Assurance.HARDWARE, (), {}, bytes(32), "image", 1_800_000_000, NONCE)
    return AttestedRuntime(replace(runtime_data(model, enclave), **changes), (), result, {})


def attestation(desk: Desk, running: LocalChain, model: Model, enclave: Enclave, **changes: Any) -> KeyAttestation:
    connection, book = running.connection, AddressBook(desk.folder / "book.json")
    model_id, now = programs(model.verifying_key).model_id, running.connection.head().timestamp
    made = attestation_of(
        production_runtime(model, enclave),
        image_policy(desk),
        model.verifying_key,
        model_id=model_id,
        model_digest=model_digest(connection, book.address(connection, "ModelRegistry"), model_id),
        valid_until=now + 86_400,
        deadline=now + 3600,
    )
    return replace(made, **changes)


def signed_file(desk: Desk, running: LocalChain, made: KeyAttestation, number: int, name: str) -> str:
    registry = AddressBook(desk.folder / "book.json").address(running.connection, "AttestedKeyRegistry")
    signature = made.sign(local_signer(number), running.connection.chain_id, registry)
    path = desk.folder / name
    SignedAttestation(running.connection.chain_id, registry, made, (signature,)).save(path)
    return str(path)


def test_a_key_from_its_appraisers_to_its_end(
    desk: Desk, deployed: str, running: LocalChain, public_model: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    enclave = Enclave()
    made = attestation(desk, running, public_model, enclave)
    first, second = (signed_file(desk, running, made, n, f"{n}.key.json") for n in (3, 4))
    image = ("--policy", str(desk.folder / "image.toml"), "--platform", "snp")
    words = desk.arguments("register-key", "user", first, second)
    assert desk.refused(capsys, TransactionReverted, words)["fields"]["error"] == "MeasurementNotAllowed"
    allowed = desk.run(capsys, "allow-measurement", "owner", deployed, *image)
    assert allowed["measurement"] == f"0x{made.measurement.hex()}"
    words = desk.arguments("register-key", "user", first, first)
    assert desk.refused(capsys, TransactionReverted, words)["fields"]["error"] == "BelowThreshold"
    registered = desk.run(capsys, "register-key", "user", second, first)
    assert registered["key"] == enclave.address
    assert registered["signatures"] == 2
    checked = desk.run(capsys, "check-key", None, enclave.address)
    assert checked["model_id"] == deployed
    assert checked["assurance"] == "hardware"
    words = desk.arguments("revoke-key", "user", enclave.address)
    assert desk.refused(capsys, TransactionReverted, words)["fields"]["error"] == "NotGuardian"
    desk.run(capsys, "revoke-key", "guardian", enclave.address)
    words = desk.arguments("check-key", None, enclave.address)
    assert desk.refused(capsys, TransactionReverted, words)["fields"]["error"] == "KeyIsRevoked"
    desk.run(capsys, "allow-measurement", "owner", deployed, *image, "--disallow")
    desk.run(capsys, "revoke-key", "guardian", *image)
    words = desk.arguments("allow-measurement", "owner", deployed, *image)
    assert desk.refused(capsys, TransactionReverted, words)["fields"]["error"] == "MeasurementIsRevoked"


def test_appraisers_sign_one_attestation(
    desk: Desk, deployed: str, public_model: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    """From an accepted appraisal on; the appraisal itself needs hardware."""
    enclave, policy = Enclave(), image_policy(desk)

    def signed(account: str, name: str, *more: str, other: Enclave = enclave) -> Any:
        words = desk.arguments(
            "attest-key", account, str(desk.folder / "enclave.cbor"), str(desk.folder / "public.zkv")
        )
        words += ["--policy", "image", "--nonce", "00", "--output", str(desk.folder / name), *more, "--json"]
        options = build_parser().parse_args(words)
        attest_key.sign(
            options, Console(as_json=True), production_runtime(public_model, other), policy, public_model.verifying_key
        )
        return json.loads(capsys.readouterr().out)

    first = signed("first", "one.key.json")
    assert first["key"] == enclave.address
    ear = (desk.folder / "one.key.ear.json").read_bytes()
    assert load_signed_attestation(desk.folder / "one.key.json").attestation.ear_digest == hashlib.sha256(ear).digest()
    same = ("--same-as", str(desk.folder / "one.key.json"))
    signed("second", "two.key.json", *same)
    both = joined([load_signed_attestation(desk.folder / name) for name in ("one.key.json", "two.key.json")])
    assert len(both.signatures) == 2
    with pytest.raises(NotForChain) as caught:
        signed("third", "three.key.json", *same, other=Enclave())
    assert caught.value.reason == "attestations differ"
    # How long a key counts is for each to limit: the first one's week is more than this one's minute.
    with pytest.raises(NotForChain) as caught:
        signed("third", "three.key.json", "--valid-for", "60", *same)
    assert caught.value.reason == "valid_until"
    assert not (desk.folder / "three.key.json").exists()


def test_development_evidence_is_not_signed(
    desk: Desk, deployed: str, public_model: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    """A real sandbox's evidence, which the development policy accepts."""
    issuer, enclave = _native.SigningKey.generate(), Enclave()
    attester = SandboxAttester(issuer.public_key, issuer.sign, measurement=b"\x09" * 32, isolation=("landlock",))
    data = runtime_data(public_model, enclave, Assurance.SANDBOX)
    evidence, policy = desk.folder / "sandbox.cbor", desk.folder / "development.toml"
    evidence.write_bytes(AttestationBundle(data, attester.attest(data)).to_cbor())
    policy.write_text(
        'extends = "development"\nname = "sandbox image"\n[references]\n"sandbox.measurement" = ["{}"]\n'.format(
            "09" * 32
        )
    )
    words = desk.arguments("attest-key", "first", str(evidence), str(desk.folder / "public.zkv"))
    words += ["--policy", str(policy), "--now", "1800000000"]
    reported = desk.refused(capsys, PolicyDenied, [*words, "--nonce", NONCE.hex()])
    assert reported["fields"]["check"] == "assurance"
    desk.refused(capsys, NonceMismatch, [*words, "--nonce", "01" * 32])
    assert not (desk.folder / "sandbox.key.json").exists()
    # Nor does the production policy take it.
    accepted = appraise_bundle(
        AttestationBundle.from_cbor(evidence.read_bytes()), load_policy("development"), now=1_800_000_000, nonce=NONCE
    )
    with pytest.raises(PolicyDenied):
        attestation_of(
            accepted,
            image_policy(desk),
            public_model.verifying_key,
            model_id=1,
            model_digest=bytes(32),
            valid_until=1,
            deadline=1,
        )


def test_what_is_attested_is_what_was_appraised(desk: Desk, public_model: Model, hidden_model: Model) -> None:
    enclave, policy = Enclave(), image_policy(desk)
    runtime = production_runtime(public_model, enclave)
    options = {"model_id": 1, "model_digest": bytes(32), "valid_until": 3, "deadline": 2}
    made = attestation_of(runtime, policy, public_model.verifying_key, **options)
    assert made.key == enclave.address
    assert made.assurance == Assurance.HARDWARE
    assert made.measurement == measurement_of(policy, Platform.SNP)
    assert json.loads(ear_of(runtime))["runtime_data"]["signing_public_key"] == enclave.key.public_key.hex()
    with pytest.raises(WrongModel):
        attestation_of(runtime, policy, hidden_model.verifying_key, **options)
    # As good as its worst part.
    gpu = replace(runtime.result, platform=Platform.NVIDIA, assurance=Assurance.VTPM_CLOUD)
    worse = replace(runtime, submodules={"gpu0": gpu})
    assert attestation_of(worse, policy, public_model.verifying_key, **options).assurance == Assurance.VTPM_CLOUD


def test_a_measurement_is_of_one_image(desk: Desk) -> None:
    policy = image_policy(desk)
    assert measurement_of(policy, Platform.SNP) != measurement_of(policy, Platform.TDX)
    for references in ({}, {"snp.measurement": ("aa", "bb")}):
        with pytest.raises(WrongInput):
            measurement_of(replace(policy, references=references), Platform.SNP)
    other = replace(policy, references={"snp.measurement": ("ac" * 48,)})
    assert measurement_of(policy, Platform.SNP) != measurement_of(other, Platform.SNP)


def test_wrong_options(desk: Desk, deployed: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = desk.arguments("allow-measurement", "owner", deployed)
    desk.refused(capsys, WrongInput, words)
    desk.refused(capsys, WrongInput, [*words, "--policy", str(desk.folder / "image.toml")])
    desk.refused(capsys, WrongInput, desk.arguments("revoke-key", "guardian"))
    both = desk.arguments("revoke-key", "guardian", Enclave().address, "--measurement", "00" * 32)
    desk.refused(capsys, WrongInput, both)
    desk.refused(capsys, NotForChain, desk.arguments("check-key", None, "0x12"))
    with pytest.raises(SystemExit):
        cli.main([*words, "--measurement", "00" * 32, "--least", "sandbox"])


def test_files_of_appraisers(desk: Desk, deployed: str, running: LocalChain, public_model: Model) -> None:
    made = attestation(desk, running, public_model, Enclave())
    one, two = (Path(signed_file(desk, running, made, n, f"files-{n}.json")) for n in (3, 4))
    loaded = load_signed_attestation(one)
    assert loaded.attestation == made
    assert len(joined([loaded, load_signed_attestation(two), loaded]).signatures) == 2
    other = attestation(desk, running, public_model, Enclave())
    three = load_signed_attestation(Path(signed_file(desk, running, other, 3, "files-other.json")))
    with pytest.raises(NotForChain):
        joined([loaded, three])
    with pytest.raises(FileUnavailable):
        load_signed_attestation(desk.folder / "nowhere.json")
    document = json.loads(one.read_text())
    broken = desk.folder / "broken.json"
    for change in (
        lambda d: d.pop("attestation"),
        lambda d: d["attestation"].update(assurance=True),
        lambda d: d["attestation"].update(valid_until=-1),
        lambda d: d["attestation"].update(more=1),
        lambda d: d["attestation"].update(key="0x12"),
        lambda d: d["attestation"].update(measurement="0x12"),
        lambda d: d["attestation"].update(model_digest=7),
        lambda d: d.update(signatures="0x"),
        lambda d: d.update(signatures=["0x12"]),
        lambda d: d.update(chain_id="1"),
    ):
        changed = json.loads(json.dumps(document))
        change(changed)
        broken.write_text(json.dumps(changed))
        with pytest.raises(InvalidEncoding):
            load_signed_attestation(broken)
    for text in ("", "[]", "{}", "7"):
        broken.write_text(text)
        with pytest.raises(InvalidEncoding):
            load_signed_attestation(broken)
    broken.write_text(json.dumps(document | {"format": "zkseal key attestation v9"}))
    with pytest.raises(UnknownVersion):
        load_signed_attestation(broken)


def test_an_attestation_for_another_registry_is_not_sent(
    desk: Desk, deployed: str, running: LocalChain, public_model: Model, capsys: pytest.CaptureFixture[str]
) -> None:
    made = attestation(desk, running, public_model, Enclave())
    loaded = load_signed_attestation(Path(signed_file(desk, running, made, 3, "elsewhere.json")))
    path = desk.folder / "elsewhere.json"
    replace(loaded, registry=local_signer(0).address).save(path)
    reported = desk.refused(capsys, NotForChain, desk.arguments("register-key", "user", str(path)))
    assert reported["fields"]["reason"] == "registry"
