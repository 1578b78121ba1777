"""`make gas`: gas of verifying on a chain, as receipts of transactions on anvil say, under each hard fork's prices.

make gas                          all models: measures, prints, writes docs/performance/gas.md
make gas GAS="--small"            mlp_credit alone, nothing is written
make gas GAS="--json FILE"        figures as JSON, too

Keys are made with powers of a public ceremony (fixtures/srs), inputs and weights are hidden, the row length is that of
the least gas. Every figure comes from a transaction; what is predicted stands beside it.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from bench.gas_attested import CHECK, measure_attested
from bench.gas_attested import LIMIT as CHECK_LIMIT
from bench.machine import describe_software
from bench.models import SUBJECTS, Subject
from bench.stage import ROOT
from bench.tables import text_table

FORMAT = "zkseal gas v1"
FORKS = ("cancun", "prague", "osaka")
NEWEST = FORKS[-1]

MODELS = ("mlp_credit", "breast_cancer", "lenet", "trees")
MARGINAL = "mlp_credit"
"""The model that is also proved for several inputs at once, and several times in one transaction."""
BATCHES = (2, 64)

LIMITS = {"mlp_credit": 600_000, "lenet": 800_000}
"""Most gas that the project allows itself (docs/decisions)."""

CONTEXT = bytes(range(32))
"""As random as the hash of a statement."""

POWERS = ROOT / "fixtures" / "srs" / "kzg10-bn254-aztec-srs-32768.bin"
PAGE = ROOT / "docs" / "performance" / "gas.md"

TRANSACTION_GAS = 16_000_000
_ITEM = "(address,bytes,bytes,bytes,bytes)"


@dataclass(frozen=True)
class Prepared:
    """A model that was compiled, set up and proved.

    Attributes:
        parts: what `verify` takes behind the program: context, public values, commitments, proof.
        model_parts: the same for the model proof.
        predicted: gas by item of one verification and of the model proof, by hard fork.
    """

    subject: Subject
    row_bits: int
    rows: int
    program: bytes = field(repr=False)
    model_program: bytes = field(repr=False)
    parts: tuple[bytes, ...] = field(repr=False)
    model_parts: tuple[bytes, ...] = field(repr=False)
    predicted: Mapping[str, Mapping[str, int]] = field(repr=False)
    predicted_model: Mapping[str, Mapping[str, int]] = field(repr=False)


@cache
def prepare(name: str, batch: int = 1) -> Prepared:
    """Makes keys and a proof of one of `bench.models`."""
    import zkseal
    from zkseal import files
    from zkseal.chain.inference import commit
    from zkseal.evm.programs import programs
    from zkseal.proving.core import native

    subject = SUBJECTS[name]
    if batch != 1:
        subject = replace(subject, options={**subject.options, "batch": batch})
    data = subject.data()
    model = zkseal.compile(data.model, data.calibration, **subject.options)
    proving_key, verifying_key = zkseal.setup(model, opening="kzg", srs=files.load_srs(POWERS))
    inference = commit(proving_key, data.held_out[: subject.batch])
    core, made = verifying_key.core, programs(verifying_key)
    figures = native().layout(core.relation, core.c, argument=core.argument, lanes=core.lanes, opening=core.opening)
    predicted, predicted_model = (
        {fork: dict(native().chain_gas(core, model_proof, fork)) for fork in FORKS} for model_proof in (False, True)
    )
    return Prepared(
        subject=subject,
        row_bits=core.c,
        rows=sum(figures["rows"].values()),
        program=made.program,
        model_program=made.model_program,
        parts=(CONTEXT, inference.public, inference.commitments, inference.prove(CONTEXT)),
        model_parts=(b"", b"", b"", native().chain_model_proof(core)),
        predicted=predicted,
        predicted_model=predicted_model,
    )


class Ledger:
    """A chain under the prices of one hard fork, with the universal verifier on it; what transactions used."""

    def __init__(self, chain: Any) -> None:
        from zkseal.chain.contracts import artifact

        self.eth = chain.connection.web3.eth
        self.verifier, self.verifier_gas = self.create(artifact("ZksealVerifier").bytecode)

    def create(self, code: bytes) -> tuple[str, int]:
        """Address of a new contract, gas used."""
        receipt = self.transact({"data": code})
        return str(receipt["contractAddress"]), int(receipt["gasUsed"])

    def store(self, program: bytes) -> tuple[str, int]:
        """The same for a program, whose bytes become the code."""
        # PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN
        return self.create(b"\x61" + len(program).to_bytes(2, "big") + bytes.fromhex("80600a3d393df3") + program)

    def verify(self, program: str, parts: tuple[bytes, ...]) -> int:
        """Gas of a transaction to the verifier; raises if it reverts."""
        return self.call(f"verify{_ITEM}", _ITEM[1:-1].split(","), [program, *parts])

    def verify_many(self, items: Sequence[tuple[str, tuple[bytes, ...]]]) -> int:
        """The same for several proofs in one transaction."""
        return self.call(f"verifyMany({_ITEM}[])", [f"{_ITEM}[]"], [[(program, *parts) for program, parts in items]])

    def call(self, signature: str, kinds: Sequence[str], arguments: Sequence[Any]) -> int:
        data = call_data(signature, kinds, arguments)
        return int(self.transact({"to": self.verifier, "data": data})["gasUsed"])

    def transact(self, fields: dict[str, Any]) -> Mapping[str, Any]:
        sent = self.eth.send_transaction({"from": self.eth.accounts[0], "gas": TRANSACTION_GAS, **fields})
        receipt: Mapping[str, Any] = self.eth.wait_for_transaction_receipt(sent, timeout=60, poll_latency=0.02)
        if receipt["status"] != 1:
            raise RuntimeError(f"a transaction reverted: {fields.get('to', 'creation')}")
        return receipt


def call_data(signature: str, kinds: Sequence[str], arguments: Sequence[Any]) -> bytes:
    from eth_abi.abi import encode
    from eth_utils.crypto import keccak

    return bytes(keccak(text=signature)[:4]) + encode(list(kinds), list(arguments))


def measure_model(ledger: Ledger, prepared: Prepared) -> dict[str, int]:
    """Gas of all transactions that one model needs."""
    program, stored = ledger.store(prepared.program)
    model_program, model_stored = ledger.store(prepared.model_program)
    return {
        "verify": ledger.verify(program, prepared.parts),
        "model_proof": ledger.verify(model_program, prepared.model_parts),
        "store_program": stored,
        "store_model_program": model_stored,
    }


def measure(models: Sequence[str], batches: Sequence[int]) -> dict[str, Any]:
    """The whole run, JSON-ready."""
    from zkseal.chain.local import local_chain

    prepared = {name: prepare(name) for name in models}
    prepared |= {f"{MARGINAL} x {batch}": prepare(MARGINAL, batch) for batch in batches}
    records = {name: describe(own) for name, own in prepared.items()}
    together: dict[str, dict[str, int]] = {}
    attested: dict[str, dict[str, int]] = {}
    for fork in FORKS:
        with local_chain(hardfork=fork) as chain:
            ledger = Ledger(chain)
            for name, own in prepared.items():
                records[name]["forks"][fork] = measure_model(ledger, own) | {
                    "predicted": own.predicted[fork],
                    "predicted_model_proof": own.predicted_model[fork],
                }
            program = ledger.store(prepared[MARGINAL].program)[0]
            item = program, prepared[MARGINAL].parts
            together[fork] = {str(count): ledger.verify_many([item] * count) for count in (1, 2, 10)}
            together[fork]["deploy"] = ledger.verifier_gas
            attested[fork] = measure_attested(chain, POWERS)
    return {
        "format": FORMAT,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "software": describe_software(),
        "models": records,
        "together": together,
        "attested": attested,
    }


def describe(prepared: Prepared) -> dict[str, Any]:
    """Sizes."""
    call = call_data(f"verify{_ITEM}", _ITEM[1:-1].split(","), ["0x" + "11" * 20, *prepared.parts])
    return {
        "title": prepared.subject.title,
        "inputs": prepared.subject.batch,
        "row_bits": prepared.row_bits,
        "rows": prepared.rows,
        "proof_bytes": len(prepared.parts[-1]),
        "calldata_bytes": len(call),
        "program_bytes": len(prepared.program),
        "model_program_bytes": len(prepared.model_program),
        "forks": {},
    }


# Tables --------------------------------------------------------------------------------------------------------------


def tables(run: Mapping[str, Any]) -> dict[str, list[list[str]]]:
    """Rows of the tables by heading, the first row of each its head."""
    models: Mapping[str, Any] = run["models"]
    items = [item for item in next(iter(models.values()))["forks"][NEWEST]["predicted"] if item != "total"]
    return {
        "One verification": [
            ["model", *FORKS, "predicted", "off by", "calldata bytes", "rows of", "committed rows"],
            *([name, *verified(own), *sizes(own)] for name, own in models.items()),
        ],
        "Where it goes": [
            ["model", *items],
            *([name, *(digits(own["forks"][NEWEST]["predicted"][i]) for i in items)] for name, own in models.items()),
        ],
        "Once for each model": [
            ["model", "program bytes", "storing it", "model program bytes", "storing it ", "model proof", "predicted"],
            *([name, *once(own)] for name, own in models.items()),
        ],
        "A second inference": [["what", *FORKS], *marginal(run)],
        "Attested answers": [["what", *FORKS], *attested(run)],
    }


def verified(own: Mapping[str, Any]) -> list[str]:
    newest = own["forks"][NEWEST]
    predicted = newest["predicted"]["total"]
    used = [digits(own["forks"][fork]["verify"]) for fork in FORKS]
    return [*used, digits(predicted), f"{100 * (predicted / newest['verify'] - 1):+.1f} %"]


def sizes(own: Mapping[str, Any]) -> list[str]:
    return [digits(own["calldata_bytes"]), digits(1 << own["row_bits"]), str(own["rows"])]


def once(own: Mapping[str, Any]) -> list[str]:
    newest = own["forks"][NEWEST]
    figures = [own["program_bytes"], newest["store_program"], own["model_program_bytes"], newest["store_model_program"]]
    return [digits(n) for n in [*figures, newest["model_proof"], newest["predicted_model_proof"]["total"]]]


def marginal(run: Mapping[str, Any]) -> list[list[str]]:
    """What another inference adds."""
    models, rows = run["models"], []

    def row(what: str, gas: Mapping[str, float]) -> list[str]:
        return [what, *(digits(round(gas[fork])) for fork in FORKS)]

    one = {fork: models[MARGINAL]["forks"][fork]["verify"] for fork in FORKS}
    rows.append(row(f"one {MARGINAL}", one))
    for name, own in models.items():
        if name.startswith(f"{MARGINAL} x "):
            more = own["inputs"] - 1
            added = {fork: (own["forks"][fork]["verify"] - one[fork]) / more for fork in FORKS}
            rows.append(row(f"each further of {own['inputs']} in one proof", added))
    together = run["together"]
    for count in (2, 10):
        added = {f: (together[f][str(count)] - together[f]["1"]) / (count - 1) for f in FORKS}
        rows.append(row(f"each further of {count} proofs in one transaction (verifyMany)", added))
    return rows


def attested(run: Mapping[str, Any]) -> list[list[str]]:
    """What the oracle and its keys of enclaves take."""
    found: Mapping[str, Mapping[str, int]] = run["attested"]
    return [[what, *(digits(found[fork][what]) for fork in FORKS)] for what in found[NEWEST]]


def digits(number: int) -> str:
    return f"{number:,}"


def page(run: Mapping[str, Any]) -> str:
    """docs/performance/gas.md."""
    parts = [HEAD.format(date=run["date"][:10], commit=run["software"]["commit"])]
    for heading, rows in tables(run).items():
        lines = [" | ".join(row) for row in rows]
        lines.insert(1, " | ".join("---" for _ in rows[0]))
        parts.append("\n".join([f"## {heading}", "", TEXTS[heading], "", *(f"| {line} |" for line in lines), ""]))
    return "\n".join(parts)


HEAD = """\
# Gas

What it costs to verify an inference on a chain: `gasUsed` of transactions to the universal verifier on anvil, calldata
included, under the prices of three hard forks. Inputs and weights are hidden, outputs are public, and the powers of tau
are those of Aztec Ignition. Measured {date}, commit {commit}; `make gas` measures again and writes this page.
"""

TEXTS = {
    "One verification": """\
What is predicted (`zkseal chain gas`, under Osaka) is known from the key, before anything is proved. The row length is
the one of the least predicted gas among those that the 32,768 powers allow.""",
    "Where it goes": """\
Predicted, under Osaka. *commitments* are 7,250 gas a row, *pairing* and *opening* the same for all models, *program*
the instructions of the model's verifying program, *floor* what EIP-7623 adds where calldata outweighs the rest.""",
    "Once for each model": """\
Both programs are stored as code, 200 gas a byte, and the model proof is verified once, when a model is registered.""",
    "A second inference": """\
Inferences of one owner are cheapest in one proof (`zkseal compile --batch`). Proofs of different owners share a
transaction and the product of pairings.""",
    "Attested answers": """\
An enclave's key is registered once on the word of a quorum; then an answer is one signature. *By itself* is without the
21,000 of the transaction and without calldata. Answers are transactions to the oracle, with mlp_credit and hidden
inputs, for a payee who has a balance already.""",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if all limits are kept."""
    parser = argparse.ArgumentParser(
        prog="bench.gas", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="mlp_credit alone; the page is not written")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    options = parser.parse_args(arguments)
    run = measure(MODELS[:1], BATCHES[:1]) if options.small else measure(MODELS, BATCHES)
    for heading, rows in tables(run).items():
        print(f"{heading}\n\n{text_table(rows[0], rows[1:])}\n")
    if options.json:
        options.json.write_text(json.dumps(run, indent=1) + "\n")
        print(f"written: {options.json}", file=sys.stderr)
    if not options.small:
        PAGE.write_text(page(run))
        print(f"written: {PAGE}", file=sys.stderr)
    beyond = over_limits(run)
    for what in beyond:
        print(f"OVER ITS LIMIT: {what}")
    return 1 if beyond else 0


def over_limits(run: Mapping[str, Any]) -> list[str]:
    """Models that use more gas than `LIMITS` says, and attested answers than theirs, by hard fork."""
    return [
        f"{name} under {fork}: {own['forks'][fork]['verify']:,} gas, not {LIMITS[name]:,}"
        for name, own in run["models"].items()
        if name in LIMITS
        for fork in FORKS
        if own["forks"][fork]["verify"] > LIMITS[name]
    ] + [
        f"{CHECK} under {fork}: {run['attested'][fork][CHECK]:,} gas, not {CHECK_LIMIT:,}"
        for fork in FORKS
        if run["attested"][fork][CHECK] > CHECK_LIMIT
    ]


if __name__ == "__main__":
    sys.exit(main())
