//! Eight lanes of AVX-512 IFMA: field, records, batched affine additions, complete projective formulas.
//!
//! Every function here carries `target_feature`; the only way in is through the checks of [`available`].

mod addition;
pub mod field;
pub mod fold;
mod projective;
mod record;
pub mod tables;
#[cfg(test)]
mod tests;
pub mod vectors;

use zkseal_field::{G1Affine, G1Projective};

use super::buckets::{Degenerate, Engine, NEGATIVE};
use record::Record;

/// Whether this machine has the instructions.
pub fn available() -> bool {
    crate::cpu::level() >= crate::cpu::Level::Ifma
}

/// The engine; to be used only where [`available`].
pub struct Ifma;

impl Engine for Ifma {
    type Point = Record;
    type Scratch = Vec<field::Lanes>;
    const EMPTY: Record = Record::EMPTY;

    fn import(bases: &[G1Affine]) -> Vec<Record> {
        // SAFETY: this engine is used only where `available`.
        unsafe { record::import_records(bases) }
    }

    fn add_pairs(pool: &mut Vec<Record>, pairs: &[[u32; 2]], scratch: &mut Self::Scratch) -> Result<(), Degenerate> {
        // SAFETY: as above.
        unsafe { addition::add_pairs(pool, pairs, scratch) }
    }

    fn resolve(pool: &[Record], entry: u32) -> Record {
        let point = &pool[(entry & !NEGATIVE) as usize];
        if entry & NEGATIVE == 0 { *point } else { point.negated() }
    }

    fn running_sums(buckets: &[Record], length: usize) -> Vec<(G1Projective, G1Projective)> {
        // SAFETY: as above.
        unsafe { running_sums(buckets, length) }
    }
}

/// Eight segments at a time, a lane each.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn running_sums(buckets: &[Record], length: usize) -> Vec<(G1Projective, G1Projective)> {
    let count = buckets.len() / length;
    let mut out = Vec::with_capacity(count);
    for first in (0..count).step_by(8) {
        let lanes = (count - first).min(8);
        let (mut sum, mut running) = (projective::identity(), projective::identity());
        for k in (0..length).rev() {
            let bucket = |lane: usize| &buckets[(first + lane.min(lanes - 1)) * length + k];
            let records = std::array::from_fn(bucket);
            let missing =
                records.iter().enumerate().fold(0u8, |bits, (lane, record)| bits | u8::from(record.is_empty()) << lane);
            let added = sum.add_affine(&record::load(records));
            sum = added.select(missing, &sum);
            running = running.add(&sum);
        }
        out.extend(sum.export().into_iter().zip(running.export()).take(lanes));
    }
    out
}
