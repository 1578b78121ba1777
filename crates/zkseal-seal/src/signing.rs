//! ECDSA over secp256k1: ES256K (RFC 8812) for receipts, recoverable signatures for contracts.
//!
//! Nonces are those of RFC 6979: a signature needs no randomness, and a broken generator gives no key away. Signatures
//! have a low s; one with a high s is refused, so that nobody makes a second signature from the first.

use crate::error::{SealError, array};
use crate::random::random;
use k256::ecdsa::signature::{Signer, Verifier};
use k256::ecdsa::{Signature, VerifyingKey};
use sha3::{Digest, Keccak256};

const ES256K: &str = "ES256K";

/// A secp256k1 key that signs and is never read out.
pub struct SigningKey(k256::ecdsa::SigningKey);

impl SigningKey {
    /// A fresh key.
    pub fn generate() -> Result<Self, SealError> {
        // All but 2^-128 of all strings are keys; the rest is drawn again.
        loop {
            if let Ok(key) = k256::ecdsa::SigningKey::from_slice(random::<32>()?.as_slice()) {
                return Ok(Self(key));
            }
        }
    }

    /// SEC1, compressed: 33 bytes.
    pub fn public_key(&self) -> Result<[u8; 33], SealError> {
        array("public key", self.0.verifying_key().to_sec1_point(true).as_bytes())
    }

    /// Ethereum address: the last 20 bytes of the Keccak-256 hash of the point's coordinates.
    pub fn address(&self) -> Result<[u8; 20], SealError> {
        let point = self.0.verifying_key().to_sec1_point(false);
        let hash = Keccak256::digest(point.as_bytes().get(1..).unwrap_or_default());
        array("address", hash.get(12..).unwrap_or_default())
    }

    /// r || s over the SHA-256 hash of `message`.
    pub fn sign(&self, message: &[u8]) -> Result<[u8; 64], SealError> {
        let signature: Signature = self.0.try_sign(message).map_err(|_| SealError::Encoding { what: "message" })?;
        Ok(signature.to_bytes().into())
    }

    /// r || s || v over a digest, v being 27 or 28: the form that `ecrecover` takes.
    pub fn sign_digest(&self, digest: &[u8]) -> Result<[u8; 65], SealError> {
        let digest: [u8; 32] = array("digest", digest)?;
        let (signature, recovery) = self.0.sign_prehash_recoverable(&digest);
        // An x coordinate above the group order has no v. No digest is known that leads there (chance 2^-128).
        let recovery = u8::from(recovery);
        if recovery > 1 {
            return Err(SealError::Encoding { what: "digest that ecrecover can serve" });
        }
        let mut out = [0; 65];
        let (body, last) = out.split_at_mut(64);
        body.copy_from_slice(&signature.to_bytes());
        last.copy_from_slice(&[27 + recovery]);
        Ok(out)
    }
}

/// Checks r || s over the SHA-256 hash of `message` under a compressed point.
pub fn es256k_verify(public_key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), SealError> {
    let point: [u8; 33] = array("public key", public_key)?;
    let key =
        VerifyingKey::from_sec1_bytes(&point).map_err(|_| SealError::Encoding { what: "secp256k1 public key" })?;
    let refused = SealError::Signature { scheme: ES256K };
    let signature = Signature::from_slice(signature).map_err(|_| refused.clone())?;
    if signature.normalize_s() != signature {
        return Err(refused);
    }
    key.verify(message, &signature).map_err(|_| refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_message_and_key_only() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let signature = key.sign(b"message").unwrap();
        let public = key.public_key().unwrap();
        es256k_verify(&public, b"message", &signature).unwrap();
        let refused = Err(SealError::Signature { scheme: ES256K });
        assert_eq!(es256k_verify(&public, b"massage", &signature), refused);
        assert_eq!(es256k_verify(&other.public_key().unwrap(), b"message", &signature), refused);
        assert_eq!(es256k_verify(&public, b"message", &signature[..63]), refused);
        assert_eq!(es256k_verify(&public, b"message", &[0; 64]), refused);
    }

    #[test]
    fn the_second_form_of_a_signature_is_refused() {
        let key = SigningKey::generate().unwrap();
        let low = Signature::from_slice(&key.sign(b"message").unwrap()).unwrap();
        let (r, s) = low.split_scalars();
        let high = Signature::from_scalars(r, -s).unwrap();
        assert_eq!(high.normalize_s(), low);
        let refused = Err(SealError::Signature { scheme: ES256K });
        assert_eq!(es256k_verify(&key.public_key().unwrap(), b"message", &high.to_bytes()), refused);
    }

    #[test]
    fn a_recoverable_signature_leads_to_its_key() {
        let key = SigningKey::generate().unwrap();
        let digest = [7; 32];
        let made = key.sign_digest(&digest).unwrap();
        let signature = Signature::from_slice(&made[..64]).unwrap();
        let recovery = k256::ecdsa::RecoveryId::from_byte(made[64] - 27).unwrap();
        let recovered = VerifyingKey::recover_from_prehash(&digest, &signature, recovery).unwrap();
        assert_eq!(recovered.to_sec1_point(true).as_bytes(), key.public_key().unwrap());
    }

    /// The account of the private key 1, known from every Ethereum library.
    #[test]
    fn an_address_is_that_of_ethereum() {
        let mut one = [0; 32];
        one[31] = 1;
        let key = SigningKey(k256::ecdsa::SigningKey::from_slice(&one).unwrap());
        let expected = "7e5f4552091a69125d5dfcb7b8c2659029395bdf";
        assert_eq!(key.address().unwrap().iter().map(|byte| format!("{byte:02x}")).collect::<String>(), expected);
    }
}
