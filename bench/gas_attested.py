"""Gas of attested answers: a key registered once, then each answer by itself, with a proof, or with a bond.

All through `zkseal.chain`, as its users send them, to the contracts of a chain under the prices of one hard fork.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from bench.models import SUBJECTS

MODEL = "mlp_credit"
BOND_WEI, FEE_WEI, WINDOW_S = 10**15, 10**12, 3600
MEASUREMENT = bytes(range(32))

REGISTER, REVOKE = "a key registered, two of three appraisers", "a key revoked"
CHECK = "checking an attested answer, by itself"
ASK = "a request"
ANSWERS = {
    "ZK": "an answer with a proof (ZK)",
    "TEE": "with an attestation (TEE)",
    "TEE_AND_ZK": "with both (TEE_AND_ZK)",
    "TEE_THEN_ZK": "with an attestation and a bond (TEE_THEN_ZK)",
}
CONFIRM = "and its proof"

LIMIT = 60_000
"""Most gas of checking an attested answer that the project allows itself."""

TRANSACTION, ZERO_BYTE, OTHER_BYTE = 21_000, 4, 16
"""What any transaction costs, and its calldata, by the byte."""


@dataclass(frozen=True)
class Served:
    """A model with keys and an inference of it."""

    proving_key: Any = field(repr=False)
    verifying_key: Any = field(repr=False)
    inference: Any = field(repr=False)


@cache
def served(powers: Path) -> Served:
    """Compiles, sets up and runs `MODEL`."""
    import zkseal
    from zkseal import files
    from zkseal.chain.inference import commit

    subject = SUBJECTS[MODEL]
    data = subject.data()
    model = zkseal.compile(data.model, data.calibration, **subject.options)
    proving_key, verifying_key = zkseal.setup(model, opening="kzg", srs=files.load_srs(powers))
    return Served(proving_key, verifying_key, commit(proving_key, data.held_out[:1]))


def measure_attested(chain: Any, powers: Path) -> dict[str, int]:
    """Gas of each transaction by its name in the table."""
    with tempfile.TemporaryDirectory() as folder:
        return _Desk(chain, Path(folder) / "book.json", served(powers)).run()


class _Desk:
    """Contracts, a registered model, a registered key."""

    def __init__(self, chain: Any, book: Path, model: Served) -> None:
        from zkseal import _native
        from zkseal.chain.address_book import AddressBook
        from zkseal.chain.deployment import CORE, deploy
        from zkseal.chain.local import local_signer
        from zkseal.chain.registration import register

        self.connection, self.model, self.book = chain.connection, model, AddressBook(book)
        self.owner, self.node = local_signer(0), local_signer(1)
        self.appraisers = sorted((local_signer(i) for i in (2, 3, 4)), key=lambda signer: int(signer.address, 16))
        parameters = {"appraisers": [signer.address for signer in self.appraisers], "threshold_": 2}
        deploy(self.connection, self.owner, self.book, {"AttestedKeyRegistry": parameters}, contracts=CORE)
        registry = self.address("ModelRegistry")
        self.model_id = register(self.connection, self.owner, registry, model.verifying_key).model_id
        self.key = _native.SigningKey.generate()

    def address(self, name: str) -> str:
        return self.book.address(self.connection, name)

    def run(self) -> dict[str, int]:
        from zkseal.chain.attested_answers import attest, confirm
        from zkseal.chain.attested_keys import KeyRevocation, allow_measurement, revoke
        from zkseal.chain.request import Mode
        from zkseal.chain.transactions import transact

        keys, oracle = self.address("AttestedKeyRegistry"), self.address("InferenceOracle")
        allow_measurement(self.connection, self.owner, keys, self.model_id, MEASUREMENT, 4)
        transact(self.connection, self.owner, "InferenceOracle", oracle, "setAttestationVerifier", keys)
        used = {REGISTER: self._register(keys)}
        self._answer(Mode.ZK)  # from now on, the payee has a balance
        for mode in Mode:
            asked, answered, said = self._answer(mode)
            used[ASK] = asked
            used[ANSWERS[mode.name]] = answered
            if mode == Mode.TEE:
                arguments = (self.model_id, said.hash, attest(said, keys, self.key.sign_digest))
                used[CHECK] = self._alone(keys, "verifyAttestation", *arguments)
            if mode == Mode.TEE_THEN_ZK:
                used[CONFIRM] = _gas(confirm(self.connection, self.node, said, self.model.inference.evidence(said)))
        address = f"0x{self.key.address.hex()}"
        used[REVOKE] = _gas(revoke(self.connection, self.owner, keys, KeyRevocation(_checksummed(address), 0)))
        return {name: used[name] for name in (REGISTER, REVOKE, CHECK, *ANSWERS.values(), CONFIRM, ASK)}

    def _register(self, keys: str) -> int:
        from zkseal.chain.attested_keys import KeyAttestation, model_digest, register_key
        from zkseal.chain.typed_data import address_of_public_key

        now, chain_id = self.connection.head().timestamp, self.connection.chain_id
        attestation = KeyAttestation(
            key=address_of_public_key(self.key.public_key),
            model_id=self.model_id,
            model_digest=model_digest(self.connection, self.address("ModelRegistry"), self.model_id),
            measurement=MEASUREMENT,
            ear_digest=bytes(range(1, 33)),
            assurance=4,
            valid_until=now + 86_400,
            deadline=now + 3600,
        )
        signatures = [attestation.sign(signer, chain_id, keys) for signer in self.appraisers[:2]]
        return _gas(register_key(self.connection, self.node, keys, attestation, signatures))

    def _answer(self, mode: Any) -> tuple[int, int, Any]:
        """Asks and answers; gas of both, and the statement."""
        from zkseal.chain import attested_answers as answers
        from zkseal.chain.request import Mode, OracleRequest
        from zkseal.chain.transactions import transact

        connection, oracle, inference = self.connection, self.address("InferenceOracle"), self.model.inference
        bond, window = (BOND_WEI, WINDOW_S) if mode == Mode.TEE_THEN_ZK else (0, 0)
        request = OracleRequest(
            self.model_id,
            connection.head().timestamp + 3600,
            input_commitment=inference.input_commitment,
            fee_wei=FEE_WEI,
            mode=mode,
            bond_wei=bond,
            proof_window_s=window,
        )
        asked = transact(connection, self.owner, "InferenceOracle", oracle, "request", request.parts, value_wei=FEE_WEI)
        request_id = int(connection.events_in("InferenceOracle", "Requested", asked)[0]["requestId"])
        payee = self.node.address
        said = answers.statement_for(
            connection,
            oracle,
            self.address("InferenceVerifier"),
            request_id,
            payee=payee,
            output=inference.public,
            input_commitment=inference.input_commitment,
        )
        signature = answers.attest(said, self.address("AttestedKeyRegistry"), self.key.sign_digest)
        evidence = inference.evidence(said)
        proved = (request_id, payee, said.output, evidence.commitments, evidence.proof)
        ways: dict[Any, Callable[[], Any]] = {
            Mode.ZK: lambda: transact(connection, self.node, "InferenceOracle", oracle, "answer", *proved),
            Mode.TEE: lambda: answers.answer_attested(connection, self.node, said, signature, payee=payee),
            Mode.TEE_AND_ZK: lambda: answers.answer_both(connection, self.node, said, evidence, signature, payee=payee),
            Mode.TEE_THEN_ZK: lambda: answers.answer_provisionally(
                connection, self.node, said, signature, payee=payee, bond_wei=bond
            ),
        }
        return _gas(asked), _gas(ways[mode]()), said

    def _alone(self, contract: str, function: str, *arguments: Any) -> int:
        """Gas of a call without what its transaction and calldata cost."""
        from zkseal.chain.transactions import Call, send

        data = self.connection.encode("AttestedKeyRegistry", function, *arguments)
        calldata = sum(OTHER_BYTE if byte else ZERO_BYTE for byte in data)
        return _gas(send(self.connection, self.node, Call(contract, data, function))) - TRANSACTION - calldata


def _gas(receipt: Any) -> int:
    return int(receipt["gasUsed"])


def _checksummed(address: str) -> str:
    from zkseal.chain.connection import address_of

    return address_of(address)
