"""Decoders of the shape of GPT-2 with their keys in files, in one piece and in segments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tests.networks import decoder

from zkseal import files, pipeline
from zkseal.executors import KeyFile, SegmentedKeyFiles
from zkseal.proving import SegmentedVerifyingKey
from zkseal.segments import setup_segments, split

__all__ = ["Decoder"]

CALIBRATION = 4


@dataclass(frozen=True, eq=False)
class Decoder:
    """One model, and ids of tokens to ask it about.

    Attributes:
        whole: proving key in one piece.
        path: of the proving key in segments.
    """

    compiled: pipeline.CompiledModel
    whole: KeyFile
    path: Path
    segmented: SegmentedKeyFiles
    verifying_key: SegmentedVerifyingKey
    ids: npt.NDArray[np.int64]

    @staticmethod
    def made(folder: Path, segments: int, *, layers: int, width: int, heads: int, tokens: int) -> Decoder:
        """With a vocabulary of 65 tokens; ids are private, scores public."""
        model = decoder.build(tokens=tokens, layers=layers, width=width, heads=heads, vocabulary=65)
        ids = np.random.default_rng(3).integers(0, 65, (CALIBRATION + 2, tokens))
        compiled = pipeline.compile(model, ids)
        files.save_any_proving_key(folder / "whole.zkp", pipeline.setup(compiled)[0])
        path = folder / "segments.zkp"
        keys, verifying_key = in_segments(compiled, segments, path)
        return Decoder(compiled, KeyFile.of(folder / "whole.zkp"), path, keys, verifying_key, ids)


def in_segments(
    compiled: pipeline.CompiledModel, segments: int, path: Path
) -> tuple[SegmentedKeyFiles, SegmentedVerifyingKey]:
    """Keys of a compiled model in so many segments."""
    proving_key, verifying_key = setup_segments(split(compiled, segments))
    files.save_any_proving_key(path, proving_key)
    return SegmentedKeyFiles.of(path), verifying_key
