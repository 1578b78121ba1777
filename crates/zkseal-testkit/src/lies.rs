//! A prover that lies in chosen places and is honest everywhere else.
//!
//! False tensor values need no hook: they are handed in as values, and nobody looks at them.

use pyo3::prelude::*;
use zkseal_field::{AdditiveGroup, Field, Fr, scalar_from_i64};
use zkseal_prover::hooks::Hooks;
use zkseal_prover::tree::{Fractions, NEUTRAL};

/// A leaf of the fraction tree: (index, numerator, index of the leaf whose denominator it takes).
type Leaf = (usize, i64, usize);

/// The lies of one proof, from the attributes of an object: `tests.soundness.native.Lies`.
#[derive(FromPyObject, Default)]
pub struct Lies {
    /// (table, row, what is added to the multiplicity).
    multiplicities: Vec<(usize, usize, i64)>,
    /// (address in the row space, value) of padding positions.
    padding: Vec<(u64, i64)>,
    /// Leaves that are overwritten, in range or not; the tree above follows.
    leaves: Vec<Leaf>,
    /// (layer, node) whose numerator is changed so that the root is zero; the tree above follows, the one below does not.
    balance: Option<(usize, usize)>,
    /// (layer, which of its four values, what is added).
    tree_values: Vec<(usize, usize, i64)>,
    /// The mask vector, q and q' instead of random ones.
    vectors: Option<(Vec<Vec<u8>>, Vec<Vec<u8>>, Vec<Vec<u8>>)>,
    /// All of mu, q and q' zero: nothing hides.
    naked: bool,
}

/// [`Lies`] at work, and what an opening may reveal.
#[derive(Default)]
pub struct Liar {
    lies: Lies,
    mask: Option<Vec<Fr>>,
    blinding: Option<(Vec<Fr>, Vec<Fr>)>,
    /// z, then z'.
    pub opened: Vec<Fr>,
    /// The numerator of the root, without lies about the tree.
    pub root: Fr,
    /// What was added to the numerator of the node that makes the root zero.
    pub balanced: Fr,
}

impl Liar {
    /// Tells these lies.
    pub fn new(lies: Lies) -> PyResult<Self> {
        let mut liar = Self { lies, ..Self::default() };
        if let Some((mask, rows, masks)) = &liar.lies.vectors {
            let scalars = crate::convert::scalars_from;
            (liar.mask, liar.blinding) = (Some(scalars(mask)?), Some((scalars(rows)?, scalars(masks)?)));
        }
        Ok(liar)
    }
}

impl Hooks for Liar {
    const CHECKS_WITNESS: bool = false;

    fn multiplicities(&mut self, tables: &mut [Vec<i64>]) {
        for (table, row, added) in &self.lies.multiplicities {
            tables[*table][*row] += added;
        }
    }

    fn padding(&self) -> Vec<(u64, i64)> {
        self.lies.padding.clone()
    }

    fn mask(&mut self, mask: &mut [Fr]) {
        replace(mask, self.mask.as_deref(), self.lies.naked);
    }

    fn tree(&mut self, layers: &mut [Fractions]) {
        let mut dense: Vec<Vec<[Fr; 2]>> = layers.iter().zip(1..).map(|(layer, vars)| layer.to_dense(vars)).collect();
        self.root = root(&dense);
        if self.lies.leaves.is_empty() && self.lies.balance.is_none() {
            return;
        }
        let last = dense.len() - 1;
        for (index, numerator, like) in &self.lies.leaves {
            dense[last][*index] = [scalar_from_i64(*numerator), dense[last][*like][1]];
        }
        rebuild(&mut dense);
        if let Some((layer, node)) = self.lies.balance {
            let above = &mut dense[..layer];
            self.balanced = balance(above, node);
            rebuild(above);
        }
        for (layer, entries) in layers.iter_mut().zip(dense) {
            *layer = Fractions::from_dense(entries, NEUTRAL);
        }
    }

    fn tree_values(&mut self, layer: usize, values: &mut [Fr; 4]) {
        for (_, which, added) in self.lies.tree_values.iter().filter(|(own, _, _)| *own == layer) {
            values[*which] += scalar_from_i64(*added);
        }
    }

    fn blinding(&mut self, rows: &mut [Fr], mask: &mut [Fr]) {
        let given = self.blinding.as_ref();
        replace(rows, given.map(|(rows, _)| rows.as_slice()), self.lies.naked);
        replace(mask, given.map(|(_, mask)| mask.as_slice()), self.lies.naked);
    }

    fn opened(&mut self, rows: &[Fr], mask: &[Fr]) {
        self.opened = [rows, mask].concat();
    }
}

fn replace(vector: &mut [Fr], given: Option<&[Fr]>, naked: bool) {
    if let Some(given) = given {
        vector.copy_from_slice(given);
    }
    if naked {
        vector.fill(Fr::ZERO);
    }
}

/// The sum of two fractions.
fn add(a: &[Fr; 2], b: &[Fr; 2]) -> [Fr; 2] {
    [a[0] * b[1] + b[0] * a[1], a[1] * b[1]]
}

/// The root's numerator of a tree given by its layers 1 .. n.
fn root(layers: &[Vec<[Fr; 2]>]) -> Fr {
    layers.first().map_or(Fr::ZERO, |top| add(&top[0], &top[1])[0])
}

/// Makes all layers follow from the last one.
fn rebuild(layers: &mut [Vec<[Fr; 2]>]) {
    for j in (1..layers.len()).rev() {
        layers[j - 1] = layers[j].chunks_exact(2).map(|pair| add(&pair[0], &pair[1])).collect();
    }
}

/// Changes the numerator of one node of the last layer so that the sum of the layer's fractions is zero; by how much.
fn balance(layers: &mut [Vec<[Fr; 2]>], node: usize) -> Fr {
    let Some(layer) = layers.last_mut() else { return Fr::ZERO };
    let sum: Fr = layer.iter().filter_map(|[p, q]| q.inverse().map(|inverse| *p * inverse)).sum();
    let change = -sum * layer[node][1];
    layer[node][0] += change;
    change
}
