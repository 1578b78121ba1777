//! The verifier's product of scalars and points, on one thread.

use ark_ec::VariableBaseMSM;
use zkseal_field::{Fr, G1Affine, G1Projective, Zero};

/// Whether `sum_j scalars[j] * points[j]` is the identity. Lists of different lengths are refused.
pub fn is_identity(points: &[G1Affine], scalars: &[Fr]) -> bool {
    G1Projective::msm(points, scalars).is_ok_and(|sum| sum.is_zero())
}
