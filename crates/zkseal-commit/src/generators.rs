//! Generators by try-and-increment: nobody knows a relation between them (book, chapter 1).

use std::sync::OnceLock;

use ark_ff::{BigInteger, PrimeField};
use zkseal_field::{BigInt, Fq, G1Affine, point_from_x};
use zkseal_transcript::keccak256;

use crate::OpeningError;

const DOMAIN: &[u8] = b"zkseal generator v1";

/// Largest log2 of a row length (book, chapter 3).
pub const MAX_COLUMN_VARS: usize = 16;

/// Bases of commitments to rows of `2^c` entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generators {
    /// `G_j`, one for each column.
    pub g: Vec<G1Affine>,
    /// Base of the blinding.
    pub h: G1Affine,
    /// Base of the claimed inner product in an opening.
    pub u: G1Affine,
}

impl Generators {
    /// The generators for rows of `2^column_vars` entries, derived once in a process and then kept.
    ///
    /// # Errors
    /// [`OpeningError::UnsupportedSize`] above [`MAX_COLUMN_VARS`].
    pub fn for_rows(column_vars: usize) -> Result<&'static Self, OpeningError> {
        static CACHE: [OnceLock<Generators>; MAX_COLUMN_VARS + 1] = [const { OnceLock::new() }; MAX_COLUMN_VARS + 1];
        let too_large = OpeningError::UnsupportedSize { column_vars, largest: MAX_COLUMN_VARS };
        let slot = CACHE.get(column_vars).ok_or(too_large)?;
        Ok(slot.get_or_init(|| {
            let count = 1usize.checked_shl(u32::try_from(column_vars).unwrap_or(0)).unwrap_or(0);
            // Whatever another size has derived serves as a prefix: a larger one whole, a smaller one as a start.
            let known = CACHE.iter().filter_map(OnceLock::get).max_by_key(|generators| generators.g.len());
            let mut g: Vec<G1Affine> =
                known.map(|known| known.g.iter().take(count).copied().collect()).unwrap_or_default();
            g.append(&mut derive_range(g.len(), count));
            Self { g, h: derive(b"H", 0), u: derive(b"U", 0) }
        }))
    }

    /// log2 of the row length.
    #[must_use]
    pub fn column_vars(&self) -> usize {
        usize::try_from(self.g.len().checked_ilog2().unwrap_or(0)).unwrap_or(0)
    }
}

/// H, the base of blindings under both opening schemes.
pub fn blinding_base() -> G1Affine {
    static BASE: OnceLock<G1Affine> = OnceLock::new();
    *BASE.get_or_init(|| derive(b"H", 0))
}

/// What a proof's parameters pin of these generators.
#[must_use]
pub fn setup_digest() -> [u8; 32] {
    keccak256(&[DOMAIN])
}

#[cfg(not(feature = "prover"))]
fn derive_range(start: usize, end: usize) -> Vec<G1Affine> {
    (start..end).map(derive_column).collect()
}

#[cfg(feature = "prover")]
fn derive_range(start: usize, end: usize) -> Vec<G1Affine> {
    use rayon::prelude::*;
    (start..end).into_par_iter().with_min_len(16).map(derive_column).collect()
}

fn derive_column(index: usize) -> G1Affine {
    derive(b"G", u32::try_from(index).unwrap_or(u32::MAX))
}

/// The generator with this label and index. About two tries on average; 2^32 tries never fail.
fn derive(label: &[u8], index: u32) -> G1Affine {
    (0..=u32::MAX).find_map(|counter| attempt(label, index, counter)).unwrap_or_default()
}

fn attempt(label: &[u8], index: u32, counter: u32) -> Option<G1Affine> {
    let digest = keccak256(&[DOMAIN, label, &index.to_be_bytes(), &counter.to_be_bytes()]);
    let bits: Vec<bool> = digest.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect();
    let odd = bits.first().copied().unwrap_or_default();
    // x = the low 254 bits, refused at or above q.
    let low: Vec<bool> = bits.into_iter().skip(2).collect();
    let x = Fq::from_bigint(BigInt::from_bits_be(&low))?;
    point_from_x(x, odd)
}

#[cfg(test)]
mod tests {
    use super::*;
    use zkseal_field::{AffineRepr, MontFp};

    #[test]
    fn test_sizes_share_their_prefix_in_any_order() -> Result<(), OpeningError> {
        let middle = Generators::for_rows(5)?;
        let small = Generators::for_rows(4)?;
        let large = Generators::for_rows(6)?;
        assert_eq!((small.g.len(), middle.g.len(), large.g.len()), (16, 32, 64));
        assert!(large.g.starts_with(&middle.g) && middle.g.starts_with(&small.g));
        assert_eq!(large.column_vars(), 6);
        assert_eq!(large.g, (0..64).map(derive_column).collect::<Vec<_>>());
        Ok(())
    }

    #[test]
    fn test_generators_are_distinct_points_of_the_curve() -> Result<(), OpeningError> {
        let generators = Generators::for_rows(5)?;
        let mut all = generators.g.clone();
        all.extend([generators.h, generators.u]);
        assert!(all.iter().all(|point| point.is_on_curve() && !point.is_zero()));
        assert!((0..all.len()).all(|i| (0..i).all(|j| all.get(i).map(|p| p.x) != all.get(j).map(|p| p.x))));
        Ok(())
    }

    /// The values that the reference verifier in Python derives.
    #[test]
    fn test_derivation_equals_the_reference() -> Result<(), OpeningError> {
        let generators = Generators::for_rows(4)?;
        let g0 = MontFp!("15817307594649679023964241759959510813448446642031728727665399204241039021930");
        let h = MontFp!("9802412660532821425909243450103628137149910483068188908069340018051454412073");
        let u = MontFp!("9061273493485791537840926748510046589305591142003843511932981108175178177436");
        assert_eq!(generators.g.first().map(|point| point.x), Some(g0));
        assert_eq!((generators.h.x, generators.u.x), (h, u));
        let h_y = MontFp!("21599537875845176670309211574199507045247228981037409441086572536302816710746");
        assert_eq!(generators.h.y, h_y);
        Ok(())
    }

    #[test]
    fn test_size_beyond_the_largest_is_refused() {
        let expected = OpeningError::UnsupportedSize { column_vars: 17, largest: 16 };
        assert_eq!(Generators::for_rows(17), Err(expected));
    }
}
