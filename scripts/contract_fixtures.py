"""Proofs of real models for the tests of contracts/: what the universal verifier costs, guarded by forge's snapshot.

python scripts/contract_fixtures.py            makes keys and proofs anew (mlp_credit, LeNet; Aztec's powers of tau)
python scripts/contract_fixtures.py --programs makes the programs of the stored keys again, after a change of zkseal-evm

Run from the root, with .venv's Python. A test says when a stored program is not that of its key.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIXTURES = ROOT / "contracts" / "test" / "fixtures"
POWERS = ROOT / "fixtures" / "srs" / "kzg10-bn254-aztec-srs-32768.bin"
MODELS = ("mlp_credit", "lenet")
CONTEXT = b"contract fixture".ljust(32)

sys.path.insert(0, str(ROOT))


def programs(key: bytes) -> dict[str, str]:
    """Both programs of a verifying key, in hexadecimal."""
    from zkseal import _native

    core = _native.VerifyingKey(key)
    made = {"program": _native.chain_program(core, False), "model_program": _native.chain_program(core, True)}
    return {name: f"0x{program.hex()}" for name, program in made.items()}


def make(name: str) -> dict[str, str]:
    """A new key with a proof of one held-out input and the model proof."""
    from bench.models import SUBJECTS

    import zkseal
    from zkseal import _native
    from zkseal.chain.inference import commit
    from zkseal.files.ceremonies import load_srs

    subject = SUBJECTS[name]
    data = subject.data()
    model = zkseal.compile(data.model, data.calibration, **subject.options)
    proving_key, verifying_key = zkseal.setup(model, opening="kzg", srs=load_srs(POWERS))
    inference = commit(proving_key, data.held_out[:1])
    parts = {
        "key": verifying_key.data,
        "context": CONTEXT,
        "public_values": inference.public,
        "commitments": inference.commitments,
        "proof": inference.prove(CONTEXT),
        "model_proof": _native.chain_model_proof(verifying_key.core),
    }
    return {part: f"0x{data.hex()}" for part, data in parts.items()} | programs(verifying_key.data)


def main() -> int:
    """Writes the files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--programs", action="store_true", help="keep keys and proofs")
    options = parser.parse_args()
    FIXTURES.mkdir(parents=True, exist_ok=True)
    for name in MODELS:
        file = FIXTURES / f"{name}.json"
        if options.programs:
            stored = json.loads(file.read_text())
            made = stored | programs(bytes.fromhex(stored["key"].removeprefix("0x")))
        else:
            made = make(name)
        file.write_text(json.dumps(made, indent=1) + "\n")
        print(f"wrote {file.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
