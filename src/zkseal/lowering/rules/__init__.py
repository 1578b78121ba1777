"""One rule a file; `lowering.registry` imports them all. Each docstring says what is lowered, the constraints and
what fixes every hint, the assumptions on ranges, the cost, and an example."""
