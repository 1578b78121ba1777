"""Limits that have to hold on the machine of a run. `make bench` fails if one does not.

Limits on wall times that a busy machine cannot show are marked instead. What issue 5 aims at is in `targets`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bench.fits import LIMIT, fit_line
from bench.models import SUBJECTS
from bench.results import Record, busy, figure, least
from bench.targets import TARGETS

MAX_PROOF_BYTES = 40_000
MAX_VERIFY_S = 0.050
UNBOUNDED = {"nanogpt", "minilm", "gpt2", "vgg"}
"""Models that are larger than those two limits were promised for: they have targets."""
MAX_PROVE_S = {"cifar": 10.0, "dense": 10.0}
"""Models that ezkl cannot hold in 24 GiB."""
MIN_SPEEDUP = {"mlp_credit": 20.0}
"""How much faster than the fastest measured setting of ezkl."""
MIN_BATCH_GAIN = {"mlp_credit_64": ("mlp_credit", 20.0)}
"""How much less CPU time for each input than a proof of its own takes."""
MIN_THREAD_GAIN = {"nanogpt": 1.8}
"""How much faster with two threads than with one."""


@dataclass(frozen=True)
class Check:
    """One limit: what it says, the figure with its unit, and whether it holds.

    `busy`: other work took so much of the machine that the figure says little. `timed`: the figure is one of time.
    """

    model: str
    limit: str
    figure: str
    holds: bool
    busy: bool = False
    timed: bool = False

    @property
    def failed(self) -> bool:
        """Whether it does not hold although the machine could show it."""
        return not self.holds and not self.busy

    @property
    def verdict(self) -> str:
        """ok, busy or FAILED."""
        return "ok" if self.holds else "busy" if self.busy else "FAILED"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self)


def check(zkseal: Mapping[str, Record], ezkl: Mapping[str, Mapping[str, Record]]) -> list[Check]:
    """All limits for what was measured. Records by model; of ezkl by model and setting.

    Raises:
        MissingFigure: a record lacks a figure that a limit is about.
    """
    return [
        *(each for model, record in zkseal.items() for each in _own(model, record)),
        *_batches(zkseal),
        *_threads(zkseal),
        *_line(zkseal),
        *_predicted(zkseal),
        *(each for model, settings in ezkl.items() if model in zkseal for each in _speedup(model, zkseal, settings)),
    ]


def ezkl_prove_s(record: Record) -> float:
    """Proving time of ezkl as it counts best for ezkl: the proof alone, without reading keys, where ezkl logs it."""
    logged = record["prove"]["logged_proof_s"]
    if all(value is not None for value in logged):
        return figure(record, "prove", "logged_proof_s")
    return figure(record, "prove", "time", "wall_s")


def _own(model: str, record: Record) -> Iterator[Check]:
    if model not in UNBOUNDED:
        size = figure(record, "prove", "proof_bytes")
        yield Check(model, f"proof <= {MAX_PROOF_BYTES} bytes", f"{size:.0f}", size <= MAX_PROOF_BYTES)
        verify = figure(record, "verify", "time", "wall_s")
        holds = verify <= MAX_VERIFY_S
        yield Check(model, f"verify <= {MAX_VERIFY_S * 1e3:.0f} ms", f"{verify * 1e3:.1f} ms", holds, timed=True)
    if model in MAX_PROVE_S:
        prove = figure(record, "prove", "time", "wall_s")
        limit = MAX_PROVE_S[model]
        yield Check(model, f"prove < {limit:.0f} s", f"{prove:.3f} s", prove < limit, timed=True)
    least_agreement, most_error = SUBJECTS[model].min_agreement, SUBJECTS[model].max_error
    if least_agreement is not None:
        agreement = figure(record, "compile", "accuracy", "agreement", zero=True)
        yield Check(model, f"same decision >= {least_agreement:.0%}", f"{agreement:.2%}", agreement >= least_agreement)
    error = figure(record, "compile", "accuracy", "mean_relative_error", zero=True)
    yield Check(model, f"mean error < {most_error:.1%}", f"{error:.4%}", error < most_error)


def _batches(zkseal: Mapping[str, Record]) -> Iterator[Check]:
    for model, (single, limit) in MIN_BATCH_GAIN.items():
        if model not in zkseal or single not in zkseal:
            continue
        batch = zkseal[model]["batch"]
        cpu, wall = (
            least(zkseal[single], "prove", "time", unit) * batch / least(zkseal[model], "prove", "time", unit)
            for unit in ("cpu_s", "wall_s")
        )
        what = f"of {batch}, each >= {limit:.0f} times cheaper than alone, CPU time"
        yield Check(model, what, f"{cpu:.1f} times (wall {wall:.1f})", cpu >= limit, timed=True)


def _threads(zkseal: Mapping[str, Record]) -> Iterator[Check]:
    for model, limit in MIN_THREAD_GAIN.items():
        record = zkseal.get(model, {})
        if "turns" not in record:
            continue
        turns = record["turns"]
        one, more = turns["one_thread"], turns["all_threads"]
        slower, faster = (min(least(time, "wall_s") for time in times) for times in (one, more))
        ratio = slower / faster
        waited = any(busy(time) for time in (*one, *more))
        yield Check(
            model, f"2 threads >= {limit} times as fast as 1", f"{ratio:.2f} times", ratio >= limit, waited, True
        )


def _line(zkseal: Mapping[str, Record]) -> Iterator[Check]:
    """Only of a run that measured every row that the project has targets for."""
    if not TARGETS.keys() <= zkseal.keys():
        return
    worst = fit_line(zkseal).worst
    waited = any(busy(zkseal[model], "prove", "time") for model in TARGETS)
    what = f"time = a + b x lookups + c x weights within {LIMIT:.0%}"
    yield Check("all rows", what, f"{worst:.0%}", worst <= LIMIT, waited, timed=True)


def _predicted(zkseal: Mapping[str, Record]) -> Iterator[Check]:
    for model, record in zkseal.items():
        if model not in TARGETS or "setup" not in record:
            continue
        wall = figure(record, "prove", "time", "wall_s")
        error = figure(record, "setup", "predicted", "prove_ms") / 1e3 / wall - 1
        waited = busy(record, "prove", "time")
        what = f"predicted time within {LIMIT:.0%}"
        yield Check(model, what, f"{error:+.0%}", abs(error) <= LIMIT, waited, timed=True)


def _speedup(model: str, zkseal: Mapping[str, Record], settings: Mapping[str, Record]) -> Iterator[Check]:
    if model not in MIN_SPEEDUP or not settings:
        return
    fastest = min(ezkl_prove_s(record) for record in settings.values())
    ratio = fastest / figure(zkseal[model], "prove", "time", "wall_s")
    limit = MIN_SPEEDUP[model]
    yield Check(
        model,
        f"proving >= {limit:.0f} times faster than ezkl's fastest",
        f"{ratio:.0f} times",
        ratio >= limit,
        timed=True,
    )
