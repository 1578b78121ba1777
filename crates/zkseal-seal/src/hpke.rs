//! HPKE (RFC 9180), base mode, with X25519, HKDF-SHA256 and AES-256-GCM, and one response to each request.
//!
//! A sealed message is the encapsulated key (32 bytes) followed by the ciphertext with its tag (16 bytes). Responses
//! are those of RFC 9458, section 4.4: a secret exported by both sides and 32 fresh bytes give a key for one message.

use crate::data_key::DataKey;
use crate::error::{SealError, array};
use crate::random::random;
use aes_gcm::aead::{Aead, KeyInit};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, HpkeError, Kem, OpModeR, OpModeS, Serializable};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of an encapsulated key.
pub const ENCAPSULATED_BYTES: usize = 32;
/// Bytes of an authentication tag.
pub const TAG_BYTES: usize = 16;
const NONCE_BYTES: usize = 32;
const RESPONSE_LABEL: &[u8] = b"zkseal/response/v1";

type PublicKey = <X25519HkdfSha256 as Kem>::PublicKey;
type PrivateKey = <X25519HkdfSha256 as Kem>::PrivateKey;
type Receiver = hpke::aead::AeadCtxR<AesGcm256, HkdfSha256, X25519HkdfSha256>;

/// The private key of someone to whom messages are sealed.
pub struct HpkeKey {
    private: PrivateKey,
    public: [u8; 32],
}

impl HpkeKey {
    /// A fresh key.
    pub fn generate() -> Result<Self, SealError> {
        let (private, public) = X25519HkdfSha256::derive_keypair(random::<32>()?.as_slice());
        Ok(Self { private, public: public.to_bytes().into() })
    }

    /// The key of 32 bytes (RFC 7748: every string is one).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        let bytes: Zeroizing<[u8; 32]> = Zeroizing::new(array("recipient's key", bytes)?);
        let private =
            PrivateKey::from_bytes(bytes.as_slice()).map_err(|_| SealError::Encoding { what: "X25519 key" })?;
        let public = X25519HkdfSha256::sk_to_pk(&private).to_bytes().into();
        Ok(Self { private, public })
    }

    /// The private key, for the key file of its owner.
    pub fn to_bytes(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.private.to_bytes().into())
    }

    /// The public key: 32 bytes.
    pub fn public_key(&self) -> &[u8; 32] {
        &self.public
    }

    /// Opens a message that was sealed to this key under the same `info` and `aad`.
    pub fn open(&self, sealed: &[u8], info: &[u8], aad: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        Ok(self.receive(sealed, info, aad, "message")?.0)
    }

    /// Opens a data key, which stays in here.
    pub fn open_data_key(&self, sealed: &[u8], info: &[u8], aad: &[u8]) -> Result<DataKey, SealError> {
        let (bytes, _) = self.receive(sealed, info, aad, "data key")?;
        DataKey::from_bytes(&bytes)
    }

    /// Opens a request; the second part seals the response to it.
    pub fn open_request(
        &self,
        sealed: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<(Zeroizing<Vec<u8>>, ResponseSealer), SealError> {
        let (plaintext, receiver) = self.receive(sealed, info, aad, "request")?;
        let mut secret = Zeroizing::new([0; 32]);
        receiver.export(RESPONSE_LABEL, secret.as_mut_slice()).map_err(|_| SealError::Open { what: "request" })?;
        let enc = array("encapsulated key", sealed.get(..ENCAPSULATED_BYTES).unwrap_or_default())?;
        Ok((plaintext, ResponseSealer(Some(Exported { enc, secret }))))
    }

    fn receive(
        &self,
        sealed: &[u8],
        info: &[u8],
        aad: &[u8],
        what: &'static str,
    ) -> Result<(Zeroizing<Vec<u8>>, Receiver), SealError> {
        let refused = |_: HpkeError| SealError::Open { what };
        let (enc, ciphertext) = sealed.split_at_checked(ENCAPSULATED_BYTES).ok_or(SealError::Open { what })?;
        let enc = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(enc).map_err(refused)?;
        let mut receiver =
            hpke::setup_receiver::<AesGcm256, HkdfSha256, X25519HkdfSha256>(&OpModeR::Base, &self.private, &enc, info)
                .map_err(refused)?;
        let plaintext = receiver.open(ciphertext, aad).map_err(refused)?;
        Ok((Zeroizing::new(plaintext), receiver))
    }
}

/// Seals a message to a public key: encapsulated key || ciphertext.
pub fn hpke_seal(public_key: &[u8], info: &[u8], aad: &[u8], plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
    Ok(send(public_key, info, aad, plaintext, false)?.0)
}

/// Seals a request; the second part opens the response to it.
pub fn hpke_seal_request(
    public_key: &[u8],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> Result<(Vec<u8>, ResponseOpener), SealError> {
    let (sealed, exported) = send(public_key, info, aad, plaintext, true)?;
    Ok((sealed, ResponseOpener(exported)))
}

fn send(
    public_key: &[u8],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
    answered: bool,
) -> Result<(Vec<u8>, Option<Exported>), SealError> {
    let bytes: [u8; 32] = array("X25519 public key", public_key)?;
    // A point of small order gives everybody the same secret; the library refuses it when it encapsulates.
    let refused = |_: HpkeError| SealError::Encoding { what: "X25519 public key" };
    let public = PublicKey::from_bytes(&bytes).map_err(refused)?;
    let (enc, mut sender) =
        hpke::setup_sender::<AesGcm256, HkdfSha256, X25519HkdfSha256>(&OpModeS::Base, &public, info)
            .map_err(refused)?;
    let too_long = |_: HpkeError| SealError::TooLong { what: "the message", limit: 1 << 36 };
    let ciphertext = sender.seal(plaintext, aad).map_err(too_long)?;
    let enc: [u8; ENCAPSULATED_BYTES] = enc.to_bytes().into();
    let mut sealed = Vec::with_capacity(enc.len() + ciphertext.len());
    sealed.extend_from_slice(&enc);
    sealed.extend_from_slice(&ciphertext);
    if !answered {
        return Ok((sealed, None));
    }
    let mut secret = Zeroizing::new([0; 32]);
    sender.export(RESPONSE_LABEL, secret.as_mut_slice()).map_err(too_long)?;
    Ok((sealed, Some(Exported { enc, secret })))
}

/// What both sides of a request know and nobody else.
struct Exported {
    enc: [u8; ENCAPSULATED_BYTES],
    secret: Zeroizing<[u8; 32]>,
}

impl Exported {
    /// The key and nonce of the one response with this response nonce.
    fn cipher(&self, response_nonce: &[u8; NONCE_BYTES]) -> Result<(Aes256Gcm, [u8; 12]), SealError> {
        let salt = [self.enc.as_slice(), response_nonce].concat();
        let hkdf = Hkdf::<Sha256>::new(Some(&salt), self.secret.as_slice());
        let (mut key, mut nonce) = (Zeroizing::new([0; 32]), [0; 12]);
        let failed = |_| SealError::Open { what: "response" };
        hkdf.expand(b"key", key.as_mut_slice()).map_err(failed)?;
        hkdf.expand(b"nonce", &mut nonce).map_err(failed)?;
        Ok((Aes256Gcm::new((&*key).into()), nonce))
    }
}

/// Seals the one response to a request.
pub struct ResponseSealer(Option<Exported>);

impl ResponseSealer {
    /// Response nonce || ciphertext. The second call is refused.
    pub fn seal(&mut self, response: &[u8]) -> Result<Vec<u8>, SealError> {
        let exported = self.0.take().ok_or(SealError::Spent { what: "response key" })?;
        let response_nonce = random::<NONCE_BYTES>()?;
        let (cipher, nonce) = exported.cipher(&response_nonce)?;
        let too_long = |_| SealError::TooLong { what: "the response", limit: 1 << 36 };
        let ciphertext = cipher.encrypt(&Nonce::from(nonce), response).map_err(too_long)?;
        Ok([response_nonce.as_slice(), &ciphertext].concat())
    }
}

/// Opens the one response to a request.
pub struct ResponseOpener(Option<Exported>);

impl ResponseOpener {
    /// The response. What does not open leaves the key in place, so that a stranger cannot use it up.
    pub fn open(&mut self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let exported = self.0.as_ref().ok_or(SealError::Spent { what: "response key" })?;
        let refused = SealError::Open { what: "response" };
        let (response_nonce, ciphertext) = sealed.split_at_checked(NONCE_BYTES).ok_or_else(|| refused.clone())?;
        let (cipher, nonce) = exported.cipher(&array("response nonce", response_nonce)?)?;
        let plaintext = cipher.decrypt(&Nonce::from(nonce), ciphertext).map_err(|_| refused)?;
        self.0 = None;
        Ok(Zeroizing::new(plaintext))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// The base-mode vector of RFC 9180 for KEM 0x0020, KDF 0x0001, AEAD 0x0002 (in the file of vectors that the RFC
    /// names): its first message, and the export with an empty context.
    #[test]
    fn the_vector_of_the_standard_opens() {
        let key =
            HpkeKey::from_bytes(&hex("497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d")).unwrap();
        let public = hex("430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c");
        assert_eq!(key.public_key().as_slice(), public);
        let sealed = hex(concat!(
            "6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256",
            "e5d84cd531cfb583096e7cfa9641bd3079cf3a91cda813c52deb5f512be9931980a41de125a925cdad859d5b7a"
        ));
        let (info, aad) = (hex("4f6465206f6e2061204772656369616e2055726e"), b"Count-0");
        let (plaintext, receiver) = key.receive(&sealed, &info, aad, "message").unwrap();
        assert_eq!(plaintext.as_slice(), b"Beauty is truth, truth beauty");
        let mut exported = [0; 32];
        receiver.export(b"", &mut exported).unwrap();
        assert_eq!(exported.as_slice(), hex("ded6cffafaea6b812cbf3e241e88332adbc077aca81512914213810ee291770a"));
        assert_eq!(key.open(&sealed, &info, b"Count-1").unwrap_err(), SealError::Open { what: "message" });
    }

    #[test]
    fn a_message_opens_with_its_key_in_its_context_only() {
        let (key, other) = (HpkeKey::generate().unwrap(), HpkeKey::generate().unwrap());
        let sealed = hpke_seal(key.public_key(), b"info", b"aad", b"message").unwrap();
        assert_eq!(key.open(&sealed, b"info", b"aad").unwrap().as_slice(), b"message");
        let refused = SealError::Open { what: "message" };
        assert_eq!(other.open(&sealed, b"info", b"aad").unwrap_err(), refused);
        assert_eq!(key.open(&sealed, b"other", b"aad").unwrap_err(), refused);
        assert_eq!(key.open(&sealed, b"info", b"other").unwrap_err(), refused);
        for cut in 0..sealed.len() {
            assert_eq!(key.open(&sealed[..cut], b"info", b"aad").unwrap_err(), refused);
        }
    }

    #[test]
    fn a_private_key_is_restored() {
        let key = HpkeKey::generate().unwrap();
        assert_eq!(HpkeKey::from_bytes(key.to_bytes().as_slice()).unwrap().public_key(), key.public_key());
    }

    /// RFC 7748, section 6.1: a shared secret of zeros is refused. The point 0 leads there from every key.
    #[test]
    fn a_public_key_of_small_order_is_refused() {
        let refused = SealError::Encoding { what: "X25519 public key" };
        assert_eq!(hpke_seal(&[0; 32], b"", b"", b"").unwrap_err(), refused);
        let key = HpkeKey::generate().unwrap();
        assert_eq!(key.open(&[0; 64], b"", b"").unwrap_err(), SealError::Open { what: "message" });
    }

    #[test]
    fn a_request_has_one_response() {
        let key = HpkeKey::generate().unwrap();
        let (sealed, mut opener) = hpke_seal_request(key.public_key(), b"info", b"aad", b"request").unwrap();
        let (request, mut sealer) = key.open_request(&sealed, b"info", b"aad").unwrap();
        assert_eq!(request.as_slice(), b"request");
        let response = sealer.seal(b"response").unwrap();
        let spent = SealError::Spent { what: "response key" };
        assert_eq!(sealer.seal(b"another").unwrap_err(), spent);
        let mut changed = response.clone();
        changed[40] ^= 1;
        assert_eq!(opener.open(&changed).unwrap_err(), SealError::Open { what: "response" });
        assert_eq!(opener.open(&response).unwrap().as_slice(), b"response");
        assert_eq!(opener.open(&response).unwrap_err(), spent);
    }

    #[test]
    fn a_response_opens_with_its_own_request_only() {
        let key = HpkeKey::generate().unwrap();
        let (first, _) = hpke_seal_request(key.public_key(), b"", b"", b"request").unwrap();
        let (_, mut second) = hpke_seal_request(key.public_key(), b"", b"", b"request").unwrap();
        let response = key.open_request(&first, b"", b"").unwrap().1.seal(b"response").unwrap();
        assert_eq!(second.open(&response).unwrap_err(), SealError::Open { what: "response" });
    }

    #[test]
    fn a_data_key_has_32_bytes() {
        let key = HpkeKey::generate().unwrap();
        let sealed = hpke_seal(key.public_key(), b"", b"", &[1; 31]).unwrap();
        assert!(matches!(key.open_data_key(&sealed, b"", b""), Err(SealError::Length { expected: 32, got: 31, .. })));
    }
}
