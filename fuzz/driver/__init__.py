"""Builds, seeds, runs and measures the fuzz targets; `rust_targets` and `python_targets` have the same functions."""
