//! Row commitments (book, chapter 3): `sum_j D_j G_j + rho H`.

use std::sync::OnceLock;

use rayon::prelude::*;
use zkseal_field::{CurveGroup, Fr, G1Affine, G1Projective, PrimeField, Zero};
use zkseal_kernels::{Ints, msm_ints_rows, msm_scalars};

use crate::{Generators, OpeningError};

/// Commits rows of integers, each with its blinding. A row shorter than the generators is padded with zeros for free.
///
/// # Errors
/// [`OpeningError::WrongSize`] for a row longer than the generators, or blindings that are not one a row.
pub fn commit_rows(
    generators: &Generators,
    rows: &[Ints<'_>],
    blindings: &[Fr],
) -> Result<Vec<G1Affine>, OpeningError> {
    if blindings.len() != rows.len() {
        return Err(OpeningError::WrongSize {
            what: "the list of blindings",
            expected: rows.len(),
            got: blindings.len(),
        });
    }
    for row in rows {
        check_length(generators, row.len())?;
    }
    let sums = msm_ints_rows(&generators.g, rows);
    let blinded: Vec<G1Projective> =
        sums.into_par_iter().zip(blindings).with_min_len(4).map(|(sum, rho)| sum + blind(generators, rho)).collect();
    Ok(G1Projective::normalize_batch(&blinded))
}

/// Commits one vector of scalars.
///
/// # Errors
/// [`OpeningError::WrongSize`] for a vector longer than the generators.
pub fn commit_scalars(generators: &Generators, vector: &[Fr], blinding: Fr) -> Result<G1Affine, OpeningError> {
    check_length(generators, vector.len())?;
    let (bases, _) = generators.g.split_at(vector.len());
    Ok((msm_scalars(bases, vector) + blind(generators, &blinding)).into_affine())
}

fn check_length(generators: &Generators, got: usize) -> Result<(), OpeningError> {
    let expected = generators.g.len();
    if got > expected { Err(OpeningError::WrongSize { what: "a row", expected, got }) } else { Ok(()) }
}

/// Bits of a digit of a blinding.
const DIGIT_BITS: usize = 6;

/// `blinding * H` by additions from a table: `H` is the same in all sizes, so the table is made once in a process.
fn blind(generators: &Generators, blinding: &Fr) -> G1Projective {
    static TABLE: OnceLock<Vec<Vec<G1Affine>>> = OnceLock::new();
    let table = TABLE.get_or_init(|| multiples(generators.h));
    let words = blinding.into_bigint().0;
    let bit = |index: usize| words.get(index / 64).map_or(0, |word| usize::from(word >> (index % 64) & 1 == 1));
    let mut sum = G1Projective::zero();
    for (window, multiples) in table.iter().enumerate() {
        let digit = (0..DIGIT_BITS).fold(0, |digit, offset| digit | bit(window * DIGIT_BITS + offset) << offset);
        if let Some(multiple) = digit.checked_sub(1).and_then(|index| multiples.get(index)) {
            sum += multiple;
        }
    }
    sum
}

/// For each window t, `d 2^(t DIGIT_BITS) point` for d = 1 .. 2^DIGIT_BITS - 1.
fn multiples(point: G1Affine) -> Vec<Vec<G1Affine>> {
    let windows = 256usize.div_ceil(DIGIT_BITS);
    let mut start = G1Projective::from(point);
    let mut out = Vec::with_capacity(windows);
    for _ in 0..windows {
        let row: Vec<G1Projective> = std::iter::successors(Some(start), |multiple| Some(*multiple + start))
            .take((1 << DIGIT_BITS) - 1)
            .collect();
        out.push(G1Projective::normalize_batch(&row));
        start = row.last().copied().unwrap_or(start) + start;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_blinding_by_table_equals_the_product() -> Result<(), OpeningError> {
        let generators = Generators::for_rows(4)?;
        for blinding in [Fr::zero(), Fr::from(1u64), -Fr::from(1u64), Fr::from(u64::MAX), -Fr::from(u128::MAX)] {
            assert_eq!(blind(generators, &blinding), generators.h * blinding);
        }
        Ok(())
    }
}
