"""Small models in segments: files of their keys."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.e2e.small_models import SAMPLES, perceptron

import zkseal
from zkseal.files import save_any_proving_key, segment_files
from zkseal.proving import SegmentedVerifyingKey
from zkseal.segments import setup_segments, split

__all__ = ["SegmentedFiles"]


@dataclass(frozen=True)
class SegmentedFiles:
    """A proving key of two segments, and the folder beside it."""

    path: Path
    verifying_key: SegmentedVerifyingKey

    @staticmethod
    def made(path: Path, **options: int) -> SegmentedFiles:
        """Compiles and sets up a perceptron."""
        compiled = zkseal.compile(perceptron(), SAMPLES, **options)  # type: ignore[arg-type]
        proving_key, verifying_key = setup_segments(split(compiled, 2))
        save_any_proving_key(path, proving_key)
        return SegmentedFiles(path, verifying_key)

    @property
    def head(self) -> memoryview:
        """The file of the proving key."""
        return memoryview(self.path.read_bytes())

    @property
    def parts(self) -> dict[str, memoryview]:
        """The files of the segments by their digests, in order."""
        return {file.stem: memoryview(file.read_bytes()) for file in segment_files(self.path)}

    @property
    def model_id(self) -> str:
        return self.verifying_key.model_id.hex()
