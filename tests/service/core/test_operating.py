"""Backups and another master key by the commands that operators type, in the order of the guide."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.e2e.command_line import done, refused

from zkseal.errors import FileUnavailable, MasterKeyRejected


@pytest.fixture
def service(tmp_path: Path) -> Path:
    done(tmp_path, "service", "init", "service")
    return tmp_path / "service"


def test_a_service_is_restored_from_its_backup_and_the_master_key_kept_apart(service: Path, tmp_path: Path) -> None:
    config = ("--config", str(service / "service.toml"))
    done(tmp_path, "service", "add-tenant", "acme", *config)
    made = done(tmp_path, "service", "backup", "--out", "backup", *config)
    assert made["database"] == "database.sqlite"
    kept = tmp_path / "kept.key"
    shutil.move(service / "master.key", kept)
    shutil.copy(service / "service.toml", tmp_path / "kept.toml")
    shutil.rmtree(service)
    service.mkdir(mode=0o700)
    shutil.copytree(tmp_path / "backup" / "artifacts", service / "artifacts")
    shutil.copy(tmp_path / "backup" / "database.sqlite", service / "service.sqlite")
    shutil.copy(tmp_path / "kept.toml", service / "service.toml")
    refused(tmp_path, MasterKeyRejected, "service", "tenants", *config)
    shutil.copy(kept, service / "master.key")
    found = done(tmp_path, "service", "tenants", *config)
    assert {"acme", "main"} <= {entry["name"] for entry in found["tenants"]}


def test_another_master_key_takes_over_and_the_old_one_is_needed_no_more(service: Path, tmp_path: Path) -> None:
    config = ("--config", str(service / "service.toml"))
    made = done(tmp_path, "service", "new-master-key", "--out", str(service / "master-2.key"))
    refused(tmp_path, FileUnavailable, "service", "new-master-key", "--out", str(service / "master-2.key"))
    settings = (service / "service.toml").read_text()
    both = 'master_key_file = "master-2.key"\nearlier_master_key_files = ["master.key"]'
    (service / "service.toml").write_text(settings.replace('master_key_file = "master.key"', both))
    sealed = done(tmp_path, "service", "seal-anew", *config)
    assert (sealed["tenants"], sealed["master_key"]) == (1, made["master_key"])
    (service / "service.toml").write_text(settings.replace('"master.key"', '"master-2.key"'))
    (service / "master.key").unlink()
    assert done(tmp_path, "service", "seal-anew", *config)["tenants"] == 0
    done(tmp_path, "service", "add-key", "main", *config)
