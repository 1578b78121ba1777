//! Arrays over aligned blocks of padded axes, stored without their padding.
//!
//! A block of axes (d_1 .. d_k) takes 2^(bits d_1 + .. + bits d_k) indices of its domain, but only d_1 * .. * d_k entries
//! exist; all others hold a neutral entry. Binding or merging the least significant index bit halves the innermost
//! axis (n entries leave ceil(n / 2)); an axis that is used up hands over to the next. A block that is down to one
//! entry joins the *tail*, the dense run of entries behind the larger blocks (blocks lie by descending size).
//!
//! Entries of a large block need not be stored: they may be made from something smaller whenever they are read. A
//! binding also computes the sums of the next round, while what it wrote is still in the cache.

mod block;
mod eq;
mod shape;
pub mod units;

pub use block::{Entries, Maker};
pub use eq::SplitEq;

use block::{Block, PARALLEL_FROM, Scratch, add, discard, wipe};
use rayon::prelude::*;
use shape::Shape;
use std::ops::Range;
use std::sync::Arc;
use zkseal_field::{Fr, Zero};
use zkseal_kernels::tables::{Entry, Pairs};
use zkseal_relation::types::to_index;

/// From this many entries on a block of a derived table is made when it is read.
const MADE_FROM: usize = 4096;

/// Entries over a domain.
#[derive(Clone)]
pub struct Ragged<const W: usize> {
    blocks: Vec<Block<W>>,
    tail: Block<W>,
    neutral: Entry<W>,
}

impl<const W: usize> Drop for Ragged<W> {
    fn drop(&mut self) {
        discard(std::mem::take(&mut self.blocks));
    }
}

impl<const W: usize> Ragged<W> {
    /// Blocks in order of their bases, by descending size: (base, axis sizes, entries).
    #[must_use]
    pub fn new(parts: Vec<(usize, Vec<usize>, Vec<Entry<W>>)>, neutral: Entry<W>) -> Self {
        Self::of(parts.into_iter().map(|(base, axes, data)| (base, axes, Entries::Stored(data))).collect(), neutral)
    }

    /// [`Self::new`] with entries that may be made when they are read.
    #[must_use]
    pub fn of(parts: Vec<(usize, Vec<usize>, Entries<W>)>, neutral: Entry<W>) -> Self {
        let end = parts.last().map_or(0, |(base, axes, _)| {
            base + (1usize << axes.iter().map(|axis| zkseal_poly::bits(*axis as u64)).sum::<u32>())
        });
        let block = |(base, axes, entries): (usize, Vec<usize>, Entries<W>)| Block {
            shape: Shape::new(base, &axes),
            entries,
            spare: Vec::new(),
        };
        let tail = Block::stored(Shape::tail(end, 0), Vec::new());
        let mut out = Self { blocks: parts.into_iter().map(block).collect(), tail, neutral };
        out.settle();
        out
    }

    fn settle(&mut self) {
        let first = self.blocks.iter().position(|block| block.shape.is_single()).unwrap_or(self.blocks.len());
        if first == self.blocks.len() {
            return;
        }
        let singles = self.blocks.split_off(first);
        let base = singles[0].shape.base;
        let mut data = Vec::with_capacity(singles.len() + self.tail.shape.len);
        let mut buffer = Vec::new();
        for block in &singles {
            data.extend_from_slice(block.read(0..1, &mut buffer));
        }
        data.extend_from_slice(self.tail.read(0..self.tail.shape.len, &mut buffer));
        wipe(&mut buffer);
        discard(singles);
        self.tail = Block::stored(Shape::tail(base, data.len()), data);
    }

    /// Merges neighbours: entry y of the result comes from entries 2y and 2y + 1, by a kernel of `zkseal_kernels::tables`.
    #[must_use]
    pub fn halve<const V: usize>(
        &self,
        neutral: Entry<V>,
        merge: impl Fn(Pairs<'_, W>, &mut [Entry<V>]) + Sync,
    ) -> Ragged<V> {
        let halve = |block: &Block<W>| block.halve(&self.neutral, neutral, &merge);
        let blocks = match self.blocks_a_task() {
            Some(most) => self.blocks.par_iter().with_max_len(most).map(halve).collect(),
            None => self.blocks.iter().map(halve).collect(),
        };
        let mut out = Ragged { blocks, tail: halve(&self.tail), neutral };
        out.settle();
        out
    }

    /// [`Self::halve`], but large blocks are made when they are read.
    #[must_use]
    pub fn halve_when_read<const V: usize>(
        self,
        neutral: Entry<V>,
        merge: impl Fn(Pairs<'_, W>, &mut [Entry<V>]) + Send + Sync + 'static,
    ) -> Ragged<V> {
        let (source, merge) = (Arc::new(self), Arc::new(merge));
        let halve = |(k, block): (usize, &Block<W>)| {
            let shape = block.shape.halved();
            if shape.len < MADE_FROM || shape.is_single() {
                return block.halve(&source.neutral, neutral, merge.as_ref());
            }
            let (source, merge) = (source.clone(), merge.clone());
            let make = move |range: Range<usize>, out: &mut Vec<Entry<V>>| {
                out.resize(range.len(), neutral);
                source.blocks[k].merge(&source.neutral, range, &mut Scratch::new(), out, merge.as_ref());
            };
            Block { shape, entries: Entries::Made(Arc::new(make)), spare: Vec::new() }
        };
        let blocks = match source.blocks_a_task() {
            Some(most) => source.blocks.par_iter().enumerate().with_max_len(most).map(halve).collect(),
            None => source.blocks.iter().enumerate().map(halve).collect(),
        };
        let tail = source.tail.halve(&source.neutral, neutral, merge.as_ref());
        let mut out = Ragged { blocks, tail, neutral };
        out.settle();
        out
    }

    /// The sum of `term`, a kernel of `zkseal_kernels::tables`, over all stored pairs.
    pub fn sum_pairs<const V: usize>(&self, term: impl Fn(Pairs<'_, W>) -> Entry<V> + Sync) -> Entry<V> {
        let sum = |block: &Block<W>| block.sum(&self.neutral, &term);
        let blocks = match self.blocks_a_task() {
            Some(most) => self.blocks.par_iter().with_max_len(most).map(sum).reduce(|| [Fr::zero(); V], add),
            None => self.blocks.iter().map(sum).fold([Fr::zero(); V], add),
        };
        add(blocks, sum(&self.tail))
    }

    /// How many blocks are a task for one thread, if there is work for several; large blocks are divided besides.
    fn blocks_a_task(&self) -> Option<usize> {
        let (count, entries) = (self.blocks.len(), self.blocks.iter().map(|block| block.shape.len).sum::<usize>());
        (count > 1 && entries >= PARALLEL_FROM).then(|| (count * PARALLEL_FROM / entries).max(1))
    }

    /// Sets the least significant variable to `x`; returns what [`Self::sum_pairs`] would give afterwards.
    pub fn bind<const V: usize>(&mut self, x: Fr, term: impl Fn(Pairs<'_, W>) -> Entry<V> + Sync) -> Entry<V> {
        let (task, neutral) = (self.blocks_a_task(), self.neutral);
        let bind = |block: &mut Block<W>| block.bind(&neutral, x, Some(&term));
        let sum = match task {
            Some(most) => self.blocks.par_iter_mut().with_max_len(most).map(bind).reduce(|| [Fr::zero(); V], add),
            None => self.blocks.iter_mut().map(bind).fold([Fr::zero(); V], add),
        };
        // Blocks that are down to one entry join the tail before it is summed.
        self.tail.bind(&self.neutral, x, Some(&term).filter(|_| false));
        self.settle();
        add(sum, self.tail.sum(&self.neutral, &term))
    }

    /// The one entry that is left when all variables are bound.
    #[must_use]
    pub fn last(&self) -> Entry<W> {
        let mut buffer = Vec::new();
        self.tail.read(0..self.tail.shape.len, &mut buffer).first().copied().unwrap_or(self.neutral)
    }

    /// All 2^num_vars entries, neutral ones included (test builds lie through this).
    #[cfg(feature = "test-hooks")]
    #[must_use]
    pub fn to_dense(&self, num_vars: usize) -> Vec<Entry<W>> {
        let mut out = vec![self.neutral; 1 << num_vars];
        for block in self.blocks.iter().chain(std::iter::once(&self.tail)).filter(|block| block.shape.len > 0) {
            let (starts, inner) = block.shape.rows();
            let mut buffer = Vec::new();
            let entries = block.read(0..block.shape.len, &mut buffer);
            for (row, start) in entries.chunks_exact(inner).zip(starts) {
                out[start..start + inner].copy_from_slice(row);
            }
        }
        out
    }

    /// Inverse of [`Self::to_dense`]: from now on every entry is stored.
    #[cfg(feature = "test-hooks")]
    #[must_use]
    pub fn from_dense(entries: Vec<Entry<W>>, neutral: Entry<W>) -> Self {
        Self::new(vec![(0, vec![entries.len()], entries)], neutral)
    }
}

/// Axis sizes of loops as usize.
#[must_use]
pub fn axes_of(sizes: &[u32]) -> Vec<usize> {
    sizes.iter().map(|size| to_index(*size)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use zkseal_field::One;
    use zkseal_kernels::tables;
    use zkseal_poly::eq_table;

    type Parts = Vec<(usize, Vec<usize>, Vec<Entry<1>>)>;

    fn dense(parts: &Parts, vars: u32, neutral: Fr) -> Vec<Fr> {
        let mut out = vec![neutral; 1 << vars];
        for (base, axes, data) in parts {
            for (position, entry) in data.iter().enumerate() {
                let (mut rest, mut index, mut low) = (position, 0usize, 0u32);
                for axis in axes.iter().rev() {
                    index |= (rest % axis) << low;
                    rest /= axis;
                    low += zkseal_poly::bits(*axis as u64);
                }
                out[base + index] = entry[0];
            }
        }
        out
    }

    fn blocks(shapes: &[Vec<usize>], seed: u64) -> (Parts, u32) {
        let vars = |axes: &[usize]| axes.iter().map(|a| zkseal_poly::bits(*a as u64)).sum::<u32>();
        let mut shapes = shapes.to_vec();
        shapes.sort_by_key(|axes| std::cmp::Reverse(vars(axes)));
        let (mut base, mut parts, mut next) = (0usize, Vec::new(), seed);
        for axes in shapes {
            let count: usize = axes.iter().product();
            let data = (0..count)
                .map(|_| {
                    next = next.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                    [Fr::from(next >> 3)]
                })
                .collect();
            parts.push((base, axes.clone(), data));
            base += 1 << vars(&axes);
        }
        let total = zkseal_poly::bits(base as u64);
        (parts, total)
    }

    /// sum over pairs of eq(pair) (left + 2 right), and of eq(pair).
    fn term(of: Pairs<'_, 1>, eq: &SplitEq) -> Entry<2> {
        let tables = eq.tables();
        of.pairs.iter().fold([Fr::zero(); 2], |[sum, weight], pair| {
            let low = pair.at as usize & ((1 << tables.low_vars) - 1);
            let e = tables.high[pair.at as usize >> tables.low_vars] * tables.low[low];
            let (a, b) = (of.entries[pair.left as usize], of.entries.get(pair.right as usize).unwrap_or(of.neutral));
            [sum + e * (a[0] + b[0] + b[0]), weight + e]
        })
    }

    /// A table of the same contents whose blocks are all made when they are read.
    fn made(parts: &Parts, neutral: Fr) -> Ragged<1> {
        let make = |(base, axes, data): &(usize, Vec<usize>, Vec<Entry<1>>)| {
            let data = data.clone();
            let make = move |range: Range<usize>, out: &mut Vec<Entry<1>>| out.extend_from_slice(&data[range]);
            (*base, axes.clone(), Entries::Made(Arc::new(make)))
        };
        Ragged::of(parts.iter().map(make).collect(), [neutral])
    }

    fn check(parts: &Parts, vars: u32, seed: u64) -> Result<(), TestCaseError> {
        let mut plain = dense(parts, vars, Fr::one());
        let mut tables = [Ragged::new(parts.clone(), [Fr::one()]), made(parts, Fr::one())];
        let point: Vec<Fr> = (0..u64::from(vars)).map(|k| Fr::from(seed ^ (k + 99))).collect();
        let eq = |vars: usize| SplitEq::new(&point[..vars]);
        let mut sums = tables.each_ref().map(|table| table.sum_pairs(|of| term(of, &eq(vars as usize - 1))));
        for round in (0..vars as usize).rev() {
            let weights = eq_table(&point[..round], 1 << round);
            // Pairs outside the stored entries are (1, 1): their term is 3, their weight is what is left of 1.
            let expected: Fr = weights
                .iter()
                .enumerate()
                .map(|(i, e)| *e * (plain[2 * i] + plain[2 * i + 1] + plain[2 * i + 1]))
                .sum();
            for [sum, weight] in sums {
                prop_assert_eq!(sum + (Fr::one() - weight) * Fr::from(3u64), expected);
            }
            let x = Fr::from(seed.rotate_left(round as u32) | 1);
            let next = eq(round.saturating_sub(1));
            sums = tables.each_mut().map(|table| table.bind(x, |of| term(of, &next)));
            plain = (0..plain.len() / 2).map(|i| plain[2 * i] + x * (plain[2 * i + 1] - plain[2 * i])).collect();
        }
        for table in &tables {
            prop_assert_eq!(table.last()[0], plain[0]);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn test_ragged_binding_equals_dense_binding(
            shapes in prop::collection::vec(prop::collection::vec(1usize..6, 0..4), 2..5), seed in 1u64..,
        ) {
            let (parts, vars) = blocks(&shapes, seed);
            check(&parts, vars, seed)?;
        }
    }

    #[test]
    fn test_large_blocks_are_divided_between_tasks() {
        for shapes in [vec![vec![3, 1500]], vec![vec![1001, 5], vec![4099]], vec![vec![700, 3, 2]]] {
            let (parts, vars) = blocks(&shapes, 5);
            assert!(check(&parts, vars, 5).is_ok());
        }
    }

    #[test]
    fn test_halving_when_read_equals_halving() {
        let (parts, vars) = blocks(&[vec![3, 9001], vec![4099], vec![5, 3]], 9);
        let merge = |of: Pairs<'_, 1>, out: &mut [Entry<2>]| {
            for (out, pair) in out.iter_mut().zip(of.pairs) {
                let right = of.entries.get(pair.right as usize).unwrap_or(of.neutral);
                *out = [of.entries[pair.left as usize][0], right[0]];
            }
        };
        let source = Ragged::new(parts, [Fr::one()]);
        let (mut stored, mut made) =
            (source.halve([Fr::one(); 2], merge), source.clone().halve_when_read([Fr::one(); 2], merge));
        assert_eq!(stored.sum_pairs(tables::product_sums), made.sum_pairs(tables::product_sums));
        for round in 1..u64::from(vars) {
            let x = Fr::from(round + 3);
            assert_eq!(stored.bind(x, tables::product_sums), made.bind(x, tables::product_sums));
        }
        assert_eq!(stored.last(), made.last());
    }
}
