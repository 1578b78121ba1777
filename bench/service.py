"""`python -m bench.service`: verifications of a real receipt by a real server process, under more load than it takes.

Open loop: requests are due by a schedule (exponential gaps, seeded) whether or not earlier ones are answered, and a
client's time counts from when a request was due. 200 connections, one process for all of them on the same cores. The
server's own time is that of its metrics: from the head of a request until the answer is made, accepted verifications
only; a percentile is the upper bound of the bucket that it lies in. Memory is read every second.

Exit code 1 if less than 20 verifications a second were accepted, if anything else than 200 or a stated 429 was
answered, if the 99th percentile of the server's time is 100 ms or more, or, after two minutes, if memory grows.
With --small it runs for twenty seconds, and judges answers but no times: for machines that others work on too.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

import zkseal
from bench.machine import describe_machine, describe_software
from bench.models import SUBJECTS
from zkseal import files

MODEL = "mlp_credit"
CONTEXT = b"load"
MIN_ACCEPTED_PER_S = 20.0
MAX_P99_S = 0.100
MAX_GROWTH_MIB_PER_MIN = 2.0
SMALL_S = 20.0
LEAST_S_FOR_MEMORY = 120.0
"""In the first minute caches and pools of memory fill."""
LIMITS = """
[limits]
address_per_s = 100000.0
address_burst = 100000
address_at_once = 100000
key_per_s = 100000.0
key_burst = 100000
"""
"""All clients have one address and one key here; what bounds the load is the admission of verifications alone."""


@dataclass
class Server:
    """The process that is measured."""

    url: str
    api_key: str
    process: subprocess.Popen[str] = field(repr=False)

    @property
    def rss_mib(self) -> float:
        """Resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found[1]) / 1024 if found else float("nan")

    @property
    def cpu_s(self) -> float:
        """Processor time that it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def metrics(self) -> str:
        """The exposition."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        return httpx.get(f"{self.url}/metrics", headers=headers, timeout=30, trust_env=False).text


@contextlib.contextmanager
def server(folder: Path) -> Iterator[Server]:
    """`zkseal serve` in a process of its own, as operators start it."""
    zkseal_command = [sys.executable, "-m", "zkseal"]
    made = subprocess.run(
        [*zkseal_command, "service", "init", str(folder), "--json"], check=True, capture_output=True, text=True
    )
    settings = folder / "service.toml"
    settings.write_text(settings.read_text() + LIMITS)
    command = [*zkseal_command, "serve", "--config", str(settings), "--port", "0", "--role", "http", "--json"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["url"]
            yield Server(url, json.loads(made.stdout)["api_key"], process)
        finally:
            process.terminate()
            process.wait(60)


def prepare(target: Server, folder: Path) -> bytes:
    """Registers the model; the bytes of one request that verifies a receipt of it."""
    subject = SUBJECTS[MODEL]
    data = subject.data()
    key, _ = zkseal.setup(zkseal.compile(data.model, data.calibration, **subject.options))
    files.save_verifying_key(folder / "model.zkv", key.verifying_key)
    headers = {"Authorization": f"Bearer {target.api_key}"}
    content = (folder / "model.zkv").read_bytes()
    httpx.post(f"{target.url}/v1/models", content=content, headers=headers, trust_env=False).raise_for_status()
    receipt = zkseal.prove(key, data.held_out[: subject.batch], context=CONTEXT).receipt
    coded = {"receipt": base64.b64encode(receipt.to_cbor()).decode(), "context": base64.b64encode(CONTEXT).decode()}
    body = json.dumps(coded).encode()
    head = (
        "POST /v1/verifications HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {target.api_key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@dataclass
class Observed:
    """What clients saw: answers by status, and for each accepted one the seconds since it was due."""

    statuses: Counter[str] = field(default_factory=Counter)
    accepted_s: list[float] = field(default_factory=list)
    without_retry_after: int = 0
    reopened: int = 0
    rss_mib: list[tuple[float, float]] = field(default_factory=list)

    def note(self, head: bytes, due_at: float) -> None:
        """Counts an answer."""
        status = head[9:12].decode()
        self.statuses[status] += 1
        if status == "200":
            self.accepted_s.append(time.perf_counter() - due_at)
        elif status == "429" and b"\r\nretry-after: " not in head.lower():
            self.without_retry_after += 1


async def connection(port: int, request: bytes, due: asyncio.Queue[float | None], seen: Observed) -> None:
    """One connection: sends what is due on it, in order, and reads the answers.

    The server closes connections that are idle for long. One that it closed as the request was on its way is opened
    anew, as every HTTP client does; the time that this takes counts.
    """
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while (at := await due.get()) is not None:
        for fresh in (False, True):
            try:
                if fresh or writer.is_closing() or reader.at_eof():
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(request)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(re.search(rb"content-length: (\d+)", head.lower())[1])  # type: ignore[index]
                await reader.readexactly(length)
            except (OSError, asyncio.IncompleteReadError) as error:
                seen.reopened += 1
                if fresh:
                    seen.statuses[type(error).__name__] += 1
            else:
                seen.note(head, at)
                break
    writer.close()


async def load(target: Server, request: bytes, *, seconds: float, rate: float, connections: int) -> Observed:
    """Sends requests by their schedule."""
    seen, port = Observed(), int(target.url.rpartition(":")[2])
    queues: list[asyncio.Queue[float | None]] = [asyncio.Queue() for _ in range(connections)]
    workers = [asyncio.create_task(connection(port, request, queue, seen)) for queue in queues]
    draw = random.Random(7)
    began = time.perf_counter()
    at, number, next_look = began, 0, 0.0
    while at < began + seconds:
        at += draw.expovariate(rate)
        wait = at - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        queues[number % connections].put_nowait(at)
        number += 1
        if (passed := time.perf_counter() - began) >= next_look:
            seen.rss_mib.append((passed, target.rss_mib))
            next_look = passed + 1
    for queue in queues:
        queue.put_nowait(None)
    await asyncio.gather(*workers)
    return seen


def buckets(exposition: str) -> dict[float, float]:
    """Accepted verifications by the upper bound of their time, cumulative."""
    found = re.findall(r'zkseal_verification_seconds_bucket\{le="([^"]+)"\} (\S+)', exposition)
    return {float(bound): float(count) for bound, count in found}


def percentile(before: dict[float, float], after: dict[float, float], share: float) -> float:
    """Upper bound of the bucket in which it lies, in seconds."""
    total = after[float("inf")] - before.get(float("inf"), 0.0)
    return next(b for b in sorted(after) if after[b] - before.get(b, 0.0) >= share * total)


def slope_per_min(points: Sequence[tuple[float, float]]) -> float:
    """Of memory over time by least squares, without the first fifth, in which caches and pools fill."""
    settled = points[len(points) // 5 :]
    return float(np.polyfit([x for x, _ in settled], [y for _, y in settled], 1)[0] * 60) if len(settled) > 2 else 0.0


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The row. Times in seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with server(folder / "service") as target:
            request = prepare(target, folder)
            chosen = {"rate": options.rate, "connections": options.connections}
            asyncio.run(load(target, request, seconds=min(5, options.seconds), **chosen))
            before, cpu_s, mine_s = buckets(target.metrics()), target.cpu_s, time.process_time()
            seen = asyncio.run(load(target, request, seconds=options.seconds, **chosen))
            cpu_s, mine_s = target.cpu_s - cpu_s, time.process_time() - mine_s
            after = buckets(target.metrics())
    accepted = seen.statuses["200"]
    client_s = sorted(seen.accepted_s) or [float("nan")]
    return {
        "model": MODEL,
        "seconds": options.seconds,
        "connections": options.connections,
        "offered_per_s": options.rate,
        "accepted_per_s": accepted / options.seconds,
        "refused_429": seen.statuses["429"],
        "other_answers": {k: v for k, v in seen.statuses.items() if k not in ("200", "429")},
        "reopened_connections": seen.reopened,
        "without_retry_after": seen.without_retry_after,
        "server_p50_s": percentile(before, after, 0.50),
        "server_p99_s": percentile(before, after, 0.99),
        "client_p50_s": client_s[len(client_s) // 2],
        "client_p99_s": client_s[int(0.99 * (len(client_s) - 1))],
        "server_cores": cpu_s / options.seconds,
        "client_cores": mine_s / options.seconds,
        "rss_first_mib": seen.rss_mib[0][1],
        "rss_last_mib": seen.rss_mib[-1][1],
        "rss_slope_mib_per_min": slope_per_min(seen.rss_mib),
    }


def failures(row: dict[str, Any], *, small: bool = False) -> list[str]:
    """What of the promise does not hold."""
    checks = {
        "verifications are accepted": row["accepted_per_s"] > 0,
        "no answer but 200 and 429": not row["other_answers"],
        "every 429 says when to ask again": row["without_retry_after"] == 0,
    }
    if not small:
        checks |= {
            f"at least {MIN_ACCEPTED_PER_S} accepted a second": row["accepted_per_s"] >= MIN_ACCEPTED_PER_S,
            f"99 % of accepted ones within {MAX_P99_S} s of the server": row["server_p99_s"] < MAX_P99_S,
        }
    if not small and row["seconds"] >= LEAST_S_FOR_MEMORY:
        flat = row["rss_slope_mib_per_min"] < MAX_GROWTH_MIB_PER_MIN
        checks[f"memory grows by less than {MAX_GROWTH_MIB_PER_MIN} MiB a minute"] = flat
    return [name for name, holds in checks.items() if not holds]


def main() -> int:
    """Returns 0 if the promise holds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--rate", type=float, default=100.0, help="requests a second that are offered")
    parser.add_argument("--connections", type=int, default=200)
    parser.add_argument("--small", action="store_true", help="twenty seconds, and no time is judged")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.seconds = SMALL_S if options.small else options.seconds
    row = measure(options)
    shown = {**row, "machine": describe_machine(), "software": describe_software()}
    print(json.dumps(shown, indent=2) if options.json else "\n".join(f"{name:<24}{row[name]}" for name in row))
    missed = failures(row, small=options.small)
    for name in missed:
        print(f"does not hold: {name}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
