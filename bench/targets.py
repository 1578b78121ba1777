"""What issue 5 aims at. Goals: a run says which of them it meets and does not fail by those that it misses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.results import Record, figure


@dataclass(frozen=True)
class Target:
    """On two cores with AVX-512: seconds to prove and to verify, bytes of a proof."""

    prove_s: float
    verify_s: float
    proof_bytes: float


TARGETS = {
    "mlp_credit": Target(0.03, 0.015, 25e3),
    "lenet": Target(0.10, 0.020, 30e3),
    "mnist_mlp": Target(0.04, 0.015, 25e3),
    "dense": Target(0.12, 0.040, 30e3),
    "cifar": Target(0.15, 0.030, 35e3),
    "trees": Target(0.10, 0.020, 30e3),
    "nanogpt": Target(0.8, 0.060, 50e3),
    "minilm": Target(2.0, 0.100, 60e3),
    "gpt2": Target(5.0, 0.250, 80e3),
    "vgg": Target(30.0, 0.300, 100e3),
}

ADDED_BYTES_PER_LOOKUP = 150.0
MANY_LOOKUPS = 100_000
"""From here on memory is that of lookups; below it is that of a process that proves anything."""

KEY_RATIO = 1.10
"""Bytes of a proving key over those of the weights."""
MANY_WEIGHTS = 1_000_000
"""From here on a proving key is mostly weights; a small model's is mostly its program."""

LOAD_S = 0.5
"""A mapped key is there at once."""

SETUP_S_PER_WEIGHT = 120.0 / 100e6
"""Two minutes for 100 million weights."""


def misses(model: str, record: Record) -> Iterator[str]:
    """What a record is short of, in words. Raises `MissingFigure`."""
    target = TARGETS.get(model)
    if target is not None:
        for what, value, limit in (
            ("prove", figure(record, "prove", "time", "wall_s"), target.prove_s),
            ("verify", figure(record, "verify", "time", "wall_s"), target.verify_s),
            ("proof", figure(record, "prove", "proof_bytes"), target.proof_bytes),
        ):
            if value > limit:
                yield f"{what} {value / limit:.1f}x"
    lookups, weights = (figure(record, *path, zero=True) for path in (LOOKUPS, WEIGHTS))
    if lookups >= MANY_LOOKUPS and added_per_lookup(record) > ADDED_BYTES_PER_LOOKUP:
        yield "memory"
    if weights >= MANY_WEIGHTS:
        if key_ratio(record) > KEY_RATIO:
            yield "key"
        if figure(record, "prove", "load", "wall_s") > LOAD_S:
            yield "load"
        if figure(record, "setup", "time", "wall_s") > SETUP_S_PER_WEIGHT * weights:
            yield "setup"


LOOKUPS = ("compile", "sizes", "lookups")
WEIGHTS = ("compile", "sizes", "committed", "model")


def added_per_lookup(record: Record) -> float:
    """Bytes that proving adds to a process with the key loaded, for each lookup."""
    return figure(record, "prove", "memory", "added_bytes", zero=True) / figure(record, *LOOKUPS)


def key_ratio(record: Record) -> float:
    """Bytes of the proving key's file over those of the weights, each in the narrowest type of its tensor."""
    return figure(record, "setup", "proving_key_bytes") / figure(record, "setup", "weight_bytes")
