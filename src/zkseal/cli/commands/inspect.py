"""Say what a file holds: what is hidden, sizes, and the predicted cost, before anything is spent.

Takes an ONNX model (file name ending in .onnx), a compiled model, a proving key (or that of a segment), a verifying
key, a receipt, an opening, a sealed model or a key file. Nothing hidden is printed, and nothing is verified but the
digests of the file (of a verifying key, also its model proof; of a sealed model, its publisher's signature instead).

example: zkseal inspect model.zkc
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from zkseal import files
from zkseal.cli.commands.compile import input_shape
from zkseal.cli.console import Console, bytes_text, milliseconds_text
from zkseal.cli.sealed import SEALED_KINDS, describe_sealed, sealed_lines
from zkseal.cli.setups import origin_lines, scheme_lines
from zkseal.pipeline import describe
from zkseal.pipeline.compile import CALIBRATION_BATCH, load

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("file", type=Path)
    onnx = parser.add_argument_group("of ONNX models, as for zkseal compile")
    onnx.add_argument("--batch", type=int, default=1, help="size of an open first axis (default 1)")
    onnx.add_argument("--input-shape", type=input_shape, action="append", default=[], metavar="NAME=SIZES")
    onnx.add_argument(
        "--samples",
        type=int,
        default=CALIBRATION_BATCH,
        help=f"to calibrate with (default {CALIBRATION_BATCH} or more)",
    )


def run(options: argparse.Namespace, console: Console) -> None:
    """Describes the file."""
    if options.file.suffix == ".onnx":
        graph = load(options.file, batch=options.batch, input_shapes=dict(options.input_shape))
        kind, described = "ONNX model", describe(graph, samples=options.samples)
    else:
        file_kind = files.identify(options.file, (*files.KINDS, *SEALED_KINDS))
        if file_kind in SEALED_KINDS:
            _sealed(options.file, file_kind, console)
            return
        kind, described = file_kind.name, describe(files.load(options.file)[1])
    result = {"file": str(options.file), "kind": kind, "file_bytes": options.file.stat().st_size, **described}
    console.result(result, _lines(result))


def _sealed(path: Path, kind: files.FileKind, console: Console) -> None:
    """Sealed models and key files, which the pipeline knows nothing of."""
    described = describe_sealed(path, kind)
    size = path.stat().st_size
    result = {"file": str(path), "kind": kind.name, "file_bytes": size, **described}
    console.result(result, [f"{kind.name}, {bytes_text(size)}", *sealed_lines(described)])


def _lines(result: dict[str, Any]) -> list[str]:
    lines = [f"{result['kind']}, {bytes_text(result['file_bytes'])}"]
    if "model_id" in result:
        lines.append(f"model id    {result['model_id']}")
    if "segment" in result:
        lines.append(f"segment     {result['segment']} of {result['of_segments']}, counted from 0")
    if "scheme" in result:
        lines += scheme_lines(result["scheme"])
    if "activations" in result:
        lines += [
            f"operators   {', '.join(f'{count} {op}' for op, count in result['operators'].items())}",
            f"weights     {result['parameters']}; computed values {result['activations']}",
            f"predicted   memory of compiling {bytes_text(result['predicted']['compile_memory_bytes'])}",
            *(f"note        {note}" for note in result["notes"]),
        ]
    for port in (*result.get("inputs", []), *result.get("outputs", [])):
        side = "input " if port in result["inputs"] else "output"
        if "exact" in port:
            span = f"every {port['exact']} number, exact"
        else:
            span = f"{port['least']:.6g} .. {port['most']:.6g} in steps of {port['step']:.3g}"
        lines.append(f"{side}      {port['name']} {port['shape']}, {port['visibility']}, {span}")
    if "hidden" in result:
        lines.append(f"hidden      {', '.join(result['hidden']) or 'nothing'}")
    if "sizes" in result:
        sizes, layout, predicted = result["sizes"], result["layout"], result["predicted"]
        committed = ", ".join(f"{count} {column}" for column, count in sizes["committed"].items() if count)
        lines += [
            f"lookups     {sizes['lookups']} in tables of {sizes['table_rows']} rows",
            f"products    {sizes['product_terms']}; constraints {sizes['constraints']}",
            f"committed   {committed}; rows of 2^{layout['row_bits']}",
            f"proof       {bytes_text(predicted['proof_bytes'])}",
            f"predicted   prove {milliseconds_text(predicted['prove_ms'])} on {_cores(predicted['cores'])}, "
            f"verify {milliseconds_text(predicted['verify_ms'])}",
            f"memory      setup {bytes_text(predicted['setup_memory_bytes'])}, "
            f"prove {bytes_text(predicted['memory_bytes'])}",
        ]
    lines += [f"segment {number}   {_segment(part)}" for number, part in enumerate(result.get("segments", []))]
    if "statement" in result:
        statement = result["statement"]
        lines.append(f"model id    {statement['model']}")
        lines.append(f"context     {statement['context'] or '(empty)'}")
        for evidence in result["evidence"]:
            parts = f" in {evidence['segments']} segments" if "segments" in evidence else ""
            lines.append(f"evidence    {evidence['type']}, {bytes_text(evidence['bytes'])}{parts}")
            lines += (
                origin_lines(evidence["origin"]) if "origin" in evidence else [f"assurance   {evidence['assurance']}"]
            )
        lines.append("not verified: use zkseal verify")
    for column, count in result.get("opens", {}).items():
        lines.append(f"opens       {count} {column} values")
    return lines


def _cores(count: int) -> str:
    return "one core" if count == 1 else f"{count} cores"


def _segment(described: dict[str, Any]) -> str:
    sizes, predicted = described["sizes"], described["predicted"]
    return (
        f"{sizes['committed']['model']} hidden weights, {sizes['lookups']} lookups; proof "
        f"{bytes_text(predicted['proof_bytes'])}, predicted {milliseconds_text(predicted['prove_ms'])} on "
        f"{_cores(predicted['cores'])}, memory {bytes_text(predicted['memory_bytes'])}"
    )
