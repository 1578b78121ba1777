//! Separable coefficients: one vector for each axis of a tensor (book, chapter 5).

use crate::types::{RelationError, to_index};
use zkseal_field::{Fr, One, Zero, scalar_from_i64};
use zkseal_poly::{bits, eq_at, eq_table, truncated_index_sum, truncated_product};

/// Coefficients along one axis; zero outside the unpadded range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AxisWeights {
    /// `prod_k eq(points_k, i)` for i < len (1 without points).
    Eq {
        /// Points of bits(len) coordinates.
        points: Vec<Vec<Fr>>,
        /// Number of non-zero entries; at most the axis.
        len: u64,
    },
    /// 1 at one index.
    Unit {
        /// The index.
        index: u64,
    },
    /// One entry for each index.
    Dense(Vec<Fr>),
}

impl AxisWeights {
    /// The vector, `axis` entries long.
    #[must_use]
    pub fn to_dense(&self, axis: u32) -> Vec<Fr> {
        let axis = to_index(axis);
        let mut vector = match self {
            Self::Eq { points, len } => {
                let len = usize::try_from(*len).unwrap_or(usize::MAX);
                let mut product = vec![Fr::one(); len.min(axis)];
                for (k, point) in points.iter().enumerate() {
                    let table = eq_table(point, product.len());
                    if k == 0 {
                        product = table;
                    } else {
                        product.iter_mut().zip(&table).for_each(|(p, t)| *p *= t);
                    }
                }
                product
            }
            Self::Unit { index } => {
                let mut unit = vec![Fr::zero(); axis];
                if let Some(entry) = usize::try_from(*index).ok().and_then(|i| unit.get_mut(i)) {
                    *entry = Fr::one();
                }
                unit
            }
            Self::Dense(vector) => vector.clone(),
        };
        vector.resize(axis, Fr::zero());
        vector
    }

    /// The multilinear extension at a point of bits(axis) coordinates.
    #[must_use]
    pub fn evaluate(&self, point: &[Fr]) -> Fr {
        match self {
            Self::Eq { points, len } => {
                // A shorter loop occupies the low coordinates; the high ones must be 0.
                let own = to_index(bits(*len));
                let (high, low) = point.split_at(point.len().saturating_sub(own));
                let prefix: Fr = high.iter().map(|x| Fr::one() - x).product();
                let mut all: Vec<&[Fr]> = points.iter().map(Vec::as_slice).collect();
                all.push(low);
                prefix * truncated_product(&all, *len)
            }
            Self::Unit { index } => eq_at(point, *index),
            Self::Dense(vector) => zkseal_poly::evaluate(vector, point),
        }
    }
}

/// `coefficient * prod over axes` as coefficients of a tensor's entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Separable {
    /// Common factor.
    pub coefficient: Fr,
    /// Tensor index (multiplicities count on after the relation's).
    pub tensor: usize,
    /// One vector for each axis.
    pub axes: Vec<AxisWeights>,
}

impl Separable {
    /// Multilinear extension of all coefficients at a point of the tensor's block.
    #[must_use]
    pub fn evaluate(&self, shape: &[u32], point: &[Fr]) -> Fr {
        let (mut product, mut rest) = (self.coefficient, point);
        for (axis, size) in self.axes.iter().zip(shape) {
            let (part, tail) = rest.split_at(to_index(bits(u64::from(*size))).min(rest.len()));
            product *= axis.evaluate(part);
            rest = tail;
        }
        product
    }

    /// Inner product with the entries `lo + i` of a progression.
    #[must_use]
    pub fn apply_progression(&self, lo: i64) -> Fr {
        let Some(axis) = self.axes.first() else {
            return Fr::zero();
        };
        let (sum, index_sum) = match axis {
            AxisWeights::Eq { points, len } => match points.as_slice() {
                [point] => (truncated_product(&[point], *len), truncated_index_sum(point, *len)),
                _ => dense_sums(&axis.to_dense(u32::try_from(*len).unwrap_or(u32::MAX))),
            },
            AxisWeights::Unit { index } => (Fr::one(), Fr::from(*index)),
            AxisWeights::Dense(vector) => dense_sums(vector),
        };
        self.coefficient * (sum * scalar_from_i64(lo) + index_sum)
    }

    /// Inner product with a tensor's values, row-major.
    ///
    /// # Errors
    /// If the number of values differs from the shape's.
    pub fn apply_values(&self, shape: &[u32], values: &[i64]) -> Result<Fr, RelationError> {
        let size = shape.iter().fold(1usize, |product, axis| product.saturating_mul(to_index(*axis)));
        if size != values.len() {
            return Err(RelationError::Invalid {
                place: "public tensor",
                index: self.tensor,
                rule: "has a wrong size",
            });
        }
        let mut folded: Vec<Fr> = values.iter().map(|value| scalar_from_i64(*value)).collect();
        for (axis, size) in self.axes.iter().zip(shape).rev() {
            let weights = axis.to_dense(*size);
            folded = folded
                .chunks(to_index(*size).max(1))
                .map(|chunk| chunk.iter().zip(&weights).map(|(value, weight)| *value * weight).sum())
                .collect();
        }
        Ok(self.coefficient * folded.first().copied().unwrap_or_else(Fr::zero))
    }
}

fn dense_sums(vector: &[Fr]) -> (Fr, Fr) {
    let sum = vector.iter().sum();
    let index_sum = (0u64..).zip(vector).map(|(index, weight)| Fr::from(index) * weight).sum();
    (sum, index_sum)
}
