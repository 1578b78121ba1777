"""What a proof will cost, said before anything is spent, and the choice of the row length that follows from it.

The figures are linear in counts that relation and layout give, and what is not serial is divided between cores. The
constants were fitted to the thirteen rows of `make bench`, from 11 ms to 13 s, on a 2026 server (AVX-512, two cores):
CPU time within 23 %, time within 23 %. Another machine is faster or slower by some factor; the proportions hold.
The constants of the helper argument and of the kzg opening were fitted to LeNet and two perceptrons.
Memory was fitted to the peaks of processes that compile, set up and prove the models of the zoo and the networks of
tests/networks: all within 10 %, setup within 20 %. Their test holds it within 25 %.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

from zkseal.errors import InvalidParameters
from zkseal.proving.core import native, running
from zkseal.proving.scheme import TRANSPARENT, Scheme
from zkseal.relation import Column, Relation

__all__ = [
    "COSTS",
    "Costs",
    "Layout",
    "Prediction",
    "choose_row_bits",
    "lay_out",
    "predict",
    "predict_compiling",
    "usable_cores",
]

MIN_ROW_BITS, MAX_ROW_BITS = 4, 16


@dataclass(frozen=True)
class Costs:
    """Constants of the model: nanoseconds of one core, and bytes, for each unit."""

    commit_ns_per_value: float = 220.0
    """Committing to one small integer of the witness, input or output, and opening it."""
    leaf_ns: float = 300.0
    """One lookup or table row in the fraction tree."""
    helper_ns_per_lookup: float = 2_400.0
    """One lookup or table row under the helper argument: its key, and its part of the sumcheck."""
    helper_ns_per_entry: float = 3_100.0
    """One entry of the helper column, which a lookup of every lane shares."""
    slot_ns: float = 30.0
    """One entry of the product sumcheck."""
    fold_ns_per_value: float = 10.0
    """Folding one weight, or entry of a committed table, into the linear claim."""
    full_scalar_ns: float = 2_200.0
    """One full-size scalar times a point: masks, blinding, the opening."""
    constraint_ns: float = 137e3
    """What one more Zero or Lookup costs, however small."""
    prove_fixed_ms: float = 9.0
    """The late rounds of every sumcheck and the opening, which more cores do not shorten."""
    serial_share: float = 0.06
    """Part of the rest that they do not: executing the program."""
    verify_fixed_ms: float = 1.8
    verify_point_ns: float = 6_900.0
    """One point in the verifier's multi-scalar product: generators and row commitments."""
    verify_pairing_ms: float = 0.5
    """The product of two pairings, with kzg."""
    bytes_per_lookup: float = 81.0
    bytes_per_table_row: float = 330.0
    bytes_per_value: float = 3.6
    bytes_per_row_entry: float = 500.0
    """Memory of the generator of an entry of a row, and what the opening halves."""
    setup_bytes_per_weight: float = 80.0
    """Memory while making keys, for each private weight: all are leaves of one tree."""
    setup_bytes_per_table_row: float = 60.0
    setup_bytes_per_row_entry: float = 2_000.0
    setup_bytes_per_constraint: float = 30e3
    setup_bytes_per_slot: float = 16.0
    setup_bytes_fixed: float = 50e6
    bytes_fixed: float = 47e6
    """Memory of a process that has loaded zkseal and does nothing."""
    compile_bytes_per_parameter: float = 24.0
    compile_bytes_per_activation: float = 8.5
    compile_bytes_fixed: float = 149e6
    """Memory of a process that has loaded onnx and onnxruntime too."""


COSTS = Costs()

# Bounds that the choice of row length keeps, if any row length does.
PROOF_BYTES_LIMIT = 40_000
VERIFY_MS_LIMIT = 40.0
LARGE_PROOF_BYTES_LIMIT = 100_000
LARGE_VERIFY_MS_LIMIT = 300.0
"""Bounds of relations that no row length brings within those: hundreds of millions of multiplications."""
KZG_POINTS = 8
IPA_ROWS, KZG_ROWS = 4.0, 1.3
"""Products with as many full-size scalars as a row has entries that an opening takes."""
SLOWER_BY = 1.05
"""How much proving time is given for a smaller proof."""


@dataclass(frozen=True)
class Layout:
    """How a relation lies in rows of 2^row_bits (docs/protocol/3-layout.md).

    Attributes:
        leaf_bits, product_bits, row_vars: n, n2 and R of the chapter.
        rows: committed rows by column.
        proof_bytes: exact size of a proof.
        model_proof_bytes: exact size of the proof in the verifying key; 0 without private weights.
        scheme: lookup argument and opening.
    """

    row_bits: int
    leaf_bits: int
    product_bits: int
    row_vars: int
    mask_length: int
    rows: dict[str, int]
    lookups: int
    table_rows: int
    proof_bytes: int
    model_proof_bytes: int
    scheme: Scheme = TRANSPARENT


@dataclass(frozen=True)
class Prediction:
    """Predicted cost of one proof, and its exact size. Memory is the peak of a process, of proving and of setup.

    Times are those that a clock shows; `cores` is how many prove.
    """

    prove_ms: float
    verify_ms: float
    memory_bytes: int
    setup_memory_bytes: int
    proof_bytes: int
    cores: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, rounded to what the model is good for."""
        rounded = {name: float(f"{value:.3g}") for name, value in asdict(self).items()}
        exact = {name: getattr(self, name) for name in ("memory_bytes", "setup_memory_bytes", "proof_bytes", "cores")}
        return rounded | exact


def lay_out(relation: bytes, row_bits: int, scheme: Scheme = TRANSPARENT) -> Layout:
    """The layout of an encoded relation.

    Raises:
        InvalidParameters: the mask does not fit in a row of this length.
    """
    with running("laying out the relation"):
        raw = native().layout(relation, row_bits, scheme.lookup_argument, scheme.lanes, scheme.opening)
    model = raw["model"]
    return Layout(
        row_bits=row_bits,
        leaf_bits=raw["n"],
        product_bits=raw["n2"],
        row_vars=raw["row_vars"],
        mask_length=raw["mask_length"],
        rows={str(column): int(count) for column, count in raw["rows"].items()},
        lookups=raw["lookups"],
        table_rows=raw["table_rows"],
        proof_bytes=raw["proof_bytes"],
        model_proof_bytes=model["proof_bytes"] if model else 0,
        scheme=scheme,
    )


def usable_cores() -> int:
    """Threads that a proof made by this process runs on: RAYON_NUM_THREADS, or the cores that it may use."""
    wanted = os.environ.get("RAYON_NUM_THREADS", "")
    if wanted.isdecimal() and int(wanted):
        return int(wanted)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def predict(relation: Relation, layout: Layout, costs: Costs = COSTS, *, cores: int | None = None) -> Prediction:
    """The predicted cost of proving this relation in this layout, by default with `usable_cores`."""
    cores = usable_cores() if cores is None else cores
    cost = relation.cost
    fresh = sum(cost.committed.get(column, 0) for column in (Column.INPUT, Column.OUTPUT, Column.WITNESS))
    fixed = sum(cost.committed.values()) - fresh
    leaves = cost.lookups + cost.table_rows
    row = 1 << layout.row_bits
    kzg = layout.scheme.opening == "kzg"
    nanoseconds = (
        costs.commit_ns_per_value * fresh
        + _lookups_ns(leaves, layout.scheme, costs)
        + costs.slot_ns * cost.product_slots
        + costs.fold_ns_per_value * fixed
        + costs.constraint_ns * (len(relation.zeros) + len(relation.lookups))
        # One row of masks, two rows of blinding, and the opening: ipa halves one row again and again.
        + costs.full_scalar_ns * (layout.mask_length + (2 + (KZG_ROWS if kzg else IPA_ROWS)) * row)
    )
    points = sum(layout.rows.values()) + (KZG_POINTS if kzg else row + 2 * layout.row_bits)
    divided = costs.serial_share + (1 - costs.serial_share) / cores
    return Prediction(
        prove_ms=costs.prove_fixed_ms + divided * nanoseconds / 1e6,
        verify_ms=costs.verify_fixed_ms + costs.verify_point_ns * points / 1e6 + kzg * costs.verify_pairing_ms,
        memory_bytes=_proving_memory(relation, layout, costs),
        setup_memory_bytes=_setup_memory(relation, layout, costs),
        proof_bytes=layout.proof_bytes,
        cores=cores,
    )


def _lookups_ns(leaves: int, scheme: Scheme, costs: Costs) -> float:
    if scheme.lookup_argument == "tree":
        return costs.leaf_ns * leaves
    return (costs.helper_ns_per_lookup + costs.helper_ns_per_entry / scheme.lanes) * leaves


def _proving_memory(relation: Relation, layout: Layout, costs: Costs) -> int:
    cost = relation.cost
    return int(
        costs.bytes_fixed
        + costs.bytes_per_lookup * cost.lookups
        + costs.bytes_per_table_row * cost.table_rows
        + costs.bytes_per_value * sum(cost.committed.values())
        + costs.bytes_per_row_entry * (1 << layout.row_bits)
    )


def _setup_memory(relation: Relation, layout: Layout, costs: Costs) -> int:
    cost = relation.cost
    return int(
        costs.setup_bytes_fixed
        + costs.setup_bytes_per_weight * cost.committed.get(Column.MODEL, 0)
        + costs.setup_bytes_per_table_row * cost.table_rows
        + costs.setup_bytes_per_row_entry * (1 << layout.row_bits)
        + costs.setup_bytes_per_constraint * (len(relation.zeros) + len(relation.lookups))
        + costs.setup_bytes_per_slot * cost.product_slots
    )


def predict_compiling(parameters: int, activations: int, samples: int, costs: Costs = COSTS) -> int:
    """Predicted peak of memory, in bytes, of a process that compiles.

    Args:
        parameters: entries of all weights.
        activations: entries of all values that the model computes from one sample.
        samples: those whose values are held in memory at a time.
    """
    return int(
        costs.compile_bytes_fixed
        + costs.compile_bytes_per_parameter * parameters
        + costs.compile_bytes_per_activation * activations * samples
    )


def choose_row_bits(relation: Relation, encoded: bytes, scheme: Scheme = TRANSPARENT) -> int:
    """The row length of the smallest proof among those that prove nearly as fast as the fastest.

    Only row lengths whose proof and verification stay within limits count. If none does, the relation is large: of
    those within the limits of large ones (of all, if there are none) that is taken whose proof, verification and
    proving, each as a share of its limit or of the fastest, add up to the least. Raises `InvalidParameters` if no row
    length fits the relation.
    """
    options: list[tuple[Layout, Prediction]] = []
    for row_bits in range(MIN_ROW_BITS, MAX_ROW_BITS + 1):
        try:
            layout = lay_out(encoded, row_bits, scheme)
        except InvalidParameters:
            continue
        # Of one core: keys made on different machines are the same.
        options.append((layout, predict(relation, layout, cores=1)))
    if not options:
        raise InvalidParameters(
            f"No row length up to 2^{MAX_ROW_BITS} fits this relation. Split the model.", reason="relation too large"
        )

    def within(proof_bytes: int, verify_ms: float) -> list[tuple[Layout, Prediction]]:
        return [o for o in options if o[1].proof_bytes <= proof_bytes and o[1].verify_ms <= verify_ms]

    good = within(PROOF_BYTES_LIMIT, VERIFY_MS_LIMIT)
    fastest = min(prediction.prove_ms for _, prediction in good or options)

    def shares(option: tuple[Layout, Prediction]) -> float:
        cost = option[1]
        return cost.proof_bytes / PROOF_BYTES_LIMIT + cost.verify_ms / VERIFY_MS_LIMIT + cost.prove_ms / fastest

    if not good:
        large = within(LARGE_PROOF_BYTES_LIMIT, LARGE_VERIFY_MS_LIMIT)
        return min(large or options, key=shares)[0].row_bits
    near = [o for o in good if o[1].prove_ms <= SLOWER_BY * fastest]
    return min(near, key=lambda option: option[1].proof_bytes)[0].row_bits
