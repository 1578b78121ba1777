"""Turn an ONNX model and samples into a program that can be proved.

The samples show the ranges of all values; a hundred typical ones do. By default input and weights are hidden and the
output is public. The result holds the weights: keep it to yourself.

example: zkseal compile model.onnx --calibrate samples.npz --out model.zkc
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zkseal import files
from zkseal.cli.console import Console, bytes_text
from zkseal.cli.samples import by_input, read_arrays
from zkseal.pipeline import compile as compile_model
from zkseal.quantize import QuantizationOptions

__all__ = ["configure", "input_shape", "run"]

VISIBILITIES = ("private", "public")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("model", type=Path, help="ONNX file, or a saved model of XGBoost (.json) or LightGBM (.txt)")
    parser.add_argument("--calibrate", type=Path, required=True, metavar="FILE", help=".npz, .npy, .json or .csv")
    parser.add_argument("--out", type=Path, help="compiled model to write (default: the model's name with .zkc)")
    parser.add_argument("--inputs", choices=VISIBILITIES, default="private")
    parser.add_argument("--outputs", choices=VISIBILITIES, default="public")
    parser.add_argument("--weights", choices=VISIBILITIES, default="private")
    parser.add_argument(
        "--bits",
        type=int,
        choices=range(4, 17),
        default=16,
        metavar="BITS",
        help="of activations, 4 to 16 (default 16)",
    )
    parser.add_argument(
        "--headroom", type=_headroom, default=2.0, help="factor beyond the calibrated range (default 2)"
    )
    parser.add_argument(
        "--select", action="append", metavar="NAME", help="value to return; may be repeated (default: all outputs)"
    )
    parser.add_argument("--batch", type=int, default=1, help="size of an open first axis (default 1)")
    parser.add_argument(
        "--input-shape",
        type=input_shape,
        action="append",
        default=[],
        metavar="NAME=SIZES",
        help="shape of an input with other open axes, for example x=1,3,32,32; may be repeated",
    )
    parser.add_argument(
        "--max-error", "--tolerance", type=float, help="largest mean relative error on the samples, for example 0.005"
    )


def run(options: argparse.Namespace, console: Console) -> None:
    """Compiles and writes the compiled model."""
    out = options.out or options.model.with_suffix(files.COMPILED.suffix)
    samples = by_input(read_arrays(options.calibrate))
    with console.progress() as progress:
        model = compile_model(
            options.model,
            samples,
            inputs=options.inputs,
            outputs=options.outputs,
            weights=options.weights,
            options=QuantizationOptions(bits=options.bits, headroom=options.headroom),
            select=options.select,
            batch=options.batch,
            input_shapes=dict(options.input_shape),
            max_error=options.max_error,
            progress=progress,
        )
        files.save_model(out, model)
    notes = [*model.graph.notes, *model.program.notes]
    for note in notes:
        console.note(f"note: {note}")
    cost = model.relation.cost
    result = {
        "compiled_model": str(out),
        "bytes": out.stat().st_size,
        "nodes": len(model.graph.nodes),
        "lookups": cost.lookups,
        "table_rows": cost.table_rows,
        "notes": notes,
        "accuracy": None if model.accuracy is None else model.accuracy.to_dict(),
    }
    lines = [f"wrote {out} ({bytes_text(result['bytes'])}): {len(model.graph.nodes)} nodes, {cost.lookups} lookups"]
    if model.accuracy is not None:
        lines.append(f"mean relative error {model.accuracy.mean_relative_error:.2e}")
    console.result(result, lines)


def input_shape(text: str) -> tuple[str, tuple[int, ...]]:
    """Name and sizes from NAME=SIZES."""
    name, _, sizes = text.rpartition("=")
    shape = tuple(int(size) for size in sizes.split(","))
    if not name or min(shape) < 1:
        raise argparse.ArgumentTypeError("a shape is NAME=SIZES, for example x=1,3,32,32")
    return name, shape


def _headroom(text: str) -> float:
    value = float(text)
    if not 1.0 <= value < 1e6:
        raise argparse.ArgumentTypeError("headroom is at least 1")
    return value
