"""Every lowering rule on graphs of random shapes.

| module | what it draws |
| --- | --- |
| `drawn` | the table of operators, and what all draws share |
| `elementwise` | functions of one variable, operators of two, comparisons, logic, bits |
| `linear` | products of matrices, convolutions, pooling, sums |
| `layout` | what moves entries: Reshape, Slice, Gather, Scatter, .. |
| `rows` | what looks at whole rows: Softmax, normalization, TopK, trees |
| `quantized` | models that are quantized already |
"""
