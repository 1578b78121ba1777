//! Fractions 1/q1 + 1/q2 next to each other: lookups as leaves of the tree, two to a node.
//!
//! The numerators of a lookup's leaves are 1, and stay 1 as long as pairs are bound of which none lacks a neighbour. So
//! blocks of lookups are tables of two denominators a node, half of what other blocks are, and of half the products.
//! Before a binding would meet a row of odd length, or end the block, it goes over to the others.

use super::block::{Block, Entries, Maker, PARALLEL_FROM, Scratch, TASK, add};
use super::shape::Shape;
use super::{Entry, Ragged};
use rayon::prelude::*;
use std::sync::Arc;
use zkseal_field::{AdditiveGroup, Fr};
use zkseal_kernels::tables::{self, Pairs};

/// Denominators of the two children of a node.
pub type Children = Entry<2>;

/// For each block of leaves, if its numerators are 1: what makes the denominators of its nodes' children.
pub type Units = Vec<Option<Maker<2>>>;

/// Whether nodes over a block of leaves have two children each, and neighbours.
#[must_use]
pub fn are_units(axes: &[usize]) -> bool {
    // The innermost axis that has more than one entry.
    axes.iter().rev().find(|axis| **axis > 1).is_some_and(|axis| axis % 4 == 0)
}

impl Ragged<2> {
    /// Sums of neighbours of leaves: [`Ragged::halve`] with `add_fractions`, cheaper for blocks of units.
    #[must_use]
    pub fn add_leaves(&self, neutral: Entry<2>, units: &Units) -> Self {
        let halve = |(k, block): (usize, &Block<2>)| match units.get(k) {
            Some(Some(make)) => {
                let shape = block.shape.halved();
                let mut out = vec![neutral; shape.len];
                let part = |scratch: &mut Scratch<2>, (k, out): (usize, &mut [Entry<2>])| {
                    scratch.entries.clear();
                    make(k * TASK..k * TASK + out.len(), &mut scratch.entries);
                    tables::add_units(&scratch.entries, out);
                };
                if out.len() < PARALLEL_FROM {
                    let mut scratch = Scratch::new();
                    out.chunks_mut(TASK).enumerate().for_each(|chunk| part(&mut scratch, chunk));
                } else {
                    out.par_chunks_mut(TASK).enumerate().for_each_init(Scratch::new, part);
                }
                Block::stored(shape, out)
            }
            _ => block.halve(&self.neutral, neutral, &tables::add_fractions),
        };
        let tail = self.tail.halve(&self.neutral, neutral, &tables::add_fractions);
        let mut out =
            Self { blocks: self.blocks.par_iter().enumerate().with_max_len(1).map(halve).collect(), tail, neutral };
        out.settle();
        out
    }

    /// The nodes over blocks of units, taken out of the leaves.
    #[must_use]
    pub fn take_units(&mut self, units: Units) -> Self {
        let (mut own, mut others) = (Vec::new(), Vec::new());
        let units = units.into_iter().chain(std::iter::repeat_with(|| None));
        for (block, make) in std::mem::take(&mut self.blocks).into_iter().zip(units) {
            match make {
                Some(make) => {
                    own.push(Block { shape: block.shape.halved(), entries: Entries::Made(make), spare: Vec::new() });
                }
                None => others.push(block),
            }
        }
        self.blocks = others;
        let end = self.tail.shape.base;
        Self { blocks: own, tail: Block::stored(Shape::tail(end / 2, 0), Vec::new()), neutral: [Fr::ZERO; 2] }
    }

    /// The blocks that the next binding would leave without neighbours, taken out.
    fn leaving(&mut self) -> Vec<Block<2>> {
        let (staying, leaving) =
            std::mem::take(&mut self.blocks).into_iter().partition(|block| block.shape.halved().has_neighbours());
        self.blocks = staying;
        leaving
    }
}

impl Ragged<4> {
    /// Takes over the blocks of units that cannot be bound as such.
    pub fn adopt(&mut self, units: &mut Ragged<2>, lambda: Fr) {
        for block in units.leaving() {
            let shape = block.shape.clone();
            let make = move |range: std::ops::Range<usize>, out: &mut Vec<Entry<4>>| {
                let mut scratch = Scratch::<2>::new();
                let children = block.read(range.clone(), &mut scratch.entries);
                out.resize(range.len(), [Fr::ZERO; 4]);
                tables::unit_children(children, lambda, out);
            };
            let place = self.blocks.partition_point(|other| other.shape.base < shape.base);
            let block = Block { shape, entries: Entries::Made(Arc::new(make)), spare: Vec::new() };
            self.blocks.insert(place, block);
        }
    }
}

/// The sums of both tables of a layer.
pub fn sum_layer<const V: usize>(
    table: &Ragged<4>,
    units: &Ragged<2>,
    term: impl Fn(Pairs<'_, 4>) -> Entry<V> + Sync,
    unit_term: impl Fn(Pairs<'_, 2>) -> Entry<V> + Sync,
) -> Entry<V> {
    add(table.sum_pairs(term), units.sum_pairs(unit_term))
}

/// Binds both tables of a layer; the sums of the next round.
pub fn bind_layer<const V: usize>(
    table: &mut Ragged<4>,
    units: &mut Ragged<2>,
    (x, lambda): (Fr, Fr),
    term: impl Fn(Pairs<'_, 4>) -> Entry<V> + Sync,
    unit_term: impl Fn(Pairs<'_, 2>) -> Entry<V> + Sync,
) -> Entry<V> {
    table.adopt(units, lambda);
    add(table.bind(x, term), units.bind(x, unit_term))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ragged::SplitEq;
    use crate::tree::NEUTRAL;
    use proptest::prelude::*;
    use zkseal_field::{Field, One};

    /// Blocks of unit fractions and one of others, as leaves and with their units.
    fn leaves(shapes: &[Vec<usize>], seed: u64) -> (Ragged<2>, Units, usize) {
        let vars = |axes: &[usize]| axes.iter().map(|a| zkseal_poly::bits(*a as u64)).sum::<u32>();
        let mut shapes = shapes.to_vec();
        shapes.sort_by_key(|axes| std::cmp::Reverse(vars(axes)));
        let (mut base, mut parts, mut units, mut next) = (0usize, Vec::new(), Units::new(), seed);
        for (index, axes) in shapes.iter().enumerate() {
            let mut denominators = Vec::new();
            for _ in 0..axes.iter().product() {
                next = next.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                denominators.push(Fr::from(next >> 3));
            }
            let is_unit = index != 1;
            let numerator = if is_unit { Fr::ONE } else { -Fr::from(7u64) };
            let fractions: Vec<Entry<2>> = denominators.iter().map(|q| [numerator, *q]).collect();
            units.push((is_unit && are_units(axes)).then(|| {
                let children = denominators.as_chunks::<2>().0.to_vec();
                Arc::new(move |range: std::ops::Range<usize>, out: &mut Vec<Children>| {
                    out.extend_from_slice(&children[range]);
                }) as Maker<2>
            }));
            parts.push((base, axes.clone(), fractions));
            base += 1 << vars(axes);
        }
        (Ragged::new(parts, NEUTRAL), units, zkseal_poly::bits(base as u64) as usize)
    }

    fn check(shapes: &[Vec<usize>], seed: u64) -> Result<(), TestCaseError> {
        let (mut leaves, units, vars) = leaves(shapes, seed);
        let sums = |pairs: Pairs<'_, 2>| tables::product_sums(pairs);
        let (quick, slow) = (leaves.add_leaves(NEUTRAL, &units), leaves.halve(NEUTRAL, tables::add_fractions));
        prop_assert_eq!(quick.sum_pairs(sums), slow.sum_pairs(sums));
        let lambda = Fr::from(seed | 1);
        let neutral = [lambda, Fr::ZERO, Fr::one(), Fr::one()];
        let children = move |pairs: Pairs<'_, 2>, out: &mut [Entry<4>]| tables::children(pairs, lambda, out);
        let mut plain = leaves.clone().halve_when_read(neutral, children);
        let mut own = leaves.take_units(units);
        let mut table = leaves.halve_when_read(neutral, children);
        let point: Vec<Fr> = (0..vars as u64).map(|k| Fr::from(seed ^ (k + 99))).collect();
        let term = |pairs: Pairs<'_, 4>, eq: &SplitEq| {
            let ([constant, square], weight) = tables::layer_sums(pairs, eq.tables());
            [constant, square, weight]
        };
        let unit_term = |pairs: Pairs<'_, 2>, eq: &SplitEq| {
            let ([linear, constant, square], weight) = tables::unit_sums(pairs, eq.tables());
            [linear + lambda * constant, lambda * square, weight]
        };
        let first = SplitEq::new(&point[..vars.saturating_sub(2)]);
        prop_assert_eq!(
            sum_layer(&table, &own, |pairs| term(pairs, &first), |pairs| unit_term(pairs, &first)),
            plain.sum_pairs(|pairs| term(pairs, &first))
        );
        for round in (0..vars - 1).rev() {
            let (x, eq) =
                (Fr::from(seed.rotate_left(round as u32) | 1), SplitEq::new(&point[..round.saturating_sub(1)]));
            let got =
                bind_layer(&mut table, &mut own, (x, lambda), |pairs| term(pairs, &eq), |pairs| unit_term(pairs, &eq));
            prop_assert_eq!(got, plain.bind(x, |pairs| term(pairs, &eq)));
        }
        prop_assert_eq!(table.last(), plain.last());
        Ok(())
    }

    proptest! {
        #[test]
        fn test_units_equal_other_fractions(
            shapes in prop::collection::vec(prop::collection::vec(1usize..9, 0..4), 2..5), seed in 1u64..,
        ) {
            check(&shapes, seed)?;
        }
    }

    #[test]
    fn test_large_units_equal_other_fractions() {
        for shapes in [vec![vec![3, 4096], vec![5000]], vec![vec![16, 256], vec![40, 28, 28], vec![64]]] {
            assert!(check(&shapes, 5).is_ok());
        }
    }
}
