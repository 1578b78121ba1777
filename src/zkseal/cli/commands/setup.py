"""Commit to the weights, once, and write the two keys.

The proving key holds weights and blindings: keep it to yourself. The verifying key is for everybody, and shows that
the committed weights lie in their bounds.

Without options nothing has to be trusted (ipa). Receipts that contracts verify need --opening kzg and the powers of tau
of a public ceremony: a .ptau file, Aztec Ignition, halo2 (ezkl) or arkworks. It is checked, and not needed again.

With --segments a large model is cut into so many parts of nearly equal cost, each proved by itself with its share of
the weights and of the memory; receipts hold the proofs of all. Their keys lie in a folder beside the proving key.

examples: zkseal setup model.zkc
          zkseal setup model.zkc --opening kzg --srs powersOfTau28_hez_final_15.ptau
          zkseal setup gpt2.zkc --segments 8
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from zkseal import files
from zkseal.cli.console import Console, bytes_text, milliseconds_text
from zkseal.cli.outputs import require_separate
from zkseal.cli.setups import add_insecure_srs, scheme_lines
from zkseal.errors import SetupError
from zkseal.pipeline import CompiledModel, ProvingKey, setup
from zkseal.pipeline.compile import Progress
from zkseal.pipeline.inspect import describe_scheme
from zkseal.proving import SegmentedVerifyingKey, Srs, VerifyingKey
from zkseal.segments import SegmentedProvingKey, setup_segments, split

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("compiled_model", type=Path, metavar="model.zkc")
    parser.add_argument("--proving-key", type=Path, metavar="FILE", help="default: the model's name with .zkp")
    parser.add_argument("--verifying-key", type=Path, metavar="FILE", help="default: the model's name with .zkv")
    parser.add_argument(
        "--row-bits",
        type=int,
        choices=range(4, 17),
        metavar="BITS",
        help="log2 of the row length, 4 to 16 (default: by cost, with kzg by gas)",
    )
    parser.add_argument(
        "--opening",
        choices=("ipa", "kzg"),
        help="ipa needs no trusted setup; kzg is for contracts (default: ipa, with --srs kzg)",
    )
    parser.add_argument("--srs", type=Path, metavar="FILE", help="powers of tau of a public ceremony, for kzg")
    add_insecure_srs(parser)
    parser.add_argument(
        "--lookup-argument", choices=("tree", "helper"), help="how lookups are proved (default: tree, with kzg helper)"
    )
    parser.add_argument(
        "--lanes",
        type=int,
        choices=range(1, 9),
        metavar="LANES",
        help="lookups that share an entry of the helper column, 1 to 8 (default 1)",
    )
    parser.add_argument(
        "--segments",
        type=int,
        metavar="COUNT",
        help="cut the model into so many parts, 2 to 256, that are proved one by one, anywhere; with ipa only",
    )


def run(options: argparse.Namespace, console: Console) -> None:
    """Makes the keys and writes them."""
    proving_path = options.proving_key or options.compiled_model.with_suffix(files.PROVING_KEY.suffix)
    verifying_path = options.verifying_key or options.compiled_model.with_suffix(files.VERIFYING_KEY.suffix)
    model = files.load_model(options.compiled_model)
    read = (options.compiled_model,) if options.srs is None else (options.compiled_model, options.srs)
    require_separate((proving_path, verifying_path), read)
    srs = None if options.srs is None else files.load_srs(options.srs, insecure_srs=options.insecure_srs)
    start = time.perf_counter()
    with console.progress() as progress:
        proving_key, verifying_key = _keys(options, model, srs, progress)
    duration_ms = (time.perf_counter() - start) * 1000
    with files.together():
        files.save_any_proving_key(proving_path, proving_key)
        files.save_any_verifying_key(verifying_path, verifying_key)
    files.drop_stale_segments(proving_path)
    parts = files.segment_files(proving_path) if isinstance(proving_key, SegmentedProvingKey) else []
    result = {
        "proving_key": str(proving_path),
        "proving_key_bytes": proving_path.stat().st_size,
        "verifying_key": str(verifying_path),
        "verifying_key_bytes": verifying_path.stat().st_size,
        "model_id": verifying_key.model_id.hex(),
        "row_bits": verifying_key.row_bits,
        "scheme": describe_scheme(verifying_key),
        "setup_ms": round(duration_ms, 3),
    }
    if parts:
        result["segments"] = [{"file": str(part), "bytes": part.stat().st_size} for part in parts]
    console.result(
        result,
        [
            f"model id    {verifying_key.model_id.hex()}",
            *scheme_lines(result["scheme"]),
            *(f"segment {k}   {bytes_text(part.stat().st_size)}, {part} (secret)" for k, part in enumerate(parts)),
            f"wrote {proving_path} ({bytes_text(result['proving_key_bytes'])}, secret) and "
            f"{verifying_path} ({bytes_text(result['verifying_key_bytes'])}) in {milliseconds_text(duration_ms)}",
        ],
    )


def _keys(
    options: argparse.Namespace, model: CompiledModel, srs: Srs | None, progress: Progress
) -> tuple[ProvingKey | SegmentedProvingKey, VerifyingKey | SegmentedVerifyingKey]:
    """Keys of the model in one piece, or in segments."""
    if options.segments is None:
        return setup(
            model,
            row_bits=options.row_bits,
            opening=options.opening,
            srs=srs,
            lookup_argument=options.lookup_argument,
            lanes=options.lanes,
            progress=progress,
        )
    if srs is not None or options.opening == "kzg":
        raise SetupError(
            "Models in segments are proved with ipa, and contracts do not verify them. Leave out --opening kzg and "
            "--srs, or --segments.",
            segments=options.segments,
        )
    return setup_segments(
        split(model, options.segments),
        row_bits=options.row_bits,
        lookup_argument=options.lookup_argument,
        lanes=options.lanes,
        progress=progress,
    )
