"""What all vector files are made with: a file in the making, and what its flags mean."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

from zkseal_reference.vectors import AREAS, SCHEMA, attempt

Arguments = dict[str, Any]
REFERENCE = "zkseal_reference, vectors/generate.py"
NOTES = {
    "Valid": "Must be accepted, with this value.",
    "Edge": "Valid, at the end of what is allowed.",
    "NonCanonical": "A second encoding of a value: accepting it makes proofs malleable.",
    "OffCurve": "Coordinates of no point: arithmetic on them proves nothing.",
    "Identity": "The identity where a commitment is needed: it commits to nothing.",
    "Length": "Truncated, or with a tail: lengths are dictated, never read.",
    "Version": "A version or magic of something else.",
    "Count": "A count beyond its limit, which must be refused before memory is taken for it.",
    "Rule": "Breaks one rule of chapter 2, Validation.",
    "Flip": "One bit of valid bytes: another valid relation, or an error by name.",
    "Lanes": "Lookups are dealt to lanes, and the figures follow.",
    "Parameters": "Row lengths and arguments that do not exist, or do not fit the relation.",
    "Binding": "Something that the transcript binds was changed after the proof was made.",
    "Message": "A message of the proof was changed.",
    "Swap": "Two messages change places.",
    "Statement": "Public values or commitments that do not fit the relation.",
    "ModelProof": "The proof of the model's bounds is missing, damaged or another model's.",
    "Segments": "Segments, boundaries or proofs that do not belong together, or lie otherwise on two sides.",
    "Opening": "Values or blindings are not those of the commitments.",
    "OperatorLie": "A prover broke one constraint of an operator, and was consistent otherwise.",
    "ProtocolLie": "A prover lied in one place of the protocol, and was consistent otherwise.",
    "ChallengeLie": "False things that cancel under one value of a challenge, which was drawn after them.",
}
"""What each flag hunts."""


@dataclass
class File:
    """One vector file in the making. Results are what the reference says; `expect` guards against surprises."""

    path: str
    area: str
    origin: str = REFERENCE
    keys: dict[str, str] = field(default_factory=dict)
    vectors: list[dict[str, Any]] = field(default_factory=list)

    def add(self, comment: str, flags: str, arguments: Arguments, expect: str = "accepted") -> None:
        """Adds a vector; `expect` is "accepted" or the name of an error."""
        full = dict(arguments)
        if full.get("key") in self.keys:
            full["key"] = self.keys[full["key"]]
        found = attempt(AREAS[self.area], full)
        verdict, rest = found.split(" ", 1)
        assert (verdict if verdict == "accepted" else rest) == expect or expect == "any", (self.path, comment, found)
        vector: dict[str, Any] = {"id": len(self.vectors) + 1, "comment": comment, "flags": flags.split()}
        vector |= {"arguments": arguments, "result": verdict}
        vector |= {"value": json.loads(rest)} if verdict == "accepted" else {"error": rest}
        self.vectors.append(vector)

    def text(self) -> str:
        """The bytes of the file: one vector a line."""
        used = {flag for vector in self.vectors for flag in vector["flags"]}
        notes = {flag: note for flag, note in NOTES.items() if flag in used}
        head = {"schema": SCHEMA, "area": self.area, "origin": self.origin, "notes": notes, "keys": self.keys}
        lines = ",\n".join(json.dumps(vector, separators=(",", ":")) for vector in self.vectors)
        return f'{json.dumps(head, indent=1)[:-2]},\n "vectors": [\n{lines}\n]}}\n'


def draw(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311


def word(value: int) -> str:
    return value.to_bytes(32, "big").hex()
