"""Where to cut a program: segments of nearly equal cost, and of those choices the one where the least crosses."""

from __future__ import annotations

import numpy as np

from zkseal.errors import SetupError
from zkseal.segments.uses import Costs, Uses

__all__ = ["choose_cuts"]

SLOWER_BY = 1.05
"""How much of the slowest segment's time is given for smaller boundaries."""
MAX_PLACES = 1024
"""Between so many places all choices are compared, which takes the square of their number in memory."""


def choose_cuts(uses: Uses, count: int) -> tuple[int, ...]:
    """The `count - 1` cuts between `count` segments.

    A segment costs what its steps cost and what crosses at both of its ends. First the slowest segment is made as fast
    as possible; then, of all choices that are at most `SLOWER_BY` slower, that with the least crossing in all.

    Raises:
        SetupError: the program cannot be cut so often.
    """
    cuts = _thinned(uses, max(MAX_PLACES, 2 * count))
    places = [0, *cuts, uses.steps]
    if len(places) - 1 < count:
        shared = uses.shared_weights
        why = f" Weights that several of its steps read, '{shared[0]}' for one, keep them together." if shared else ""
        raise SetupError(
            f"This model cannot be split into {count} segments; at most {len(places) - 1} are possible.{why} Ask for "
            "fewer segments.",
            segments=count,
            possible=len(places) - 1,
        )
    crossing = uses.crossing_costs[places]
    total = np.concatenate([[0.0], np.cumsum(uses.costs)])[places]
    # spent[a, b]: the cost of a segment between places a and b; infinite unless a < b.
    spent = total[None, :] - total[:, None] + crossing[:, None] + crossing[None, :]
    spent[np.tril_indices(len(places))] = np.inf
    slowest, _ = _best(np.maximum, spent, count)
    allowed = np.where(spent <= SLOWER_BY * slowest, crossing[:, None], np.inf)
    _, chosen = _best(np.add, allowed, count)
    return tuple(places[k] for k in chosen)


def _thinned(uses: Uses, most: int) -> list[int]:
    """At most so many cuts: of neighbours those where the least crosses."""
    cuts = uses.cuts
    width = -(-len(cuts) // most) or 1
    groups = (cuts[first : first + width] for first in range(0, len(cuts), width))
    return [min(group, key=lambda cut: uses.crossing_costs[cut]) for group in groups]


def _best(join: np.ufunc, cost: Costs, count: int) -> tuple[float, list[int]]:
    """The least joined cost of a chain of `count` segments from the first place to the last, and its inner places."""
    reached = cost[0]
    before: list[Costs] = []
    for _ in range(count - 1):
        through = join(reached[:, None], cost)
        before.append(through.argmin(axis=0))
        reached = through.min(axis=0)
    chosen = [len(cost) - 1]
    for step in reversed(before):
        chosen.append(int(step[chosen[-1]]))
    return float(reached[-1]), chosen[:0:-1]
