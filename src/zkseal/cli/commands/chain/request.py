"""Ask the oracle for an inference, and with --wait, wait for its answer.

Public inputs are read from a file and rounded as the model does. The fee goes to whoever answers, and comes back after
the deadline if nobody did. --evidence says what stands behind the answer: a proof (zk), an enclave's signature (tee),
both, or the signature and a bond first and the proof after (tee-then-zk).

example: zkseal chain request model.zkv input.json --rpc http://127.0.0.1:8545 --keystore me.json --wait
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zkseal import files
from zkseal.cli.commands.chain.shared_options import (
    add_keystore,
    add_node,
    add_validity,
    bytes32,
    connected,
    opened_book,
    opened_keystore,
    trusted,
)
from zkseal.cli.console import Console
from zkseal.cli.samples import UNNAMED, read_arrays
from zkseal.cli.setups import add_insecure_srs
from zkseal.pipeline.interface import Interface

if TYPE_CHECKING:
    from zkseal.chain.request import Answer

__all__ = ["configure", "run"]

ORACLE = "InferenceOracle"

_MODES = {"zk": "ZK", "tee": "TEE", "tee-and-zk": "TEE_AND_ZK", "tee-then-zk": "TEE_THEN_ZK"}


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("verifying_key", type=Path, metavar="model.zkv")
    parser.add_argument("input", type=Path, nargs="?", help="public inputs: .npz, .npy, .json or .csv")
    add_node(parser)
    add_keystore(parser)
    parser.add_argument(
        "--input-commitment",
        type=bytes32,
        default=bytes(32),
        metavar="HEX",
        help="keccak256 of the commitments that the answer must have (default: hidden inputs are the answerer's)",
    )
    parser.add_argument("--fee-wei", type=int, default=0, metavar="WEI", help="for whoever answers (default: 0)")
    add_validity(parser, "an answer is taken")
    parser.add_argument("--evidence", choices=tuple(_MODES), default="zk", help="what the answer brings (default: zk)")
    parser.add_argument("--bond-wei", type=int, default=0, metavar="WEI", help="of the answerer; tee-then-zk only")
    parser.add_argument(
        "--proof-within", type=int, default=0, metavar="SECONDS", help="from answer to proof; tee-then-zk only"
    )
    parser.add_argument("--callback", metavar="ADDRESS", help="contract that is called with the answer")
    parser.add_argument("--callback-gas", type=int, default=200_000, metavar="GAS", help="for it (default: 200000)")
    parser.add_argument("--feed", metavar="ADDRESS", help="feed of yours that takes the answer")
    parser.add_argument("--output-index", type=int, default=0, metavar="N", help="public value that the feed takes")
    parser.add_argument("--wait", action="store_true", help="wait for the answer")
    parser.add_argument("--timeout", type=float, default=600.0, metavar="SECONDS", help="how long (default: 600)")
    add_insecure_srs(parser)


def run(options: argparse.Namespace, console: Console) -> None:
    """Asks, and waits if told to."""
    from zkseal.chain.connection import address_of
    from zkseal.chain.inference import encode_inputs
    from zkseal.chain.request import NOBODY, Mode, OracleRequest, ask, wait_for_answer
    from zkseal.evm.programs import programs

    key = trusted(options, files.load_verifying_key(options.verifying_key))
    interface = Interface.of(key.relation)
    integers = [] if options.input is None else encode_inputs(interface, _named(interface, options.input))
    connection = connected(options)
    oracle = opened_book(options).address(connection, ORACLE)
    request = OracleRequest(
        model_id=programs(key).model_id,
        deadline=connection.head().timestamp + options.valid_for,
        public_inputs=integers,
        input_commitment=options.input_commitment,
        fee_wei=options.fee_wei,
        callback=NOBODY if options.callback is None else address_of(options.callback),
        callback_gas=0 if options.callback is None else options.callback_gas,
        feed=NOBODY if options.feed is None else address_of(options.feed),
        output_index=options.output_index,
        mode=Mode[_MODES[options.evidence]],
        bond_wei=options.bond_wei,
        proof_window_s=options.proof_within,
    )
    request_id, block = ask(connection, opened_keystore(options, console), oracle, request)
    result: dict[str, object] = {"chain_id": connection.chain_id, "request_id": request_id, "block": block}
    lines = [f"request {request_id} in block {block}, open until {request.deadline} (Unix time)"]
    if options.wait:
        console.note(f"request {request_id} waits for an answer")
        answer = wait_for_answer(
            connection, oracle, request_id, since_block=block, deadline=request.deadline, timeout_s=options.timeout
        )
        outputs = _outputs(interface, answer)
        result |= {
            "outputs": {name: array.tolist() for name, array in outputs.items()},
            "values": answer.values,
            "payee": answer.payee,
            "transaction": answer.transaction,
            "answered_in_block": answer.block,
            "callback_ok": answer.callback_ok,
            "mode": answer.mode.name,
            "provisional": answer.provisional,
        }
        lines += [f"{name} = {array.tolist()}" for name, array in outputs.items()]
        how = "provisionally " if answer.provisional else ""
        lines.append(f"{how}answered in block {answer.block} by {answer.payee}, evidence {options.evidence}")
    console.result(result, lines)


def _named(interface: Interface, path: Path) -> Mapping[str, Any]:
    """Arrays of the file by input name; one without a name belongs to the only public input."""
    arrays = read_arrays(path)
    public = [port.name for port in interface.inputs if port.public]
    return {public[0]: arrays[UNNAMED]} if set(arrays) == {UNNAMED} and len(public) == 1 else arrays


def _outputs(interface: Interface, answer: Answer) -> dict[str, np.ndarray]:
    """The public outputs of an answer, as numbers by name."""
    values = np.asarray(answer.values, dtype=np.int64)
    ports = sorted((p for p in (*interface.inputs, *interface.outputs) if p.public), key=lambda port: port.tensor)
    ends = np.cumsum([int(np.prod(port.shape, dtype=np.int64)) for port in ports])
    parts = {port.tensor: part for port, part in zip(ports, np.split(values, ends[:-1]), strict=True)}
    return interface.decode(interface.outputs, parts)
