"""Keys of every scheme prove and verify; what rests on powers of tau says on which, and an insecure setup is marked
wherever somebody looks, and refused unless it is asked for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from tests.e2e import ceremonies, small_models
from tests.e2e.ceremonies import AZTEC, AZTEC_32768, HERMEZ
from tests.e2e.command_line import done, refused
from tests.e2e.key_files import through_a_file

import zkseal
import zkseal_reference
from zkseal import files, proving
from zkseal.cli import main
from zkseal.errors import (
    DigestMismatch,
    InsecureSetup,
    InvalidParameters,
    InvalidPower,
    OpeningRejected,
    ProofRejected,
    StatementMismatch,
    TooFewPowers,
    UnknownOrigin,
    WrongLength,
    WrongModel,
)
from zkseal.files.container import read_container, write_container
from zkseal.files.kinds import PROVING_KEY
from zkseal.proving import Scheme, Srs, lay_out
from zkseal.proving.gas import ROW_BITS, predicted_gas
from zkseal.receipts import ZkEvidence
from zkseal.zoo import MODELS
from zkseal_reference import ProtocolError

pytestmark = pytest.mark.native

ROW = small_models.SAMPLES[3]
CONTEXT = b"visit 12"
POWER_BYTES = 64


@pytest.fixture(scope="module")
def model() -> zkseal.CompiledModel:
    return zkseal.compile(small_models.perceptron(), small_models.SAMPLES)


@pytest.fixture(scope="module")
def aztec() -> Srs:
    return files.load_srs(AZTEC)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Srs:
    """Powers of a tau that everybody knows."""
    path = tmp_path_factory.mktemp("local") / "tau"
    path.write_bytes(ceremonies.insecure_file())
    return files.load_srs(path, insecure_srs=True)


@dataclass(frozen=True)
class Keys:
    """Both keys of the perceptron, and a receipt with its opening."""

    proving: zkseal.ProvingKey
    verifying: zkseal.VerifyingKey
    result: zkseal.ProveResult


def made(model: zkseal.CompiledModel, srs: Srs | None, **options: Any) -> Keys:
    proving_key, verifying_key = zkseal.setup(model, srs=srs, **options)
    return Keys(proving_key, verifying_key, zkseal.prove(proving_key, ROW, context=CONTEXT))


@pytest.fixture(scope="module")
def of_aztec(model: zkseal.CompiledModel, aztec: Srs) -> Keys:
    return made(model, aztec)


@pytest.fixture(scope="module")
def of_local(model: zkseal.CompiledModel, local: Srs) -> Keys:
    return made(model, local)


def by_reference(key: zkseal.VerifyingKey, receipt: zkseal.Receipt) -> None:
    """Raises unless the verifier in plain Python accepts; it knows no receipts, and judges no ceremony."""
    statement = receipt.statement
    public = {index: array.tolist() for index, array in (statement.input.arrays() | statement.output.arrays()).items()}
    zkseal_reference.verify(
        zkseal_reference.VerifyingKey.decode(key.data),
        statement.context,
        public,
        statement.input.commitments,
        statement.output.commitments,
        receipt.proof,
    )


# Every scheme --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opening", ["ipa", "kzg"])
@pytest.mark.parametrize(("argument", "lanes"), [("tree", 1), ("helper", 1), ("helper", 3), ("helper", 8)])
def test_every_scheme_proves_and_verifies(
    model: zkseal.CompiledModel, aztec: Srs, argument: str, lanes: int, opening: Literal["ipa", "kzg"]
) -> None:
    srs = aztec if opening == "kzg" else None
    keys = made(model, srs, opening=opening, lookup_argument=argument, lanes=lanes)
    assert keys.verifying.scheme == Scheme(argument, lanes, opening)  # type: ignore[arg-type]
    key = zkseal.VerifyingKey(keys.verifying.data)
    proved = zkseal.verify(keys.result.receipt, key, context=CONTEXT)
    assert proved.outputs["y"].tolist() == keys.result.outputs["y"].tolist()
    assert (proved.origin, proved.insecure) == (("aztec", False) if srs else (None, False))
    layout = lay_out(model.relation.encode(), key.row_bits, key.scheme)
    assert len(keys.result.receipt.proof) == layout.proof_bytes
    shown = zkseal.check_opening(keys.result.receipt, keys.result.opening, key)
    assert np.abs(shown["x"].reshape(-1) - ROW).max() < 0.01
    by_reference(keys.verifying, keys.result.receipt)
    proof = keys.result.receipt.proof
    for changed in (proof[:-32], proof[:-1] + bytes([proof[-1] ^ 1])):
        evidence = replace(keys.result.receipt.zk, proof=changed)
        receipt = replace(keys.result.receipt, evidence=(evidence,))
        with pytest.raises(zkseal.ZksealError) as caught:
            zkseal.verify(receipt, key, context=CONTEXT)
        with pytest.raises(ProtocolError) as also:
            by_reference(keys.verifying, receipt)
        assert type(also.value).__name__ == caught.value.code


@pytest.mark.parametrize(
    "wrong", [{"opening": "fri"}, {"lookup_argument": "sum"}, {"lookup_argument": "tree", "lanes": 2}, {"lanes": 9}]
)
def test_schemes_that_do_not_exist_are_refused(model: zkseal.CompiledModel, aztec: Srs, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameters):
        zkseal.setup(model, srs=aztec, **wrong)


def test_what_is_usual_with_and_without_powers(model: zkseal.CompiledModel, aztec: Srs, of_aztec: Keys) -> None:
    assert zkseal.setup(model)[1].scheme == Scheme("tree", 1, "ipa")
    assert of_aztec.verifying.scheme == Scheme("helper", 1, "kzg")
    assert Scheme.choose("ipa", "helper") == Scheme("helper", 1, "ipa")
    assert Scheme.choose(lookup_argument="tree", srs=aztec) == Scheme("tree", 1, "kzg")


def test_a_real_model_proves_under_a_ceremony(model: zkseal.CompiledModel) -> None:
    """The breast-cancer classifier of scikit-learn, with 2^15 powers of Aztec Ignition."""
    zoo = MODELS["breast_cancer"]()
    compiled = zkseal.compile(zoo.model, zoo.calibration, select="logits")
    proving_key, verifying_key = zkseal.setup(compiled, opening="kzg", srs=files.load_srs(AZTEC_32768))
    result = zkseal.prove(through_a_file(proving_key, zoo.held_out[0]), zoo.held_out[0], context=CONTEXT)
    proved = zkseal.verify(result.receipt, verifying_key, context=CONTEXT)
    assert (proved.origin, proved.insecure) == ("aztec", False)
    assert {name: array.tolist() for name, array in proved.outputs.items()} == {
        name: array.tolist() for name, array in result.outputs.items()
    }


# Row length ----------------------------------------------------------------------------------------------------------


def test_the_row_length_is_that_of_the_least_gas(model: zkseal.CompiledModel, of_aztec: Keys) -> None:
    encoded, scheme = model.relation.encode(), Scheme("helper", 1, "kzg")
    gas = {bits: predicted_gas(encoded, bits, scheme) for bits in ROW_BITS if 1 << bits <= 1_025}
    assert of_aztec.verifying.row_bits == min(gas, key=lambda bits: gas[bits])


def test_the_row_length_does_not_exceed_the_powers(model: zkseal.CompiledModel, aztec: Srs) -> None:
    few = Srs.restore(aztec.points(300), zkseal.setup(model, srs=aztec)[1].core.tau_g2 or b"")
    assert zkseal.setup(model, srs=few)[1].row_bits == 8
    with pytest.raises(TooFewPowers) as caught:
        zkseal.setup(model, srs=few, row_bits=9)
    assert (caught.value.expected, caught.value.got) == (512, 300)


# Files ---------------------------------------------------------------------------------------------------------------


def test_a_key_proves_without_the_ceremony_file(of_aztec: Keys, tmp_path: Path) -> None:
    key = through_a_file(of_aztec.proving, ROW)
    assert key.weights.srs is not None
    assert (key.weights.srs.origin, key.weights.srs.count) == ("aztec", 1 << of_aztec.verifying.row_bits)
    result = zkseal.prove(key, ROW, context=CONTEXT)
    zkseal.verify(result.receipt, of_aztec.verifying, context=CONTEXT)


def test_an_opening_is_checked_without_the_ceremony_file(of_aztec: Keys, tmp_path: Path) -> None:
    files.save_opening(tmp_path / "x.zko", of_aztec.result.opening)
    loaded = files.load_opening(tmp_path / "x.zko")
    assert loaded.powers == of_aztec.result.opening.powers != b""
    assert len(loaded.powers) < 1_000  # of the entries that the input has, not of the row
    shown = zkseal.check_opening(of_aztec.result.receipt, loaded, of_aztec.verifying)
    assert np.abs(shown["x"].reshape(-1) - ROW).max() < 0.01


def rewritten(path: Path, powers: bytes) -> None:
    """The key with other powers and right digests."""
    sections: dict[str, Any] = dict(read_container(path, PROVING_KEY))
    write_container(path, PROVING_KEY, {name: [data] for name, data in (sections | {"powers": powers}).items()})


def with_power(points: bytes, index: int, power: bytes) -> bytes:
    return points[: POWER_BYTES * index] + power + points[POWER_BYTES * (index + 1) :]


CHANGES: dict[str, tuple[Callable[[bytes], bytes], type[zkseal.ZksealError], str | None]] = {
    "a bit": (lambda p: p[:-1] + bytes([p[-1] ^ 1]), InvalidPower, "G1 power 255"),
    "a power is another": (lambda p: with_power(p, 77, p[:POWER_BYTES]), InvalidPower, "G1 power 77"),
    "the generator": (lambda p: with_power(p, 0, p[POWER_BYTES : 2 * POWER_BYTES]), InvalidPower, "G1 power 0"),
    "a power is the identity": (lambda p: with_power(p, 9, bytes(POWER_BYTES)), InvalidPower, "G1 power 9"),
    "one less": (lambda p: p[:-POWER_BYTES], WrongLength, None),
    "one more": (lambda p: p + p[-POWER_BYTES:], WrongLength, None),
    "none": (lambda p: b"", WrongLength, None),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_key_whose_powers_were_changed_is_refused(
    what: str, model: zkseal.CompiledModel, aztec: Srs, tmp_path: Path
) -> None:
    change, error, place = CHANGES[what]
    path = tmp_path / "m.zkp"
    files.save_proving_key(path, zkseal.setup(model, srs=aztec, row_bits=8)[0])
    rewritten(path, change(aztec.points(256)))
    with pytest.raises(error) as caught:
        files.load_proving_key(path)
    assert caught.value.path == str(path)
    assert caught.value.fields.get("place") == place
    np.save(tmp_path / "x.npy", ROW)
    assert refused(tmp_path, error, "prove", "m.zkp", "x.npy")["fields"]["path"] == "m.zkp"


def test_powers_of_another_tau_do_not_get_into_a_key(
    model: zkseal.CompiledModel, aztec: Srs, local: Srs, tmp_path: Path
) -> None:
    path = tmp_path / "m.zkp"
    files.save_proving_key(path, zkseal.setup(model, srs=aztec, row_bits=8)[0])
    data = path.read_bytes()
    for other in (local, files.load_srs(HERMEZ)):
        path.write_bytes(data)
        rewritten(path, other.points(256))
        with pytest.raises(InvalidPower) as caught:
            files.load_proving_key(path)
        assert caught.value.place == "G1 power 1"
    keys = zkseal.setup(model, srs=aztec, row_bits=8)[0]
    strange = replace(keys, weights=replace(keys.weights, srs=local))
    with pytest.raises(InvalidParameters):
        zkseal.prove(strange, ROW)
    missing = replace(keys, weights=replace(keys.weights, srs=None))
    with pytest.raises(InvalidParameters):
        zkseal.prove(missing, ROW)


def test_a_damaged_power_is_a_damaged_file(of_aztec: Keys, aztec: Srs, tmp_path: Path) -> None:
    path = tmp_path / "m.zkp"
    files.save_proving_key(path, of_aztec.proving)
    data = bytearray(path.read_bytes())
    data[data.index(aztec.points(2)[POWER_BYTES:])] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(DigestMismatch):
        files.load_proving_key(path)


def test_an_ipa_key_takes_no_powers(model: zkseal.CompiledModel, aztec: Srs, tmp_path: Path) -> None:
    path = tmp_path / "m.zkp"
    files.save_proving_key(path, zkseal.setup(model)[0])
    rewritten(path, aztec.points(256))
    with pytest.raises(WrongLength):
        files.load_proving_key(path)


def test_openings_with_other_powers_are_refused(of_aztec: Keys, local: Srs) -> None:
    receipt, opening = of_aztec.result.receipt, of_aztec.result.opening
    count = len(opening.powers) // POWER_BYTES
    for powers, error in (
        (b"", TooFewPowers),
        (opening.powers[:-POWER_BYTES], TooFewPowers),
        (opening.powers[:-1], TooFewPowers),
        (opening.powers + b"\0", WrongLength),
        (local.points(count), InvalidPower),
        (with_power(opening.powers, 5, opening.powers[:POWER_BYTES]), InvalidPower),
    ):
        with pytest.raises(error):
            zkseal.check_opening(receipt, replace(opening, powers=powers), of_aztec.verifying)
    assert opening.input is not None
    other = {index: array + 1 for index, array in opening.input.tensors.items()}
    lying = replace(opening, input=replace(opening.input, tensors=other))
    with pytest.raises(OpeningRejected):
        zkseal.check_opening(receipt, lying, of_aztec.verifying)


# Marks ---------------------------------------------------------------------------------------------------------------


def test_verify_refuses_an_insecure_setup_unless_it_is_asked_for(of_local: Keys) -> None:
    receipt, key = of_local.result.receipt, of_local.verifying
    with pytest.raises(InsecureSetup) as caught:
        zkseal.verify(receipt, key, context=CONTEXT)
    assert caught.value.setup_digest == (key.setup_digest or b"").hex()
    assert "--insecure-srs" in str(caught.value)
    with pytest.raises(InsecureSetup):
        zkseal.check_opening(receipt, of_local.result.opening, key)
    proved = zkseal.verify(receipt, key, context=CONTEXT, insecure_srs=True)
    assert (proved.origin, proved.insecure) == ("unknown", True)
    zkseal.check_opening(receipt, of_local.result.opening, key, insecure_srs=True)


def test_insecure_does_not_mean_unverified(of_local: Keys, of_aztec: Keys) -> None:
    receipt = of_local.result.receipt
    proof = bytearray(receipt.proof)
    proof[-1] ^= 1
    changed = replace(receipt, evidence=(replace(receipt.zk, proof=bytes(proof)),))
    with pytest.raises(ProofRejected):
        zkseal.verify(changed, of_local.verifying, context=CONTEXT, insecure_srs=True)
    with pytest.raises(WrongModel):
        zkseal.verify(receipt, of_aztec.verifying, context=CONTEXT, insecure_srs=True)


def test_everything_made_of_it_is_marked(of_local: Keys, of_aztec: Keys, model: zkseal.CompiledModel) -> None:
    transparent = made(model, None)
    for keys, origin, insecure in ((of_local, "unknown", True), (of_aztec, "aztec", False), (transparent, None, False)):
        digest = keys.verifying.setup_digest
        for thing in (keys.proving, keys.verifying):
            scheme = zkseal.describe(thing)["scheme"]
            assert (scheme["origin"], scheme["insecure"]) == (origin, insecure)
            assert scheme["setup_digest"] == (None if digest is None else digest.hex())
        (evidence,) = zkseal.describe(keys.result.receipt)["evidence"]
        assert (evidence["origin"], evidence["insecure"]) == (origin, insecure)
        view = keys.result.receipt.to_json()["evidence"][0]
        assert view.get("setup") == (None if digest is None else digest.hex())


def test_a_receipt_that_names_another_setup_is_refused(of_local: Keys, of_aztec: Keys) -> None:
    """The mark of a receipt cannot be dropped or exchanged: the key says which setup it has."""
    for keys, other in ((of_local, of_aztec), (of_aztec, of_local)):
        for digest in (None, other.verifying.setup_digest, bytes(32)):
            evidence = ZkEvidence(keys.result.receipt.proof, digest)
            receipt = replace(keys.result.receipt, evidence=(evidence,))
            with pytest.raises(StatementMismatch):
                zkseal.verify(receipt, keys.verifying, context=CONTEXT, insecure_srs=True)


def test_a_key_cannot_take_the_tau_of_a_ceremony(of_local: Keys, of_aztec: Keys) -> None:
    """tau*G2 of a published ceremony in a key of a local setup, with its digest: the model proof does not hold."""
    data, published = bytearray(of_local.verifying.data), of_aztec.verifying.data
    digest_at, tau_g2_at = 4 + 2 + 5, 4 + 2 + 37
    data[tau_g2_at : tau_g2_at + 128] = published[tau_g2_at : tau_g2_at + 128]
    with pytest.raises(InvalidParameters):
        zkseal.VerifyingKey(bytes(data))
    data[digest_at : digest_at + 32] = published[digest_at : digest_at + 32]
    with pytest.raises(ProofRejected):
        zkseal.VerifyingKey(bytes(data))


def test_the_core_marks_without_the_package_around_it(of_local: Keys, of_aztec: Keys) -> None:
    assert of_local.verifying.core.origin == "unknown"
    assert proving.origin_of(of_aztec.verifying.setup_digest or b"") == "aztec"
    with pytest.raises(WrongLength):
        proving.origin_of(b"short")


# The command line ----------------------------------------------------------------------------------------------------


@pytest.fixture
def folder(model: zkseal.CompiledModel, tmp_path: Path) -> Path:
    files.save_model(tmp_path / "m.zkc", model)
    np.save(tmp_path / "x.npy", ROW)
    shutil.copy(AZTEC, tmp_path / "ceremony.srs")
    (tmp_path / "local.srs").write_bytes(ceremonies.insecure_file())
    return tmp_path


def test_from_ceremony_to_opening_on_the_command_line(folder: Path) -> None:
    result = done(folder, "setup", "m.zkc", "--opening", "kzg", "--srs", "ceremony.srs")
    assert (result["scheme"]["opening"], result["scheme"]["lookup_argument"]) == ("kzg", "helper")
    (folder / "ceremony.srs").unlink()
    named = {"origin": "aztec", "insecure": False}
    assert result["scheme"].items() >= named.items()
    assert done(folder, "prove", "m.zkp", "x.npy", "--context", "visit 12")["scheme"].items() >= named.items()
    verified = done(folder, "verify", "x.zkr", "m.zkv", "--context", "visit 12")
    assert verified["scheme"].items() >= named.items()
    opened = done(folder, "open", "x.zkr", "x.zko", "m.zkv", "--context", "visit 12")
    assert np.abs(np.array(opened["opened"]["x"]).reshape(-1) - ROW).max() < 0.01
    for name in ("m.zkp", "m.zkv"):
        assert done(folder, "inspect", name)["scheme"].items() >= named.items()
    assert done(folder, "inspect", "x.zkr")["evidence"][0].items() >= named.items()


def test_an_insecure_setup_is_marked_by_every_command(folder: Path) -> None:
    refused(folder, UnknownOrigin, "setup", "m.zkc", "--opening", "kzg", "--srs", "local.srs")
    named = {"origin": "unknown", "insecure": True}
    result = done(folder, "setup", "m.zkc", "--opening", "kzg", "--srs", "local.srs", "--insecure-srs")
    assert result["scheme"].items() >= named.items()
    assert done(folder, "prove", "m.zkp", "x.npy")["scheme"].items() >= named.items()
    refused(folder, InsecureSetup, "verify", "x.zkr", "m.zkv")
    refused(folder, InsecureSetup, "open", "x.zkr", "x.zko", "m.zkv")
    for command in (["verify", "x.zkr", "m.zkv"], ["open", "x.zkr", "x.zko", "m.zkv"]):
        assert done(folder, *command, "--insecure-srs")["scheme"].items() >= named.items()
    for name in ("m.zkp", "m.zkv"):
        assert done(folder, "inspect", name)["scheme"].items() >= named.items()
    assert done(folder, "inspect", "x.zkr")["evidence"][0].items() >= named.items()


def test_people_see_the_mark_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    for command in (
        "setup m.zkc --opening kzg --srs local.srs --insecure-srs",
        "prove m.zkp x.npy",
        "verify x.zkr m.zkv --insecure-srs",
        "open x.zkr x.zko m.zkv --insecure-srs",
        "inspect m.zkp",
        "inspect m.zkv",
        "inspect x.zkr",
    ):
        capsys.readouterr()
        assert main(command.split()) == 0
        assert "INSECURE" in capsys.readouterr().out, command
    for command in ("setup m.zkc --opening kzg --srs ceremony.srs", "prove m.zkp x.npy", "verify x.zkr m.zkv"):
        capsys.readouterr()
        assert main(command.split()) == 0
        shown = capsys.readouterr().out
        assert "INSECURE" not in shown
        assert "aztec" in shown, command
