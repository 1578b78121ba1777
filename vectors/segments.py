"""Keys and receipts of a model in segments: as made, and as `tests/soundness/test_segments.py` changes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vectors.document import Arguments, File

if TYPE_CHECKING:
    from zkseal.receipts import Receipt, Side

ORIGIN = "tests/soundness/test_segments.py (package, with fresh randomness), vectors/segments.py"


def segmented_keys() -> File:
    """Keys: as setup makes them, of two relations without weights, and changed."""
    from tests.soundness import segmented, test_segment_keys

    file = File("segments/key.json", "segmented_key", ORIGIN)
    file.add("as setup made it", "Valid", {"key": segmented.keys().verifying_key.data.hex()})
    file.add("two segments without weights", "Valid", {"key": test_segment_keys.pair().hex()})
    for name, (make, error) in test_segment_keys.KEYS.items():
        file.add(name, "Segments", {"key": make().hex()}, error)
    for name in test_segment_keys.CROSSING:
        data, error = test_segment_keys.crossing(name)
        file.add(f"a boundary with {name}", "Segments", {"key": data.hex()}, error)
    return file


def segmented_receipts() -> File:
    """Receipts: an honest one, and changed."""
    from tests.soundness import segmented, test_segments

    file = File("segments/receipt.json", "segmented", ORIGIN)
    file.keys["three segments"] = segmented.keys().verifying_key.data.hex()
    for which in (0, 1):
        file.add(f"honest, {which}", "Valid", _arguments(segmented.proved(which).receipt))
    for name, (change, error) in test_segments.CHANGES.items():
        if error != "WrongModel":  # the id is the key's own here
            file.add(name, "Segments", _arguments(change(segmented.proved().receipt)), error)
    return file


def _arguments(receipt: Receipt) -> Arguments:
    statement, evidence = receipt.statement, receipt.segmented
    return {
        "key": "three segments",
        "context": statement.context.hex(),
        "input": _side(statement.input),
        "output": _side(statement.output),
        "boundaries": [[point.hex() for point in boundary] for boundary in evidence.boundaries],
        "proofs": [proof.hex() for proof in evidence.proofs],
    }


def _side(side: Side) -> dict[str, Any]:
    values = {str(number): array.tolist() for number, array in side.arrays().items()}
    return {"values": values, "commitments": [point.hex() for point in side.commitments]}
