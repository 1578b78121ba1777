"""The stages of the slow prover of `tests/conformance/slow_prover.py`. For tests only: neither fast nor careful."""
