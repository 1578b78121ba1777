"""Proving keys that went through a file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

import zkseal
from zkseal import files
from zkseal.pipeline import Samples
from zkseal.pipeline.compile import named

__all__ = ["through_a_file"]


def through_a_file(key: zkseal.ProvingKey, inputs: Samples) -> zkseal.ProvingKey:
    """The key as it is read from a file, after its program was seen to compute the same integers on these inputs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key.zkp"
        files.save_proving_key(path, key)
        loaded = files.load_proving_key(path)
        files.save_proving_key(path.with_name("again.zkp"), loaded)
        assert path.with_name("again.zkp").read_bytes() == path.read_bytes()
    before, after = (each.program.run(named(each.program.inputs, inputs)) for each in (key, loaded))
    assert list(after.tensors) == list(before.tensors)
    for name, integers in before.tensors.items():
        assert np.array_equal(after.tensors[name], integers), name
    assert zkseal.describe(loaded) == zkseal.describe(key)
    return loaded
