//! Public keys and the signature schemes of attestation: ECDSA over P-256 and P-384, RSA PKCS #1 v1.5 and PSS.

use crate::error::AttestError;
use der::oid::ObjectIdentifier;
use der::{Decode, referenced::OwnedToRef};
use p256::ecdsa::signature::Verifier;
use rsa::{pkcs1v15, pss};
use sha2::{Sha256, Sha384, Sha512};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// ECDSA with SHA-256.
    EcdsaSha256,
    /// ECDSA with SHA-384.
    EcdsaSha384,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaSha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaSha512,
    /// RSASSA-PSS with SHA-384, MGF1 with SHA-384, salt of 48 bytes: what AMD uses.
    PssSha384,
}

impl Scheme {
    /// The scheme of an X.509 signature algorithm (RFC 5758, RFC 4055).
    ///
    /// The parameters of RSASSA-PSS are not read: a signature is checked under those of AMD, whatever it says.
    ///
    /// # Errors
    /// `Chain` for others.
    pub fn of_oid(oid: &ObjectIdentifier) -> Result<Self, AttestError> {
        match oid.to_string().as_str() {
            "1.2.840.10045.4.3.2" => Ok(Self::EcdsaSha256),
            "1.2.840.10045.4.3.3" => Ok(Self::EcdsaSha384),
            "1.2.840.113549.1.1.11" => Ok(Self::RsaSha256),
            "1.2.840.113549.1.1.12" => Ok(Self::RsaSha384),
            "1.2.840.113549.1.1.13" => Ok(Self::RsaSha512),
            "1.2.840.113549.1.1.10" => Ok(Self::PssSha384),
            other => Err(AttestError::Chain { rule: format!("signature algorithm {other} is not supported") }),
        }
    }

    /// The scheme of a name: `ES256`, `ES384`, `RS256`, `RS384`, `RS512`, `PS384` (RFC 7518, 3.1).
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "ES256" => Some(Self::EcdsaSha256),
            "ES384" => Some(Self::EcdsaSha384),
            "RS256" => Some(Self::RsaSha256),
            "RS384" => Some(Self::RsaSha384),
            "RS512" => Some(Self::RsaSha512),
            "PS384" => Some(Self::PssSha384),
            _ => None,
        }
    }
}

/// A key that verifies.
#[derive(Debug, Clone)]
pub enum PublicKey {
    /// NIST P-256.
    P256(p256::ecdsa::VerifyingKey),
    /// NIST P-384.
    P384(p384::ecdsa::VerifyingKey),
    /// RSA of 2048 to 4096 bits.
    Rsa(Box<rsa::PublicKey>),
}

/// Lets `signature` be any of the encodings of one ECDSA signature.
fn ecdsa_der(signature: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    #[derive(der::Sequence)]
    struct Pair {
        r: der::asn1::Uint,
        s: der::asn1::Uint,
    }
    let pair = Pair::from_der(signature).ok()?;
    Some((pair.r.as_bytes().to_vec(), pair.s.as_bytes().to_vec()))
}

/// `bytes` with zeros before them, `width` in all.
fn padded(bytes: &[u8], width: usize) -> Option<Vec<u8>> {
    let zeros = width.checked_sub(bytes.len())?;
    Some([vec![0; zeros], bytes.to_vec()].concat())
}

impl PublicKey {
    /// The key of a SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// `Format` for other bytes, curves and sizes.
    pub fn from_spki(spki: &[u8]) -> Result<Self, AttestError> {
        let fail = |rule: String| AttestError::format("public key", rule);
        let owned = SubjectPublicKeyInfoOwned::from_der(spki).map_err(|e| fail(e.to_string()))?;
        let info = owned.owned_to_ref();
        if let Ok(key) = p384::ecdsa::VerifyingKey::try_from(info.clone()) {
            return Ok(Self::P384(key));
        }
        if let Ok(key) = p256::ecdsa::VerifyingKey::try_from(info.clone()) {
            return Ok(Self::P256(key));
        }
        let key = rsa::PublicKey::try_from(info).map_err(|e| fail(format!("no key on P-256, P-384 or RSA: {e}")))?;
        let bits = rsa::traits::PublicKeyParts::n_bytes(&key).len().saturating_mul(8);
        if !(2048..=4096).contains(&bits) {
            return Err(fail(format!("RSA key of {bits} bits")));
        }
        Ok(Self::Rsa(Box::new(key)))
    }

    /// Checks a signature. ECDSA signatures are `r || s` in full width.
    ///
    /// # Errors
    /// `Signature` of `what`.
    pub fn verify(&self, scheme: Scheme, message: &[u8], signature: &[u8], what: &str) -> Result<(), AttestError> {
        self.holds(scheme, message, signature).ok_or_else(|| AttestError::Signature { what: what.to_string() })
    }

    /// As `verify`, for ECDSA signatures in DER, as in certificates.
    ///
    /// # Errors
    /// `Signature` of `what`.
    pub fn verify_der(&self, scheme: Scheme, message: &[u8], signature: &[u8], what: &str) -> Result<(), AttestError> {
        let width = match self {
            Self::P256(_) => 32,
            Self::P384(_) => 48,
            Self::Rsa(_) => return self.verify(scheme, message, signature, what),
        };
        let raw = ecdsa_der(signature)
            .and_then(|(r, s)| Some([padded(&r, width)?, padded(&s, width)?].concat()))
            .ok_or_else(|| AttestError::Signature { what: what.to_string() })?;
        self.verify(scheme, message, &raw, what)
    }

    fn holds(&self, scheme: Scheme, message: &[u8], signature: &[u8]) -> Option<()> {
        use p256::ecdsa::signature::hazmat::PrehashVerifier;
        use sha2::Digest;
        match (self, scheme) {
            (Self::P256(key), Scheme::EcdsaSha256) => {
                key.verify(message, &p256::ecdsa::Signature::from_slice(signature).ok()?).ok()
            }
            (Self::P256(key), Scheme::EcdsaSha384) => {
                key.verify_prehash(&Sha384::digest(message), &p256::ecdsa::Signature::from_slice(signature).ok()?).ok()
            }
            (Self::P384(key), Scheme::EcdsaSha384) => {
                key.verify(message, &p384::ecdsa::Signature::from_slice(signature).ok()?).ok()
            }
            (Self::P384(key), Scheme::EcdsaSha256) => {
                key.verify_prehash(&Sha256::digest(message), &p384::ecdsa::Signature::from_slice(signature).ok()?).ok()
            }
            (Self::Rsa(key), Scheme::RsaSha256) => pkcs1v15::VerifyingKey::<Sha256>::new((**key).clone())
                .verify(message, &pkcs1v15::Signature::try_from(signature).ok()?)
                .ok(),
            (Self::Rsa(key), Scheme::RsaSha384) => pkcs1v15::VerifyingKey::<Sha384>::new((**key).clone())
                .verify(message, &pkcs1v15::Signature::try_from(signature).ok()?)
                .ok(),
            (Self::Rsa(key), Scheme::RsaSha512) => pkcs1v15::VerifyingKey::<Sha512>::new((**key).clone())
                .verify(message, &pkcs1v15::Signature::try_from(signature).ok()?)
                .ok(),
            (Self::Rsa(key), Scheme::PssSha384) => pss::VerifyingKey::<Sha384>::new((**key).clone())
                .verify(message, &pss::Signature::try_from(signature).ok()?)
                .ok(),
            (Self::P256(_) | Self::P384(_), _) | (Self::Rsa(_), Scheme::EcdsaSha256 | Scheme::EcdsaSha384) => None,
        }
    }
}
