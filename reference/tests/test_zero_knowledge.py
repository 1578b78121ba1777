"""Zero knowledge, as a rank: mu, q and q' move all revealed messages independently, but for the equation of t_q.

Challenges are fixed, so that every message is an affine function of the randomness for a fixed set of evaluation
points; commitments are left out (they are hiding), and an opening reveals at most z and z'. The pads make p^, q^, U, V
uniform and the mask coefficients the rounds: chapter 8.
"""

from __future__ import annotations

from functools import cache

import pytest
from tests.conformance.slow_prover import Hooks, prove, seeded_randomness, setup

from zkseal_reference.field import P, inverse
from zkseal_reference.keccak import keccak256
from zkseal_reference.transcript import Transcript
from zkseal_slow_prover import channel, columns, products

from .relations import SKETCHES, Sketch

Messages = list[int]


def fixed_challenges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Challenges depend on their number alone; commitments and the opening are left out."""

    def absorb(_self: Transcript, _label: str, _data: bytes) -> None:
        return

    def challenge(self: Transcript, label: str) -> int:
        self.state = keccak256(self.state + label.encode())
        return int.from_bytes(self.state, "big") % P

    monkeypatch.setattr(Transcript, "absorb", absorb)
    monkeypatch.setattr(Transcript, "challenge", challenge)
    monkeypatch.setattr(columns, "commit", lambda *_: None)
    monkeypatch.setattr(products, "commit", lambda *_: None)
    monkeypatch.setattr(products, "prove_opening", lambda *_: None)


class Experiment:
    """One relation and witness; `messages` proves with given mu, q, q' and returns all that is revealed."""

    def __init__(self, sketch: Sketch) -> None:
        self.sketch = sketch
        self.key, self.model = setup(sketch.relation(), sketch.c, sketch.values, seeded_randomness(1))
        layout = self.key.layout
        lengths = {"mu": layout.mask.length, "q": layout.parameters.row_length, "q'": layout.mask.length}
        source = seeded_randomness(7)
        self.base = {name: source(name, length) for name, length in lengths.items()}

    def messages(self, vectors: dict[str, list[int]]) -> Messages:
        revealed: Messages = []
        seen: dict[str, list[list[int]]] = {}
        other = seeded_randomness(3)

        def randomness(name: str, count: int) -> list[int]:
            return list(vectors[name]) if name in vectors else other(name, count)

        def record(label: str, scalars: tuple[int, ...]) -> tuple[int, ...]:
            if label not in ("column round", "combined"):
                revealed.extend(scalars)
            return scalars

        def bound(_channel: object, labels: tuple[str, str], claim: int, left: object, *rest: object) -> object:
            if labels[0] == "column round":
                seen["z"] = left  # type: ignore[assignment]
            return honest(_channel, labels, claim, left, *rest)  # type: ignore[arg-type]

        honest = channel.prove_rounds
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(products, "prove_rounds", bound)
            prove(self.key, self.model, self.sketch.values, b"", randomness, Hooks(message=record))
        z = [entry for (entry,) in seen["z"]]
        return revealed + z[: len(vectors["q"]) + len(vectors["q'"])]

    def jacobian(self) -> list[Messages]:
        start = self.messages(self.base)
        rows = []
        for name, vector in self.base.items():
            for i in range(len(vector)):
                moved = [*vector[:i], (vector[i] + 1) % P, *vector[i + 1 :]]
                found = self.messages({**self.base, name: moved})
                rows.append([(a - b) % P for a, b in zip(found, start, strict=True)])
        return rows


def rank(rows: list[Messages]) -> int:
    found: dict[int, Messages] = {}  # by leading column, leading entry 1
    for row in rows:
        current = row
        for column in range(len(row)):
            if current[column] == 0:
                continue
            if column not in found:
                scale = inverse(current[column])
                found[column] = [x * scale % P for x in current]
                break
            factor = current[column]
            current = [(x - factor * y) % P for x, y in zip(current, found[column], strict=True)]
    return len(found)


@cache
def jacobian(name: str) -> tuple[Experiment, list[Messages]]:
    with pytest.MonkeyPatch.context() as patch:
        fixed_challenges(patch)
        experiment = Experiment(SKETCHES[name]())
        return experiment, experiment.jacobian()


@pytest.mark.parametrize("name", ["merged", "embedding"])
def test_every_message_is_masked(name: str) -> None:
    _, rows = jacobian(name)
    assert rank(rows) == len(rows[0]) - 1


@pytest.mark.parametrize("kind", ["p", "q"])
def test_the_rank_sees_a_missing_pad(kind: str) -> None:
    experiment, rows = jacobian("merged")
    pad = experiment.key.layout.mask.pad(kind, 2, 1)
    assert rank(rows[:pad] + rows[pad + 1 :]) < len(rows[0]) - 1
