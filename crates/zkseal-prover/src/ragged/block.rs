//! One block: its shape and its entries, stored or made when they are read, and what a round does with them.

use super::shape::Shape;
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;
use zkseal_field::{Fr, Zero};
use zkseal_kernels::tables::{self, Entry, MAX_PAIRS, Pair, Pairs};

/// Below this many pairs a loop runs on one thread.
pub(super) const PARALLEL_FROM: usize = 1024;

/// Pairs of a task. Two entries of each, and the four that they are made of, stay in the cache.
pub(super) const TASK: usize = MAX_PAIRS / 2;

/// From this many entries on overwriting is divided between threads.
const DISCARD_FROM: usize = 1 << 14;

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
pub(super) struct Block<const W: usize> {
    pub(super) shape: Shape,
    pub(super) entries: Entries<W>,
    /// What the next binding writes to: the memory of the binding before the last.
    pub(super) spare: Vec<Entry<W>>,
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
pub(super) fn wipe<const W: usize>(values: &mut Vec<Entry<W>>) {
    values.clear();
    for entry in values.spare_capacity_mut() {
        entry.write([Fr::zero(); W]);
    }
    std::hint::black_box(values.spare_capacity_mut());
}

/// What one thread works with; wiped on drop.
pub(super) struct Scratch<const W: usize> {
    pairs: Vec<Pair>,
    pub(super) entries: Vec<Entry<W>>,
}

impl<const W: usize> Scratch<W> {
    pub(super) const fn new() -> Self {
        Self { pairs: Vec::new(), entries: Vec::new() }
    }
}

impl<const W: usize> Drop for Scratch<W> {
    fn drop(&mut self) {
        wipe(&mut self.entries);
    }
}

impl<const W: usize> Block<W> {
    pub(super) fn stored(shape: Shape, data: Vec<Entry<W>>) -> Self {
        Self { shape, entries: Entries::Stored(data), spare: Vec::new() }
    }

    /// Entries that it has memory for.
    pub(super) const fn capacity(&self) -> usize {
        self.spare.capacity()
            + match &self.entries {
                Entries::Stored(data) => data.capacity(),
                Entries::Made(_) => 0,
            }
    }

    /// The entries at these positions.
    pub(super) fn read<'a>(&'a self, window: Range<usize>, buffer: &'a mut Vec<Entry<W>>) -> &'a [Entry<W>] {
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
    pub(super) fn merge<const V: usize>(
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
    pub(super) fn sum<const V: usize>(
        &self,
        neutral: &Entry<W>,
        term: &(impl Fn(Pairs<'_, W>) -> Entry<V> + Sync),
    ) -> Entry<V> {
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
    pub(super) fn bind<const V: usize>(
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

    pub(super) fn halve<const V: usize>(
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

pub(super) fn add<const V: usize>(mut a: Entry<V>, b: Entry<V>) -> Entry<V> {
    a.iter_mut().zip(&b).for_each(|(x, y)| *x += y);
    a
}

/// Drops blocks; overwriting large ones takes as long as a round, so it is divided.
pub(super) fn discard<const W: usize>(blocks: Vec<Block<W>>) {
    if blocks.iter().map(Block::capacity).sum::<usize>() < DISCARD_FROM {
        return;
    }
    blocks.into_par_iter().for_each(drop);
}
