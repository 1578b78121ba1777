//! Sealed models: the data key, and what is derived from it.

use crate::seal::{seal_error, sealed};
use numpy::{PyReadonlyArray1, PyReadwriteArray1};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use zkseal_seal::Place;
use zkseal_seal::error::array;

/// The key of a sealed model; nothing reads its bytes out.
#[pyclass(frozen, module = "zkseal._native")]
pub struct DataKey(pub zkseal_seal::DataKey);

#[pymethods]
impl DataKey {
    /// A fresh key.
    #[staticmethod]
    fn generate(py: Python<'_>) -> PyResult<Self> {
        sealed(py, "making a key", zkseal_seal::DataKey::generate).map(Self)
    }

    /// The key, sealed to a public key.
    fn seal_to<'py>(
        &self,
        py: Python<'py>,
        hpke_public_key: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> PyResult<Bound<'py, PyBytes>> {
        let made = sealed(py, "sealing a data key", || self.0.seal_to(hpke_public_key, info, aad))?;
        Ok(PyBytes::new(py, &made))
    }

    /// A public value of 32 bytes that stands for this key under a salt of 32 bytes.
    fn commitment<'py>(&self, py: Python<'py>, salt: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let made = array("salt", salt).and_then(|salt| self.0.commitment(&salt));
        Ok(PyBytes::new(py, &made.map_err(|e| seal_error(py, &e))?))
    }

    /// Raises `WrongKey` unless the commitment stands for this key; in constant time.
    fn check(&self, py: Python<'_>, salt: &[u8], commitment: &[u8]) -> PyResult<()> {
        let checked = || self.0.check(&array("salt", salt)?, &array("commitment", commitment)?);
        checked().map_err(|e| seal_error(py, &e))
    }

    /// The keys of the Merkle tree under a salt.
    fn tree(&self, py: Python<'_>, salt: &[u8]) -> PyResult<TreeKey> {
        let made = array("salt", salt).and_then(|salt| zkseal_seal::TreeKey::new(&self.0, &salt));
        made.map(TreeKey).map_err(|e| seal_error(py, &e))
    }

    /// The cipher of the file with this salt and header digest.
    fn file_key(&self, py: Python<'_>, salt: &[u8], header_digest: &[u8]) -> PyResult<FileKey> {
        let made =
            || zkseal_seal::FileKey::new(&self.0, &array("salt", salt)?, &array("header digest", header_digest)?);
        made().map(FileKey).map_err(|e| seal_error(py, &e))
    }
}

/// Keys of the Merkle tree over the chunks of a sealed model.
#[pyclass(frozen, module = "zkseal._native")]
pub struct TreeKey(zkseal_seal::TreeKey);

#[pymethods]
impl TreeKey {
    /// Leaves, 32 bytes each, of a run of chunks; only a run that `ends` its section has a short one.
    fn leaves<'py>(
        &self,
        py: Python<'py>,
        plaintext: PyReadonlyArray1<'py, u8>,
        chunk_bytes: usize,
        ends: bool,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (place, plaintext) = (Place { section: 0, first: 0, ends, chunk_bytes }, plaintext.as_slice()?);
        let made = sealed(py, "hashing a model", || zkseal_seal::leaves(&self.0, place, plaintext))?;
        Ok(PyBytes::new(py, &made))
    }

    /// The root over leaves.
    fn root<'py>(&self, py: Python<'py>, leaves: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &sealed(py, "hashing leaves", || self.0.root(leaves))?))
    }
}

/// The cipher of one sealed model.
#[pyclass(frozen, module = "zkseal._native")]
pub struct FileKey(zkseal_seal::FileKey);

#[pymethods]
impl FileKey {
    /// Encrypts a run of chunks of a section, from chunk `first` on.
    fn seal<'py>(
        &self,
        py: Python<'py>,
        section: u32,
        first: u32,
        ends: bool,
        chunk_bytes: usize,
        plaintext: PyReadonlyArray1<'py, u8>,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (place, plaintext) = (Place { section, first, ends, chunk_bytes }, plaintext.as_slice()?);
        Ok(PyBytes::new(py, &sealed(py, "sealing a model", || self.0.seal(place, plaintext))?))
    }

    /// Decrypts a run of chunks into `out`, each compared with its leaf. Without leaves the caller checks the content.
    #[allow(clippy::too_many_arguments)]
    fn open<'py>(
        &self,
        py: Python<'py>,
        section: u32,
        first: u32,
        ends: bool,
        chunk_bytes: usize,
        sealed_chunks: PyReadonlyArray1<'py, u8>,
        leaves: Option<&[u8]>,
        mut out: PyReadwriteArray1<'py, u8>,
    ) -> PyResult<()> {
        let (place, chunks) = (Place { section, first, ends, chunk_bytes }, sealed_chunks.as_slice()?);
        let out = out.as_slice_mut()?;
        sealed(py, "opening a model", || self.0.open(place, chunks, leaves, out))
    }
}

/// Adds what is above to the module.
pub fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<DataKey>()?;
    module.add_class::<TreeKey>()?;
    module.add_class::<FileKey>()
}
