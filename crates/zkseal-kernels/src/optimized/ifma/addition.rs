//! Batches of affine additions with one inversion a batch.

use ark_ff::MontFp;
use zkseal_field::{Field, Fq, One, Zero};

use super::field::{self, Lanes, mul};
use super::record::{Points, Record, load, negate_where, store};
use crate::optimized::buckets::{Degenerate, NEGATIVE};

/// Pairs a batch: what is kept between the two passes (320 bytes for 8 pairs) stays in the cache.
const BATCH: usize = 4096;

/// Independent running products, to hide the latency of a product.
const CHAINS: usize = 4;

/// Appends the sums of the pairs of entries to the pool. `scratch` keeps running products between calls.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub fn add_pairs(pool: &mut Vec<Record>, pairs: &[[u32; 2]], scratch: &mut Vec<Lanes>) -> Result<(), Degenerate> {
    for batch in pairs.chunks(BATCH) {
        let base = pool.len();
        pool.resize(base + batch.len().next_multiple_of(8), Record::EMPTY);
        let (inputs, outputs) = pool.split_at_mut(base);
        add_batch(inputs, batch, outputs, scratch)?;
        pool.truncate(base + batch.len());
    }
    Ok(())
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn add_batch(
    pool: &[Record],
    pairs: &[[u32; 2]],
    out: &mut [Record],
    prefixes: &mut Vec<Lanes>,
) -> Result<(), Degenerate> {
    let one = field::splat_element(Fq::one());
    let groups = pairs.len().div_ceil(8);
    // Forward: prefixes[g] = product of the differences of the chain before group g.
    let mut chains = [one; CHAINS];
    prefixes.clear();
    for group in 0..groups {
        let (left, right) = operands(pool, pairs, group);
        let difference = field::sub::<2, _>(&right.x, &left.x);
        let chain = &mut chains[group % CHAINS];
        prefixes.push(*chain);
        *chain = mul(chain, &difference);
    }
    let mut chains = invert_chains(&chains)?;
    // Backward: inverse of each difference, then the addition.
    for group in (0..groups).rev() {
        let (left, right) = operands(pool, pairs, group);
        let difference = field::sub::<2, _>(&right.x, &left.x);
        let chain = &mut chains[group % CHAINS];
        let inverse = mul(chain, &prefixes[group]);
        *chain = mul(chain, &difference);
        let sum = add_affine(&left, &right, &inverse);
        out[group * 8..][..8].copy_from_slice(&store(&sum));
    }
    Ok(())
}

/// `left + right` given `1 / (x_right - x_left)`; coordinates below 2 q in and out.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
fn add_affine(left: &Points, right: &Points, inverse: &Lanes) -> Points {
    let slope = mul(&field::sub::<2, _>(&right.y, &left.y), inverse);
    let x = field::sub::<4, _>(&field::square(&slope), &field::add(&left.x, &right.x));
    let x = field::reduce::<2, _>(&field::reduce::<4, _>(&x));
    let y = field::sub::<2, _>(&mul(&slope, &field::sub::<2, _>(&left.x, &x)), &left.y);
    Points { x, y: field::reduce::<2, _>(&y) }
}

/// The operands of a group of eight pairs; a short last group repeats its last pair.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
fn operands(pool: &[Record], pairs: &[[u32; 2]], group: usize) -> (Points, Points) {
    let pairs = &pairs[group * 8..];
    if let Some(full) = pairs.first_chunk::<8>() {
        (operand(pool, full, 0), operand(pool, full, 1))
    } else {
        let padded = std::array::from_fn(|lane| pairs[lane.min(pairs.len() - 1)]);
        (operand(pool, &padded, 0), operand(pool, &padded, 1))
    }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
#[inline]
fn operand(pool: &[Record], pairs: &[[u32; 2]; 8], side: usize) -> Points {
    let mut signs = 0u8;
    let mut records = [&Record::EMPTY; 8];
    for lane in 0..8 {
        let entry = pairs[lane][side];
        records[lane] = &pool[(entry & !NEGATIVE) as usize];
        signs |= ((entry >> 31) as u8) << lane;
    }
    let points = load(records);
    if signs == 0 { points } else { Points { x: points.x, y: negate_where(signs, &points.y) } }
}

/// Inverses of all lanes of the chains, by one scalar inversion.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn invert_chains(chains: &[Lanes; CHAINS]) -> Result<[Lanes; CHAINS], Degenerate> {
    let (left, right) = (mul(&chains[0], &chains[1]), mul(&chains[2], &chains[3]));
    let inverse = invert_lanes(&mul(&left, &right)).ok_or(Degenerate)?;
    let (for_right, for_left) = (mul(&inverse, &left), mul(&inverse, &right));
    Ok([
        mul(&for_left, &chains[1]),
        mul(&for_left, &chains[0]),
        mul(&for_right, &chains[3]),
        mul(&for_right, &chains[2]),
    ])
}

/// Inverses of the eight lanes (bound 2 q), `None` if one is zero.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub fn invert_lanes(a: &Lanes) -> Option<Lanes> {
    // The raw element of a lane is 16 a in the field crate's form, and 256 / (16 a) is what from_raw_elements reads as 1 / a.
    const TWO_TO_THE_8: Fq = MontFp!("256");
    let elements = field::raw_elements(a);
    let mut product = Fq::one();
    let prefixes = elements.map(|element| {
        let prefix = product;
        product *= element;
        prefix
    });
    if product.is_zero() {
        return None;
    }
    let mut running = product.inverse()? * TWO_TO_THE_8;
    let mut inverses = [Fq::zero(); 8];
    for lane in (0..8).rev() {
        inverses[lane] = running * prefixes[lane];
        running *= elements[lane];
    }
    Some(field::from_raw_elements(&inverses))
}
