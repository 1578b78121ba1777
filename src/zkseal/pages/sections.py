"""The parts of the page of a model report, each a question that its reader has."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from html import escape

from zkseal.pages.charts import bar, histogram, scatter, table
from zkseal.pipeline import ModelReport
from zkseal.pipeline.report import Disagreement, PerturbedAgreement, Scatter
from zkseal.quantize.node_report import NodeAccuracy

__all__ = ["costs", "nodes", "outputs", "perturbed", "ranges", "settings", "summary"]

MOST_ROWS = 60
GOOD_AGREEMENT, FAIR_AGREEMENT = 0.99, 0.95
NEAR_THE_END = 0.9
PARTS = {"input": "range checks of inputs", "tables": "contents of lookup tables", "copy": "values in another layout"}
"""Parts of a proof that belong to no node."""


def summary(report: ModelReport) -> str:
    """The heading, and the figures that matter most."""
    accuracy = report.accuracy
    lowest = min((p.agreement for p in report.perturbed if p.agreement is not None), default=None)
    hidden = ", ".join(str(name) for name in report.description.get("hidden", ()))
    tiles = [
        _tile("Same decision", _percent(accuracy.agreement), f"on {report.samples - len(report.refused)} samples",
              _kind(accuracy.agreement)) if accuracy else _tile("Same decision", "unknown", "no sample fits", "bad"),
        _tile("Mean error", _percent(accuracy.mean_relative_error), "of the worst output") if accuracy else "",
        _tile("Same decision, changed inputs", _percent(lowest), "the lowest of all changes", _kind(lowest))
        if lowest is not None else "",
        _tile("Refused samples", str(len(report.refused)), "outside the calibrated range",
              "warn" if report.refused else "good"),
        _tile("Proof", _time(report.costs.prove_ms), "predicted time of one, on one core"),
    ]  # fmt: skip
    return (
        f"<h1>{escape(report.name or 'Model')}</h1>\n"
        '<p class="lead">How close the proved integer program is to the float model that it was made from, and '
        "what its "
        f"proofs cost. Hidden in every receipt: {escape(hidden)}.</p>\n"
        f'<dl class="tiles">{"".join(tiles)}</dl>{_backdoor_notice(report)}'
    )


def _backdoor_notice(report: ModelReport) -> str:
    base = report.accuracy.agreement if report.accuracy else 0.0
    dropped = [p for p in report.perturbed if p.agreement is not None and base - p.agreement > 0.05]
    if not dropped:
        return ""
    names = ", ".join(f"{escape(p.name)} ({_percent(p.agreement)})" for p in dropped)
    return (
        '<p class="notice"><strong>Decisions change with the input.</strong> On ordinary samples both models agree on '
        f"{_percent(base)}; on changed ones on less: {names}. Look at the examples below: rounding should not "
        f"matter more "
        "for one kind of input than for others. More bits (<code>--bits 16</code>) should make the difference "
        "vanish.</p>"
    )


def outputs(report: ModelReport) -> str:
    """Errors of outputs, with plots."""
    if report.accuracy is None:
        return (
            '<h2>How exact are the outputs?</h2><p class="notice">No sample fits in the calibrated range: '
            "compile again, "
            "calibrated on samples like these or with more headroom.</p>"
        )
    columns = ("output", "mean error", "worst error", "largest difference", "same decision")
    rows = [
        (
            escape(output.name),
            _percent(output.mean_relative_error),
            _percent(output.worst_relative_error),
            f"{output.max_absolute_error:.3g}",
            _percent(output.agreement),
        )
        for output in report.accuracy.outputs
    ]
    return (
        "<h2>How exact are the outputs?</h2>\n<p>A proof is about the integer program, bit for bit. These are its "
        "differences from the float model on your samples; the error of a sample is the length of the difference, as a "
        "share of the length of the float output.</p>\n"
        + table(columns, rows, caption="Errors of outputs")
        + f'<div class="plots">{"".join(_plots(found) for found in report.scatters)}</div>'
        + _examples(report.disagreements, "Samples with another decision")
    )


def _plots(found: Scatter) -> str:
    errors = [z - y for y, z in zip(found.expected, found.actual, strict=True)]
    largest = max((abs(error) for error in errors), default=0.0)
    name = escape(found.output)
    points = scatter(
        found.expected,
        found.actual,
        title=f"Output {found.output}: proved program against float model",
        x_label="float model",
        y_label="proved program",
    )
    spread = histogram(errors, title=f"Output {found.output}: differences up to {largest:.3g}", x_label="difference")
    return (
        f"<figure>{points}<figcaption>{name}: on the diagonal both say the same.</figcaption></figure>"
        f"<figure>{spread}<figcaption>{name}: proved less float, up to {largest:.3g}.</figcaption></figure>"
    )


def perturbed(report: ModelReport) -> str:
    """Agreement on changed inputs."""
    if not report.perturbed:
        return ""
    rows = [
        (
            f'{escape(found.name)}<br><span class="quiet">{escape(found.what)}</span>',
            str(found.samples),
            str(found.refused),
            "" if found.mean_relative_error is None else _percent(found.mean_relative_error),
            ""
            if found.agreement is None
            else f'<span class="{_kind(found.agreement)}">{_percent(found.agreement)}</span>',
            bar(found.agreement or 0.0, _kind(found.agreement)),
        )
        for found in report.perturbed
    ]
    columns = ("change", "samples", "refused", "mean error", "same decision", "")
    return (
        "<h2>Does it decide the same on changed inputs?</h2>\n<p>Somebody who prepares a model can make it "
        "differ from its "
        "float original on inputs with a trigger and agree on all others. Here your samples were changed in "
        "small ways, "
        "and the decisions of both models compared. What leaves the calibrated range is refused and never proved.</p>\n"
        + table(columns, rows, caption="Agreement on changed inputs")
        + "".join(_perturbed_examples(found) for found in report.perturbed)
    )


def _perturbed_examples(found: PerturbedAgreement) -> str:
    return _examples(found.disagreements, f"Examples: {found.name}")


def _examples(found: Iterable[Disagreement], title: str) -> str:
    rows = [
        (str(one.sample), escape(one.output), escape(one.float_decision), escape(one.proved_decision)) for one in found
    ]
    if not rows:
        return ""
    columns = ("sample", "output", "float model", "proved program")
    return (
        f"<details><summary>{escape(title)}</summary>{table(columns, rows, texts=(1, 2, 3), caption=title)}</details>"
    )


def nodes(report: ModelReport) -> str:
    """Where error comes from."""
    known = [node for node in report.nodes if math.isfinite(node.relative_error)]
    if not known:
        return ""
    dearest = sorted(known, key=lambda node: -node.introduced)[:MOST_ROWS]
    largest = max(node.introduced for node in known) or 1.0
    rows = [
        (
            _value(node),
            escape(node.op or "input"),
            str(node.bits),
            f"{node.step:.2g}",
            _percent(node.relative_error),
            _percent(node.introduced),
            bar(node.introduced / largest),
        )
        for node in dearest
    ]
    columns = ("value", "operator", "bits", "step", "error so far", "added here", "")
    return (
        "<h2>Where does the error come from?</h2>\n<p>Every value inside the program is an integer times a "
        "step. The error "
        "so far is that of the value against the float model; added here is how much more it is than the values before "
        "it had. Values that add the most come first.</p>\n"
        + table(columns, rows, texts=(1,), caption="Error by node")
        + _left_out(len(known))
    )


def ranges(report: ModelReport) -> str:
    """Headroom and saturation."""
    if not report.nodes:
        return ""
    ordered = sorted(report.nodes, key=lambda node: (-node.saturated, -node.reach))[:MOST_ROWS]
    rows = [
        (
            _value(node),
            escape(node.op or "input"),
            str(node.entries),
            f'<span class="{"warn" if node.saturated else ""}">{node.saturated}</span>',
            _percent(node.reach),
            bar(node.reach, "warn" if node.reach > NEAR_THE_END and not node.saturated else ""),
        )
        for node in ordered
    ]
    refused: dict[str, int] = {}
    for _, tensor in report.refused:
        refused[tensor] = refused.get(tensor, 0) + 1
    names = ", ".join(f"{escape(name)} ({count})" for name, count in refused.items())
    notice = (
        f'<p class="notice"><strong>{len(report.refused)} of {report.samples} samples cannot be '
        f"proved:</strong> they leave "
        f"the range of {names}. Calibrate on samples like them, or compile with more <code>--headroom</code>.</p>"
        if refused
        else ""
    )
    return (
        "<h2>How much room is left?</h2>\n<p>Reach is the largest integer seen as a share of what the value can "
        "hold. Beyond "
        "it nothing is proved, or, for values compiled with <code>--percentile</code>, the program clamps (saturates). "
        f"{report.saturated} entries were clamped on these samples.</p>\n"
        + notice
        + table(
            ("value", "operator", "entries", "clamped", "reach", ""), rows, texts=(1,), caption="Reach and saturation"
        )
        + _left_out(len(report.nodes))
    )


def costs(report: ModelReport) -> str:
    """What makes the proof slow."""
    found = report.costs
    largest = max((part.share for part in (*found.nodes, *found.tables)), default=0.0)  # type: ignore[attr-defined]
    largest = max(largest, found.shared_ms / found.prove_ms) or 1.0
    rows = [
        (escape(node.node), escape(node.op or PARTS.get(node.node, "")), str(node.lookups),
         str(node.committed), str(node.weights), str(node.product_slots), _time(node.prove_ms), _percent(node.share),
         bar(node.share / largest))
        for node in found.nodes[:MOST_ROWS]
    ]  # fmt: skip
    rows += [
        (f"table {escape(entry.table)}", f"{entry.rows} rows, used by {entry.nodes}", "", str(entry.rows), "", "",
         _time(entry.prove_ms), _percent(entry.share), bar(entry.share / largest))
        for entry in found.tables
    ]  # fmt: skip
    share = found.shared_ms / found.prove_ms
    rows.append(
        ("masks and opening", "shared by all", "", "", "", "", _time(found.shared_ms), _percent(share),
         bar(share / largest))
    )  # fmt: skip
    columns = ("node", "operator", "lookups", "committed", "weights", "products", "time", "share", "")
    return (
        f"<h2>What makes this proof slow?</h2>\n<p>One proof is predicted to take {_time(found.prove_ms)} of one core. "
        "Lookups (roundings, comparisons, functions) and committed integers cost time; products of linear layers "
        "hardly do. Narrower values (<code>--bits mixed</code>) shorten the nodes at the top.</p>\n"
        + table(columns, rows, texts=(1,), caption="Predicted time by node")
        + _left_out(len(found.nodes))
    )


def settings(report: ModelReport) -> str:
    """How the model was compiled."""
    text = json.dumps(report.to_dict()["description"], indent=1, sort_keys=True)
    notes = "".join(f"<li>{escape(str(note))}</li>" for note in report.description.get("notes", ()))
    return (
        "<h2>How was it compiled?</h2>\n"
        + (f"<p>What compiling changed:</p><ul>{notes}</ul>" if notes else "")
        + f"<details><summary>All settings and sizes</summary><pre><code>{escape(text)}</code></pre></details>"
    )


def _tile(name: str, figure: str, remark: str, kind: str = "") -> str:
    return (
        f'<div class="tile"><dt>{escape(name)}</dt><dd class="{kind}">{escape(figure)}'
        f"<small>{escape(remark)}</small></dd></div>"
    )


def _value(node: NodeAccuracy) -> str:
    same = node.node in ("", node.value)
    return escape(node.value) + ("" if same else f'<br><span class="quiet">{escape(node.node)}</span>')


def _left_out(count: int) -> str:
    more = count - MOST_ROWS
    return f'<p class="quiet">{more} more are in the JSON report.</p>' if more > 0 else ""


def _kind(agreement: float | None) -> str:
    if agreement is None:
        return ""
    return "good" if agreement >= GOOD_AGREEMENT else "warn" if agreement >= FAIR_AGREEMENT else "bad"


def _percent(share: float | None) -> str:
    if share is None or not math.isfinite(share):
        return "not finite"
    percent = 100 * share
    if percent == 0 or percent == 100:
        return f"{percent:.0f} %"
    return f"{percent:.2f} %" if percent >= 0.1 else f"{percent:.2g} %"


def _time(milliseconds: float) -> str:
    return f"{milliseconds:.3g} ms" if milliseconds < 1000 else f"{milliseconds / 1000:.3g} s"
