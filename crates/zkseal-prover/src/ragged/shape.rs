//! Where the entries of a block lie: in its domain, and in memory.

use std::ops::Range;
use zkseal_kernels::tables::Pair;

/// Vars of the tail: more than any domain has.
const TAIL_VARS: u32 = 60;

/// Axes of a block, stored row-major without their padding.
#[derive(Clone)]
pub struct Shape {
    /// First index of the block in its domain.
    pub base: usize,
    /// (size, bits) of the outer axes.
    outer: Vec<(usize, u32)>,
    /// Live size of the innermost axis.
    inner: usize,
    /// Index bits left in it; the tail never runs out.
    inner_vars: u32,
    /// Number of entries.
    pub len: usize,
}

impl Shape {
    /// A block of these axes.
    pub fn new(base: usize, axes: &[usize]) -> Self {
        let outer = axes.iter().map(|axis| (*axis, zkseal_poly::bits(*axis as u64))).collect();
        let mut shape = Self { base, outer, inner: 1, inner_vars: 0, len: axes.iter().product() };
        shape.settle();
        shape
    }

    /// A dense run of entries that never becomes single.
    pub const fn tail(base: usize, len: usize) -> Self {
        Self { base, outer: Vec::new(), inner: len, inner_vars: TAIL_VARS, len }
    }

    /// Hands over from used-up axes to the next.
    fn settle(&mut self) {
        while self.inner_vars == 0 {
            let Some((size, vars)) = self.outer.pop() else { return };
            (self.inner, self.inner_vars) = (size, vars);
        }
    }

    /// Whether all variables of the block are used up.
    pub const fn is_single(&self) -> bool {
        self.inner_vars == 0
    }

    /// Whether every entry has a neighbour along the innermost axis.
    pub const fn has_neighbours(&self) -> bool {
        !self.is_single() && self.inner.is_multiple_of(2)
    }

    /// Pairs of neighbours along the innermost axis, in all rows.
    pub const fn pair_count(&self) -> usize {
        match self.len.checked_div(self.inner) {
            Some(rows) => rows * self.inner.div_ceil(2),
            None => 0,
        }
    }

    /// The shape of one entry for each pair.
    pub fn halved(&self) -> Self {
        let mut half = Self { base: self.base / 2, len: self.pair_count(), ..self.clone() };
        half.inner = self.inner.div_ceil(2);
        if self.inner_vars != TAIL_VARS {
            half.inner_vars -= 1;
            half.settle();
        }
        half
    }

    /// Position of the left entry of a pair; the end of the block for the number after the last.
    fn left(&self, pair: usize) -> usize {
        let half = self.inner.div_ceil(2).max(1);
        pair / half * self.inner + 2 * (pair % half)
    }

    /// The stretch of entries that these pairs are made of.
    pub fn window(&self, pairs: &Range<usize>) -> Range<usize> {
        self.left(pairs.start)..self.left(pairs.end).min(self.len)
    }

    /// These pairs, with positions counted from the start of their window.
    pub fn pairs(&self, range: Range<usize>, pairs: &mut Vec<Pair>) -> Range<usize> {
        let window = self.window(&range);
        pairs.clear();
        if range.is_empty() {
            return window;
        }
        let half = self.inner.div_ceil(2);
        let (mut row, mut i) = (range.start / half, range.start % half);
        let mut rows = Rows::new(self, row);
        while pairs.len() < range.len() {
            let first = rows.index as u64 / 2;
            for i in i..half.min(i + range.len() - pairs.len()) {
                let left = (row * self.inner + 2 * i - window.start) as u32;
                let right = if 2 * i + 1 < self.inner { left + 1 } else { Pair::NEUTRAL };
                pairs.push(Pair { left, right, at: first + i as u64 });
            }
            (row, i) = (row + 1, 0);
            rows.advance();
        }
        window
    }

    /// First domain index of each row, and the entries of a row.
    #[cfg(feature = "test-hooks")]
    pub fn rows(&self) -> (Vec<usize>, usize) {
        let mut rows = Rows::new(self, 0);
        let count = self.len.checked_div(self.inner).unwrap_or(0);
        let start = |_| {
            let index = rows.index;
            rows.advance();
            index
        };
        ((0..count).map(start).collect(), self.inner)
    }
}

/// Walks over the rows of a block in order.
struct Rows {
    /// (position, size, distance in the domain) of each outer axis, innermost first.
    axes: Vec<(usize, usize, usize)>,
    /// First domain index of the row.
    index: usize,
}

impl Rows {
    fn new(shape: &Shape, row: usize) -> Self {
        let (mut rest, mut low, mut index) = (row, shape.inner_vars, shape.base);
        let mut axes = Vec::with_capacity(shape.outer.len());
        for (size, vars) in shape.outer.iter().rev() {
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
