//! Row commitments (book, chapter 3): `sum_j D_j G_j + rho H`.

use zkseal_field::{CurveGroup, Fr, G1Affine, G1Projective};
use zkseal_kernels::{Ints, msm_ints_rows, msm_scalars};

use crate::{Generators, OpeningError};

/// Commits rows of integers, each with its blinding. A row shorter than the generators is padded with zeros for free.
///
/// # Errors
/// [`OpeningError::WrongSize`] for a row longer than the generators, or blindings that are not one a row.
pub fn commit_rows(generators: &Generators, rows: &[Ints<'_>], blindings: &[Fr]) -> Result<Vec<G1Affine>, OpeningError> {
    if blindings.len() != rows.len() {
        return Err(OpeningError::WrongSize { what: "the list of blindings", expected: rows.len(), got: blindings.len() });
    }
    for row in rows {
        check_length(generators, row.len())?;
    }
    let sums = msm_ints_rows(&generators.g, rows);
    let blinded: Vec<G1Projective> = sums.into_iter().zip(blindings).map(|(sum, rho)| sum + generators.h * rho).collect();
    Ok(G1Projective::normalize_batch(&blinded))
}

/// Commits one vector of scalars.
///
/// # Errors
/// [`OpeningError::WrongSize`] for a vector longer than the generators.
pub fn commit_scalars(generators: &Generators, vector: &[Fr], blinding: Fr) -> Result<G1Affine, OpeningError> {
    check_length(generators, vector.len())?;
    let (bases, _) = generators.g.split_at(vector.len());
    Ok((msm_scalars(bases, vector) + generators.h * blinding).into_affine())
}

fn check_length(generators: &Generators, got: usize) -> Result<(), OpeningError> {
    let expected = generators.g.len();
    if got > expected { Err(OpeningError::WrongSize { what: "a row", expected, got }) } else { Ok(()) }
}
