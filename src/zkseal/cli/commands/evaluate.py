"""Measure the integer program against the float model, per output, on samples.

The proved outputs are bit for bit those of the integer program, so this is the error of what is proved. A report goes
further: error, range and cost of each node, and agreement on changed samples; it goes on where samples leave the
calibrated range.

example: zkseal evaluate model.zkc test.npz --report report.html --min-agreement 0.99
"""

from __future__ import annotations

import argparse
from pathlib import Path

from zkseal import files
from zkseal.cli.console import Console
from zkseal.cli.outputs import require_separate
from zkseal.cli.plot import error_plot
from zkseal.cli.reports import report_format, write_report
from zkseal.cli.samples import by_input, read_arrays
from zkseal.errors import RangeExceeded
from zkseal.files.atomic import together, write_atomically
from zkseal.pipeline import report
from zkseal.pipeline.evaluate import outputs_of, require_tolerance
from zkseal.quantize import measure_accuracy

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.add_argument("compiled_model", type=Path, metavar="model.zkc")
    parser.add_argument("samples", type=Path, help=".npz, .npy, .json or .csv")
    parser.add_argument("--report", type=Path, metavar="FILE", help="report to write: .html, or .json")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="picture to write: .png, .svg or .pdf")
    parser.add_argument("--max-error", type=float, help="fail above this mean relative error")
    parser.add_argument("--min-agreement", type=float, help="fail below this share of equal decisions")
    parser.add_argument(
        "--seed", type=int, default=0, help="of the random changes of samples in the report (default 0)"
    )


def run(options: argparse.Namespace, console: Console) -> None:
    """Evaluates, writes report and plot, and fails if a limit is exceeded."""
    if options.report is not None:
        report_format(options.report)
    model = files.load_model(options.compiled_model)
    samples = by_input(read_arrays(options.samples))
    require_separate((options.report, options.plot), (options.compiled_model, options.samples))
    with console.progress() as progress:
        found = None if options.report is None else report(model, samples, seed=options.seed, progress=progress)
        try:
            expected, actual = outputs_of(model, samples, progress=progress)
        except RangeExceeded:
            if found is not None:  # It says which samples cannot be proved.
                write_report(options.report, found)
            raise
        measured = measure_accuracy(expected, actual)
        with together():
            if options.plot is not None:
                image = error_plot(expected, actual, options.plot.suffix.lstrip("."))
                write_atomically(options.plot, [image], secret=False)
            if found is not None:
                write_report(options.report, found)
        require_tolerance(model, samples, measured, max_error=options.max_error, min_agreement=options.min_agreement)
    columns = ("output", "samples", "mean rel. error", "worst rel. error", "max abs. error", "agreement")
    rows = [
        (
            output.name,
            str(output.samples),
            f"{output.mean_relative_error:.2e}",
            f"{output.worst_relative_error:.2e}",
            f"{output.max_absolute_error:.2e}",
            f"{output.agreement:.2%}",
        )
        for output in measured.outputs
    ]
    console.table(columns, rows)
    console.result(measured.to_dict())
