//! Small integers and powers of two as scalars.

use crate::{Field, Fr, MontFp, One, Zero};

/// The scalar of a signed integer.
#[must_use]
pub fn scalar_from_i64(value: i64) -> Fr {
    let magnitude = Fr::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

/// The scalar of a signed integer.
#[must_use]
pub fn scalar_from_i128(value: i128) -> Fr {
    let magnitude = Fr::from(value.unsigned_abs());
    if value < 0 { -magnitude } else { magnitude }
}

/// The scalar of 512 bits, little-endian: as good as uniform if they are (bias below 2^-250).
#[must_use]
pub fn scalar_from_wide(bytes: &[u8; 64]) -> Fr {
    const TWO_TO_THE_128: Fr = MontFp!("340282366920938463463374607431768211456");
    // Horner's rule over parts of 128 bits, highest first.
    bytes
        .as_chunks::<16>()
        .0
        .iter()
        .rev()
        .fold(Fr::zero(), |sum, part| sum * TWO_TO_THE_128 + Fr::from(u128::from_le_bytes(*part)))
}

/// 2^exponent.
#[must_use]
pub fn power_of_two(exponent: u32) -> Fr {
    Fr::from(2u64).pow([u64::from(exponent)])
}

/// 2^-exponent.
#[must_use]
pub fn inverse_power_of_two(exponent: u32) -> Fr {
    // 2 is invertible; the fallback is never taken.
    power_of_two(exponent).inverse().unwrap_or_else(Fr::one)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LAMBDA;

    #[test]
    fn test_negative_integers_lift_to_additive_inverses() {
        assert_eq!(scalar_from_i64(i64::MIN) + Fr::from(1u64 << 63), Fr::from(0u64));
        assert_eq!(scalar_from_i128(-5) + scalar_from_i64(5), Fr::from(0u64));
    }

    #[test]
    fn test_wide_scalars_are_reduced() {
        use crate::PrimeField;
        for seed in [0u8, 1, 77, 255] {
            let bytes: [u8; 64] = std::array::from_fn(|k| seed.wrapping_mul(k as u8 ^ 3).wrapping_add(seed));
            assert_eq!(scalar_from_wide(&bytes), Fr::from_le_bytes_mod_order(&bytes));
        }
    }

    #[test]
    fn test_powers_of_two_cancel() {
        assert_eq!(power_of_two(77) * inverse_power_of_two(77), Fr::one());
    }

    #[test]
    fn test_lambda_is_a_primitive_cube_root_of_unity() {
        assert_ne!(LAMBDA, Fr::one());
        assert_eq!(LAMBDA * LAMBDA * LAMBDA, Fr::one());
    }
}
