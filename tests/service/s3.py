"""A server that speaks S3, over a folder: versitygw, compiled from its Go module."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

PROGRAM = Path(__file__).resolve().parents[2] / ".venv-s3" / "versitygw"
ACCESS, SECRET = "zkseal-tests", "zkseal-tests-secret"
START_S = 20.0


def require_program() -> None:
    """Skips a test where the server was not compiled; in continuous integration it has to be there."""
    if PROGRAM.exists():
        return
    if os.environ.get("CI") and not os.environ.get("ZKSEAL_WITHOUT_DEBIAN"):
        pytest.fail("the S3 server is missing: make .venv-s3/versitygw")
    pytest.skip("needs an S3 server: make .venv-s3/versitygw")


class S3Server:
    """A server with one bucket, `artifacts`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._data, sidecar = folder / "data", folder / "sidecar"
        for made in (self._data, sidecar):
            made.mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._command = [PROGRAM, "--access", ACCESS, "--secret", SECRET, "--port", f"127.0.0.1:{self.port}"]
        self._command += ["--quiet", "posix", "--sidecar", sidecar, self._data]
        self.start()
        self.client().create_bucket(Bucket="artifacts")

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, prefix: str) -> str:
        return f"s3://artifacts/{prefix}?endpoint={self.endpoint}&region=us-east-1"

    def client(self):  # type: ignore[no-untyped-def]
        options = {"aws_access_key_id": ACCESS, "aws_secret_access_key": SECRET, "region_name": "us-east-1"}
        config = Config(retries={"max_attempts": 1}, connect_timeout=2, read_timeout=5)
        return boto3.client("s3", endpoint_url=self.endpoint, config=config, **options)

    def start(self) -> None:
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        until = time.monotonic() + START_S
        while True:
            try:
                self.client().list_buckets()
                return
            except (BotoCoreError, ClientError):
                if time.monotonic() > until or self._process.poll() is not None:
                    raise
                time.sleep(0.05)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
