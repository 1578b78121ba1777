"""Figures of peers that are not run here. Every table marks them as quoted; they are never mixed with measured ones.

Measured in November 2026 with two threads on two cores of an AVX-512 Xeon with 24 GiB, CPU only, by the authors of
zkseal with the released tools.
"""

from __future__ import annotations

from dataclasses import dataclass

_EZKL = "ezkl 23.0.5"
_EZKL_PRIVACY = "zero-knowledge; input private, weights fixed (not hidden)"
_PLAIN = "not zero-knowledge; model and input public"
_BLINDFOLD = "zero-knowledge (BlindFold, a mode that later versions cannot compile); input private, model public"


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
    Quoted("mnist_mlp", "DeepProve 2025-07", _PLAIN, 0.27, "verify 0.05 s, 2.8 MB, peak 74 MB"),
    Quoted("mnist_mlp", "Jolt Atlas 2026-08", _PLAIN, 0.31, "verify 0.021 s, 110 kB, peak 24 MB"),
    Quoted("trees", _EZKL, _EZKL_PRIVACY, 4.3, "50 trees of depth 3 only, as matrices; the output was wrong"),
    Quoted("nanogpt", "Jolt Atlas 2026-08", _PLAIN, 20.6, "verify 0.52 s, 3.24 MB, peak 478 MB"),
    Quoted(
        "nanogpt", "Jolt Atlas 2026-05", _PLAIN, 5.8, "scale 2^8, no saturation; verify 0.14 s, 754 kB, peak 350 MB"
    ),
    Quoted("nanogpt", "Jolt Atlas 2026-05 BlindFold", _BLINDFOLD, 11.5, "verify 0.44 s, 777 kB, peak 351 MB"),
    Quoted(
        "gpt2", "Jolt Atlas, published", _PLAIN, 14.9, "GPT-2 124M, another machine: M3 laptop, 16 GB; 1.04 s, 2.5 MB"
    ),
)
