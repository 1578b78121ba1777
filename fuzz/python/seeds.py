"""Writes the seeds of the Python targets: a real model, its keys, a receipt and an opening, and small ONNX models."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import models
import numpy as np
from targets import join_sections

import zkseal
from zkseal import files
from zkseal.files.container import read_container
from zkseal.receipts import ZkEvidence, cbor

_SAVERS: dict[str, Callable[[Path, Any], None]] = {
    "COMPILED": files.save_model,
    "PROVING_KEY": files.save_proving_key,
    "VERIFYING_KEY": files.save_verifying_key,
    "RECEIPT": files.save_receipt,
    "OPENING": files.save_opening,
}


def write(folder: Path) -> None:
    """One file for each seed in `folder/<target>/`."""

    def seed(target: str, name: str, data: bytes) -> None:
        (folder / target).mkdir(parents=True, exist_ok=True)
        (folder / target / name).write_bytes(data)

    samples = np.linspace(-1, 1, 24, dtype=np.float32).reshape(8, 3)
    for side in ("private", "public"):
        model = zkseal.compile(models.mlp(), samples, inputs=side, outputs=side, weights=side, tolerance=1.0)
        proving_key, verifying_key = zkseal.setup(model)
        proved = zkseal.prove(proving_key, samples[0], context=b"fuzz")
        things = dict(zip(_SAVERS, (model, proving_key, verifying_key, proved.receipt, proved.opening), strict=True))
        for name, thing in things.items():
            if thing is not None:
                kind = getattr(files, name)
                with tempfile.TemporaryDirectory() as place:
                    path = Path(place) / "file"
                    _SAVERS[name](path, thing)
                    seed("container", f"{side}-{name}", path.read_bytes())
                    sections = {key: bytes(section) for key, section in read_container(path, kind).items()}
                seed("files", f"{side}-{name}", join_sections(kind, sections))
                if "directory" in sections:
                    length = len(sections["directory"]).to_bytes(2, "big")
                    seed("arrays", f"{side}-{name}", length + sections["directory"] + sections["arrays"])
                if "head" in sections:
                    seed("cbor", f"{side}-{name}", sections["head"])
        seed("receipt", f"{side}-receipt", proved.receipt.to_cbor())
        # The same without the bulk of the proof, so that changes hit what has a structure.
        short = replace(proved.receipt, evidence=(ZkEvidence(proved.receipt.proof[:32]),))
        for target in ("receipt", "cbor", "planted_receipt"):
            seed(target, f"{side}-short", short.to_cbor())
        seed("relation_python", side, model.relation.encode())
    seed("cbor", "kinds", cbor.dumps([None, True, -1, 1 << 40, b"bytes", "text", {"a": [], "b": {}}]))
    for index, made in enumerate((*models.accepted(), *models.refused())):
        seed("onnx", f"model-{index:02}", made.SerializeToString())


if __name__ == "__main__":
    write(Path(sys.argv[1]))
