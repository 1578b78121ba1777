"""Figures of peers that are not run here. Every table marks them as quoted; they are never mixed with measured ones.

Measured in November 2026 with two threads on two cores of an AVX-512 Xeon with 24 GiB, CPU only, by the authors of
zkseal with the released tools.
"""

from __future__ import annotations

from dataclasses import dataclass

_EZKL = "ezkl 23.0.5"
_EZKL_PRIVACY = "zero-knowledge; input private, weights fixed (not hidden)"
_PLAIN = "not zero-knowledge; model and input public"


@dataclass(frozen=True)
class Quoted:
    """One figure of a peer; `prove_s` is None where no proof came out, and `remark` says why."""

    model: str
    peer: str
    privacy: str
    prove_s: float | None
    remark: str

    @property
    def label(self) -> str:
        """The peer, marked as quoted, and as not zero-knowledge where it is not."""
        return f"{self.peer} (quoted{', not zk' if self.privacy == _PLAIN else ''})"


QUOTED = (
    Quoted("lenet", _EZKL, _EZKL_PRIVACY, 130.0, "verify 0.60 s, 4.0 kB, peak 11.1 GB"),
    Quoted("cifar", _EZKL, _EZKL_PRIVACY, None, "cannot hold it in 24 GiB (estimated 24-89 GB)"),
    Quoted("dense", _EZKL, _EZKL_PRIVACY, None, "cannot hold it in 24 GiB (estimated 24-89 GB)"),
    Quoted("cifar", "DeepProve 2025-07", _PLAIN, 2.4, "verify 0.23 s, 12.8 MB, peak 464 MB"),
    Quoted("dense", "DeepProve 2025-07", _PLAIN, 2.7, "verify 0.28 s, 12.6 MB, peak 1.1 GB"),
    Quoted("dense", "Jolt Atlas 2026-08", _PLAIN, 1.12, "verify 0.096 s, 259 kB, peak 105 MB"),
)
