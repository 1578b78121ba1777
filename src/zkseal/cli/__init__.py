"""The command line: arguments in, exit code out.

==============  ================================================================
`main`          dispatch, signals, errors to exit codes
`parser`        the parser of all commands
`commands`      one module a command: `configure` its arguments, `run` it
`console`       results on stdout (text or one JSON object), the rest on stderr
`failure`       what is said when a command fails
`exit_codes`    a number for every error
`samples`       arrays from files
`outputs`       files that are written are none that are read
`reports`       reports as files
`plot`          the picture that `evaluate` draws
==============  ================================================================

Paths belong here; everything below takes and returns values.
"""

from zkseal.cli.main import main

__all__ = ["main"]
