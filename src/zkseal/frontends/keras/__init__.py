"""Keras models as graphs, through Keras' own export to ONNX (tf2onnx with TensorFlow behind it).

Keras is never imported: who has a model has it.
"""

from __future__ import annotations

from zkseal.frontends.keras.load import load, reads, to_onnx

__all__ = ["load", "reads", "to_onnx"]
