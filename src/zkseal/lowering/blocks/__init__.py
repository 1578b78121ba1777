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
| `reshape` | views and copies |
"""
