"""Loads a PyTorch module: torch.onnx writes it as ONNX, the ONNX frontend does the rest."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from zkseal.errors import InvalidModel, MissingDependency, UnsupportedOp, WrongInput, ZksealError
from zkseal.frontends.onnx.load import load as load_onnx
from zkseal.graph import Graph

__all__ = ["OUTPUT", "load", "reads", "to_onnx"]

OUTPUT = "output"
"""Name of the value that a module returns; of several, `output_0`, `output_1`, .. or the keys of a dictionary."""

OLDEST = (2, 7)
"""The exporter of older versions does not work with the onnxscript of today."""

Samples = npt.ArrayLike | Mapping[str, npt.ArrayLike]


def reads(model: Any) -> bool:
    """Whether this is a PyTorch module."""
    kinds = type(model).__mro__
    return any(kind.__module__.partition(".")[0] == "torch" and kind.__name__ == "Module" for kind in kinds)


def load(module: Any, *, samples: Samples | None, batch: int = 1, outputs: str | Sequence[str] | None = None) -> Graph:
    """The graph of a module in evaluation mode, for inputs of the shape of the first `batch` samples.

    Inputs are called as the arguments of `forward`. `samples` is an array for the first argument, or arrays by name of
    argument; floating point samples get the type of the module's parameters.

    Raises MissingDependency without torch, InvalidModel without samples, WrongInput when samples are not what
    `forward` takes, UnsupportedOp when the module cannot be written as ONNX.
    """
    return load_onnx(to_onnx(module, samples=samples, batch=batch), batch=batch, outputs=outputs)


def to_onnx(module: Any, *, samples: Samples | None, batch: int = 1) -> onnx.ModelProto:
    """The ONNX model that torch.onnx writes for a module. Raises as `load` does."""
    torch = _torch()
    name = type(module).__name__
    if samples is None:
        raise InvalidModel(f"{name} does not say which shapes it takes. Give `samples`, as for compile.", node=name)
    example = _example(torch, module, samples, batch)
    with _evaluating(module), torch.no_grad():
        names = _output_names(torch, module, example)
        try:
            # Exported here, because torch.onnx may go on to record a single run, in which branches are lost.
            exported = torch.export.export(module, (), kwargs=example, strict=False)
            program = torch.onnx.export(exported, dynamo=True, output_names=names, verbose=False)
        except Exception as error:
            raise UnsupportedOp(
                f"{name} cannot be written as ONNX: {_reason(error)} Change what torch.export cannot follow (branches "
                "that depend on values, calls of other libraries), or export it in another way and compile the file.",
                op=name,
                node=name,
            ) from error
    model: onnx.ModelProto = program.model_proto
    return model


def _example(torch: ModuleType, module: Any, samples: Samples, batch: int) -> dict[str, Any]:
    """One batch of samples as tensors, by name of argument."""
    arguments = inspect.signature(module.forward).parameters
    if not isinstance(samples, Mapping):
        first = next(iter(arguments.values()), None)
        if first is None or first.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            raise WrongInput(f"{type(module).__name__}.forward names no input: give samples by name.", name="")
        samples = {first.name: samples}
    parameter = next((p for p in module.parameters() if p.is_floating_point()), None)
    kind = torch.float32 if parameter is None else parameter.dtype
    device = "cpu" if parameter is None else parameter.device
    example = {}
    for name, values in samples.items():
        array = np.asarray(values)
        if array.dtype.kind not in "biuf":
            raise WrongInput(f"Samples of '{name}' are of type {array.dtype}; numbers are needed.", name=name)
        if array.ndim == 0 or len(array) < batch:
            raise WrongInput(
                f"Samples of '{name}' need a first axis of at least {batch}, which counts samples.",
                name=name,
                expected=batch,
                got=list(array.shape),
            )
        tensor = torch.from_numpy(np.array(array[:batch]))
        example[name] = tensor.to(device=device, dtype=kind if array.dtype.kind == "f" else None)
    return example


def _output_names(torch: ModuleType, module: Any, example: Mapping[str, Any]) -> list[str]:
    """What the values that the module returns for its example are called."""
    name = type(module).__name__
    try:
        result = module(**example)
    except ZksealError:
        raise
    except Exception as error:
        shapes = {key: list(value.shape) for key, value in example.items()}
        raise WrongInput(
            f"{name} fails on samples of the shapes {shapes}: {_reason(error)} Give what its forward takes.",
            name=next(iter(example)),
            got=shapes,
        ) from error
    values = (
        result.values() if isinstance(result, Mapping) else result if isinstance(result, tuple | list) else [result]
    )
    if not all(isinstance(value, torch.Tensor) for value in values):
        raise UnsupportedOp(
            f"{name} returns {type(result).__name__} of things that are not tensors. Wrap it in a module that returns "
            "a tensor, or a tuple or dictionary of tensors.",
            op=name,
            node=name,
        )
    if isinstance(result, Mapping):
        return [str(key) for key in result]
    return [OUTPUT] if len(values) == 1 else [f"{OUTPUT}_{k}" for k in range(len(values))]


@contextmanager
def _evaluating(module: Any) -> Iterator[None]:
    """The module in evaluation mode, and afterwards each part in the mode that it had."""
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.training = mode


def _reason(error: BaseException) -> str:
    """The first line of the error that others were raised from."""
    while error.__cause__ is not None:
        error = error.__cause__
    text = (str(error).strip().splitlines() or [""])[0].rstrip(".")
    return f"{type(error).__name__}: {text}." if text else f"{type(error).__name__}."


def _torch() -> ModuleType:
    install = "Install it: pip install 'zkseal[torch]'."
    try:
        torch = importlib.import_module("torch")
    except ImportError as error:
        raise MissingDependency(f"Loading PyTorch modules needs torch. {install}", package="torch") from error
    if tuple(int(part) for part in torch.__version__.split(".")[:2]) < OLDEST:
        raise MissingDependency(
            f"Loading PyTorch modules needs torch {OLDEST[0]}.{OLDEST[1]} or newer; {torch.__version__} is installed. "
            f"{install}",
            package="torch",
        )
    return torch
