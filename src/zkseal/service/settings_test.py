"""Settings are read strictly, and the environment stands above the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from zkseal.errors import FileUnavailable, InvalidEncoding
from zkseal.service.settings import Settings, load_settings


def test_the_environment_overrides_the_file(tmp_path: Path) -> None:
    path = tmp_path / "service.toml"
    path.write_text('[http]\nport = 1\nhost = "a"\n[limits]\nkey_per_s = 5\n')
    environment = {"ZKSEAL_HTTP_PORT": "2", "ZKSEAL_HTTP_TRUSTED_PROXIES": "10.0.0.1, ::1"}
    settings = load_settings(path, environment | {"ZKSEAL_HTTP_PUBLIC_VERIFYING_KEYS": "false"})
    assert (settings.http.port, settings.http.host) == (2, "a")
    assert settings.http.trusted_proxies == ("10.0.0.1", "::1")
    assert settings.http.public_verifying_keys is False
    assert settings.limits.key_per_s == 5.0


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "service.toml").write_text("")
    settings = load_settings(tmp_path / "service.toml", {})
    assert settings.database_url == f"sqlite:///{tmp_path}/service.sqlite"
    assert settings.artifacts_url == f"{tmp_path}/artifacts"
    other = load_settings(None, {"ZKSEAL_STORAGE_DATABASE": "postgresql://h/n", "ZKSEAL_STORAGE_ARTIFACTS": "s3://b"})
    assert (other.database_url, other.artifacts_url) == ("postgresql://h/n", "s3://b")


def test_without_a_file_everything_has_a_value() -> None:
    assert load_settings(None, {}) == Settings()


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "[htp]",
        "[http]\nprot = 1",
        "[http]\nport = '1'",
        "[http]\nport = true",
        "[http]\nport = 1.5",
        "[http]\ntrusted_proxies = 'x'",
        "[http]\ntrusted_proxies = [1]",
        "[http]\ntrusted_proxies = ['*']",
        "[http]\ntrusted_proxies = ['10.0.0.1/8']",
        "http = 1",
        "[http",
        "\xff",
    ],
)
def test_what_is_no_setting_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "service.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InvalidEncoding):
        load_settings(path, {})


@pytest.mark.parametrize(
    "variable", ["ZKSEAL_HTTP_PORT", "ZKSEAL_HTTP_PUBLIC_VERIFYING_KEYS", "ZKSEAL_LIMITS_KEY_PER_S"]
)
def test_a_variable_of_another_type_is_refused(variable: str) -> None:
    with pytest.raises(InvalidEncoding):
        load_settings(None, {variable: "x"})


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileUnavailable):
        load_settings(tmp_path / "service.toml", {})
