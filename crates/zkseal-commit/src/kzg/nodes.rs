//! The nodes of the batch, and what is computed from them: interpolants and weights.

use zkseal_field::{Field, Fr, One};

use crate::OpeningError;

/// `alpha, zeta, 1/zeta`, pairwise distinct.
pub struct Nodes {
    alpha: Fr,
    zeta: Fr,
    /// 1 / zeta.
    pub zeta_inverse: Fr,
    /// 1 / (zeta - 1/zeta).
    line: Fr,
    /// 1 / ((alpha - zeta)(alpha - 1/zeta)).
    parabola: Fr,
}

/// What the five functions of the batch are multiplied with at z; h has the weight 1.
pub struct Weights {
    /// beta (z - alpha).
    pub g: Fr,
    /// beta^2 (z - alpha).
    pub s: Fr,
    /// beta^3 (z - alpha)(z - 1/zeta).
    pub d: Fr,
    /// beta^4 (z - alpha)(z - 1/zeta), of f - (zeta^b - alpha) q.
    pub f: Fr,
    /// (z - alpha)(z - zeta)(z - 1/zeta).
    pub vanishing: Fr,
}

impl Nodes {
    /// One inversion. Fails if zeta = 0, zeta^2 = 1, alpha = zeta or alpha zeta = 1.
    pub fn new(alpha: Fr, zeta: Fr) -> Result<Self, OpeningError> {
        let pair = zeta.square() - Fr::one();
        let triple = (alpha - zeta) * (alpha * zeta - Fr::one());
        let inverse = (zeta * pair * triple).inverse().ok_or(OpeningError::DegenerateChallenge)?;
        let squared = zeta.square() * inverse;
        Ok(Self {
            alpha,
            zeta,
            zeta_inverse: pair * triple * inverse,
            line: squared * triple,
            parabola: squared * pair,
        })
    }

    /// At x, the polynomial of degree 1 with these values at zeta and 1/zeta.
    pub fn line_at(&self, x: Fr, [at_zeta, at_inverse]: [Fr; 2]) -> Fr {
        (at_zeta * (x - self.zeta_inverse) - at_inverse * (x - self.zeta)) * self.line
    }

    /// At x, the polynomial of degree 2 with these values at zeta and 1/zeta, and that value at alpha.
    pub fn parabola_at(&self, x: Fr, values: [Fr; 2], at_alpha: Fr) -> Fr {
        let lift = (at_alpha - self.line_at(self.alpha, values)) * self.parabola;
        self.line_at(x, values) + (x - self.zeta) * (x - self.zeta_inverse) * lift
    }

    /// The weights at z.
    pub fn weights(&self, beta: Fr, z: Fr) -> Weights {
        let not_alpha = z - self.alpha;
        let zeta_only = not_alpha * (z - self.zeta_inverse);
        let squared = beta.square();
        Weights {
            g: beta * not_alpha,
            s: squared * not_alpha,
            d: squared * beta * zeta_only,
            f: squared.square() * zeta_only,
            vanishing: zeta_only * (z - self.zeta),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use zkseal_field::Zero;

    #[test]
    fn test_interpolants_take_their_values() -> Result<(), OpeningError> {
        let [alpha, zeta, one, two, three] = [11u64, 13, 17, 19, 23].map(Fr::from);
        let nodes = Nodes::new(alpha, zeta)?;
        assert!((nodes.zeta_inverse * zeta).is_one());
        for (x, value) in [(zeta, one), (nodes.zeta_inverse, two), (alpha, three)] {
            assert_eq!(nodes.parabola_at(x, [one, two], three), value);
            assert!(x == alpha || nodes.line_at(x, [one, two]) == value);
        }
        Ok(())
    }

    #[test]
    fn test_weights_vanish_where_a_function_has_no_value() -> Result<(), OpeningError> {
        let nodes = Nodes::new(Fr::from(11u64), Fr::from(13u64))?;
        let zeros = |z| {
            let weights = nodes.weights(Fr::from(5u64), z);
            [weights.g, weights.s, weights.d, weights.f, weights.vanishing].map(|weight| weight.is_zero())
        };
        assert_eq!(zeros(Fr::from(11u64)), [true; 5]);
        assert_eq!(zeros(nodes.zeta_inverse), [false, false, true, true, true]);
        assert_eq!(zeros(Fr::from(13u64)), [false, false, false, false, true]);
        Ok(())
    }

    #[test]
    fn test_nodes_that_coincide_are_refused() {
        let [zero, one, two] = [0u64, 1, 2].map(Fr::from);
        let half = two.inverse().unwrap_or_default();
        for (alpha, zeta) in [(two, zero), (two, one), (two, -one), (two, two), (two, half), (zero, zero)] {
            assert_eq!(Nodes::new(alpha, zeta).err(), Some(OpeningError::DegenerateChallenge));
        }
        assert!(Nodes::new(zero, two).is_ok());
    }
}
