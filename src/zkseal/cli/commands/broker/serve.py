"""Serve a broker over HTTP: challenges and keys for attested machines, the audit log for everybody.

Put a proxy with TLS in front of it. Logs are JSON lines on standard error, without secrets. Ctrl-C and SIGTERM end it
in good order; a kill loses nothing: no key is out without its entry in the log.

example: zkseal broker serve broker --port 8700 --anchor /mnt/other/broker.checkpoint
"""

from __future__ import annotations

import argparse
import sys

from zkseal.cli.commands.broker.shared_options import add_broker, opened
from zkseal.cli.console import Console
from zkseal.cli.extras import require_packages
from zkseal.cli.signals import stopped_by_signals

__all__ = ["configure", "run"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    add_broker(parser)
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="to listen at (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8700, metavar="N", help="0: any that is free (default: 8700)")
    parser.add_argument(
        "--nonce-lifetime",
        type=int,
        default=120,
        metavar="SECONDS",
        help="between challenge and answer, 60 to 300 (default: 120)",
    )
    parser.add_argument(
        "--client-rate",
        type=float,
        default=5.0,
        metavar="N",
        help="requests a second of one address (default: 5)",
    )
    parser.add_argument(
        "--client-at-once",
        type=int,
        default=8,
        metavar="N",
        help="open requests of one address; behind a proxy all have one (default: 8)",
    )
    parser.add_argument(
        "--rate",
        type=float,
        default=100.0,
        metavar="N",
        help="requests a second of all (default: 100)",
    )
    parser.add_argument(
        "--max-request",
        type=int,
        default=1 << 20,
        metavar="BYTES",
        help="longest request for a key; evidence of eight GPUs has a tenth of it (default: 1048576)",
    )
    parser.add_argument(
        "--body-timeout",
        type=float,
        default=5.0,
        metavar="SECONDS",
        help="for the body of a request to arrive (default: 5)",
    )


def run(options: argparse.Namespace, console: Console) -> None:
    """Serves until told to stop.

    Raises:
        MissingDependency: starlette or uvicorn is not installed.
    """
    require_packages(("starlette", "uvicorn"), extra="broker")
    from zkseal.broker import BrokerOptions
    from zkseal.broker.limits import RateLimits
    from zkseal.broker.service import application
    from zkseal.http_server.server import Server
    from zkseal.http_server.telling import Log

    limits = RateLimits(
        per_client_s=options.client_rate,
        per_client_burst=max(1, int(4 * options.client_rate)),
        global_s=options.rate,
        global_burst=max(1, int(2 * options.rate)),
        client_at_once=options.client_at_once,
        max_release_bytes=options.max_request,
        body_timeout_s=options.body_timeout,
    )
    log = Log(sys.stderr)
    with opened(options, BrokerOptions(nonce_lifetime_s=options.nonce_lifetime)) as broker:
        server = Server(application(broker, log, limits), options.host, options.port)
        with stopped_by_signals(server.stop):
            log.event(
                "serving",
                host=options.host,
                port=server.port,
                broker=broker.broker_id.hex(),
                models=[
                    {
                        "model": model.digest.hex(),
                        "name": model.name,
                        "version": model.version,
                        "assurance": model.minimum_assurance.name.lower(),
                    }
                    for model, _ in broker.models()
                ],
            )
            server.run()
        log.event("stopped")
        console.result({"events": dict(log.counters)})
