//! Arrays over aligned blocks of padded axes, stored without their padding.
//!
//! A block of axes (d_1 .. d_k) takes 2^(bits d_1 + .. + bits d_k) indices of its domain, but only d_1 * .. * d_k entries
//! exist; all others hold a neutral entry. Binding or merging the least significant index bit halves the innermost
//! axis (n entries leave ceil(n / 2)); an axis that is used up hands over to the next. A block that is down to one
//! entry joins the *tail*, the dense run of entries behind the larger blocks (blocks lie by descending size).

use rayon::prelude::*;
use zkseal_field::{Fr, Zero};
use zkseal_kernels::tables::{self, Entry, EqTables, MAX_PAIRS, Pair, Pairs};
use zkseal_poly::eq_table;
use zkseal_relation::types::to_index;

/// Below this many pairs a loop runs on one thread.
const PARALLEL_FROM: usize = 1024;

#[derive(Clone)]
struct Block<const W: usize> {
    /// First index of the block in its domain.
    base: usize,
    /// (size, bits) of the outer axes.
    outer: Vec<(usize, u32)>,
    /// Live size of the innermost axis.
    inner: usize,
    /// Index bits left in it; the tail never runs out.
    inner_vars: u32,
    /// Entries, row-major.
    data: Vec<Entry<W>>,
    /// What the next binding writes to: the memory of the binding before the last.
    spare: Vec<Entry<W>>,
}

impl<const W: usize> Drop for Block<W> {
    /// Entries derive from a witness.
    fn drop(&mut self) {
        wipe(&mut self.data);
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

impl<const W: usize> Block<W> {
    /// A tail without entries.
    const fn empty(base: usize) -> Self {
        Self { base, outer: Vec::new(), inner: 0, inner_vars: TAIL_VARS, data: Vec::new(), spare: Vec::new() }
    }

    /// Hands over from used-up axes to the next.
    fn settle(&mut self) {
        while self.inner_vars == 0 {
            let Some((size, vars)) = self.outer.pop() else { return };
            (self.inner, self.inner_vars) = (size, vars);
        }
    }

    /// The shape after the innermost axis was halved.
    fn halved(&mut self) {
        self.base /= 2;
        self.inner = self.inner.div_ceil(2);
        if self.inner_vars != TAIL_VARS {
            self.inner_vars -= 1;
        }
    }

    const fn is_single(&self) -> bool {
        self.inner_vars == 0
    }

    /// Pairs of neighbours along the innermost axis, in all rows.
    const fn pair_count(&self) -> usize {
        match self.data.len().checked_div(self.inner) {
            Some(rows) => rows * self.inner.div_ceil(2),
            None => 0,
        }
    }

    /// Pairs number `first ..`, at most [`MAX_PAIRS`] of them; positions count from the entry that comes with them.
    fn pairs(&self, first: usize, pairs: &mut Vec<Pair>) -> usize {
        let half = self.inner.div_ceil(2);
        let (mut row, mut i) = (first / half, first % half);
        let origin = row * self.inner;
        let mut cursor = RowCursor::new(self, row);
        pairs.clear();
        while pairs.len() < MAX_PAIRS && row * self.inner < self.data.len() {
            let (entry, at) = (row * self.inner - origin, cursor.index as u64 / 2);
            let run = (half - i).min(MAX_PAIRS - pairs.len());
            for i in i..i + run {
                let left = (entry + 2 * i) as u32;
                let right = if 2 * i + 1 < self.inner { left + 1 } else { Pair::NEUTRAL };
                pairs.push(Pair { left, right, at: at + i as u64 });
            }
            (row, i) = (row + 1, 0);
            cursor.advance();
        }
        origin
    }
}

/// Walks over the rows of a block in order.
struct RowCursor {
    /// (position, size, distance in the domain) of each outer axis, innermost first.
    axes: Vec<(usize, usize, usize)>,
    /// First domain index of the row.
    index: usize,
}

impl RowCursor {
    fn new<const W: usize>(block: &Block<W>, row: usize) -> Self {
        let (mut rest, mut low, mut index) = (row, block.inner_vars, block.base);
        let mut axes = Vec::with_capacity(block.outer.len());
        for (size, vars) in block.outer.iter().rev() {
            let position = rest % size;
            rest /= size;
            index += position << low;
            axes.push((position, *size, 1 << low));
            low += vars;
        }
        Self { axes, index }
    }

    fn advance(&mut self) {
        for (position, size, distance) in &mut self.axes {
            *position += 1;
            self.index += *distance;
            if *position < *size {
                return;
            }
            self.index -= *position * *distance;
            *position = 0;
        }
    }
}

/// Vars of the tail: more than any domain has.
const TAIL_VARS: u32 = 60;

/// Entries over a domain.
#[derive(Clone)]
pub struct Ragged<const W: usize> {
    blocks: Vec<Block<W>>,
    tail: Block<W>,
    neutral: Entry<W>,
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
        let end = parts.last().map_or(0, |(base, axes, _)| {
            base + (1usize << axes.iter().map(|axis| zkseal_poly::bits(*axis as u64)).sum::<u32>())
        });
        let tail = Block::empty(end);
        let blocks = parts
            .into_iter()
            .map(|(base, axes, data)| {
                let outer = axes.iter().map(|axis| (*axis, zkseal_poly::bits(*axis as u64))).collect();
                Block { base, outer, inner: 1, inner_vars: 0, data, spare: Vec::new() }
            })
            .collect();
        let mut out = Self { blocks, tail, neutral };
        out.settle();
        out
    }

    /// Number of stored entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.blocks.iter().map(|block| block.data.len()).sum::<usize>() + self.tail.data.len()
    }

    /// Whether nothing is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn settle(&mut self) {
        for block in &mut self.blocks {
            block.settle();
        }
        let first = self.blocks.iter().position(Block::is_single).unwrap_or(self.blocks.len());
        if first == self.blocks.len() {
            return;
        }
        let singles = self.blocks.split_off(first);
        let base = singles[0].base;
        let mut data = Vec::with_capacity(singles.len() + self.tail.data.len());
        data.extend(singles.iter().map(|block| block.data[0]));
        data.extend_from_slice(&self.tail.data);
        self.tail.base = base;
        self.tail.inner = data.len();
        wipe(&mut std::mem::replace(&mut self.tail.data, data));
    }

    /// Merges neighbours: entry y of the result comes from entries 2y and 2y + 1, by a kernel of `zkseal_kernels::tables`.
    #[must_use]
    pub fn halve<const V: usize>(
        &self,
        neutral: Entry<V>,
        merge: impl Fn(Pairs<'_, W>, &mut [Entry<V>]) + Sync,
    ) -> Ragged<V> {
        let halve_block = |block: &Block<W>| -> Block<V> {
            let mut data = vec![neutral; block.pair_count()];
            self.merge_pairs(block, &mut data, &merge);
            let mut out = Block {
                base: block.base,
                outer: block.outer.clone(),
                inner: block.inner,
                inner_vars: block.inner_vars,
                data,
                spare: Vec::new(),
            };
            out.halved();
            out
        };
        let mut out =
            Ragged { blocks: self.blocks.iter().map(halve_block).collect(), tail: halve_block(&self.tail), neutral };
        out.settle();
        out
    }

    /// One entry of `out` from each pair of a block.
    fn merge_pairs<const V: usize>(
        &self,
        block: &Block<W>,
        out: &mut [Entry<V>],
        merge: &(impl Fn(Pairs<'_, W>, &mut [Entry<V>]) + Sync),
    ) {
        let part = |buffer: &mut Vec<Pair>, (k, out): (usize, &mut [Entry<V>])| {
            let origin = block.pairs(k * MAX_PAIRS, buffer);
            merge(Pairs { entries: &block.data[origin..], neutral: &self.neutral, pairs: buffer }, out);
        };
        if out.len() < PARALLEL_FROM {
            let mut buffer = Vec::with_capacity(MAX_PAIRS.min(out.len()));
            out.chunks_mut(MAX_PAIRS).enumerate().for_each(|chunk| part(&mut buffer, chunk));
        } else {
            let buffer = || Vec::with_capacity(MAX_PAIRS);
            out.par_chunks_mut(MAX_PAIRS).enumerate().for_each_init(buffer, part);
        }
    }

    /// The sum of `term`, a kernel of `zkseal_kernels::tables`, over all stored pairs.
    pub fn sum_pairs<const V: usize>(&self, term: impl Fn(Pairs<'_, W>) -> Entry<V> + Sync) -> Entry<V> {
        let add = |mut a: Entry<V>, b: Entry<V>| {
            a.iter_mut().zip(&b).for_each(|(x, y)| *x += y);
            a
        };
        let zero = || [Fr::zero(); V];
        let mut total = zero();
        for block in self.blocks.iter().chain(std::iter::once(&self.tail)) {
            let part = |buffer: &mut Vec<Pair>, k: usize| {
                let origin = block.pairs(k * MAX_PAIRS, buffer);
                term(Pairs { entries: &block.data[origin..], neutral: &self.neutral, pairs: buffer })
            };
            let count = block.pair_count();
            let parts = count.div_ceil(MAX_PAIRS);
            let sum = if count < PARALLEL_FROM {
                let mut buffer = Vec::with_capacity(MAX_PAIRS.min(count));
                (0..parts).map(|k| part(&mut buffer, k)).fold(zero(), add)
            } else {
                let buffer = || Vec::with_capacity(MAX_PAIRS);
                (0..parts).into_par_iter().map_init(buffer, part).reduce(zero, add)
            };
            total = add(total, sum);
        }
        total
    }

    /// Sets the least significant variable to `x`.
    pub fn bind(&mut self, x: Fr) {
        let mut blocks = std::mem::take(&mut self.blocks);
        let mut tail = std::mem::replace(&mut self.tail, Block::empty(0));
        for block in blocks.iter_mut().chain(std::iter::once(&mut tail)) {
            let mut out = std::mem::take(&mut block.spare);
            let count = block.pair_count();
            if out.capacity() < count {
                // Growing in place would leave a copy behind.
                wipe(&mut out);
                out = Vec::with_capacity(count);
            }
            out.resize(count, self.neutral);
            self.merge_pairs(block, &mut out, &|pairs, out| tables::bind(pairs, x, out));
            block.spare = std::mem::replace(&mut block.data, out);
            block.halved();
        }
        (self.blocks, self.tail) = (blocks, tail);
        self.settle();
    }

    /// The one entry that is left when all variables are bound.
    #[must_use]
    pub fn last(&self) -> Entry<W> {
        self.tail.data.first().copied().unwrap_or(self.neutral)
    }

    /// All 2^num_vars entries, neutral ones included (test builds lie through this).
    #[cfg(feature = "test-hooks")]
    #[must_use]
    pub fn to_dense(&self, num_vars: usize) -> Vec<Entry<W>> {
        let mut out = vec![self.neutral; 1 << num_vars];
        for block in self.blocks.iter().chain(std::iter::once(&self.tail)).filter(|block| !block.data.is_empty()) {
            let mut cursor = RowCursor::new(block, 0);
            for row in block.data.chunks_exact(block.inner) {
                out[cursor.index..cursor.index + block.inner].copy_from_slice(row);
                cursor.advance();
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

    proptest! {
        #[test]
        fn test_ragged_binding_equals_dense_binding(
            shapes in prop::collection::vec(prop::collection::vec(1usize..6, 0..4), 1..5), seed in 1u64..,
        ) {
            let (parts, vars) = blocks(&shapes, seed);
            let mut plain = dense(&parts, vars, Fr::one());
            let mut ragged = Ragged::new(parts, [Fr::one()]);
            for round in 0..vars {
                let point: Vec<Fr> = (0..u64::from(vars - round - 1)).map(|k| Fr::from(seed ^ (k + 99))).collect();
                let eq = eq_table(&point, 1 << point.len());
                // Pairs outside the stored entries are (1, 1): their term is 3, their weight is what is left of 1.
                let split = SplitEq::new(&point);
                let [sum, weight] = ragged.sum_pairs(|of| of.pairs.iter().fold([Fr::zero(); 2], |[sum, weight], pair| {
                    let tables = split.tables();
                    let low = pair.at as usize & ((1 << tables.low_vars) - 1);
                    let e = tables.high[pair.at as usize >> tables.low_vars] * tables.low[low];
                    let (a, b) = (of.entries[pair.left as usize], of.entries.get(pair.right as usize).unwrap_or(of.neutral));
                    [sum + e * (a[0] + b[0] + b[0]), weight + e]
                }));
                let expected: Fr = eq.iter().enumerate()
                    .map(|(i, e)| *e * (plain[2 * i] + plain[2 * i + 1] + plain[2 * i + 1])).sum();
                prop_assert_eq!(sum + (Fr::one() - weight) * Fr::from(3u64), expected);
                let x = Fr::from(seed.rotate_left(round) | 1);
                ragged.bind(x);
                plain = (0..plain.len() / 2).map(|i| plain[2 * i] + x * (plain[2 * i + 1] - plain[2 * i])).collect();
            }
            prop_assert_eq!(ragged.last()[0], plain[0]);
        }
    }
}
