"""Brings two-dimensional linear layers into one form: Gemm(x, W[k, n], bias[n]) with no other attribute."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from zkseal.graph.edit import Editor
from zkseal.graph.types import Graph, Node


def fuse_linear(graph: Graph) -> Graph:
    """`graph` with MatMul(x, W) + bias and Gemm of constant W as plain Gemm nodes.

    Only two-dimensional x and constant two-dimensional W; a bias of another shape stays an Add of its own.
    Transposes, alpha and beta go into the constants; transA stays.
    """
    edit = Editor(graph)
    for node in graph.nodes:
        if node.op == "Gemm":
            _normalize_gemm(edit, node)
        elif node.op == "MatMul":
            _matmul_to_gemm(edit, node)
    for node in list(edit.nodes):
        if node.op == "Gemm" and len(node.inputs) == 2:
            _absorb_bias(edit, node)
    return edit.build()


def _normalize_gemm(edit: Editor, node: Node) -> None:
    weight = edit.constant(node.inputs[1])
    if weight is None:
        return
    attributes = {name: value for name, value in node.attributes.items() if name == "transA" and value}
    alpha, beta = node.attributes.get("alpha", 1.0), node.attributes.get("beta", 1.0)
    assert isinstance(alpha, float)
    assert isinstance(beta, float)
    inputs = [node.inputs[0], node.inputs[1]]
    if node.attributes.get("transB", 0) or alpha != 1.0:
        array = weight.T if node.attributes.get("transB", 0) else weight
        inputs[1] = edit.add_initializer(f"{node.inputs[1]}_kn", _scaled(array, alpha))
    if len(node.inputs) > 2 and node.inputs[2]:
        bias = edit.constant(node.inputs[2])
        columns = edit.values[node.outputs[0]].shape[1]
        if bias is None:
            if beta != 1.0:
                return
            inputs.append(node.inputs[2])
        elif beta != 1.0 or bias.shape != (columns,):
            if bias.ndim == 2 and bias.shape[0] > 1:
                return
            inputs.append(edit.add_initializer(f"{node.inputs[2]}_n", _row(_scaled(bias, beta), columns)))
        else:
            inputs.append(node.inputs[2])
    new = replace(node, inputs=tuple(inputs), attributes=attributes)
    if new != node:
        edit.substitute(node, new)


def _scaled(array: npt.NDArray[Any], factor: float) -> npt.NDArray[Any]:
    if factor == 1.0:
        return np.ascontiguousarray(array)
    return np.ascontiguousarray((array.astype(np.float64) * factor).astype(array.dtype))


def _row(array: npt.NDArray[Any], columns: int) -> npt.NDArray[Any]:
    return np.broadcast_to(array.reshape(-1), (columns,)).copy()


def _matmul_to_gemm(edit: Editor, node: Node) -> None:
    weight, value = edit.constant(node.inputs[1]), edit.values[node.inputs[0]]
    is_float = value.dtype in ("float32", "float64", "float16")
    if weight is not None and weight.ndim == 2 and len(value.shape) == 2 and is_float:
        edit.substitute(node, replace(node, op="Gemm"))


def _absorb_bias(edit: Editor, node: Node) -> None:
    """Gemm(x, W) + bias, where the sum is the only reader of the product."""
    product = node.outputs[0]
    readers = edit.consumers(product)
    if len(readers) != 1 or readers[0].op != "Add" or not edit.only_used_by(product, readers[0]):
        return
    add = readers[0]
    other = add.inputs[1] if add.inputs[0] == product else add.inputs[0]
    bias, columns = edit.constant(other), edit.values[product].shape[1]
    if bias is None or edit.values[add.outputs[0]].shape != edit.values[product].shape:
        return
    if bias.size not in (1, columns) or (bias.ndim and bias.shape[-1] != bias.size):
        return
    row = other if bias.shape == (columns,) else edit.add_initializer(f"{other}_n", _row(bias, columns))
    edit.remove(add)
    edit.substitute(node, replace(node, inputs=(*node.inputs, row), outputs=add.outputs))
