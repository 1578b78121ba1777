"""A receipt of the service, held against what was asked for: nothing is believed that can be checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal import proving
from zkseal.client.models import RemoteModel
from zkseal.errors import StatementMismatch
from zkseal.executors.inputs import input_integers
from zkseal.pipeline import ProveResult, verify
from zkseal.proving import Opening
from zkseal.receipts import Receipt

__all__ = ["rows", "verified_result"]

Arrays = Mapping[str, npt.NDArray[Any]]


def verified_result(
    model: RemoteModel, receipt: Receipt, opening: Opening, inputs: Arrays, context: bytes, *, insecure_srs: bool
) -> ProveResult:
    """Receipt and opening, once they were seen to be about this model, context and input; outputs are read from them.

    Raises:
        ProofRejected, DecodeError: they are not.
    """
    key, interface = model.verifying_key, model.interface
    statement = verify(receipt, key, context=context, insecure_srs=insecure_srs).statement
    integers: dict[int, npt.NDArray[Any]] = dict(statement.input.arrays() | statement.output.arrays())
    for index, array in proving.opened_integers(receipt, opening, key, insecure_srs=insecure_srs).items():
        integers[index] = np.asarray(array).reshape(-1)
    for index, expected in input_integers(interface, inputs).items():
        if index not in integers or not np.array_equal(integers[index], expected):
            text = "The receipt is about another input than the one that was sent. Do not use it; ask the operator."
            raise StatementMismatch(text, tensor=index)
    return ProveResult(receipt, opening, interface.decode(interface.outputs, integers))


def rows(result: ProveResult, count: int) -> Sequence[ProveResult]:
    """A proof of a batch as one result for each of its inputs: they share receipt and opening."""
    return tuple(
        ProveResult(result.receipt, result.opening, {name: a[i : i + 1] for name, a in result.outputs.items()})
        for i in range(count)
    )
