//! Places where a test build lies. [`Honest`] does nothing and is all that a release build has.

use crate::tree::Fractions;
use zkseal_field::Fr;
use zkseal_verifier::Proof;

/// A prover that keeps the honest code and may change one thing.
#[allow(unused_variables)]
pub trait Hooks {
    /// Whether an unsatisfied lookup stops the prover.
    const CHECKS_WITNESS: bool = true;
    /// Multiplicities, table by table.
    fn multiplicities(&mut self, tables: &mut [Vec<i64>]) {}
    /// Values in padding positions of committed rows: (address in the row space, value). Only rows that hold no part of a
    /// tensor of several rows.
    fn padding(&self) -> Vec<(u64, i64)> {
        Vec::new()
    }
    /// The mask vector.
    fn mask(&mut self, mask: &mut [Fr]) {}
    /// The fraction tree, layers 1 .. n.
    fn tree(&mut self, layers: &mut [Fractions]) {}
    /// Evaluations at the end of a layer, before they are sent.
    fn tree_values(&mut self, layer: usize, values: &mut [Fr; 4]) {}
    /// The helper column, before it is committed to.
    fn helper(&mut self, column: &mut [Fr]) {}
    /// q and q'.
    fn blinding(&mut self, rows: &mut [Fr], mask: &mut [Fr]) {}
    /// z and z', which an opening may reveal at most.
    fn opened(&mut self, rows: &[Fr], mask: &[Fr]) {}
    /// The finished proof.
    fn proof(&mut self, proof: &mut Proof) {}
}

/// The honest prover.
#[derive(Debug, Clone, Copy, Default)]
pub struct Honest;

impl Hooks for Honest {}
