//! Folding of points by a challenge `a + lambda b`: 64 doublings and some 25 additions a point.

use rayon::prelude::*;
use zkseal_field::endomorphism::ZETA;
use zkseal_field::{AdditiveGroup, CurveGroup, G1Affine, G1Projective, Zero};

/// Digits of a and b in non-adjacent form of width 4: odd, between -7 and 7, or zero.
pub struct Digits {
    pairs: Vec<(i8, i8)>,
}

impl Digits {
    /// Digits of a 64-bit pair.
    pub fn new(a: u64, b: u64) -> Self {
        let mut pairs: Vec<_> = non_adjacent(a).into_iter().zip(non_adjacent(b)).collect();
        while pairs.last() == Some(&(0, 0)) {
            pairs.pop();
        }
        Self { pairs }
    }

    /// The digit pairs, most significant first.
    pub fn top_down(&self) -> impl Iterator<Item = (i8, i8)> {
        self.pairs.iter().rev().copied()
    }
}

fn non_adjacent(value: u64) -> [i8; 66] {
    let mut rest = i128::from(value);
    std::array::from_fn(|_| {
        let mut digit = 0;
        if rest % 2 == 1 {
            digit = (rest % 16) as i8;
            if digit > 8 {
                digit -= 16;
            }
            rest -= i128::from(digit);
        }
        rest /= 2;
        digit
    })
}

/// `lo[i] + (a + lambda b) hi[i]`, with the curve crate's arithmetic.
pub fn fold_points(lo: &[G1Affine], hi: &[G1Affine], digits: &Digits) -> Vec<G1Affine> {
    let fold = |(lo, hi): (&G1Affine, &G1Affine)| multiply(hi, digits) + lo;
    let sums: Vec<G1Projective> = lo.par_iter().zip(hi).with_min_len(8).map(fold).collect();
    G1Projective::normalize_batch(&sums)
}

fn multiply(point: &G1Affine, digits: &Digits) -> G1Projective {
    let twice = G1Projective::from(*point).double();
    let mut odd = [G1Projective::from(*point); 4];
    for i in 1..4 {
        odd[i] = odd[i - 1] + twice;
    }
    let images = odd.map(|mut multiple| {
        multiple.x *= ZETA;
        multiple
    });
    let mut sum = G1Projective::zero();
    for (a, b) in digits.top_down() {
        sum.double_in_place();
        for (digit, table) in [(a, &odd), (b, &images)] {
            let multiple = table[usize::from(digit.unsigned_abs() / 2).min(3)];
            match digit.signum() {
                1 => sum += multiple,
                -1 => sum -= multiple,
                _ => {}
            }
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_digits_add_up() {
        for value in [0, 1, 2, 7, 8, 9, 15, u64::MAX, u64::MAX - 7, 0x8888_8888_8888_8888, 0x1234_5678_9abc_def0] {
            let sum = non_adjacent(value).iter().rev().fold(0i128, |sum, digit| 2 * sum + i128::from(*digit));
            assert_eq!(sum, i128::from(value));
            assert!(non_adjacent(value).iter().all(|digit| digit.abs() <= 7 && (*digit == 0 || digit % 2 != 0)));
        }
    }
}
