//! Prover of stage 5.1-G, the fraction tree (book, chapter 4).

use crate::hooks::Hooks;
use crate::ragged::units::{Units, bind_layer, sum_layer};
use crate::ragged::{Ragged, SplitEq};
use zkseal_field::{AdditiveGroup, Field, Fr, One, Zero};
use zkseal_kernels::{
    batch_invert,
    tables::{self, Pairs},
};
use zkseal_relation::MaskIndex;
use zkseal_transcript::Transcript;
use zkseal_verifier::TreeLayer;
use zkseal_verifier::tree::{MaskForm, TreeState, round_order};

/// (p, q) at every node of a layer; out of range 0/1.
pub type Fractions = Ragged<2>;

/// The neutral fraction 0/1.
pub const NEUTRAL: [Fr; 2] = [Fr::ZERO, Fr::ONE];

/// Layers 1 .. n from the leaves; index j - 1 holds layer j (the root itself is never used: its numerator is 0).
#[must_use]
pub fn build_layers(leaves: Fractions, units: &Units, tree_vars: usize) -> Vec<Fractions> {
    let mut layers = vec![leaves];
    for layer in 1..tree_vars {
        let last = &layers[layers.len() - 1];
        let next =
            if layer == 1 { last.add_leaves(NEUTRAL, units) } else { last.halve(NEUTRAL, tables::add_fractions) };
        layers.push(next);
    }
    layers.reverse();
    layers
}

/// Messages of all layers, and what stage 5.3 needs of them.
pub struct TreeRun {
    /// The messages.
    pub layers: Vec<TreeLayer>,
    /// The forms of the claims G_j.
    pub forms: Vec<MaskForm>,
    /// Claims on the leaves.
    pub leaves: TreeState,
}

/// Proves all layers.
pub fn prove_tree<H: Hooks>(
    transcript: &mut Transcript,
    index: &MaskIndex,
    mask: &[Fr],
    layers: Vec<Fractions>,
    units: Units,
    hooks: &mut H,
) -> TreeRun {
    let last = layers.len() - 1;
    let mut units = Some(units);
    let mut state = TreeState::root();
    // The unpadded values p_j(r), q_j(r): the sums over in-range and out-of-range nodes, without masks.
    let mut plain = (Fr::zero(), Fr::zero());
    let (mut messages, mut forms) = (Vec::new(), Vec::new());
    for (layer, mut fractions) in layers.into_iter().enumerate() {
        let own = fractions.take_units(units.take_if(|_| layer == last).unwrap_or_default());
        let lambda = if layer == 0 { Fr::zero() } else { transcript.challenge("tree lambda") };
        let run = LayerProver { transcript, index, mask, layer, lambda, state: &state };
        let (mut message, point, children) = run.prove((fractions, own), plain.0 + lambda * plain.1);
        hooks.tree_values(layer, &mut message.values);
        transcript.absorb_scalars("tree values", &message.values);
        forms.push(state.layer_form(index, layer, lambda, &point));
        let sigma = transcript.challenge("tree sigma");
        let [p0, p1, q0, q1] = children;
        plain = (p0 + sigma * (p1 - p0), q0 + sigma * (q1 - q0));
        state = TreeState::next(index, layer, &point, &message.values, sigma);
        messages.push(message);
    }
    TreeRun { layers: messages, forms, leaves: state }
}

struct LayerProver<'a> {
    transcript: &'a mut Transcript,
    index: &'a MaskIndex,
    mask: &'a [Fr],
    layer: usize,
    lambda: Fr,
    state: &'a TreeState,
}

impl LayerProver<'_> {
    /// The message, the point, and the unpadded children at the point.
    ///
    /// Tables hold (p_0 + lambda q_0, p_1, q_0, q_1), so that the summand is `a_0 q_1 + p_1 q_0`, two products; for
    /// numerators that are 1, (q_0, q_1), and it is `q_0 + q_1 + lambda q_0 q_1`. `sum` is the
    /// unmasked claim `sum_y eq(r, y) (..)`; from it and h(0) follows h(1), as (1 - c) h(0) + c h(1) = sum.
    fn prove(mut self, (fractions, mut units): (Fractions, Ragged<2>), mut sum: Fr) -> (TreeLayer, Vec<Fr>, [Fr; 4]) {
        let lambda = self.lambda;
        let neutral = [lambda, Fr::zero(), Fr::one(), Fr::one()];
        let mut table: Ragged<4> =
            fractions.halve_when_read(neutral, move |pairs, out| tables::children(pairs, lambda, out));
        let mut inverses = self.state.point.clone();
        batch_invert(&mut inverses);
        let scale = Fr::one() - self.state.pad;
        let mut point = vec![Fr::zero(); self.layer + 1];
        let mut rounds = Vec::with_capacity(self.layer + 1);
        // (sums, weight) of the pairs of variable k.
        let sums = |pairs: Pairs<'_, 4>, eq: &SplitEq| {
            let ([at_zero, square], weight) = tables::layer_sums(pairs, eq.tables());
            [at_zero, square, weight]
        };
        let unit_sums = |pairs: Pairs<'_, 2>, eq: &SplitEq| {
            let ([linear, constant, square], weight) = tables::unit_sums(pairs, eq.tables());
            [linear + lambda * constant, lambda * square, weight]
        };
        let mut eq = SplitEq::new(&self.state.point[..self.layer.saturating_sub(1)]);
        let mut next = sum_layer(&table, &units, |pairs| sums(pairs, &eq), |pairs| unit_sums(pairs, &eq));
        for variable in round_order(self.layer).take(self.layer) {
            let [at_zero, square, weight] = next;
            // Pairs that are not stored are neutral: each adds lambda, whatever X is.
            let h0 = at_zero + lambda * (Fr::one() - weight);
            let centre = self.state.point[variable];
            let h1_plus_h2 = (sum - h0) * inverses[variable];
            let linear = h1_plus_h2 - square;
            rounds.push(self.masked(variable, scale * linear, scale * square));
            let x = self.challenge(&rounds);
            debug_assert_eq!(h0 + centre * h1_plus_h2, sum);
            sum = h0 + (linear + square * x) * x;
            point[variable] = x;
            eq.shorten();
            next = bind_layer(
                &mut table,
                &mut units,
                (x, lambda),
                |pairs| sums(pairs, &eq),
                |pairs| unit_sums(pairs, &eq),
            );
        }
        let [a0, p1, q0, q1] = table.last();
        let children = [a0 - lambda * q0, p1, q0, q1];
        let values = self.pad_round(children, scale, &mut rounds, &mut point);
        (TreeLayer { rounds, values }, point, children)
    }

    /// The last round, over the pad variable; returns the padded children at its challenge.
    fn pad_round(&mut self, children: [Fr; 4], scale: Fr, rounds: &mut Vec<[Fr; 2]>, point: &mut [Fr]) -> [Fr; 4] {
        let below = self.layer + 1;
        let pads = [(false, 0), (false, 1), (true, 0), (true, 1)]
            .map(|(is_q, child)| self.mask[self.index.tree_pad(is_q, below, child)]);
        let step: [Fr; 4] = std::array::from_fn(|k| pads[k] - children[k]);
        let [p0, p1, q0, q1] = children;
        let [d0, d1, e0, e1] = step;
        let linear = p0 * e1 + d0 * q1 + p1 * e0 + d1 * q0 + self.lambda * (q0 * e1 + e0 * q1);
        let square = d0 * e1 + d1 * e0 + self.lambda * e0 * e1;
        rounds.push(self.masked(self.layer, scale * linear, scale * square));
        let x = self.challenge(rounds);
        point[self.layer] = x;
        std::array::from_fn(|k| children[k] + x * step[k])
    }

    fn masked(&self, variable: usize, linear: Fr, square: Fr) -> [Fr; 2] {
        [
            linear + self.mask[self.index.tree_mask(self.layer, variable, 1)],
            square + self.mask[self.index.tree_mask(self.layer, variable, 2)],
        ]
    }

    fn challenge(&mut self, rounds: &[[Fr; 2]]) -> Fr {
        self.transcript.absorb_scalars("tree round", &rounds[rounds.len() - 1]);
        self.transcript.challenge("tree point")
    }
}
