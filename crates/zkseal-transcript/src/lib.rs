//! Fiat-Shamir transcript: a Keccak-256 chain over labelled, length-prefixed messages (book, chapter 1).
//!
//! ```text
//! absorb(label, data):  state = keccak256(state || 0x00 || u8(len label) || label || u64(len data) || data)
//! challenge(label):     state = keccak256(state || 0x01 || u8(len label) || label), result = state mod p
//! ```
//!
//! # Soundness
//! Whatever the verifier uses must be absorbed before the next challenge. The order of messages is written once, in
//! the book, and both sides of the core call the same functions for it.

#![forbid(unsafe_code)]

#[cfg(feature = "test-hooks")]
pub mod test_hooks;

use sha3::{Digest, Keccak256};
use zkseal_field::{Fr, G1Affine, LAMBDA, Zero, encode_scalar, encode_uncompressed, scalar_from_digest};

/// Keccak-256 of the concatenation of the parts.
#[must_use]
pub fn keccak256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Keccak256::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// The state of one proof's transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transcript {
    state: [u8; 32],
}

impl Default for Transcript {
    fn default() -> Self {
        Self::new()
    }
}

impl Transcript {
    /// The empty transcript.
    #[must_use]
    pub fn new() -> Self {
        Self { state: keccak256(&[b"zkseal transcript v1"]) }
    }

    /// Binds `data` under `label`. Labels are constants of the book, shorter than 256 bytes.
    pub fn absorb(&mut self, label: &'static str, data: &[u8]) {
        #[cfg(feature = "test-hooks")]
        if test_hooks::absorbs_nothing("absorb", label, data.len()) {
            return;
        }
        self.state = keccak256(&[
            &self.state,
            &[0],
            &[label_length(label)],
            label.as_bytes(),
            &u64::try_from(data.len()).unwrap_or(u64::MAX).to_be_bytes(),
            data,
        ]);
    }

    /// Binds scalars, 32 bytes each.
    pub fn absorb_scalars(&mut self, label: &'static str, scalars: &[Fr]) {
        let bytes: Vec<u8> = scalars.iter().flat_map(encode_scalar).collect();
        self.absorb(label, &bytes);
    }

    /// Binds points, 64 bytes each.
    pub fn absorb_points(&mut self, label: &'static str, points: &[G1Affine]) {
        let bytes: Vec<u8> = points.iter().flat_map(encode_uncompressed).collect();
        self.absorb(label, &bytes);
    }

    /// A challenge that depends on all that was absorbed so far.
    pub fn challenge(&mut self, label: &'static str) -> Fr {
        self.squeeze(label);
        scalar_from_digest(&self.state)
    }

    /// A challenge `a + lambda b` with 64-bit a and b, or `None` for zero (which a verifier refuses).
    pub fn challenge128(&mut self, label: &'static str) -> Option<Challenge128> {
        self.squeeze(label);
        let (a, b) = (be_u64(&self.state, 0), be_u64(&self.state, 8));
        let value = Fr::from(a) + LAMBDA * Fr::from(b);
        (!value.is_zero()).then_some(Challenge128 { a, b, value })
    }

    /// The current state, for deriving prover randomness that no other transcript shares.
    #[must_use]
    pub fn state(&self) -> [u8; 32] {
        self.state
    }

    fn squeeze(&mut self, label: &'static str) {
        #[cfg(feature = "test-hooks")]
        test_hooks::absorbs_nothing("challenge", label, 0);
        self.state = keccak256(&[&self.state, &[1], &[label_length(label)], label.as_bytes()]);
    }
}

/// A challenge whose multiplication with a point is cheap: `value = a + lambda b`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge128 {
    /// Multiplier of the point.
    pub a: u64,
    /// Multiplier of the point's image under the endomorphism.
    pub b: u64,
    /// The scalar.
    pub value: Fr,
}

fn label_length(label: &str) -> u8 {
    u8::try_from(label.len()).unwrap_or(u8::MAX)
}

fn be_u64(digest: &[u8; 32], start: usize) -> u64 {
    digest.iter().skip(start).take(8).fold(0, |acc, byte| (acc << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_keccak_is_the_original_padding() {
        let empty = keccak256(&[]);
        assert_eq!(empty[..4], [0xc5, 0xd2, 0x46, 0x01]);
    }

    #[test]
    fn test_label_and_length_separate_messages() {
        let run = |messages: &[(&'static str, &[u8])]| {
            let mut transcript = Transcript::new();
            for (label, data) in messages {
                transcript.absorb(label, data);
            }
            transcript.challenge("x")
        };
        let base = run(&[("a", b"bc")]);
        assert_ne!(base, run(&[("ab", b"c")]));
        assert_ne!(base, run(&[("a", b"b"), ("a", b"c")]));
        assert_ne!(run(&[("a", b"")]), run(&[]));
    }
}
