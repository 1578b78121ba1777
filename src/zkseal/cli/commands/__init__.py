"""The commands, one module each: `configure(parser)` declares the arguments, `run(options, console)` does the work."""
