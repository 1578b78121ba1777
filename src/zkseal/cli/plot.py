"""The picture that `evaluate` draws: for each output, integer program against float model, and the error's spread."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.errors import InvalidEncoding, MissingDependency

__all__ = ["FORMATS", "error_plot"]

FORMATS = ("png", "svg", "pdf")


def error_plot(
    expected: Mapping[str, npt.NDArray[Any]], actual: Mapping[str, npt.NDArray[Any]], image_format: str
) -> bytes:
    """The bytes of the picture.

    Raises:
        InvalidEncoding: a format that is not drawn.
        MissingDependency: matplotlib is not installed.
    """
    if image_format not in FORMATS:
        raise InvalidEncoding(
            f"Pictures are drawn as {', '.join(FORMATS)}, not '{image_format}'. Choose another ending.", reason="format"
        )
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingDependency(
            "The plot needs matplotlib. Install it: pip install 'zkseal[plot]'.", package="matplotlib"
        ) from error
    figure = Figure(figsize=(9, 3.6 * len(expected)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(expected), 2, squeeze=False)
    for (left, right), (name, reals) in zip(axes, expected.items(), strict=True):
        x, y = reals.astype(np.float64).ravel(), actual[name].astype(np.float64).ravel()
        left.plot(x, y, ".", markersize=3, alpha=0.6)
        limits = [float(min(x.min(), y.min())), float(max(x.max(), y.max()))]
        left.plot(limits, limits, color="grey", linewidth=0.7)
        left.set(xlabel="float model", ylabel="proved program", title=name)
        right.hist(y - x, bins=60)
        right.set(xlabel="error", ylabel="values", title=f"largest {np.abs(y - x).max():.2e}")
    stream = io.BytesIO()
    figure.savefig(stream, format=image_format, dpi=120)
    return stream.getvalue()
