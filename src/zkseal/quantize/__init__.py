"""From floats to integers: calibration statistics, scales, exact integer arithmetic and accuracy reports.

| module | content |
| --- | --- |
| `options` | `QuantizationOptions`: bits, headroom |
| `calibration` | `Calibration`: what the float model was seen to do on samples |
| `scales` | exponents of activations and weights (value = integer * 2^-exponent) |
| `integers` | exact rounding, matrix products and convolutions on int64 arrays at BLAS speed |
| `report` | `AccuracyReport`: error of the integer program against the float model |

Arrays of float values come from the caller (`frontends.onnx.FloatSession`); nothing here imports a frontend.
"""

from __future__ import annotations

from zkseal.quantize.calibration import Calibration, values_to_calibrate
from zkseal.quantize.options import QuantizationOptions
from zkseal.quantize.report import AccuracyReport, OutputAccuracy, measure_accuracy

__all__ = [
    "AccuracyReport",
    "Calibration",
    "OutputAccuracy",
    "QuantizationOptions",
    "measure_accuracy",
    "values_to_calibrate",
]
