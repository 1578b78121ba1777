"""ONNX files in and out.

| module | what it does |
| --- | --- |
| `read` | path, bytes or ModelProto to a checked ModelProto |
| `ml_ops` | operators of `ai.onnx.ml` written with plain ones |
| `inputs`, `outputs` | static input shapes; which values the model returns |
| `widen` | bfloat16 to float32, 2 and 4 bits to 8 |
| `inference` | types and shapes of all values |
| `fold` | nodes on constants become constants |
| `infinities` | infinite constants that have a finite meaning |
| `standardize` | the order of all steps: inline, cut, convert, infer, fold |
| `convert`, `export` | ModelProto to Graph and back |
| `session` | float execution by onnxruntime, every intermediate value included |
"""

from __future__ import annotations

from zkseal.frontends.onnx.export import export
from zkseal.frontends.onnx.load import load
from zkseal.frontends.onnx.session import FloatSession
from zkseal.frontends.onnx.standardize import OPSET

__all__ = ["OPSET", "FloatSession", "export", "load"]
