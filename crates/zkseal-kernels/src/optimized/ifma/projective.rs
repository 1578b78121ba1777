//! Complete addition and doubling of eight points in homogeneous coordinates, x = X / Z, y = Y / Z.
//!
//! Renes, Costello, Batina, "Complete addition formulas for prime order elliptic curves" (2015), algorithms 7 to 9 for
//! a = 0 and 3 b = 9: right for every pair of points, the identity (0 : 1 : 0) and equal points included.
//! Coordinates are kept below 4 q; the comments give bounds in units of q.

use zkseal_field::{AdditiveGroup, Fq, G1Affine, G1Projective, One, Zero};

use super::addition::invert_lanes;
use super::field::{self, Lanes, add, mul, mul_add_mul, reduce, scale, square, sub};
use super::record::Points;

/// Eight points.
#[derive(Clone, Copy)]
pub struct Projective {
    x: Lanes,
    y: Lanes,
    z: Lanes,
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub fn identity() -> Projective {
    let zero = field::splat([0; 5]);
    Projective { x: zero, y: field::splat_element(Fq::one()), z: zero }
}

/// Affine points, and the identity in the lanes whose bit is set.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub fn from_affine(points: &Points, missing: u8) -> Projective {
    let (one, zero) = (field::splat_element(Fq::one()), field::splat([0; 5]));
    Projective {
        x: field::select(missing, &points.x, &zero),
        y: field::select(missing, &points.y, &one),
        z: field::select(missing, &one, &zero),
    }
}

impl Projective {
    /// Algorithm 7.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub fn add(&self, other: &Self) -> Self {
        let t0 = mul(&self.x, &other.x); // 1.2
        let t1 = mul(&self.y, &other.y); // 1.2
        let t2 = mul(&self.z, &other.z); // 1.2
        let cross = |a1: &Lanes, b1: &Lanes, a2: &Lanes, b2: &Lanes, aa: &Lanes, bb: &Lanes| {
            // (a1 + b1)(a2 + b2) - aa - bb: 1.8 + 4, reduced to 2.
            let product = mul(&add(a1, b1), &add(a2, b2));
            reduce::<2, _>(&reduce::<4, _>(&sub::<4, _>(&product, &add(aa, bb))))
        };
        let t3 = cross(&self.x, &self.y, &other.x, &other.y, &t0, &t1);
        let t4 = cross(&self.y, &self.z, &other.y, &other.z, &t1, &t2);
        let t5 = cross(&self.x, &self.z, &other.x, &other.z, &t0, &t2);
        Self::combine(&t0, &t1, &t2, &t3, &t4, &t5)
    }

    /// Algorithm 8: the other points are affine, none the identity, coordinates below 2 q.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub fn add_affine(&self, other: &Points) -> Self {
        let t0 = mul(&self.x, &other.x); // 1.1
        let t1 = mul(&self.y, &other.y); // 1.1
        let product = mul(&add(&self.x, &self.y), &add(&other.x, &other.y)); // 1.4
        let t3 = reduce::<2, _>(&reduce::<4, _>(&sub::<4, _>(&product, &add(&t0, &t1))));
        let t4 = reduce::<2, _>(&reduce::<4, _>(&add(&mul(&other.y, &self.z), &self.y))); // 1.1 + 4
        let t5 = reduce::<2, _>(&reduce::<4, _>(&add(&mul(&other.x, &self.z), &self.x))); // 1.1 + 4
        Self::combine(&t0, &t1, &self.z, &t3, &t4, &t5)
    }

    /// The common end: t0 = X X', t1 = Y Y', t2 = Z Z' (below 4), t3, t4, t5 = the mixed sums of XY, YZ, XZ (below 2).
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    #[inline]
    fn combine(t0: &Lanes, t1: &Lanes, t2: &Lanes, t3: &Lanes, t4: &Lanes, t5: &Lanes) -> Self {
        let t0 = scale::<3, _>(t0); // 3.6
        let t2 = reduce::<10, _>(&reduce::<20, _>(&scale::<9, _>(t2))); // 36, reduced to 10
        let sum = add(t1, &t2); // 11.2
        let difference = sub::<10, _>(t1, &t2); // 11.2
        let t5 = scale::<9, _>(t5); // 18
        let zero = field::splat([0; 5]);
        Self {
            x: mul_add_mul(t3, &difference, &sub::<2, _>(&zero, t4), &t5), // 2 * 11.2 + 2 * 18: below 1.7
            y: mul_add_mul(&sum, &difference, &t5, &t0),                   // 11.2 * 11.2 + 18 * 3.6: below 3.3
            z: mul_add_mul(&sum, t4, &t0, t3),                             // below 1.5
        }
    }

    /// Algorithm 9.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub fn double(&self) -> Self {
        let t0 = square(&self.y); // 1.2
        let t1 = mul(&self.y, &self.z); // 1.2
        let t2 = scale::<9, _>(&square(&self.z)); // 10.8
        let xy = mul(&self.x, &self.y); // 1.2
        let eight = scale::<8, _>(&t0); // 9.6
        let difference = sub::<33, _>(&t0, &scale::<3, _>(&t2)); // 34.2
        let sum = add(&t0, &t2); // 12
        Self {
            x: mul(&difference, &scale::<2, _>(&xy)), // 34.2 * 2.4: below 2
            y: reduce::<4, _>(&mul_add_mul(&difference, &sum, &t2, &eight)), // 34.2 * 12 + 10.8 * 9.6: below 7.1, reduced to 4
            z: mul(&t1, &eight),                                             // below 1.2
        }
    }

    /// The same points with x times a constant.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub fn scale_x(&self, factor: &Lanes) -> Self {
        Self { x: mul(&self.x, factor), ..*self }
    }

    /// The negatives.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub fn negate(&self) -> Self {
        Self { y: sub::<4, _>(&field::splat([0; 5]), &self.y), ..*self }
    }

    /// These points where the lane's bit is clear, the others where it is set.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub fn select(&self, bits: u8, other: &Self) -> Self {
        Self {
            x: field::select(bits, &self.x, &other.x),
            y: field::select(bits, &self.y, &other.y),
            z: field::select(bits, &self.z, &other.z),
        }
    }

    /// The points in the field crate's Jacobian form, x = X / Z^2, y = Y / Z^3.
    #[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
    pub fn export(&self) -> [G1Projective; 8] {
        let x = field::export(&mul(&self.x, &self.z));
        let y = field::export(&mul(&self.y, &square(&self.z)));
        let z = field::export(&self.z);
        std::array::from_fn(|lane| {
            if z[lane].is_zero() { G1Projective::ZERO } else { G1Projective::new_unchecked(x[lane], y[lane], z[lane]) }
        })
    }
}

/// The affine forms of `groups`, one inversion for all.
#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
pub fn to_affine(groups: &[Projective]) -> Vec<G1Affine> {
    let one = field::splat_element(Fq::one());
    let mut product = one;
    let mut prefixes = Vec::with_capacity(groups.len());
    // A lane at the identity takes part with 1.
    let missing: Vec<u8> = groups.iter().map(|group| zero_lanes(&group.z)).collect();
    for (group, missing) in groups.iter().zip(&missing) {
        prefixes.push(product);
        product = mul(&product, &field::select(*missing, &group.z, &one));
    }
    let mut out = vec![G1Affine::identity(); groups.len() * 8];
    let Some(mut running) = invert_lanes(&product) else { return out };
    for (index, group) in groups.iter().enumerate().rev() {
        let inverse = mul(&running, &prefixes[index]);
        running = mul(&running, &field::select(missing[index], &group.z, &one));
        let (x, y) = (field::export(&mul(&group.x, &inverse)), field::export(&mul(&group.y, &inverse)));
        for lane in 0..8 {
            if missing[index] >> lane & 1 == 0 {
                out[index * 8 + lane] = G1Affine::new_unchecked(x[lane], y[lane]);
            }
        }
    }
    out
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn zero_lanes(a: &Lanes) -> u8 {
    let elements = field::export(a);
    (0..8).fold(0, |bits, lane| bits | u8::from(elements[lane].is_zero()) << lane)
}
