"""The command line: arguments in, exit code out.

==============  ================================================================
`main`          parser, dispatch, signals, errors to exit codes
`commands`      one module a command: `configure` its arguments, `run` it
`console`       results on stdout (text or one JSON object), the rest on stderr
`exit_codes`    a number for every error
`samples`       arrays from files
`plot`          the picture that `evaluate` draws
==============  ================================================================

Paths belong here; everything below takes and returns values.
"""

from zkseal.cli.main import main

__all__ = ["main"]
