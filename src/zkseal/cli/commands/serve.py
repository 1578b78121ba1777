"""Serve: proofs, verifications, models and jobs over HTTP, for tenants with API keys.

`zkseal service init` makes what this needs. Logs are JSON lines on standard error, without anything of what was sent.
Put a proxy with TLS in front of it. SIGTERM and Ctrl-C end it in good order, twice: sooner; a kill loses nothing.

example: zkseal serve --config service/service.toml
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from zkseal.cli.commands.service.shared_options import SERVICE_PACKAGES, add_config, settings_of
from zkseal.cli.console import Console
from zkseal.cli.extras import require_packages
from zkseal.cli.signals import stopped_by_signals

__all__ = ["configure", "run"]

ROLES = ("all", "http", "worker")


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    add_config(parser)
    parser.add_argument("--host", metavar="ADDRESS", help="to listen at (default: that of the settings)")
    parser.add_argument("--port", type=int, metavar="N", help="0: any that is free (default: that of the settings)")
    parser.add_argument(
        "--role", choices=ROLES, default="all", help="answer requests, work on jobs, or both (default: all)"
    )
    parser.add_argument("--web-app", type=Path, metavar="FOLDER", help="the built web app, served at /")


def run(options: argparse.Namespace, console: Console) -> None:
    """Serves until told to stop.

    Raises:
        MissingDependency: a package of the extra `service` is not installed.
        MasterKeyRejected, NotFound, StorageUnavailable, FileUnavailable: what it needs is not there.
    """
    require_packages(SERVICE_PACKAGES, extra="service")
    from zkseal._version import __version__
    from zkseal.service.observing import ServiceLog, capture_libraries
    from zkseal.service.serving import running

    settings = settings_of(options)
    host = options.host or settings.http.host
    port = settings.http.port if options.port is None else options.port
    log = ServiceLog(sys.stderr)
    with running(settings, log, options.role, host=host, port=port) as process:
        capture_libraries(log)
        url = None if process.port is None else f"http://{host}:{process.port}"
        lines = [f"serving at {url}" if url else "working"]
        console.result({"url": url, "role": options.role, "version": __version__}, lines)
        sys.stdout.flush()
        with stopped_by_signals(process.stop):
            log.event("started", role=options.role, host=host, port=process.port, version=__version__)
            process.run()
        log.event("stopped", role=options.role)
