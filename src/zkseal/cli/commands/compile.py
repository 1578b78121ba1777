"""Turn an ONNX model and samples into a program that can be proved.

The samples show the ranges of all values; a hundred typical ones do. By default input and weights are hidden and the
output is public. The result holds the weights: keep it to yourself.

With --max-error or --min-agreement nothing is written if the program is less exact on the samples. With --bits mixed
values get 8 bits in place of 16 where that keeps the tolerance and makes proofs faster. A report says what is how exact
and what makes proofs slow.

example: zkseal compile model.onnx --calibrate samples.npz --max-error 0.005 --report report.html
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

from zkseal import files
from zkseal.cli.console import Console, bytes_text
from zkseal.cli.outputs import require_separate
from zkseal.cli.reports import report_format, write_report
from zkseal.cli.samples import by_input, read_arrays
from zkseal.errors import InvalidEncoding
from zkseal.files.atomic import together
from zkseal.pipeline import CompiledModel, report
from zkseal.pipeline import compile as compile_model
from zkseal.quantize import QuantizationOptions

__all__ = ["configure", "input_shape", "run"]

VISIBILITIES = ("private", "public")
MIXED = "mixed"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("model", type=Path, help="ONNX file, or a saved model of XGBoost (.json) or LightGBM (.txt)")
    parser.add_argument("--calibrate", type=Path, required=True, metavar="FILE", help=".npz, .npy, .json or .csv")
    parser.add_argument("--out", type=Path, help="compiled model to write (default: the model's name with .zkc)")
    parser.add_argument("--inputs", choices=VISIBILITIES, default="private")
    parser.add_argument("--outputs", choices=VISIBILITIES, default="public")
    parser.add_argument("--weights", choices=VISIBILITIES, default="private")
    accuracy = parser.add_argument_group("accuracy")
    accuracy.add_argument(
        "--bits", type=_bits, default=16, metavar="BITS", help="of activations, 4 to 16 (default 16), or mixed"
    )
    accuracy.add_argument(
        "--headroom", type=_headroom, default=2.0, help="factor beyond the calibrated range (default 2)"
    )
    accuracy.add_argument(
        "--percentile",
        type=_percentile,
        default=100.0,
        help="share of the entries of a computed value that its range is for, 50 to 100, for example 99.9; entries "
        "beyond it times the headroom are clamped by the proved program (default 100: nothing is clamped)",
    )
    accuracy.add_argument(
        "--max-error",
        "--tolerance",
        type=_share,
        metavar="SHARE",
        help="largest mean relative error of an output on the samples, for example 0.005",
    )
    accuracy.add_argument(
        "--min-agreement",
        type=_share,
        metavar="SHARE",
        help="least share of samples with the same decision, for example 0.99",
    )
    accuracy.add_argument("--trials", type=_trials, default=40, help="programs that --bits mixed may try (default 40)")
    accuracy.add_argument("--report", type=Path, metavar="FILE", help="report on the samples to write: .html or .json")
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


def run(options: argparse.Namespace, console: Console) -> None:
    """Compiles and writes the compiled model, and a report if one is asked for."""
    out = options.out or options.model.with_suffix(files.COMPILED.suffix)
    mixed = options.bits == MIXED
    if mixed and options.max_error is None and options.min_agreement is None:
        raise InvalidEncoding(
            "--bits mixed needs to know what is exact enough. Give --max-error, --min-agreement or both.",
            reason="no tolerance",
        )
    if options.report is not None:
        report_format(options.report)
    samples = by_input(read_arrays(options.calibrate))
    require_separate((out, options.report), (options.model, options.calibrate))
    with console.progress() as progress:
        model = compile_model(
            options.model,
            samples,
            inputs=options.inputs,
            outputs=options.outputs,
            weights=options.weights,
            options=QuantizationOptions(
                bits=16 if mixed else options.bits, headroom=options.headroom, percentile=options.percentile
            ),
            select=options.select,
            batch=options.batch,
            input_shapes=dict(options.input_shape),
            max_error=options.max_error,
            min_agreement=options.min_agreement,
            precision="mixed" if mixed else "uniform",
            trials=options.trials,
            progress=progress,
        )
        with together():
            if options.report is not None:
                write_report(options.report, report(model, samples, progress=progress))
            files.save_model(out, model)
    _show(model, out, console)


def _show(model: CompiledModel, out: Path, console: Console) -> None:
    for note in (*model.graph.notes, *model.program.notes):
        console.note(f"note: {note}")
    cost, narrow, size = model.relation.cost, model.options.tensor_bits, out.stat().st_size
    result = {
        "compiled_model": str(out),
        "bytes": size,
        "nodes": len(model.graph.nodes),
        "lookups": cost.lookups,
        "table_rows": cost.table_rows,
        "notes": [*model.graph.notes, *model.program.notes],
        "tensor_bits": dict(narrow),
        "accuracy": None if model.accuracy is None else model.accuracy.to_dict(),
    }
    lines = [f"wrote {out} ({bytes_text(size)}): {len(model.graph.nodes)} nodes, {cost.lookups} lookups"]
    if narrow:
        lines.append(f"{len(narrow)} values with {min(narrow.values())} bits, others with {model.options.bits}")
    if model.accuracy is not None:
        accuracy = model.accuracy
        lines.append(f"mean relative error {accuracy.mean_relative_error:.2e}, agreement {accuracy.agreement:.2%}")
    console.result(result, lines)


def input_shape(text: str) -> tuple[str, tuple[int, ...]]:
    """Name and sizes from NAME=SIZES."""
    name, _, sizes = text.rpartition("=")
    shape = tuple(int(size) for size in sizes.split(","))
    if not name or min(shape) < 1:
        raise argparse.ArgumentTypeError("a shape is NAME=SIZES, for example x=1,3,32,32")
    return name, shape


def _bits(text: str) -> int | str:
    if text == MIXED:
        return MIXED
    return int(_number(text, 4, 16, "bits are 4 to 16, or mixed", whole=True))


def _headroom(text: str) -> float:
    return _number(text, 1.0, 1e6, "headroom is at least 1")


def _percentile(text: str) -> float:
    return _number(text, 50.0, 100.0, "a percentile is 50 to 100")


def _share(text: str) -> float:
    return _number(text, 0.0, 1e6, "a share is not negative, for example 0.01")


def _trials(text: str) -> int:
    return int(_number(text, 2, 10_000, "trials are at least 2", whole=True))


def _number(text: str, least: float, most: float, what: str, *, whole: bool = False) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most or (whole and value != int(value)):
        raise argparse.ArgumentTypeError(what)
    return value
