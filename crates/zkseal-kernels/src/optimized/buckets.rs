//! The bucket method over batches of affine additions, for any [`Engine`] that can do such a batch.
//!
//! Every non-zero digit puts a point (with a sign) into one bucket of its *set* (a window of a row). All buckets of a
//! job are summed together by halving rounds: neighbours inside each bucket are added, thousands of additions a batch,
//! until each bucket holds at most one point. Running sums then turn a set's buckets into `sum_k k * bucket_k`.
//!
//! Affine additions are incomplete. An engine reports [`Degenerate`] when an addition meets two points of equal x; the
//! caller then computes the whole product by complete formulas. With independent bases that never happens.

use zeroize::Zeroize;
use zkseal_field::{AdditiveGroup, G1Affine, G1Projective, Zero};

/// An affine addition met P + P or P - P.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Degenerate;

/// Sign of an entry: set when the point is to be negated.
pub const NEGATIVE: u32 = 1 << 31;

/// A point on its way into a bucket.
#[derive(Debug, Clone, Copy, Zeroize)]
pub struct Deposit {
    /// Bucket, counted over all sets of the job.
    pub bucket: u32,
    /// Index into the pool, with [`NEGATIVE`].
    pub entry: u32,
}

/// Batched arithmetic on finite points of its own representation.
pub trait Engine {
    /// A finite affine point.
    type Point: Copy + Send + Sync + Zeroize;
    /// Buffers that a thread keeps from batch to batch.
    type Scratch: Default;
    /// Stands for an empty bucket.
    const EMPTY: Self::Point;

    /// Own form of finite points.
    fn import(bases: &[G1Affine]) -> Vec<Self::Point>;

    /// Appends `pool[left] + pool[right]` for every pair of entries, in order.
    ///
    /// # Errors
    /// [`Degenerate`] if any pair has equal x; the pool is then of no use.
    fn add_pairs(
        pool: &mut Vec<Self::Point>,
        pairs: &[[u32; 2]],
        scratch: &mut Self::Scratch,
    ) -> Result<(), Degenerate>;

    /// The point that an entry stands for.
    fn resolve(pool: &[Self::Point], entry: u32) -> Self::Point;

    /// For each segment of `length` buckets: their sum, and `sum_k (k + 1) * segment[k]`.
    fn running_sums(buckets: &[Self::Point], length: usize) -> Vec<(G1Projective, G1Projective)>;
}

/// One thread's buffers, filled with the bases and used for many jobs.
pub struct Workspace<E: Engine> {
    pool: Vec<E::Point>,
    base_count: usize,
    starts: Vec<u32>,
    lengths: Vec<u32>,
    entries: Vec<u32>,
    pairs: Vec<[u32; 2]>,
    scratch: E::Scratch,
    /// Sums of the buckets of all jobs so far, densely.
    sums: Vec<E::Point>,
}

impl<E: Engine> Workspace<E> {
    /// Buffers for products over `bases`.
    pub fn new(bases: &[E::Point]) -> Self {
        Self {
            pool: bases.to_vec(),
            base_count: bases.len(),
            starts: Vec::new(),
            lengths: Vec::new(),
            entries: Vec::new(),
            pairs: Vec::new(),
            scratch: E::Scratch::default(),
            sums: Vec::new(),
        }
    }

    /// Sums the deposits of a job with `buckets` buckets and keeps the sums.
    pub fn run(&mut self, deposits: &[Deposit], buckets: usize) -> Result<(), Degenerate> {
        self.sort(deposits, buckets);
        self.pool.truncate(self.base_count);
        self.pool.reserve(deposits.len() + 8);
        while self.pair_neighbours() {
            E::add_pairs(&mut self.pool, &self.pairs, &mut self.scratch)?;
        }
        let Self { pool, starts, lengths, entries, sums, .. } = self;
        sums.extend(starts.iter().zip(lengths.iter()).map(|(start, length)| match *length {
            0 => E::EMPTY,
            _ => E::resolve(pool, entries[*start as usize]),
        }));
        Ok(())
    }

    /// The values `sum_k (k + 1) * bucket_k` of all sets of `buckets` buckets since the last call.
    pub fn finish(&mut self, buckets: usize) -> Vec<G1Projective> {
        // Short of sets, cut each into segments so that eight lanes have work.
        let sets = self.sums.len() / buckets.max(1);
        let mut pieces = 1;
        while sets * pieces < 8 && pieces * 4 <= buckets {
            pieces *= 2;
        }
        let length = buckets / pieces;
        let segments = E::running_sums(&self.sums, length);
        self.sums.clear();
        segments.chunks(pieces).map(|segments| combine_segments(segments, length)).collect()
    }

    /// Counting sort of the deposits by bucket.
    fn sort(&mut self, deposits: &[Deposit], buckets: usize) {
        self.lengths.clear();
        self.lengths.resize(buckets, 0);
        for deposit in deposits {
            self.lengths[deposit.bucket as usize] += 1;
        }
        self.starts.clear();
        let mut end = 0;
        self.starts.extend(self.lengths.iter().map(|length| {
            end += length;
            end
        }));
        self.entries.resize(deposits.len(), 0);
        for deposit in deposits {
            let start = &mut self.starts[deposit.bucket as usize];
            *start -= 1;
            self.entries[*start as usize] = deposit.entry;
        }
    }

    /// Lists the additions of the next round and puts their results in the operands' places; false if there are none.
    fn pair_neighbours(&mut self) -> bool {
        self.pairs.clear();
        let mut next = self.pool.len() as u32;
        for (start, length) in self.starts.iter().zip(&mut self.lengths) {
            let count = *length as usize;
            if count < 2 {
                continue;
            }
            let bucket = &mut self.entries[*start as usize..][..count];
            for i in 0..count / 2 {
                self.pairs.push([bucket[2 * i], bucket[2 * i + 1]]);
                bucket[i] = next;
                next += 1;
            }
            if count % 2 == 1 {
                bucket[count / 2] = bucket[count - 1];
            }
            *length = length.div_ceil(2);
        }
        !self.pairs.is_empty()
    }
}

/// Digits and partial sums tell the secret values.
impl<E: Engine> Drop for Workspace<E> {
    fn drop(&mut self) {
        self.entries.zeroize();
        self.pool.zeroize();
        self.sums.zeroize();
    }
}

/// `sum_r T_r + r * length * S_r`.
fn combine_segments(segments: &[(G1Projective, G1Projective)], length: usize) -> G1Projective {
    // sum_r r * S_r by running sums, from the last segment down.
    let (mut suffix, mut weighted) = (G1Projective::zero(), G1Projective::zero());
    for (sum, _) in segments.iter().skip(1).rev() {
        suffix += sum;
        weighted += suffix;
    }
    let mut scale = length;
    while scale > 1 {
        weighted.double_in_place();
        scale /= 2;
    }
    segments.iter().fold(weighted, |total, (_, running)| total + running)
}

/// `sum_t 2^(width t) * windows[t]`.
pub fn combine_windows(windows: &[G1Projective], width: u32) -> G1Projective {
    windows.iter().rev().fold(G1Projective::zero(), |mut total, window| {
        for _ in 0..width {
            total.double_in_place();
        }
        total + window
    })
}
