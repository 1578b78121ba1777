"""The version of the installed package; the source of truth is pyproject.toml."""

from importlib.metadata import PackageNotFoundError, version

__all__ = ["__version__"]

try:
    __version__ = version("zkseal")
except PackageNotFoundError:
    __version__ = "0+source"
