"""A second executor of compiled models, which shares no code with zkseal: plain loops over numpy int64.

It is given what a compiled model publishes and nothing else: the ONNX graph, the canonical bytes of the relation with
the names of its tensors, and the integer weights. From these and docs/decisions/quantization.md it computes the
integers of the outputs again. On the way it shows that the integer weights are the float weights of the ONNX graph,
rounded half up at one power of two for each tensor, and that all powers of two fit together from input to output.

=============  ==============================================================================
`published`    scales, shifts and bounds as the relation's bytes say them (read by the reference's decoder)
`arithmetic`   contraction, convolution, maximum and rounding of integers
`executor`     the ONNX graph, node by node
=============  ==============================================================================
"""

from tests.e2e.second_executor.executor import Executor
from tests.e2e.second_executor.published import Published, Rounding

__all__ = ["Executor", "Published", "Rounding"]
