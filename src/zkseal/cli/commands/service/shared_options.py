"""What `zkseal serve` and the commands of operators share: the settings, and the database that they name."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from zkseal.cli.extras import require_packages
from zkseal.errors import FileUnavailable

if TYPE_CHECKING:
    from zkseal.service.artifacts import Vault
    from zkseal.service.settings import Settings

__all__ = ["SERVICE_PACKAGES", "add_config", "opened", "settings_of"]

SERVICE_PACKAGES = ("fastapi", "uvicorn", "sqlalchemy", "prometheus_client", "cryptography")


def add_config(parser: argparse.ArgumentParser) -> None:
    """Declares --config."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="the settings (default: service.toml of this folder, else those of the environment alone)",
    )


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings that the options name. Raises `FileUnavailable`, `InvalidEncoding`."""
    from zkseal.service.settings import load_settings

    here = Path("service.toml")
    path = options.config or (here if here.exists() else None)
    settings = load_settings(path)
    web_app = getattr(options, "web_app", None)
    if web_app is not None:
        if not web_app.is_dir():
            raise FileUnavailable(f"'{web_app}' is no folder.", path=str(web_app), reason="no folder")
        settings = replace(settings, http=replace(settings.http, web_app=str(web_app.absolute())))
    return settings


@contextlib.contextmanager
def opened(options: argparse.Namespace) -> Iterator[Vault]:
    """Database, artifacts and master keys, closed at the end.

    Raises:
        MissingDependency, MasterKeyRejected, StorageUnavailable, FileUnavailable: what is needed is not there.
    """
    require_packages(SERVICE_PACKAGES, extra="service")
    from zkseal.service.service import opened_vault

    with opened_vault(settings_of(options)) as vault:
        yield vault
