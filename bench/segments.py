"""`python -m bench.segments`: what splitting a model into segments costs, and what memory it saves.

python -m bench.segments                            GPT-2's shape, whole and in 2, 4, 8 segments: minutes, 8 GB
python -m bench.segments --small --counts 1 3       a small decoder

Every phase, and every segment, runs in a process of its own, files between them. Proving is measured in CPU time (all
threads), which a busy machine changes least, without the loading of keys; memory is the peak of the process, with it.
A count of 1 is the model in one piece. Outputs have to be equal, bit for bit, whatever the count.
"""

from __future__ import annotations

import argparse
import json
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tests.networks.measure import peak

ROOT = Path(__file__).resolve().parents[1]

Told = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 if all outputs were equal."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _stage("compile", folder, "small" if options.small else "gpt2")
        found = [_measure(folder, count) for count in options.counts]
    digests = {row.pop("outputs") for row in found}
    if options.json:
        options.json.write_text(json.dumps({"format": "zkseal segments v1", "rows": found}, indent=1) + "\n")
    print("\n".join(table(found)))
    return 0 if len(digests) == 1 else 1


def table(rows: Sequence[Told]) -> list[str]:
    """The rows as a table in Markdown."""
    titles = (
        "segments",
        "setup, peak MB",
        "proving, CPU s in all",
        "slowest, CPU s",
        "peak MB of each",
        "coordinator, CPU s",
        "coordinator, peak MB",
        "largest key, MB",
        "proofs, bytes",
        "verify, CPU ms",
    )
    lines = [f"| {' | '.join(titles)} |", "| --- " * len(titles) + "|"]
    for row in rows:
        cells = (
            str(row["segments"]),
            f"{row['setup_peak'] / 1e6:.0f}",
            f"{sum(row['cpu_s']):.2f}",
            f"{max(row['cpu_s']):.2f}",
            " ".join(f"{each / 1e6:.0f}" for each in row["peaks"]),
            f"{row['begin_cpu_s']:.2f}",
            f"{row['begin_peak'] / 1e6:.0f}",
            f"{max(row['key_bytes']) / 1e6:.0f}",
            str(row["proof_bytes"]),
            f"{row['verify_ms']:.0f}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.segments", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 2, 4, 8], metavar="COUNT")
    parser.add_argument("--small", action="store_true", help="a small decoder instead of GPT-2's shape")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was measured")
    return parser.parse_args(arguments)


def _stage(name: str, folder: Path, *arguments: str) -> Told:
    """What the process of one stage reports."""
    command = [
        sys.executable,
        "-c",
        f"from bench.segments import stage; stage({name!r}, {str(folder)!r}, {arguments!r})",
    ]
    subprocess.run(command, cwd=ROOT, check=True)
    told: Told = json.loads((folder / "told.json").read_text())
    return told


def _measure(folder: Path, count: int) -> Told:
    own = folder / str(count)
    own.mkdir()
    setup = _stage("setup", own)
    if count == 1:
        proved = [_stage("prove_whole", own)]
        begun: Told = {"cpu_s": 0.0, "peak": 0}
    else:
        begun = _stage("begin", own)
        proved = [_stage("prove", own, str(index)) for index in range(count)]
    verified = _stage("verify", own)
    return {
        "segments": count,
        "setup_peak": setup["peak"],
        "setup_cpu_s": setup["cpu_s"],
        "key_bytes": setup["key_bytes"],
        "begin_cpu_s": begun["cpu_s"],
        "begin_peak": begun["peak"],
        "cpu_s": [each["cpu_s"] for each in proved],
        "wall_s": [each["wall_s"] for each in proved],
        "peaks": [each["peak"] for each in proved],
        "proof_bytes": verified["proof_bytes"],
        "receipt_bytes": verified["receipt_bytes"],
        "verify_ms": 1e3 * verified["cpu_s"],
        "outputs": verified["outputs"],
    }


def stage(name: str, folder: str, arguments: Sequence[str]) -> None:
    """Runs one stage in this process and reports."""
    told = STAGES[name](Path(folder), *arguments)
    (Path(folder) / "told.json").write_text(json.dumps(told | {"peak": peak()}))


def _timed(work: Callable[[], Any]) -> tuple[Any, Told]:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}


def _compile(folder: Path, which: str) -> Told:
    from tests.networks import decoder
    from tests.networks.catalogue import NETWORKS

    import zkseal
    from zkseal import files

    if which == "gpt2":
        network = NETWORKS["gpt2-shape"]
        source, (samples, test) = network.make(network), network.samples(network)
    else:
        source = decoder.build(tokens=8, layers=3, width=32, heads=2, vocabulary=64)
        ids = np.random.default_rng(3).integers(0, 64, (3, 8))
        samples, test = {"ids": ids[:2]}, {"ids": ids[2:]}
    files.save_model(folder / "model.zkc", zkseal.compile(source, samples, outputs="private"))
    np.savez(folder / "input.npz", allow_pickle=False, **test)
    return {}


def _setup(folder: Path) -> Told:
    import zkseal
    from zkseal import files, segments

    model = files.load_model(folder.parent / "model.zkc")
    count = int(folder.name)

    def work() -> Any:
        return zkseal.setup(model) if count == 1 else segments.setup_segments(segments.split(model, count))

    (proving_key, verifying_key), told = _timed(work)
    path = folder / "key.zkp"
    files.save_any_proving_key(path, proving_key)
    files.save_any_verifying_key(folder / "key.zkv", verifying_key)
    parts = [path] if count == 1 else files.segment_files(path)
    return told | {"key_bytes": [part.stat().st_size for part in parts]}


def _input(folder: Path) -> dict[str, Any]:
    return dict(np.load(folder.parent / "input.npz"))


def _prove_whole(folder: Path) -> Told:
    import zkseal
    from zkseal import files

    key = files.load_proving_key(folder / "key.zkp")
    result, told = _timed(lambda: zkseal.prove(key, _input(folder)))
    files.save_receipt(folder / "receipt.zkr", result.receipt)
    files.save_opening(folder / "opening.zko", result.opening)
    return told


def _begin(folder: Path) -> Told:
    from zkseal import files, segments

    key = files.load_segmented_proving_key(folder / "key.zkp")
    run, told = _timed(lambda: segments.begin(key, _input(folder)))
    # Between processes of this program, in a folder of its own.
    (folder / "run.pickle").write_bytes(pickle.dumps(run))
    for job in run.jobs:
        (folder / f"job{job.index}.pickle").write_bytes(pickle.dumps(job))
    return told


def _prove(folder: Path, index: str) -> Told:
    from zkseal import files, segments

    key = files.load_segment_key(files.segment_files(folder / "key.zkp")[int(index)])
    job = pickle.loads((folder / f"job{index}.pickle").read_bytes())
    proof, told = _timed(lambda: segments.prove_segment(key, job))
    (folder / f"proof{index}").write_bytes(proof)
    return told


def _verify(folder: Path) -> Told:
    import hashlib

    import zkseal
    from zkseal import files, segments

    key = files.load_any_verifying_key(folder / "key.zkv")
    count = int(folder.name)
    if count == 1:
        receipt, opening = files.load_receipt(folder / "receipt.zkr"), files.load_opening(folder / "opening.zko")
    else:
        run = pickle.loads((folder / "run.pickle").read_bytes())
        result = segments.finish(run, [(folder / f"proof{index}").read_bytes() for index in range(count)])
        receipt, opening = result.receipt, result.opening
    _, told = _timed(lambda: zkseal.verify(receipt, key))
    shown = zkseal.check_opening(receipt, opening, key)
    outputs = hashlib.sha256(np.ascontiguousarray(shown["y"]).tobytes()).hexdigest()
    size = {"proof_bytes": receipt.proof_evidence.proof_bytes, "receipt_bytes": len(receipt.to_cbor())}
    return told | size | {"outputs": outputs}


STAGES: dict[str, Callable[..., Told]] = {
    "compile": _compile,
    "setup": _setup,
    "prove_whole": _prove_whole,
    "begin": _begin,
    "prove": _prove,
    "verify": _verify,
}


if __name__ == "__main__":
    sys.exit(main())
