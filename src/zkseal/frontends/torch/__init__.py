"""PyTorch modules as graphs, through `torch.onnx`.

torch is imported only when a module is loaded: who has a module has torch.
"""

from __future__ import annotations

from zkseal.frontends.torch.load import load, reads, to_onnx

__all__ = ["load", "reads", "to_onnx"]
