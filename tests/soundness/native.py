"""The two verifiers side by side, and the lying prover in Rust (`crates/zkseal-testkit`).

The testkit is built here, by cargo, as a module of its own: the release module never sees its feature.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from zkseal import _native
from zkseal.errors import InternalError, ZksealError
from zkseal_reference import ProtocolError, VerifyingKey, verify
from zkseal_reference.decoder import decode_relation
from zkseal_reference.relation import Column

ROOT = Path(__file__).resolve().parents[2]

Values = dict[int, list[int]]
"""Flat row-major values by tensor index."""

KEY_COLUMNS = (Column.MODEL, Column.TABLE)


@cache
def kit() -> ModuleType:
    """The module `zkseal_testkit`, built in release mode if it is out of date."""
    build = ("cargo", "build", "--release", "--locked", "-q", "-p", "zkseal-testkit", "--features", "python")
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(build)} failed: {done.stderr}"
    path = str(kit_path())
    loader = importlib.machinery.ExtensionFileLoader("zkseal_testkit", path)
    spec = importlib.util.spec_from_file_location("zkseal_testkit", path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def kit_path() -> Path:
    """Where cargo leaves the testkit."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release" / "libzkseal_testkit.so"


@dataclass(frozen=True)
class Lies:
    """Where the Rust prover lies beside its values; the fields are those of `Lies` in crates/zkseal-testkit."""

    multiplicities: Sequence[tuple[int, int, int]] = ()
    padding: Sequence[tuple[int, int]] = ()
    leaves: Sequence[tuple[int, int, int]] = ()
    balance: tuple[int, int] | None = None
    tree_values: Sequence[tuple[int, int, int]] = ()
    vectors: tuple[Sequence[bytes], Sequence[bytes], Sequence[bytes]] | None = None
    naked: bool = False

    def __post_init__(self) -> None:
        for name in ("multiplicities", "padding", "leaves", "tree_values"):
            object.__setattr__(self, name, list(getattr(self, name)))


HONEST = Lies()


@dataclass(frozen=True)
class Attempt:
    """Everything that a verifier is given."""

    key: bytes
    context: bytes
    public: Values
    inputs: list[bytes]
    outputs: list[bytes]
    proof: bytes
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def changed(self, **fields: Any) -> Attempt:
        """Another attempt with some fields replaced."""
        return replace(self, **fields)


@lru_cache(maxsize=256)
def rust_key(data: bytes) -> Any:
    return _native.VerifyingKey(data)


@lru_cache(maxsize=256)
def reference_key(data: bytes) -> VerifyingKey:
    return VerifyingKey.decode(data)


def named(error: type[Exception], check: Callable[[], object]) -> str:
    """The name of the error that a check raises, "accepted" without one; nothing else may come out of it."""
    try:
        check()
    except InternalError:
        raise
    except error as caught:
        return type(caught).__name__
    return "accepted"


def rust_verdict(attempt: Attempt) -> str:
    """What the release module says."""
    public = {index: np.array(values, dtype=np.int64) for index, values in attempt.public.items()}
    return named(
        ZksealError,
        lambda: rust_key(attempt.key).verify(attempt.context, public, attempt.inputs, attempt.outputs, attempt.proof),
    )


def reference_verdict(attempt: Attempt) -> str:
    """What the reference says."""
    return named(
        ProtocolError,
        lambda: verify(
            reference_key(attempt.key), attempt.context, attempt.public, attempt.inputs, attempt.outputs, attempt.proof
        ),
    )


def verdict(attempt: Attempt) -> str:
    """What both verifiers say; they have to agree."""
    rust, reference = rust_verdict(attempt), reference_verdict(attempt)
    assert rust == reference, f"Rust says {rust}, the reference says {reference}"
    return rust


class Setting:
    """A relation with a model, and a prover under its key that takes any values. Nothing is checked on the way."""

    def __init__(
        self,
        relation: bytes,
        c: int,
        values: Mapping[int, Sequence[int]],
        blindings: bytes | None = None,
        *,
        lanes: int | None = None,
        tau: int | None = None,
    ) -> None:
        """`lanes` chooses the helper argument, `tau`, which is no secret here, the kzg opening."""
        self.relation, self.c, self.tau = relation, c, tau
        self.columns = [tensor.column for tensor in decode_relation(relation).tensors]
        self.fixed = self._of(values, KEY_COLUMNS)
        self.key, self.blindings = kit().setup(relation, c, self.fixed, blindings, lanes, tau)

    def _of(self, values: Mapping[int, Sequence[int]], columns: Sequence[Column]) -> Values:
        return {t: [int(v) for v in values[t]] for t, column in enumerate(self.columns) if column in columns}

    @property
    def prover(self) -> Any:
        """The prover; raises ValueError if the key is not valid."""
        return kit().Prover(self.key, self.blindings, self.fixed, self.tau)

    def prove(
        self, values: Mapping[int, Sequence[int]], lies: Lies = HONEST, *, context: bytes = b"a context"
    ) -> Attempt:
        """A proof with these values and lies."""
        per_proof = self._of(values, (Column.INPUT, Column.OUTPUT, Column.WITNESS, Column.PUBLIC))
        made = self.prover.prove(context, per_proof, lies)
        public = self._of(values, (Column.PUBLIC,))
        return Attempt(
            self.key, context, public, made["input_commitments"], made["output_commitments"], made["proof"], made
        )
