"""Threads of the linear algebra library while a program runs.

OpenBLAS keeps its threads spinning after a product, on the cores that the prover wants next. Programs that are small
gain nothing from several threads, so they run on one.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache

from threadpoolctl import ThreadpoolController

from zkseal.relation import Relation

__all__ = ["blas_controller", "blas_threads"]

SMALL = 1 << 24
"""Committed integers, weights included, up to which a program is small."""


@cache
def blas_controller() -> ThreadpoolController:
    """Found once: looking through all loaded libraries takes milliseconds, and in a sandbox it is possible no more."""
    return ThreadpoolController()


def blas_threads(relation: Relation) -> AbstractContextManager[object]:
    """One thread for the program of a small relation, as many as there are for a large one."""
    if sum(relation.cost.committed.values()) > SMALL:
        return nullcontext()
    limit: AbstractContextManager[object] = blas_controller().limit(limits=1, user_api="blas")
    return limit
