//! The prover's randomness (book, chapter 8): fresh system entropy, hashed with everything that a proof depends on, so that
//! neither a repeated seed nor a repeated machine state alone can repeat a mask under another transcript.

use crate::error::ProveError;
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use zeroize::{Zeroize, Zeroizing};
use zkseal_field::{Fr, scalar_from_wide};
use zkseal_transcript::keccak256;

/// A generator of uniform scalars.
pub struct Randomness {
    seed: Zeroizing<[u8; 32]>,
    stream: ChaCha20Rng,
}

impl Randomness {
    /// Keyed by system entropy and `binding` (relation digest, witness, context).
    ///
    /// # Errors
    /// [`ProveError::NoEntropy`].
    pub fn from_system(binding: &[&[u8]]) -> Result<Self, ProveError> {
        let mut entropy = Zeroizing::new([0u8; 32]);
        getrandom::fill(entropy.as_mut()).map_err(|_| ProveError::NoEntropy)?;
        let mut parts: Vec<&[u8]> = vec![b"zkseal prover randomness v1", entropy.as_ref()];
        parts.extend(binding);
        Ok(Self::from_seed(keccak256(&parts)))
    }

    fn from_seed(seed: [u8; 32]) -> Self {
        Self { stream: ChaCha20Rng::from_seed(seed), seed: Zeroizing::new(seed) }
    }

    /// Binds what follows to a transcript state.
    pub fn rekey(&mut self, state: &[u8; 32]) {
        let seed = keccak256(&[b"zkseal prover randomness v1 rekey", self.seed.as_ref(), state]);
        *self = Self::from_seed(seed);
    }

    /// One uniform scalar (bias below 2^-250).
    pub fn scalar(&mut self) -> Fr {
        let mut bytes = [0u8; 64];
        self.stream.fill_bytes(&mut bytes);
        let scalar = scalar_from_wide(&bytes);
        bytes.zeroize();
        scalar
    }

    /// Uniform scalars.
    pub fn scalars(&mut self, count: usize) -> Vec<Fr> {
        (0..count).map(|_| self.scalar()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_repeated_entropy_under_another_state_gives_other_scalars() {
        let stream = |state: Option<[u8; 32]>| {
            let mut randomness = Randomness::from_seed([7; 32]);
            if let Some(state) = state {
                randomness.rekey(&state);
            }
            randomness.scalars(4)
        };
        assert_eq!(stream(Some([1; 32])), stream(Some([1; 32])));
        assert_ne!(stream(Some([1; 32])), stream(Some([2; 32])));
        assert_ne!(stream(None), stream(Some([1; 32])));
    }

    #[test]
    fn test_system_entropy_is_fresh() {
        let draw = || Randomness::from_system(&[b"same"]).map(|mut randomness| randomness.scalar());
        assert_ne!(draw(), draw());
    }
}
