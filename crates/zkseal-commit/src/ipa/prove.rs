//! The prover.

use rayon::join;
use zeroize::Zeroizing;
use zkseal_field::{CurveGroup, Field, Fr, G1Affine, G1Projective};
use zkseal_kernels::{fold_points, msm_scalars};
use zkseal_poly::eq_table;
use zkseal_transcript::Transcript;

use super::{LABEL_A, LABEL_ROUND, LABEL_W, LABEL_X, OpeningProof};
use crate::{Generators, OpeningError};

/// Opens the commitment `<vector, G>` (no blinding left) to `value` at `point`. The vector is wiped.
///
/// The opening itself hides nothing: `vector` must be safe to reveal, or blinded by the caller.
///
/// # Errors
/// [`OpeningError::WrongSize`] for a vector or point of the wrong length, [`OpeningError::FalseClaim`] if the vector has
/// another value there, [`OpeningError::ZeroChallenge`] never in practice.
pub fn prove(
    generators: &Generators,
    transcript: &mut Transcript,
    vector: Vec<Fr>,
    point: &[Fr],
    value: Fr,
) -> Result<OpeningProof, OpeningError> {
    let mut vector = Zeroizing::new(vector);
    for (what, expected, got) in
        [("the vector", generators.g.len(), vector.len()), ("the point", generators.column_vars(), point.len())]
    {
        if got != expected {
            return Err(OpeningError::WrongSize { what, expected, got });
        }
    }
    let mut b = eq_table(point, vector.len());
    if inner_product(&vector, &b) != value {
        return Err(OpeningError::FalseClaim);
    }
    let w = transcript.challenge(LABEL_W);
    let mut g = generators.g.clone();
    let mut rounds = Vec::with_capacity(point.len());
    for round in 0..point.len() {
        let half = vector.len() / 2;
        let ((z_lo, z_hi), (g_lo, g_hi), (b_lo, b_hi)) = (vector.split_at(half), g.split_at(half), b.split_at(half));
        let (left, right) =
            join(|| cross_term(z_lo, g_hi, b_hi, w, generators.u), || cross_term(z_hi, g_lo, b_lo, w, generators.u));
        let affine = G1Projective::normalize_batch(&[left, right]);
        let &[left, right] = affine.as_slice() else { return Err(OpeningError::Rejected) };
        transcript.absorb_points(LABEL_ROUND, &[left, right]);
        rounds.push((left, right));
        let x = transcript.challenge128(LABEL_X).ok_or(OpeningError::ZeroChallenge { round })?;
        let inverse = x.value.inverse().ok_or(OpeningError::ZeroChallenge { round })?;
        let next = Zeroizing::new(fold(z_lo, z_hi, inverse));
        b = fold(b_lo, b_hi, x.value);
        vector = next;
        // The generator that is left after the last round is needed by nobody.
        if half > 1 {
            g = fold_points(&g, (x.a, x.b));
        }
    }
    let a = vector.first().copied().unwrap_or_default();
    transcript.absorb_scalars(LABEL_A, &[a]);
    Ok(OpeningProof { rounds, a })
}

/// `<z, g> + w <z, b> U`.
fn cross_term(z: &[Fr], g: &[G1Affine], b: &[Fr], w: Fr, u: G1Affine) -> G1Projective {
    let mut scalars = Zeroizing::new(Vec::with_capacity(z.len().saturating_add(1)));
    scalars.extend_from_slice(z);
    scalars.push(w * inner_product(z, b));
    let mut bases = g.to_vec();
    bases.push(u);
    msm_scalars(&bases, &scalars)
}

fn inner_product(left: &[Fr], right: &[Fr]) -> Fr {
    left.iter().zip(right).map(|(left, right)| *left * right).sum()
}

/// `lo + factor * hi`.
fn fold(lo: &[Fr], hi: &[Fr], factor: Fr) -> Vec<Fr> {
    lo.iter().zip(hi).map(|(lo, hi)| *lo + factor * hi).collect()
}
