"""The classes of which programs consist, by the module that defines them.

A file names a class; what that name means is looked up here, and the module is imported because it stands here. A test
walks the package and fails on a step, an accumulator or a move that is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module

from zkseal.errors import InvalidEncoding

__all__ = ["MODULES", "class_of"]

PACKAGE = "zkseal.lowering"

MODULES: Mapping[str, tuple[str, ...]] = {
    "accumulators": ("Constant", "Offset", "Product", "Scaled", "Sum"),
    "blocks.axis_maximum": ("AxisMaximum",),
    "blocks.axis_sum": ("AxisSum",),
    "blocks.cells": ("Cells",),
    "blocks.choice": ("OneHot", "Selected"),
    "blocks.contraction": ("Contraction", "Side"),
    "blocks.convolution": ("Convolution",),
    "blocks.exponential": ("Exponential",),
    "blocks.extremum": ("Extremum",),
    "blocks.forest": ("Forest",),
    "blocks.function": ("Interpolated", "TableLookup"),
    "blocks.masked": ("Masked",),
    "blocks.maximum": ("MaximumChain",),
    "blocks.nibbles": ("Nibbles",),
    "blocks.order": ("Greater", "ThreeWay"),
    "blocks.piecewise": ("Piecewise",),
    "blocks.position": ("Position",),
    "blocks.quotient": ("Quotient",),
    "blocks.rescale": ("Rescale",),
    "blocks.reshape": ("MoveStep", "Pad", "Permute", "Reshape", "Take", "Tile"),
    "blocks.root": ("Root",),
    "blocks.saturate": ("Saturate",),
    "blocks.selection": ("Selection",),
    "blocks.shares": ("AxisTotal", "ReciprocalOfSum"),
    "blocks.split": ("Split",),
    "blocks.spread": ("Deviation", "Standardized"),
    "blocks.staircase": ("Staircase",),
    "blocks.table_read": ("TableRead",),
    "blocks.tie": ("Tie",),
    "blocks.times": ("Times",),
    "blocks.whole": ("NearestEven",),
    "blocks.window_maximum": ("WindowMaximum",),
    "blocks.wrap": ("Wrap",),
    "rules.average_pool": ("WindowSum",),
    "rules.concat": ("Concat",),
    "rules.conv_transpose": ("TransposedConvolution",),
    "rules.cum_sum": ("CumSum",),
    "rules.dynamic_quantize_linear": ("DynamicQuantization",),
    "rules.max_pool": ("MaxPool",),
    "rules.scatter": ("Placed", "Touched"),
    "rules.softmax": ("Binary",),
    "rules.top_k": ("TopK",),
    "rules.tree_ensemble": ("TreePaths",),
    "values": ("Parameter", "Quantized", "Stored"),
    "windows": ("Windows",),
}

_MODULE_OF = {name: module for module, names in MODULES.items() for name in names}


@cache
def class_of(name: str) -> type:
    """The class that is called `name` in files. Raises `InvalidEncoding` if there is none."""
    if name not in _MODULE_OF:
        raise InvalidEncoding(f"A program has no parts of class {name!r}.", reason="program")
    found: type = getattr(import_module(f"{PACKAGE}.{_MODULE_OF[name]}"), name)
    return found
