//! The verifier's product of scalars and points: the bucket method in safe code.
//!
//! Scalars are halved by the curve's endomorphism and cut into signed digits; each window of digits is a task. Points are
//! added in affine form, many additions to one inversion, which takes a fifth of the time of the curve crate's own
//! product. Affine addition is incomplete: where two points of a bucket have the same x (a prover may send the same
//! point twice), the curve crate's complete product decides instead.

use ark_ec::VariableBaseMSM;
use ark_ff::fields::batch_inversion;
use zkseal_field::endomorphism::{HALF_BOUND, ZETA, split_scalar};
use zkseal_field::{AdditiveGroup, AffineRepr, Fq, Fr, G1Affine, G1Projective, Zero};

/// Whether `sum_j scalars[j] * points[j]` is the identity. Lists of different lengths are refused.
pub fn is_identity(points: &[G1Affine], scalars: &[Fr]) -> bool {
    sum_of_products(points, scalars).is_some_and(|sum| sum.is_zero())
}

/// `sum_j scalars[j] * points[j]`; `None` for lists of different lengths.
pub fn sum_of_products(points: &[G1Affine], scalars: &[Fr]) -> Option<G1Projective> {
    if points.len() != scalars.len() {
        return None;
    }
    Some(product(points, scalars).unwrap_or_else(|EqualX| G1Projective::msm_unchecked(points, scalars)))
}

/// Two points of a bucket have the same x.
#[derive(Debug, PartialEq, Eq)]
struct EqualX;

/// A finite point.
#[derive(Debug, Clone, Copy, Default)]
struct Point {
    x: Fq,
    y: Fq,
}

/// The product over lists of equal length.
fn product(points: &[G1Affine], scalars: &[Fr]) -> Result<G1Projective, EqualX> {
    let finite = || points.iter().zip(scalars).filter(|(point, _)| !point.is_zero());
    let count = finite().count().saturating_mul(2);
    let (width, windows) = best_shape(count);
    let mut terms = Vec::with_capacity(count);
    // Digits of one window after the other.
    let mut digits: Vec<Vec<i32>> = (0..windows).map(|_| Vec::with_capacity(count)).collect();
    for (point, scalar) in finite() {
        let (first, second) = split_scalar(scalar);
        for ((magnitude, negative), x) in [(first, point.x), (second, point.x * ZETA)] {
            terms.push(Point { x, y: if negative { -point.y } else { point.y } });
            push_digits(&mut digits, magnitude, width);
        }
    }
    let sums = map_windows(&digits, |digits| window_sum(&terms, digits, width))?;
    Ok(sums
        .into_iter()
        .rev()
        .fold(G1Projective::zero(), |total, sum| (0..width).fold(total, |mut total, _| *total.double_in_place()) + sum))
}

#[cfg(not(feature = "prover"))]
fn map_windows(
    windows: &[Vec<i32>],
    sum: impl Fn(&[i32]) -> Result<G1Projective, EqualX>,
) -> Result<Vec<G1Projective>, EqualX> {
    windows.iter().map(|digits| sum(digits)).collect()
}

#[cfg(feature = "prover")]
fn map_windows(
    windows: &[Vec<i32>],
    sum: impl Fn(&[i32]) -> Result<G1Projective, EqualX> + Sync,
) -> Result<Vec<G1Projective>, EqualX> {
    use rayon::prelude::*;
    windows.par_iter().map(|digits| sum(digits)).collect()
}

/// Bits of a digit and number of windows where bucket additions and running sums (some three additions a bucket) cost
/// the least together.
fn best_shape(terms: usize) -> (u32, u32) {
    let shape = |width: u32| (width, (u128::BITS - HALF_BOUND.leading_zeros()).div_ceil(width).saturating_add(1));
    let price = |width: &u32| {
        let buckets = 1usize.checked_shl(width.saturating_sub(1)).unwrap_or(usize::MAX);
        let windows = usize::try_from(shape(*width).1).unwrap_or(usize::MAX);
        windows.saturating_mul(terms.saturating_add(buckets.saturating_mul(3)))
    };
    shape((3..=13).min_by_key(price).unwrap_or(3))
}

/// Appends one signed digit, -half < digit <= half, to each window; those of the magnitude, lowest first.
fn push_digits(digits: &mut [Vec<i32>], magnitude: u128, width: u32) {
    let base = 1i32.checked_shl(width).unwrap_or(0);
    let mask = u128::from(base.unsigned_abs()).saturating_sub(1);
    let (mut rest, mut carry) = (magnitude, 0);
    for window in digits {
        let low = i32::try_from(rest & mask).unwrap_or(0).saturating_add(carry);
        rest = rest.checked_shr(width).unwrap_or(0);
        carry = i32::from(low > base / 2);
        window.push(low.saturating_sub(base.saturating_mul(carry)));
    }
}

/// The bucket of a digit; `None` for zero.
fn bucket_of(digit: i32) -> Option<usize> {
    usize::try_from(digit.unsigned_abs()).ok()?.checked_sub(1)
}

/// `sum of digit * point` for one window.
fn window_sum(terms: &[Point], digits: &[i32], width: u32) -> Result<G1Projective, EqualX> {
    let buckets = 1usize.checked_shl(width.saturating_sub(1)).unwrap_or(0);
    let (mut points, mut lengths) = sorted(terms, digits, buckets);
    let (mut next, mut inverses) = (Vec::with_capacity(points.len()), Vec::new());
    while halve(&points, &mut lengths, &mut next, &mut inverses)? {
        std::mem::swap(&mut points, &mut next);
    }
    // sum_k (k + 1) * bucket_k by running sums; each bucket holds a point or none.
    let (mut sum, mut running) = (G1Projective::zero(), G1Projective::zero());
    let mut points = points.iter().rev();
    for length in lengths.iter().rev() {
        for point in points.by_ref().take(*length) {
            sum += G1Affine::new_unchecked(point.x, point.y);
        }
        running += sum;
    }
    Ok(running)
}

/// The terms with a digit, negated where it is negative, in the order of their buckets; and how many each bucket has.
fn sorted(terms: &[Point], digits: &[i32], buckets: usize) -> (Vec<Point>, Vec<usize>) {
    let mut lengths = vec![0usize; buckets];
    for digit in digits {
        if let Some(length) = bucket_of(*digit).and_then(|bucket| lengths.get_mut(bucket)) {
            *length = length.saturating_add(1);
        }
    }
    let mut end = 0usize;
    let mut ends: Vec<usize> = Vec::with_capacity(buckets);
    for length in &lengths {
        ends.push(end);
        end = end.saturating_add(*length);
    }
    let mut points = vec![Point::default(); end];
    for (digit, term) in digits.iter().zip(terms) {
        let Some(place) = bucket_of(*digit).and_then(|bucket| ends.get_mut(bucket)) else { continue };
        if let Some(point) = points.get_mut(*place) {
            *point = Point { x: term.x, y: if *digit < 0 { -term.y } else { term.y } };
        }
        *place = place.saturating_add(1);
    }
    (points, lengths)
}

/// Adds neighbours in each bucket into `next`; false, and nothing done, if no bucket has two points.
fn halve(
    points: &[Point],
    lengths: &mut [usize],
    next: &mut Vec<Point>,
    inverses: &mut Vec<Fq>,
) -> Result<bool, EqualX> {
    inverses.clear();
    for bucket in buckets(points, lengths) {
        inverses.extend(bucket.as_chunks().0.iter().map(|[left, right]| right.x - left.x));
    }
    if inverses.is_empty() {
        return Ok(false);
    }
    if inverses.iter().any(Zero::is_zero) {
        return Err(EqualX);
    }
    batch_inversion(inverses);
    next.clear();
    let mut slopes = inverses.iter();
    for bucket in buckets(points, lengths) {
        let (pairs, single) = bucket.as_chunks();
        next.extend(pairs.iter().zip(&mut slopes).map(|([left, right], inverse)| add(left, right, *inverse)));
        next.extend_from_slice(single);
    }
    lengths.iter_mut().for_each(|length| *length = length.div_ceil(2));
    Ok(true)
}

/// The points of one bucket after the other.
fn buckets<'a>(mut points: &'a [Point], lengths: &'a [usize]) -> impl Iterator<Item = &'a [Point]> {
    lengths.iter().map_while(move |length| {
        let (bucket, rest) = points.split_at_checked(*length)?;
        points = rest;
        Some(bucket)
    })
}

/// `left + right`, given `1 / (x_right - x_left)`.
fn add(left: &Point, right: &Point, inverse: Fq) -> Point {
    let slope = (right.y - left.y) * inverse;
    let x = slope * slope - left.x - right.x;
    Point { x, y: slope * (left.x - x) - left.y }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zkseal_field::CurveGroup;

    fn terms(count: u64) -> (Vec<G1Affine>, Vec<Fr>) {
        let mut scalar = Fr::from(0x9e37_79b9_7f4a_7c15u64);
        let mut next = || {
            scalar = scalar * scalar + Fr::from(5u64);
            scalar
        };
        (0..count).map(|_| ((G1Affine::generator() * next()).into_affine(), next())).unzip()
    }

    #[test]
    fn test_product_equals_the_curve_crate_at_every_width() {
        for count in [0, 1, 2, 15, 100, 700] {
            let (mut points, mut scalars) = terms(count);
            points.extend([G1Affine::identity(), G1Affine::generator()]);
            scalars.extend([Fr::from(3u64), -Fr::from(1u64)]);
            let expected = G1Projective::msm_unchecked(&points, &scalars);
            assert!(product(&points, &scalars).is_ok_and(|sum| sum == expected), "{count}");
            assert!(!is_identity(&points, &scalars));
            points.push(-expected.into_affine());
            scalars.push(Fr::from(1u64));
            assert!(is_identity(&points, &scalars));
        }
    }

    #[test]
    fn test_equal_and_opposite_points_are_added_by_the_complete_product() {
        let point = G1Affine::generator();
        for (points, scalars) in [([point, point], [7i64, -7]), ([point, -point], [9, 9])] {
            assert!(product(&points, &scalars.map(Fr::from)).is_err());
            assert!(is_identity(&points, &scalars.map(Fr::from)));
        }
        assert!(!is_identity(&[point, point], &[Fr::from(7u64), Fr::from(7u64)]));
    }

    #[test]
    fn test_digits_add_up() {
        for width in 3..=13 {
            let windows = 128u32.div_ceil(width) + 1;
            for magnitude in [0, 1, 4, 5, u128::from(u64::MAX), HALF_BOUND, u128::MAX >> 1, 0x5555 << 100] {
                let mut digits: Vec<Vec<i32>> = (0..windows).map(|_| Vec::new()).collect();
                push_digits(&mut digits, magnitude, width);
                let base = Fr::from(1u64 << width);
                let sum = digits.concat().iter().rev().fold(Fr::zero(), |sum, digit| sum * base + Fr::from(*digit));
                assert_eq!(sum, Fr::from(magnitude), "{width} {magnitude}");
                assert!(digits.concat().iter().all(|digit| digit.abs() <= 1 << (width - 1)));
            }
        }
    }

    #[test]
    fn test_lists_of_different_lengths_are_no_identity() {
        assert!(!is_identity(&[G1Affine::generator()], &[]));
    }
}
