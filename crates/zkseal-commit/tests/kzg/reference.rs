//! The protocol of the book once more, by schoolbook polynomials and a known tau; honest, or with one lie.
//!
//! Shares nothing with the crate but field, curve and transcript. Commitments are `p(tau) G`, so that polynomials of
//! any degree can be committed.

use zkseal_commit::kzg::OpeningProof;
use zkseal_field::{AffineRepr, CurveGroup, Field, Fr, G1Affine, One, Zero};
use zkseal_transcript::Transcript;

/// What a prover claims falsely, made consistent wherever that is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// The claim is true.
    None,
    /// Only the value is false.
    Value,
    /// Row sums that have the false value.
    Rows,
    /// Row sums that have the false value, and a g of degree below b that agrees with them at alpha.
    Remainder,
    /// Row sums that have the false value, and a g of degree b that agrees with them and with f.
    Degree,
    /// Values of S that make up for the false value.
    Products,
}

/// The functions of the batch, in order of their powers of beta.
pub const FUNCTIONS: [&str; 5] = ["h", "g", "S", "D", "f"];

/// Which of [`FUNCTIONS`] have not the values that the verifier takes them to have.
pub type Refuted = Vec<&'static str>;

/// Nodes and values there.
type Values = Vec<(Fr, Fr)>;

pub struct Prover {
    pub tau: Fr,
    /// The value that is claimed.
    pub value: Fr,
    pub lie: Lie,
}

impl Prover {
    /// A proof, and what is wrong with it. `f` may be longer than the point dictates.
    pub fn prove(&self, transcript: &mut Transcript, f: &[Fr], point: &[Fr]) -> (OpeningProof, Refuted) {
        let (u2, u1) = point.split_at(point.len() / 2);
        let b = 1usize << u1.len();
        let (p1, p2) = (eq_polynomial(u1), eq_polynomial(u2));
        let rows: Vec<&[Fr]> = f.chunks(b).collect();
        let mut h: Vec<Fr> = rows.iter().map(|row| dot(row, &p1)).collect();
        let false_by = self.value - dot(&h, &p2);
        let true_h = h.clone();
        if matches!(self.lie, Lie::Rows | Lie::Remainder | Lie::Degree) {
            h[0] += false_by * p2[0].inverse().unwrap();
        }
        let c_h = self.commit(&h);
        transcript.absorb_points("kzg rows", &[c_h]);
        let alpha = transcript.challenge("kzg alpha");

        let mut divisor = vec![Fr::zero(); b + 1];
        (divisor[0], divisor[b]) = (-alpha, Fr::one());
        let (mut q, mut g) = divide(f, &divisor);
        let missing = at(&h, alpha) - at(&true_h, alpha);
        if self.lie == Lie::Remainder {
            g[0] += missing * p1[0].inverse().unwrap();
        }
        if self.lie == Lie::Degree {
            let k = -missing * (alpha * p1[0]).inverse().unwrap();
            g = sum(&g, &scaled(&divisor, k));
            q = sum(&q, &[-k]);
        }
        let points = [self.commit(&q), self.commit(&g)];
        transcript.absorb_points("kzg quotient", &points);
        let gamma = transcript.challenge("kzg gamma");

        // The coefficients of X^1 .. of a(X) e(1/X) + a(1/X) e(X).
        let s = sum(&upper_products(&g, &p1), &scaled(&upper_products(&h, &p2), gamma));
        let mut d = vec![Fr::zero(); b];
        g.iter().take(b).enumerate().for_each(|(index, coefficient)| d[b - 1 - index] = *coefficient);
        let more = [self.commit(&s), self.commit(&d)];
        transcript.absorb_points("kzg products", &more);
        let zeta = transcript.challenge("kzg zeta");

        let inverse = zeta.inverse().unwrap();
        let mut values = [at(&g, zeta), at(&g, inverse), at(&h, zeta), at(&h, inverse), at(&s, zeta), at(&s, inverse)];
        let derived = |values: &[Fr; 6]| {
            let left = values[0] * at(&p1, inverse)
                + values[1] * at(&p1, zeta)
                + gamma * (values[2] * at(&p2, inverse) + values[3] * at(&p2, zeta));
            (left - zeta * values[4] - inverse * values[5]) / Fr::from(2u64) - gamma * self.value
        };
        if self.lie == Lie::Products {
            values[4] += (derived(&values) - at(&h, alpha)) * Fr::from(2u64) * inverse;
        }
        transcript.absorb_scalars("kzg values", &values);
        let beta = transcript.challenge("kzg beta");

        let folded = sum(f, &scaled(&q, alpha - zeta.pow([b as u64])));
        let d_zeta = zeta.pow([b as u64 - 1]) * values[1];
        let batch: [(&[Fr], Values); 5] = [
            (&h, vec![(zeta, values[2]), (inverse, values[3]), (alpha, derived(&values))]),
            (&g, vec![(zeta, values[0]), (inverse, values[1])]),
            (&s, vec![(zeta, values[4]), (inverse, values[5])]),
            (&d, vec![(zeta, d_zeta)]),
            (&folded, vec![(zeta, values[0])]),
        ];
        let refuted = FUNCTIONS
            .into_iter()
            .zip(&batch)
            .filter(|(_, (polynomial, values))| values.iter().any(|(node, value)| at(polynomial, *node) != *value));
        let refuted = refuted.map(|(name, _)| name).collect();

        // m = sum_i beta^i (product over the nodes that function i lacks of X - node) (function i - its interpolant).
        let nodes = [alpha, zeta, inverse];
        let weight = |index: usize, values: &[(Fr, Fr)]| {
            let lacks = nodes.into_iter().filter(|node| values.iter().all(|(other, _)| other != node));
            scaled(&vanishing(lacks), beta.pow([index as u64]))
        };
        let m = batch.iter().enumerate().fold(Vec::new(), |m, (index, (polynomial, values))| {
            let rest = sum(polynomial, &scaled(&interpolant(values), -Fr::one()));
            sum(&m, &product(&weight(index, values), &rest))
        });
        let (w, _) = divide(&m, &vanishing(nodes.into_iter()));
        let c_w = self.commit(&w);
        transcript.absorb_points("kzg batch", &[c_w]);
        let z = transcript.challenge("kzg z");

        let last = batch.iter().enumerate().fold(
            scaled(&w, -at(&vanishing(nodes.into_iter()), z)),
            |last, (index, (polynomial, values))| {
                let constant = at(&interpolant(values), z);
                sum(&last, &scaled(&sum(polynomial, &[-constant]), at(&weight(index, values), z)))
            },
        );
        let (w2, _) = divide(&last, &[-z, Fr::one()]);
        let c_w2 = self.commit(&w2);
        transcript.absorb_points("kzg last", &[c_w2]);
        (OpeningProof { points: [c_h, points[0], points[1], more[0], more[1], c_w, c_w2], values }, refuted)
    }

    pub fn commit(&self, polynomial: &[Fr]) -> G1Affine {
        (G1Affine::generator() * at(polynomial, self.tau)).into_affine()
    }
}

fn at(polynomial: &[Fr], x: Fr) -> Fr {
    polynomial.iter().rev().fold(Fr::zero(), |value, coefficient| value * x + coefficient)
}

fn dot(a: &[Fr], b: &[Fr]) -> Fr {
    a.iter().zip(b).map(|(a, b)| *a * b).sum()
}

fn scaled(polynomial: &[Fr], factor: Fr) -> Vec<Fr> {
    polynomial.iter().map(|coefficient| *coefficient * factor).collect()
}

fn sum(a: &[Fr], b: &[Fr]) -> Vec<Fr> {
    let entry = |polynomial: &[Fr], index: usize| polynomial.get(index).copied().unwrap_or_default();
    (0..a.len().max(b.len())).map(|index| entry(a, index) + entry(b, index)).collect()
}

fn product(a: &[Fr], b: &[Fr]) -> Vec<Fr> {
    let mut out = vec![Fr::zero(); (a.len() + b.len()).saturating_sub(1)];
    for (i, a) in a.iter().enumerate() {
        for (j, b) in b.iter().enumerate() {
            out[i + j] += *a * b;
        }
    }
    out
}

/// Quotient and remainder by a monic polynomial.
fn divide(polynomial: &[Fr], divisor: &[Fr]) -> (Vec<Fr>, Vec<Fr>) {
    let degree = divisor.len() - 1;
    let mut rest = polynomial.to_vec();
    let mut quotient = vec![Fr::zero(); rest.len().saturating_sub(degree)];
    for index in (0..quotient.len()).rev() {
        let top = rest[index + degree];
        quotient[index] = top;
        for (offset, coefficient) in divisor.iter().enumerate() {
            if !coefficient.is_zero() {
                rest[index + offset] -= top * coefficient;
            }
        }
    }
    rest.truncate(degree);
    (quotient, rest)
}

fn vanishing(nodes: impl Iterator<Item = Fr>) -> Vec<Fr> {
    nodes.fold(vec![Fr::one()], |polynomial, node| product(&polynomial, &[-node, Fr::one()]))
}

fn interpolant(values: &[(Fr, Fr)]) -> Vec<Fr> {
    values.iter().fold(Vec::new(), |polynomial, (node, value)| {
        let basis = vanishing(values.iter().map(|(other, _)| *other).filter(|other| other != node));
        sum(&polynomial, &scaled(&basis, *value / at(&basis, *node)))
    })
}

/// Coefficients `eq(point, j)`; variable 0 of the point is the most significant bit of j.
fn eq_polynomial(point: &[Fr]) -> Vec<Fr> {
    let entry = |j: usize| {
        let bit = |(k, r): (usize, &Fr)| if j >> (point.len() - 1 - k) & 1 == 1 { *r } else { Fr::one() - r };
        point.iter().enumerate().map(bit).product()
    };
    (0..1usize << point.len()).map(entry).collect()
}

fn upper_products(a: &[Fr], e: &[Fr]) -> Vec<Fr> {
    let shifted = |a: &[Fr], e: &[Fr], k: usize| dot(a.get(k..).unwrap_or_default(), e);
    (1..a.len().max(e.len())).map(|k| shifted(a, e, k) + shifted(e, a, k)).collect()
}
