//! Arrays over aligned blocks of padded axes, stored without their padding.
//!
//! A block of axes (d_1 .. d_k) takes 2^(bits d_1 + .. + bits d_k) indices of its domain, but only d_1 * .. * d_k entries
//! exist; all others hold a neutral entry. Binding or merging the least significant index bit halves the innermost
//! axis (n entries leave ceil(n / 2)); an axis that is used up hands over to the next. A block that is down to one
//! entry joins the *tail*, the dense run of entries behind the larger blocks (blocks lie by descending size).
//!
//! Entries of a large block need not be stored: they may be made from something smaller whenever they are read. A
//! binding also computes the sums of the next round, while what it wrote is still in the cache.

mod shape;
pub mod units;

use rayon::prelude::*;
use shape::Shape;
use std::ops::Range;
use std::sync::Arc;
use zkseal_field::{Fr, Zero};
use zkseal_kernels::tables::{self, Entry, EqTables, MAX_PAIRS, Pair, Pairs};
use zkseal_poly::eq_table;
use zkseal_relation::types::to_index;

/// Below this many pairs a loop runs on one thread.
const PARALLEL_FROM: usize = 1024;

/// Pairs of a task. Two entries of each, and the four that they are made of, stay in the cache.
const TASK: usize = MAX_PAIRS / 2;

/// From this many entries on overwriting is divided between threads.
const DISCARD_FROM: usize = 1 << 14;

/// From this many entries on a block of a derived table is made when it is read.
const MADE_FROM: usize = 4096;

/// Writes the entries at these positions of a block.
pub type Maker<const W: usize> = Arc<dyn Fn(Range<usize>, &mut Vec<Entry<W>>) + Send + Sync>;

/// The entries of a block.
#[derive(Clone)]
pub enum Entries<const W: usize> {
    /// One by one.
    Stored(Vec<Entry<W>>),
    /// Made when they are read.
    Made(Maker<W>),
}

#[derive(Clone)]
struct Block<const W: usize> {
    shape: Shape,
    entries: Entries<W>,
    /// What the next binding writes to: the memory of the binding before the last.
    spare: Vec<Entry<W>>,
}

impl<const W: usize> Drop for Block<W> {
    /// Entries derive from a witness.
    fn drop(&mut self) {
        if let Entries::Stored(data) = &mut self.entries {
            wipe(data);
        }
        wipe(&mut self.spare);
    }
}

/// Zeros in all the memory of a vector, written as one stretch: many times faster than entry by entry.
fn wipe<const W: usize>(values: &mut Vec<Entry<W>>) {
    values.clear();
    for entry in values.spare_capacity_mut() {
        entry.write([Fr::zero(); W]);
    }
    std::hint::black_box(values.spare_capacity_mut());
}

/// What one thread works with; wiped on drop.
struct Scratch<const W: usize> {
    pairs: Vec<Pair>,
    entries: Vec<Entry<W>>,
}

impl<const W: usize> Scratch<W> {
    const fn new() -> Self {
        Self { pairs: Vec::new(), entries: Vec::new() }
    }
}

impl<const W: usize> Drop for Scratch<W> {
    fn drop(&mut self) {
        wipe(&mut self.entries);
    }
}

impl<const W: usize> Block<W> {
    fn stored(shape: Shape, data: Vec<Entry<W>>) -> Self {
        Self { shape, entries: Entries::Stored(data), spare: Vec::new() }
    }

    /// Entries that it has memory for.
    const fn capacity(&self) -> usize {
        self.spare.capacity()
            + match &self.entries {
                Entries::Stored(data) => data.capacity(),
                Entries::Made(_) => 0,
            }
    }

    /// The entries at these positions.
    fn read<'a>(&'a self, window: Range<usize>, buffer: &'a mut Vec<Entry<W>>) -> &'a [Entry<W>] {
        match &self.entries {
            Entries::Stored(data) => &data[window],
            Entries::Made(make) => {
                buffer.clear();
                make(window, buffer);
                buffer
            }
        }
    }

    /// One entry of `out` for each of these pairs.
    fn merge<const V: usize>(
        &self,
        neutral: &Entry<W>,
        range: Range<usize>,
        scratch: &mut Scratch<W>,
        out: &mut [Entry<V>],
        merge: &impl Fn(Pairs<'_, W>, &mut [Entry<V>]),
    ) {
        let window = self.shape.pairs(range, &mut scratch.pairs);
        let entries = self.read(window, &mut scratch.entries);
        merge(Pairs { entries, neutral, pairs: &scratch.pairs }, out);
    }

    /// One entry for each pair.
    fn merge_all<const V: usize>(
        &self,
        neutral: &Entry<W>,
        out: &mut [Entry<V>],
        merge: &(impl Fn(Pairs<'_, W>, &mut [Entry<V>]) + Sync),
    ) {
        let part = |scratch: &mut Scratch<W>, (k, out): (usize, &mut [Entry<V>])| {
            self.merge(neutral, k * TASK..k * TASK + out.len(), scratch, out, merge);
        };
        if out.len() < PARALLEL_FROM {
            let mut scratch = Scratch::new();
            out.chunks_mut(TASK).enumerate().for_each(|chunk| part(&mut scratch, chunk));
        } else {
            out.par_chunks_mut(TASK).enumerate().for_each_init(Scratch::new, part);
        }
    }

    /// The sum of `term` over all pairs.
    fn sum<const V: usize>(&self, neutral: &Entry<W>, term: &(impl Fn(Pairs<'_, W>) -> Entry<V> + Sync)) -> Entry<V> {
        let count = self.shape.pair_count();
        let part = |scratch: &mut Scratch<W>, k: usize| {
            let window = self.shape.pairs(k * TASK..count.min((k + 1) * TASK), &mut scratch.pairs);
            let entries = self.read(window, &mut scratch.entries);
            term(Pairs { entries, neutral, pairs: &scratch.pairs })
        };
        let parts = count.div_ceil(TASK);
        if count < PARALLEL_FROM {
            let mut scratch = Scratch::new();
            return (0..parts).map(|k| part(&mut scratch, k)).fold([Fr::zero(); V], add);
        }
        (0..parts).into_par_iter().map_init(Scratch::new, part).reduce(|| [Fr::zero(); V], add)
    }

    /// Binds to `x`; returns the sum of `term` over the pairs that come of it, none for a single entry.
    fn bind<const V: usize>(
        &mut self,
        neutral: &Entry<W>,
        x: Fr,
        term: Option<&(impl Fn(Pairs<'_, W>) -> Entry<V> + Sync)>,
    ) -> Entry<V> {
        let next = self.shape.halved();
        let mut out = self.take_spare(next.len, neutral);
        let kernel = |pairs: Pairs<'_, W>, out: &mut [Entry<W>]| tables::bind(pairs, x, out);
        let sum = match term {
            Some(term) if !next.is_single() => self.bind_and_sum(neutral, &next, &mut out, &kernel, term),
            _ => {
                self.merge_all(neutral, &mut out, &kernel);
                [Fr::zero(); V]
            }
        };
        self.shape = next;
        self.spare = match std::mem::replace(&mut self.entries, Entries::Stored(out)) {
            Entries::Stored(data) => data,
            Entries::Made(_) => Vec::new(),
        };
        sum
    }

    fn bind_and_sum<const V: usize>(
        &self,
        neutral: &Entry<W>,
        next: &Shape,
        out: &mut [Entry<W>],
        kernel: &(impl Fn(Pairs<'_, W>, &mut [Entry<W>]) + Sync),
        term: &(impl Fn(Pairs<'_, W>) -> Entry<V> + Sync),
    ) -> Entry<V> {
        let count = next.pair_count();
        let task = |k: usize| k * TASK..count.min((k + 1) * TASK);
        let part = |scratch: &mut Scratch<W>, (k, out): (usize, &mut [Entry<W>])| {
            self.merge(neutral, next.window(&task(k)), scratch, out, kernel);
            next.pairs(task(k), &mut scratch.pairs);
            term(Pairs { entries: out, neutral, pairs: &scratch.pairs })
        };
        // Pairs of neighbours lie in order, so that their windows tile the block.
        let (mut tasks, mut rest) = (Vec::with_capacity(count.div_ceil(TASK)), out);
        for k in 0..count.div_ceil(TASK) {
            let (own, others) = rest.split_at_mut(next.window(&task(k)).len());
            tasks.push((k, own));
            rest = others;
        }
        if count < PARALLEL_FROM {
            let mut scratch = Scratch::new();
            return tasks.into_iter().map(|task| part(&mut scratch, task)).fold([Fr::zero(); V], add);
        }
        tasks.into_par_iter().map_init(Scratch::new, part).reduce(|| [Fr::zero(); V], add)
    }

    fn take_spare(&mut self, count: usize, neutral: &Entry<W>) -> Vec<Entry<W>> {
        let mut out = std::mem::take(&mut self.spare);
        if out.capacity() < count {
            // Growing in place would leave a copy behind.
            wipe(&mut out);
            out = Vec::with_capacity(count);
        }
        out.resize(count, *neutral);
        out
    }
}

fn add<const V: usize>(mut a: Entry<V>, b: Entry<V>) -> Entry<V> {
    a.iter_mut().zip(&b).for_each(|(x, y)| *x += y);
    a
}

/// Entries over a domain.
#[derive(Clone)]
pub struct Ragged<const W: usize> {
    blocks: Vec<Block<W>>,
    tail: Block<W>,
    neutral: Entry<W>,
}

/// Drops blocks; overwriting large ones takes as long as a round, so it is divided.
fn discard<const W: usize>(blocks: Vec<Block<W>>) {
    if blocks.iter().map(Block::capacity).sum::<usize>() < DISCARD_FROM {
        return;
    }
    blocks.into_par_iter().for_each(drop);
}

impl<const W: usize> Drop for Ragged<W> {
    fn drop(&mut self) {
        discard(std::mem::take(&mut self.blocks));
    }
}

/// eq over a point, split in two tables so that memory is the square root of the domain.
pub struct SplitEq {
    high: Vec<Fr>,
    low: Vec<Fr>,
    low_vars: usize,
}

impl SplitEq {
    /// Tables of `eq(point, .)`.
    #[must_use]
    pub fn new(point: &[Fr]) -> Self {
        let low_vars = point.len() / 2;
        let (front, back) = point.split_at(point.len() - low_vars);
        Self { high: eq_table(front, 1 << front.len()), low: eq_table(back, 1 << low_vars), low_vars }
    }

    /// Leaves out the last variable of the point: entries that differ in it add up to one.
    pub fn shorten(&mut self) {
        let table = if self.low_vars > 0 { &mut self.low } else { &mut self.high };
        self.low_vars = self.low_vars.saturating_sub(1);
        if table.len() > 1 {
            *table = table.as_chunks::<2>().0.iter().map(|pair| pair[0] + pair[1]).collect();
        }
    }

    /// The tables, as the kernels read them.
    #[must_use]
    pub fn tables(&self) -> EqTables<'_> {
        EqTables { high: &self.high, low: &self.low, low_vars: self.low_vars }
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

impl<const W: usize> Block<W> {
    fn halve<const V: usize>(
        &self,
        own_neutral: &Entry<W>,
        neutral: Entry<V>,
        merge: &(impl Fn(Pairs<'_, W>, &mut [Entry<V>]) + Sync),
    ) -> Block<V> {
        let shape = self.shape.halved();
        let mut data = vec![neutral; shape.len];
        self.merge_all(own_neutral, &mut data, merge);
        Block::stored(shape, data)
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
    fn test_shortened_tables_are_those_of_the_shorter_point() {
        let point: Vec<Fr> = (0..7u64).map(|k| Fr::from(k * k + 5)).collect();
        let mut eq = SplitEq::new(&point);
        for vars in (0..7).rev() {
            eq.shorten();
            let tables = eq.tables();
            let mask = (1usize << tables.low_vars) - 1;
            let dense: Vec<Fr> =
                (0..1usize << vars).map(|i| tables.high[i >> tables.low_vars] * tables.low[i & mask]).collect();
            assert_eq!(dense, eq_table(&point[..vars], 1 << vars));
        }
        eq.shorten();
        assert_eq!(eq.tables().high, [Fr::one()]);
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
