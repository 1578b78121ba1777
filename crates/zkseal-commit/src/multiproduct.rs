//! The verifier's product of scalars and points: the bucket method on one thread.
//!
//! Points are added in affine form, many additions to one inversion, which takes about half the time of the curve
//! crate's own product. Affine addition is incomplete: where two points of a bucket have the same x (a prover may send
//! the same point twice), the curve crate's complete product decides instead.

use ark_ec::VariableBaseMSM;
use ark_ff::fields::batch_inversion;
use zkseal_field::{AdditiveGroup, AffineRepr, Fq, Fr, G1Affine, G1Projective, PrimeField, Zero};

/// Whether `sum_j scalars[j] * points[j]` is the identity. Lists of different lengths are refused.
pub fn is_identity(points: &[G1Affine], scalars: &[Fr]) -> bool {
    if points.len() != scalars.len() {
        return false;
    }
    product(points, scalars).unwrap_or_else(|EqualX| G1Projective::msm_unchecked(points, scalars)).is_zero()
}

/// Two points of a bucket have the same x.
struct EqualX;

/// A term of the product: what is left of its scalar to the right of the windows done, and its finite point.
struct Term {
    words: [u64; 4],
    carry: bool,
    point: G1Affine,
}

/// The product over lists of equal length.
fn product(points: &[G1Affine], scalars: &[Fr]) -> Result<G1Projective, EqualX> {
    let mut terms: Vec<Term> = points
        .iter()
        .zip(scalars)
        .filter(|(point, _)| !point.is_zero())
        .map(|(point, scalar)| Term { words: scalar.into_bigint().0, carry: false, point: *point })
        .collect();
    let width = width_for(terms.len());
    // The last window may hold nothing but a carry.
    let windows = Fr::MODULUS_BIT_SIZE.checked_div(width).unwrap_or(0).saturating_add(1);
    let mut sums = Vec::new();
    for _ in 0..windows {
        sums.push(window_sum(&mut terms, width)?);
    }
    Ok(sums
        .into_iter()
        .rev()
        .fold(G1Projective::zero(), |total, sum| (0..width).fold(total, |mut total, _| *total.double_in_place()) + sum))
}

/// Bits of a window, between 3 and 10: roughly where bucket additions and running sums cost the least together.
fn width_for(terms: usize) -> u32 {
    terms.checked_ilog2().unwrap_or(0).saturating_sub(3).clamp(3, 10)
}

/// `sum of digit * point` for the lowest window of all terms, which is taken off them.
fn window_sum(terms: &mut [Term], width: u32) -> Result<G1Projective, EqualX> {
    let half = 1u64.checked_shl(width.saturating_sub(1)).unwrap_or(0);
    let mut buckets: Vec<Vec<G1Affine>> = (0..half).map(|_| Vec::new()).collect();
    for term in terms {
        let (index, negative) = match take_digit(term, width, half) {
            Some(digit) => digit,
            None => continue,
        };
        if let Some(bucket) = usize::try_from(index).ok().and_then(|index| buckets.get_mut(index)) {
            bucket.push(if negative { -term.point } else { term.point });
        }
    }
    let sums = sum_buckets(buckets)?;
    // sum_k (k + 1) * bucket_k by running sums.
    let (mut sum, mut running) = (G1Projective::zero(), G1Projective::zero());
    for bucket in sums.iter().rev() {
        if let Some(point) = bucket.first() {
            sum += point;
        }
        running += sum;
    }
    Ok(running)
}

/// The lowest signed digit, -half < digit <= half, as (|digit| - 1, sign), and the scalar moved on; `None` for zero.
fn take_digit(term: &mut Term, width: u32, half: u64) -> Option<(u64, bool)> {
    let base = half.saturating_mul(2);
    let [first, second, third, fourth] = term.words;
    let up = u64::BITS.saturating_sub(width);
    let low = (first & base.saturating_sub(1)).saturating_add(u64::from(term.carry));
    term.words =
        [first >> width | second << up, second >> width | third << up, third >> width | fourth << up, fourth >> width];
    term.carry = low > half;
    let magnitude = if term.carry { base.saturating_sub(low) } else { low };
    magnitude.checked_sub(1).map(|index| (index, term.carry))
}

/// At most one point in each bucket, their sums kept: neighbours are added in rounds.
fn sum_buckets(mut buckets: Vec<Vec<G1Affine>>) -> Result<Vec<Vec<G1Affine>>, EqualX> {
    loop {
        let pairs = || buckets.iter().flat_map(|bucket| bucket.chunks_exact(2)).filter_map(as_pair);
        let mut inverses: Vec<Fq> = pairs().map(|[left, right]| right.x - left.x).collect();
        if inverses.is_empty() {
            return Ok(buckets);
        }
        if inverses.iter().any(Zero::is_zero) {
            return Err(EqualX);
        }
        batch_inversion(&mut inverses);
        let mut inverses = inverses.into_iter();
        for bucket in &mut buckets {
            let sums = bucket.chunks(2).filter_map(|chunk| match chunk {
                [left, right] => inverses.next().map(|inverse| add(left, right, inverse)),
                single => single.first().copied(),
            });
            *bucket = sums.collect();
        }
    }
}

fn as_pair(chunk: &[G1Affine]) -> Option<&[G1Affine; 2]> {
    chunk.try_into().ok()
}

/// `left + right`, given `1 / (x_right - x_left)`.
fn add(left: &G1Affine, right: &G1Affine, inverse: Fq) -> G1Affine {
    let slope = (right.y - left.y) * inverse;
    let x = slope * slope - left.x - right.x;
    G1Affine::new_unchecked(x, slope * (left.x - x) - left.y)
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
    fn test_lists_of_different_lengths_are_no_identity() {
        assert!(!is_identity(&[G1Affine::generator()], &[]));
    }
}
