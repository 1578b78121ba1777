"""Building blocks that rules share: each holds an exact integer meaning and the constraints that prove it.

| block | proves |
| --- | --- |
| `rescale` | y = accumulator / 2^s, rounded half up |
| `split` | positive and negative part of a rounded accumulator (Relu, Clip, LeakyRelu, saturation) |
| `maximum` | maximum along windows of an axis |
| `function` | a function of one variable, by a table or by linear interpolation in a table |
| `quotient` | y = n / d, rounded to the nearest or down |
| `root` | y = square root of a value that is not negative |
| `piecewise`, `cells` | any function of one variable, by chords over cells of different width |
| `operands` | operands of elementwise operators, constant or computed, linear where a rule needs it |
| `order`, `signs` | comparisons with zero; sign and magnitude |
| `selection`, `times` | accumulators: one of two values by a bit; products |
| `whole`, `wrap` | rounding to whole numbers; arithmetic modulo 2^n |
| `nibbles` | bitwise functions |
| `tie` | an accumulator as it is |
| `reshape` | views and copies: reshape, transpose, take, tile, pad |
| `fixed` | accumulators: public constants and masks, part of the structure of a model |
| `axis_sum` | accumulator: sum or mean over axes |
| `extremum` | largest or smallest entry of an axis, and which one it is |
| `position` | a computed index of an axis, negative ones counted from the end |
| `choice` | one-hot vectors of computed positions, and what they select |
| `table_read` | entries of a tensor at computed places, by lookups |
"""
