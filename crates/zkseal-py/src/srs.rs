//! Powers of tau as Python holds them, and the names of schemes.

use crate::errors::{raise, srs_error, verify_error};
use crate::{detached, parameters_error};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use zkseal_commit::kzg::{decode_g2, encode_g2, setup_digest};
use zkseal_field::{G2Affine, encode_uncompressed};
use zkseal_prover::Powers;
use zkseal_relation::{LookupArgument, Opening};
use zkseal_srs::{Origin, Trust};
use zkseal_verifier::VerifyError;

/// Powers kept of a file: a row has at most as many entries.
const MAX_POWERS: usize = 1 << 16;

/// Powers of tau, checked.
#[pyclass(frozen, module = "zkseal._native")]
pub struct Srs {
    pub powers: Powers,
    pub tau_g2: G2Affine,
    published: Option<&'static str>,
}

#[pymethods]
impl Srs {
    /// From the bytes of a ceremony file, whatever its format. One of unknown origin is refused unless it may be insecure.
    #[staticmethod]
    #[pyo3(signature = (data, insecure=false))]
    fn read(py: Python<'_>, data: &[u8], insecure: bool) -> PyResult<Self> {
        let trust = if insecure { Trust::Insecure } else { Trust::Pinned };
        let srs = detached(py, "checking powers of tau", || zkseal_srs::read(data, MAX_POWERS, trust))?
            .map_err(|e| srs_error(py, &e))?;
        Ok(Self { powers: Powers::new(srs.g1), tau_g2: srs.tau_g2, published: srs.known_digest })
    }

    /// From powers in G1 that were kept, 64 bytes each, and tau*G2, whose origin is not judged.
    #[staticmethod]
    fn restore(py: Python<'_>, points: &[u8], tau_g2: &[u8]) -> PyResult<Self> {
        let rule = "not the canonical bytes of a point of G2 other than the identity";
        let encoding = || verify_error(py, &VerifyError::InvalidEncoding { what: "tau*G2", rule });
        let tau_g2 = tau_g2.try_into().ok().and_then(|bytes| decode_g2(bytes).ok()).ok_or_else(encoding)?;
        let g1 = detached(py, "checking powers of tau", || zkseal_srs::restore(points, &tau_g2))?
            .map_err(|e| srs_error(py, &e))?;
        Ok(Self { powers: Powers::new(g1), tau_g2, published: None })
    }

    /// Powers that are held, tau^0 counted.
    #[getter]
    fn count(&self) -> usize {
        self.powers.g1().len()
    }

    #[getter]
    fn origin(&self) -> &'static str {
        Origin::of(&self.tau_g2).name()
    }

    #[getter]
    fn setup_digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &setup_digest(&self.tau_g2))
    }

    #[getter]
    fn tau_g2<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &encode_g2(&self.tau_g2))
    }

    /// Name of the published file that the bytes are, if their digest is that of one.
    #[getter]
    fn published(&self) -> Option<&'static str> {
        self.published
    }

    /// The first powers in G1, 64 bytes each, or all if there are fewer.
    fn points<'py>(&self, py: Python<'py>, count: usize) -> Bound<'py, PyBytes> {
        let points = self.powers.g1().iter().take(count);
        PyBytes::new(py, &points.flat_map(encode_uncompressed).collect::<Vec<u8>>())
    }
}

/// Name of the ceremony with this setup digest.
#[pyfunction]
pub fn srs_origin(py: Python<'_>, setup_digest: &[u8]) -> PyResult<&'static str> {
    let digest: &[u8; 32] = setup_digest.try_into().map_err(|_| {
        let fields = [("expected", "32".to_string()), ("got", setup_digest.len().to_string())];
        raise(py, "WrongLength", "A setup digest has 32 bytes.", &fields)
    })?;
    Ok(Origin::of_digest(digest).name())
}

/// The lookup argument with this name.
pub fn argument_from(py: Python<'_>, name: &str, lanes: u8) -> PyResult<LookupArgument> {
    match (name, lanes) {
        ("tree", 1) => Ok(LookupArgument::Tree),
        ("tree", _) => Err(parameters_error(py, "the tree argument has one lane")),
        ("helper", lanes) => Ok(LookupArgument::Helper { lanes }),
        _ => Err(parameters_error(py, "the lookup argument is tree or helper")),
    }
}

/// Inverse of [`argument_from`], without the lanes.
pub fn argument_name(argument: LookupArgument) -> &'static str {
    match argument {
        LookupArgument::Tree => "tree",
        LookupArgument::Helper { .. } => "helper",
    }
}

/// The opening with this name.
pub fn opening_from(py: Python<'_>, name: &str) -> PyResult<Opening> {
    match name {
        "ipa" => Ok(Opening::Ipa),
        "kzg" => Ok(Opening::Kzg),
        _ => Err(parameters_error(py, "the opening is ipa or kzg")),
    }
}

/// Inverse of [`opening_from`].
pub fn opening_name(opening: Opening) -> &'static str {
    match opening {
        Opening::Ipa => "ipa",
        Opening::Kzg => "kzg",
    }
}
