"""What workers are asked for, and how the coordinator makes sure that it got that.

A worker is not trusted to have done what it was asked: `accept` verifies the proof under the coordinator's own key,
opens the commitments, and compares the integers that went in with those that the caller's numbers are. What comes out
is read from the verified statement, never from what a worker says besides.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from zkseal.errors import InvalidEncoding, StatementMismatch
from zkseal.executors.inputs import batch_size, input_integers, named_inputs, stacked
from zkseal.executors.key_files import KeyFile, LoadedKey
from zkseal.pipeline import Interface, ProveResult, Samples, verify
from zkseal.proving import AnyVerifyingKey, Opening, opened_integers
from zkseal.proving.plain_arrays import arrays_to_plain, opening_from_plain, opening_to_plain
from zkseal.receipts import Receipt

__all__ = ["BatchResult", "BatchTask", "ProveTask", "Task", "held_to_inputs", "in_batches"]

_POWER_BYTES = 64

Array = npt.NDArray[Any]
Result = TypeVar("Result", covariant=True)


class Task(ABC, Generic[Result]):
    """One piece of work for one worker. `key` is the key file that it takes."""

    key: KeyFile

    @abstractmethod
    def question(self, key: LoadedKey) -> dict[str, Any]:
        """What a worker is asked, as plain data. Raises `WrongInput`, `RangeExceeded`."""

    @abstractmethod
    def accept(self, answer: Any, key: LoadedKey) -> Result:
        """The result, after everything in the answer was checked. Raises `ZksealError` for what is none."""

    def predicted_ms(self, key: LoadedKey, cores: int) -> float:
        """How long it takes on this many cores."""
        return key.predicted_ms(cores)


@dataclass(frozen=True, eq=False)
class ProveTask(Task[ProveResult]):
    """One proof of one input: what `zkseal.prove` takes, and gives."""

    key: KeyFile
    inputs: Samples = field(repr=False)
    context: bytes = b""
    opening: Opening | None = field(default=None, repr=False)

    def question(self, key: LoadedKey) -> dict[str, Any]:
        """The inputs by name, once they were seen to fit the model."""
        arrays = named_inputs(key.interface, self.inputs)
        input_integers(key.interface, arrays)
        return _question(arrays, self.context, self.opening)

    def accept(self, answer: Any, key: LoadedKey) -> ProveResult:
        """The receipt verifies, and is about these inputs, this context and this opening."""
        result = _proved(answer, key, named_inputs(key.interface, self.inputs), self.context)
        if self.opening is not None and _blindings(result.opening) != _blindings(self.opening):
            raise StatementMismatch("The receipt is not about the commitments of the given opening.", column="opening")
        return result


@dataclass(frozen=True, eq=False)
class BatchResult:
    """One receipt for many inputs, and for each of them its outputs by name, as if it had been the only one."""

    receipt: Receipt
    opening: Opening = field(repr=False)
    outputs: tuple[Mapping[str, Array], ...]


@dataclass(frozen=True, eq=False)
class BatchTask(Task[BatchResult]):
    """Many inputs in one proof, for a model that was compiled with `batch`: at most as many as its first axis.

    Places that are left over are filled with the last input: the receipt states a full batch.
    """

    key: KeyFile
    inputs: Sequence[Samples] = field(repr=False)
    context: bytes = b""

    def question(self, key: LoadedKey) -> dict[str, Any]:
        """The inputs in one array for each input of the model, once they were seen to fit."""
        arrays = stacked(key.interface, list(self.inputs))
        input_integers(key.interface, arrays)
        return _question(arrays, self.context, None)

    def accept(self, answer: Any, key: LoadedKey) -> BatchResult:
        """The receipt verifies, and is about these inputs and this context."""
        whole = _proved(answer, key, stacked(key.interface, list(self.inputs)), self.context)
        outputs = tuple({name: a[i : i + 1] for name, a in whole.outputs.items()} for i in range(len(self.inputs)))
        return BatchResult(whole.receipt, whole.opening, outputs)


def in_batches(key: KeyFile, inputs: Sequence[Samples], context: bytes = b"") -> list[BatchTask]:
    """Tasks for many inputs, as many in each as the model proves at once.

    Raises:
        WrongInput: the model was not compiled for batches.
        FileUnavailable, DecodeError: the key file is none.
    """
    size = batch_size(LoadedKey.read(key).interface)
    return [BatchTask(key, inputs[first : first + size], context) for first in range(0, len(inputs), size)]


def _question(arrays: Mapping[str, Array], context: bytes, opening: Opening | None) -> dict[str, Any]:
    given = None if opening is None else opening_to_plain(opening)
    return {"do": "prove", "inputs": arrays_to_plain(arrays), "context": context, "opening": given}


def _proved(answer: Any, key: LoadedKey, inputs: Mapping[str, Array], context: bytes) -> ProveResult:
    """The receipt of an answer, after it was seen to prove this model on these inputs."""
    match answer:
        case {"receipt": bytes(encoded), "opening": dict(opened)} if len(answer) == 2:
            receipt, opening = Receipt.from_cbor(encoded), opening_from_plain(opened)
        case _:
            raise InvalidEncoding("The answer holds something else than a receipt and its opening.", reason="answer")
    if len(receipt.evidence) != 1:
        raise StatementMismatch("The receipt holds more evidence than the proof that was asked for.", column="evidence")
    if len(opening.powers) != _POWER_BYTES * key.verifying_key.core.opening_powers:
        raise StatementMismatch("The opening holds other powers of tau than its commitments take.", column="opening")
    # The caller chose this key, with its setup: whoever relies on the receipt says whether that is good enough.
    verify(receipt, key.verifying_key, context=context, insecure_srs=True)
    return held_to_inputs(receipt, opening, key.verifying_key, inputs)


def held_to_inputs(
    receipt: Receipt, opening: Opening, verifying_key: AnyVerifyingKey, inputs: Mapping[str, Array]
) -> ProveResult:
    """A verified receipt, after it was seen to be about these inputs; outputs are read from it and its opening.

    Whoever made it may have had another program than the key is of, or other numbers than were given.

    Raises:
        StatementMismatch, DecodeError, ProofRejected: it is about something else, or the opening is another's.
    """
    interface = Interface.of(verifying_key.relation)
    integers = dict(receipt.statement.input.arrays() | receipt.statement.output.arrays())
    for index, array in opened_integers(receipt, opening, verifying_key, insecure_srs=True).items():
        integers[index] = np.asarray(array).reshape(-1)
    for index, expected in input_integers(interface, inputs).items():
        if index not in integers or not np.array_equal(integers[index], expected):
            raise StatementMismatch("The receipt is about another input than the one that was given.", tensor=index)
    return ProveResult(receipt, opening, interface.decode(interface.outputs, integers))


def _blindings(opening: Opening) -> tuple[bytes | None, ...]:
    return tuple(None if column is None else column.blindings for column in (opening.input, opening.output))
