//! Polynomials as coefficients, the constant first.

use zkseal_field::{AdditiveGroup, Fr};
use zkseal_kernels::vectors::{add_scaled, dot};

/// Leaves the quotient by `X - root`; returns the remainder, which is the value at the root.
pub fn divide_by_linear(polynomial: &mut Vec<Fr>, root: Fr) -> Fr {
    let mut carry = Fr::ZERO;
    for coefficient in polynomial.iter_mut().rev() {
        let next = *coefficient + root * carry;
        *coefficient = carry;
        carry = next;
    }
    polynomial.pop();
    carry
}

/// Divides by `X^columns - alpha`: leaves the remainder in the first `columns` coefficients, then the quotient.
pub fn divide_by_columns(polynomial: &mut [Fr], columns: usize, alpha: Fr) {
    let mut rows = polynomial.chunks_exact_mut(columns).rev();
    let Some(mut above) = rows.next() else { return };
    for row in rows {
        add_scaled(row, alpha, above);
        above = row;
    }
}

/// `sum += factor * polynomial`; the sum grows to its length.
pub fn accumulate(sum: &mut Vec<Fr>, factor: Fr, polynomial: &[Fr]) {
    if sum.len() < polynomial.len() {
        sum.resize(polynomial.len(), Fr::ZERO);
    }
    let (low, _) = sum.split_at_mut(polynomial.len());
    add_scaled(low, factor, polynomial);
}

/// The coefficient of `X^k` in `a(X) e(1/X) + a(1/X) e(X)`, for a and e of one length.
pub fn symmetric_coefficient(a: &[Fr], e: &[Fr], k: usize) -> Fr {
    let Some(kept) = a.len().checked_sub(k) else { return Fr::ZERO };
    let ((a_low, _), (e_low, _)) = (a.split_at(kept), e.split_at(kept));
    let ((_, a_high), (_, e_high)) = (a.split_at(k), e.split_at(k));
    dot(a_high, e_low) + dot(a_low, e_high)
}

/// The value at x.
pub fn evaluate(polynomial: &[Fr], x: Fr) -> Fr {
    polynomial.iter().rev().fold(Fr::ZERO, |value, coefficient| value * x + coefficient)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers<const N: usize>(values: [i64; N]) -> Vec<Fr> {
        values.map(Fr::from).to_vec()
    }

    #[test]
    fn test_division_by_a_linear_factor() {
        // X^3 - 2 X + 5 = (X^2 + 3 X + 7)(X - 3) + 26.
        let mut polynomial = numbers([5, -2, 0, 1]);
        assert_eq!(evaluate(&polynomial, Fr::from(3u64)), Fr::from(26u64));
        assert_eq!(divide_by_linear(&mut polynomial, Fr::from(3u64)), Fr::from(26u64));
        assert_eq!(polynomial, numbers([7, 3, 1]));
        let mut empty = Vec::new();
        assert_eq!(divide_by_linear(&mut empty, Fr::from(3u64)), Fr::ZERO);
    }

    #[test]
    fn test_division_by_columns() {
        // X^5 + 2 X^4 + 3 X^3 + 4 X^2 + 5 X + 6 over X^2 - 10.
        let mut polynomial = numbers([6, 5, 4, 3, 2, 1]);
        divide_by_columns(&mut polynomial, 2, Fr::from(10u64));
        assert_eq!(polynomial, numbers([246, 135, 24, 13, 2, 1]));
    }

    #[test]
    fn test_symmetric_coefficients() {
        // (1 + 2 X)(3 + 4/X) + (1 + 2/X)(3 + 4 X) = 10/X + 22 + 10 X.
        let (a, e) = (numbers([1, 2]), numbers([3, 4]));
        let got: Vec<Fr> = (0..4).map(|k| symmetric_coefficient(&a, &e, k)).collect();
        assert_eq!(got, numbers([22, 10, 0, 0]));
    }

    #[test]
    fn test_accumulation_grows() {
        let mut sum = numbers([1]);
        accumulate(&mut sum, Fr::from(2u64), &numbers([10, 20]));
        accumulate(&mut sum, Fr::from(3u64), &numbers([1]));
        assert_eq!(sum, numbers([24, 40]));
    }
}
