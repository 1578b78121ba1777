"""Chapter 4: the fraction tree, layer by layer (stage 5.1-G)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .claims import Claim, KnownValues, LinearForm, mask_coefficients
from .field import P
from .layout import Layout
from .lookups import Form, KeyClaim, LookupClaims, block_indicator, multiplicity_form
from .proof import TreeLayer
from .transcript import Transcript


@dataclass(frozen=True)
class NodeClaim:
    """What is claimed of layer j: P and Q at (r, r0), and the forms mu_p, mu_q of the pads."""

    r: tuple[int, ...]
    r0: int
    p: int
    q: int
    mu_p: Form
    mu_q: Form


ROOT = NodeClaim((), 0, 0, 0, {}, {})
"""p_0 = 0 is all that is claimed of the root."""


def verify_tree(
    transcript: Transcript, layout: Layout, layers: Sequence[TreeLayer]
) -> tuple[NodeClaim, tuple[Claim, ...]]:
    """The claim on the leaves, and the claims G_0 .. G_{n-1}."""
    claim, masks = ROOT, []
    for j, layer in enumerate(layers):
        claim, mask = verify_layer(transcript, layout, j, claim, layer)
        masks.append(mask)
    return claim, tuple(masks)


def verify_layer(
    transcript: Transcript, layout: Layout, j: int, claim: NodeClaim, layer: TreeLayer
) -> tuple[NodeClaim, Claim]:
    """Steps 1 to 4: from the claim on layer j to that on layer j + 1, and G_j."""
    combiner = layer_combiner(transcript, j)
    centres = (*claim.r, 0)
    point, total = verify_layer_rounds(transcript, (claim.p + combiner * claim.q) % P, centres, layer.rounds)
    transcript.absorb_scalars("tree values", layer.values)
    value = total - (1 - claim.r0) * node_value(layer.values, combiner)
    mask = Claim(layer_form(layout, j, claim, combiner, point), value % P)
    return next_claim(transcript, layout, j, point, layer.values), mask


def layer_combiner(transcript: Transcript, j: int) -> int:
    """Step 1: lambda_j; 0 without a challenge for the root, of which no Q is claimed."""
    return transcript.challenge("tree lambda") if j > 0 else 0


def round_order(variables: int) -> list[int]:
    """Step 2: variables j - 1, j - 2, .., 0, and then j, the pad variable."""
    return [*range(variables - 2, -1, -1), variables - 1]


def verify_layer_rounds(
    transcript: Transcript, claim: int, centres: Sequence[int], rounds: Sequence[tuple[int, int]]
) -> tuple[list[int], int]:
    """Step 2: the point (x_0 .. x_j) and T."""
    point = [0] * len(centres)
    for i, (h_1, h_2) in zip(round_order(len(centres)), rounds, strict=True):
        transcript.absorb_scalars("tree round", (h_1, h_2))
        x = transcript.challenge("tree point")
        h_0 = claim - centres[i] * (h_1 + h_2)
        claim = (h_0 + h_1 * x + h_2 * x * x) % P
        point[i] = x
    return point, claim


def node_value(values: Sequence[int], combiner: int) -> int:
    """p^_0 q^_1 + p^_1 q^_0 + lambda q^_0 q^_1."""
    p_0, p_1, q_0, q_1 = values
    return (p_0 * q_1 + p_1 * q_0 + combiner * q_0 * q_1) % P


def layer_form(layout: Layout, j: int, claim: NodeClaim, combiner: int, point: Sequence[int]) -> LinearForm:
    """Step 3: sum (x_i^d - c_i) mu[mask j,i,d] + r0 (mu_p + lambda_j mu_q)."""
    form = LinearForm(mu=mask_coefficients(layout.mask.tree(j, 0, 1), point, (*claim.r, 0)))
    for position, coefficient in claim.mu_p.items():
        form.add_mu(position, claim.r0 * coefficient)
    for position, coefficient in claim.mu_q.items():
        form.add_mu(position, claim.r0 * combiner * coefficient)
    return form


def next_claim(
    transcript: Transcript, layout: Layout, j: int, point: Sequence[int], values: Sequence[int]
) -> NodeClaim:
    """Step 4."""
    sigma = transcript.challenge("tree sigma")
    p_0, p_1, q_0, q_1 = values
    return NodeClaim(
        r=(*point[:-1], sigma),
        r0=point[-1],
        p=((1 - sigma) * p_0 + sigma * p_1) % P,
        q=((1 - sigma) * q_0 + sigma * q_1) % P,
        mu_p=pad_form(layout, "p", j + 1, sigma),
        mu_q=pad_form(layout, "q", j + 1, sigma),
    )


def pad_form(layout: Layout, kind: str, j: int, sigma: int) -> Form:
    """(1 - sigma) mu[kind, j, 0] + sigma mu[kind, j, 1]."""
    return {layout.mask.pad(kind, j, 0): (1 - sigma) % P, layout.mask.pad(kind, j, 1): sigma}


# The leaves


def leaf_claims(
    layout: Layout, leaf: NodeClaim, masks: Sequence[Claim], alpha: int, known: KnownValues
) -> LookupClaims:
    """What is left after layer n - 1, without any message."""
    selected, inside = in_range(layout, leaf.r)
    key = KeyClaim(negated(leaf.mu_q, leaf.r0), key_value(leaf, inside, alpha))
    form = multiplicity_form(layout, leaf.r, leaf.r0, negated(leaf.mu_p, leaf.r0), known)
    multiplicities = Claim(form, multiplicity_value(leaf, selected))
    return LookupClaims(leaf.r, leaf.r0, (key,), multiplicities, tuple(masks))


def negated(pads: Form, r0: int) -> Form:
    """- r0 times a form."""
    return {position: -r0 * factor % P for position, factor in pads.items()}


def in_range(layout: Layout, r: Sequence[int]) -> tuple[int, int]:
    """sel(r) and in(r)."""
    selected = inside = 0
    for placed in layout.lookup_blocks:
        value = block_indicator(placed, layout.n, r)
        inside += value
        selected += value if placed.lookup is not None else 0
    return selected % P, inside % P


def key_value(claim: NodeClaim, inside: int, alpha: int) -> int:
    """K, the value of (1 - r0) k(r) - r0 mu_q."""
    return ((1 - claim.r0) * (1 + inside * (alpha - 1)) - claim.q) % P


def multiplicity_value(claim: NodeClaim, selected: int) -> int:
    """M, the value of (1 - r0) m(r) - r0 mu_p."""
    return ((1 - claim.r0) * selected - claim.p) % P
