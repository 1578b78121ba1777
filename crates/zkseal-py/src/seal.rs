//! Keys and HPKE. Secrets stay in the core; the interpreter sees what it may hold.

use crate::detached;
use crate::errors::raise;
use crate::sealed_model::DataKey;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::sync::{Mutex, PoisonError};
use zkseal_seal::SealError;

/// Maps what sealing refuses.
pub fn seal_error(py: Python<'_>, error: &SealError) -> PyErr {
    let text = error.to_string();
    let message = format!("{}{}.", text.get(..1).unwrap_or_default().to_uppercase(), text.get(1..).unwrap_or_default());
    let reason = ("reason", text);
    match error {
        SealError::Length { expected, got, .. } => {
            raise(py, "WrongLength", &message, &[("expected", expected.to_string()), ("got", got.to_string())])
        }
        SealError::Signature { scheme } => {
            raise(py, "SignatureRejected", &message, &[("check", (*scheme).to_string()), reason])
        }
        SealError::Open { .. } | SealError::Leaf { .. } => raise(py, "DecryptionFailed", &message, &[reason]),
        SealError::WrongKey => raise(py, "WrongKey", &message, &[reason]),
        SealError::Spent { what } => raise(py, "WrongInput", &message, &[("name", (*what).to_string())]),
        SealError::Randomness => raise(py, "ResourceLimit", &message, &[("resource", "randomness".to_string())]),
        _ => raise(py, "InvalidEncoding", &message, &[reason]),
    }
}

/// Runs `work` without the interpreter lock.
pub fn sealed<T: Send>(
    py: Python<'_>,
    what: &'static str,
    work: impl FnOnce() -> Result<T, SealError> + Send,
) -> PyResult<T> {
    detached(py, what, work)?.map_err(|e| seal_error(py, &e))
}

/// A secp256k1 key that signs and is never read out.
#[pyclass(frozen, module = "zkseal._native")]
pub struct SigningKey(zkseal_seal::SigningKey);

#[pymethods]
impl SigningKey {
    /// A fresh key.
    #[staticmethod]
    fn generate(py: Python<'_>) -> PyResult<Self> {
        sealed(py, "making a key", zkseal_seal::SigningKey::generate).map(Self)
    }

    /// SEC1, compressed: 33 bytes.
    #[getter]
    fn public_key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.0.public_key().map_err(|e| seal_error(py, &e))?))
    }

    /// Ethereum address: 20 bytes.
    #[getter]
    fn address<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.0.address().map_err(|e| seal_error(py, &e))?))
    }

    /// ES256K (RFC 8812): r || s, low s, over the SHA-256 hash of the message.
    fn sign<'py>(&self, py: Python<'py>, message: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &sealed(py, "signing", || self.0.sign(message))?))
    }

    /// r || s || v over a digest of 32 bytes, v being 27 or 28.
    fn sign_digest<'py>(&self, py: Python<'py>, digest: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &sealed(py, "signing", || self.0.sign_digest(digest))?))
    }
}

/// Raises `SignatureRejected` unless an ES256K signature holds; one with a high s does not.
#[pyfunction]
pub fn es256k_verify(py: Python<'_>, public_key: &[u8], message: &[u8], signature: &[u8]) -> PyResult<()> {
    sealed(py, "checking a signature", || zkseal_seal::es256k_verify(public_key, message, signature))
}

/// An Ed25519 key of a publisher.
#[pyclass(frozen, module = "zkseal._native")]
pub struct PublisherKey(zkseal_seal::PublisherKey);

#[pymethods]
impl PublisherKey {
    /// A fresh key.
    #[staticmethod]
    fn generate(py: Python<'_>) -> PyResult<Self> {
        sealed(py, "making a key", zkseal_seal::PublisherKey::generate).map(Self)
    }

    /// The key of a seed of 32 bytes.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, seed: &[u8]) -> PyResult<Self> {
        zkseal_seal::PublisherKey::from_bytes(seed).map(Self).map_err(|e| seal_error(py, &e))
    }

    /// The seed, for the key file of its owner.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.to_bytes().as_slice())
    }

    /// The public key: 32 bytes.
    #[getter]
    fn public_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.public_key())
    }

    /// The signature of a message: 64 bytes.
    fn sign<'py>(&self, py: Python<'py>, message: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &sealed(py, "signing", || self.0.sign(message))?))
    }
}

/// Raises `SignatureRejected` unless an Ed25519 signature holds, strictly.
#[pyfunction]
pub fn ed25519_verify(py: Python<'_>, public_key: &[u8], message: &[u8], signature: &[u8]) -> PyResult<()> {
    sealed(py, "checking a signature", || zkseal_seal::ed25519_verify(public_key, message, signature))
}

/// A key to which messages are sealed (RFC 9180: X25519, HKDF-SHA256, AES-256-GCM).
#[pyclass(frozen, module = "zkseal._native")]
pub struct HpkeKey(zkseal_seal::HpkeKey);

#[pymethods]
impl HpkeKey {
    /// A fresh key.
    #[staticmethod]
    fn generate(py: Python<'_>) -> PyResult<Self> {
        sealed(py, "making a key", zkseal_seal::HpkeKey::generate).map(Self)
    }

    /// The key of 32 bytes.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, private_key: &[u8]) -> PyResult<Self> {
        zkseal_seal::HpkeKey::from_bytes(private_key).map(Self).map_err(|e| seal_error(py, &e))
    }

    /// The private key, for the key file of its owner.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.to_bytes().as_slice())
    }

    /// The public key: 32 bytes.
    #[getter]
    fn public_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.public_key())
    }

    /// The message that was sealed to this key under the same `info` and `aad`.
    fn open<'py>(
        &self,
        py: Python<'py>,
        sealed_message: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let plaintext = sealed(py, "opening a message", || self.0.open(sealed_message, info, aad))?;
        Ok(PyBytes::new(py, &plaintext))
    }

    /// A data key that was sealed to this key.
    fn open_data_key(&self, py: Python<'_>, sealed_key: &[u8], info: &[u8], aad: &[u8]) -> PyResult<DataKey> {
        sealed(py, "opening a data key", || self.0.open_data_key(sealed_key, info, aad)).map(DataKey)
    }

    /// A request, and what seals the one response to it.
    fn open_request<'py>(
        &self,
        py: Python<'py>,
        sealed_request: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> PyResult<(Bound<'py, PyBytes>, ResponseSealer)> {
        let (plaintext, sealer) = sealed(py, "opening a request", || self.0.open_request(sealed_request, info, aad))?;
        Ok((PyBytes::new(py, &plaintext), ResponseSealer(Mutex::new(sealer))))
    }
}

/// Encapsulated key (32 bytes) || ciphertext.
#[pyfunction]
pub fn hpke_seal<'py>(
    py: Python<'py>,
    public_key: &[u8],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    let made = sealed(py, "sealing a message", || zkseal_seal::hpke_seal(public_key, info, aad, plaintext))?;
    Ok(PyBytes::new(py, &made))
}

/// A sealed request, and what opens the one response to it.
#[pyfunction]
pub fn hpke_seal_request<'py>(
    py: Python<'py>,
    public_key: &[u8],
    info: &[u8],
    aad: &[u8],
    plaintext: &[u8],
) -> PyResult<(Bound<'py, PyBytes>, ResponseOpener)> {
    let (made, opener) =
        sealed(py, "sealing a request", || zkseal_seal::hpke_seal_request(public_key, info, aad, plaintext))?;
    Ok((PyBytes::new(py, &made), ResponseOpener(Mutex::new(opener))))
}

/// Seals the one response to a request.
#[pyclass(frozen, module = "zkseal._native")]
pub struct ResponseSealer(Mutex<zkseal_seal::ResponseSealer>);

#[pymethods]
impl ResponseSealer {
    /// Response nonce (32 bytes) || ciphertext. Raises `WrongInput` the second time.
    fn seal<'py>(&self, py: Python<'py>, response: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let work = || self.0.lock().unwrap_or_else(PoisonError::into_inner).seal(response);
        Ok(PyBytes::new(py, &sealed(py, "sealing a response", work)?))
    }
}

/// Opens the one response to a request.
#[pyclass(frozen, module = "zkseal._native")]
pub struct ResponseOpener(Mutex<zkseal_seal::ResponseOpener>);

#[pymethods]
impl ResponseOpener {
    /// The response. Raises `WrongInput` once a response has been opened.
    fn open<'py>(&self, py: Python<'py>, sealed_response: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let work = || self.0.lock().unwrap_or_else(PoisonError::into_inner).open(sealed_response);
        Ok(PyBytes::new(py, &sealed(py, "opening a response", work)?))
    }
}

/// Adds what is above to the module.
pub fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(es256k_verify, module)?)?;
    module.add_function(wrap_pyfunction!(ed25519_verify, module)?)?;
    module.add_function(wrap_pyfunction!(hpke_seal, module)?)?;
    module.add_function(wrap_pyfunction!(hpke_seal_request, module)?)?;
    module.add_class::<SigningKey>()?;
    module.add_class::<PublisherKey>()?;
    module.add_class::<HpkeKey>()?;
    module.add_class::<ResponseSealer>()?;
    module.add_class::<ResponseOpener>()
}
