//! Masks of sumchecks: `sum_{i,d} a_{i,d} (x_i^d - 1/2)`, which sums to zero over the hypercube (book, chapters 4 and 5).

use zkseal_field::{Fr, One, Zero, inverse_power_of_two, power_of_two};

/// The mask of one sumcheck of any degree.
pub struct CentredMask<'a> {
    degree: usize,
    coefficient: Box<dyn Fn(usize, usize) -> Fr + 'a>,
    bound: Fr,
    half: Fr,
}

impl<'a> CentredMask<'a> {
    /// Coefficients by variable and degree, 1 to `degree`.
    pub fn new(degree: usize, coefficient: impl Fn(usize, usize) -> Fr + 'a) -> Self {
        Self { degree, coefficient: Box::new(coefficient), bound: Fr::zero(), half: inverse_power_of_two(1) }
    }

    fn coefficients(&self, variable: usize) -> Vec<Fr> {
        (1..=self.degree).map(|d| (self.coefficient)(variable, d)).collect()
    }

    /// Adds to the round polynomial's coefficients when `later` variables are still to be summed.
    pub fn add_round(&self, variable: usize, later: usize, round: &mut [Fr]) {
        let repeats = power_of_two(later as u32);
        let own = self.coefficients(variable);
        round[0] += repeats * (self.bound - self.half * own.iter().sum::<Fr>());
        round[1..].iter_mut().zip(&own).for_each(|(entry, coefficient)| *entry += repeats * coefficient);
    }

    /// Binds the variable.
    pub fn bind(&mut self, variable: usize, x: Fr) {
        let mut power = Fr::one();
        for coefficient in self.coefficients(variable) {
            power *= x;
            self.bound += coefficient * (power - self.half);
        }
    }
}
