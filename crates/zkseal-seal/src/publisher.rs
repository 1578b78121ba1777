//! Ed25519 keys of publishers, who sign the headers of sealed models.

use crate::error::{SealError, array};
use crate::random::random;
use ed25519_dalek::{Signature, Signer, VerifyingKey};
use zeroize::Zeroizing;

/// An Ed25519 key.
pub struct PublisherKey(ed25519_dalek::SigningKey);

impl PublisherKey {
    /// A fresh key.
    pub fn generate() -> Result<Self, SealError> {
        Ok(Self(ed25519_dalek::SigningKey::from_bytes(&*random()?)))
    }

    /// The key of a 32-byte seed.
    pub fn from_bytes(seed: &[u8]) -> Result<Self, SealError> {
        let seed = Zeroizing::new(array("publisher's key", seed)?);
        Ok(Self(ed25519_dalek::SigningKey::from_bytes(&seed)))
    }

    /// The seed, for the key file of its owner.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public key: 32 bytes.
    pub fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    /// The signature of `message`: 64 bytes.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], SealError> {
        Ok(self.0.try_sign(message).map_err(|_| SealError::Encoding { what: "message" })?.to_bytes())
    }
}

/// Checks a signature, strictly: keys and commitments of small order and scalars above the group order are refused, so
/// that a signature holds for one message and under one key.
pub fn ed25519_verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), SealError> {
    let bytes = array("publisher's public key", public_key)?;
    let key = VerifyingKey::from_bytes(&bytes).map_err(|_| SealError::Encoding { what: "Ed25519 public key" })?;
    let refused = |_| SealError::Signature { scheme: "EdDSA" };
    let signature = Signature::from_slice(signature).map_err(refused)?;
    key.verify_strict(message, &signature).map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// RFC 8032, section 7.1, test 2.
    #[test]
    fn the_vector_of_the_standard_comes_out() {
        let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let key = PublisherKey::from_bytes(&seed).unwrap();
        let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        assert_eq!(key.public_key().as_slice(), public);
        let signature = hex(concat!(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ));
        assert_eq!(key.sign(&[0x72]).unwrap().as_slice(), signature);
        ed25519_verify(&public, &[0x72], &signature).unwrap();
        assert_eq!(ed25519_verify(&public, &[0x73], &signature), Err(SealError::Signature { scheme: "EdDSA" }));
    }

    /// With a key and a commitment of order one every message has the signature 0.
    #[test]
    fn a_key_of_small_order_signs_nothing() {
        let mut identity = [0; 32];
        identity[0] = 1;
        let mut signature = [0; 64];
        signature[0] = 1;
        assert_eq!(ed25519_verify(&identity, b"any", &signature), Err(SealError::Signature { scheme: "EdDSA" }));
    }
}
