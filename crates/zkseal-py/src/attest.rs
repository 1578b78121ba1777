//! Attestation verifiers: claims as dictionaries, refusals as classes of `zkseal.errors` with the check that failed.

use crate::detached;
use crate::errors::raise;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use zkseal_attest::{AttestError, Certificate, Chain, PublicKey, RevocationList, Scheme, Trust};
use zkseal_attest::{intel, nitro, snp, spdm};

fn attest_error(py: Python<'_>, error: &AttestError) -> PyErr {
    let text = error.to_string();
    let message = format!("{}{}.", text.get(..1).unwrap_or_default().to_uppercase(), text.get(1..).unwrap_or_default());
    let mut fields = vec![("check", error.check().to_string()), ("reason", text)];
    if let AttestError::MissingIssuer { issuer, .. } = error {
        fields.push(("missing_issuer", issuer.clone()));
    }
    raise(py, error.class(), &message, &fields)
}

/// Runs a verifier without the interpreter lock.
fn checked<T: Send>(py: Python<'_>, work: impl FnOnce() -> Result<T, AttestError> + Send) -> PyResult<T> {
    detached(py, "checking attestation evidence", work)?.map_err(|e| attest_error(py, &e))
}

/// Certificates and revocation lists in DER, as they come from Python.
struct Given {
    intermediates: Vec<Vec<u8>>,
    roots: Vec<Vec<u8>>,
    revocation_lists: Vec<Vec<u8>>,
    now: u64,
}

impl Given {
    /// Calls `work` with certificates and trust.
    fn with<T>(
        &self,
        work: impl FnOnce(&[Certificate], &Trust<'_>) -> Result<T, AttestError>,
    ) -> Result<T, AttestError> {
        let roots = Certificate::read_all(&self.roots)?;
        let revocation_lists = RevocationList::read_all(&self.revocation_lists)?;
        let trust = Trust { roots: &roots, revocation_lists: &revocation_lists, now: self.now };
        work(&Certificate::read_all(&self.intermediates)?, &trust)
    }
}

fn chain_dict<'py>(py: Python<'py>, chain: &Chain) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    let (not_before, not_after) = chain.window();
    out.set_item("subjects", chain.path.iter().map(Certificate::subject).collect::<Vec<_>>())?;
    out.set_item("not_before", not_before)?;
    out.set_item("not_after", not_after)?;
    out.set_item("revocation_checked", &chain.revocation_checked)?;
    let extensions = PyDict::new(py);
    if let Some(leaf) = chain.path.first() {
        out.set_item("public_key", PyBytes::new(py, leaf.spki()))?;
        out.set_item("serial", PyBytes::new(py, leaf.serial()))?;
        for (oid, value) in leaf.extensions() {
            extensions.set_item(oid, PyBytes::new(py, value))?;
        }
    }
    if let Some(root) = chain.path.last() {
        out.set_item("root", PyBytes::new(py, root.der()))?;
    }
    out.set_item("extensions", extensions)?;
    Ok(out)
}

/// The path of `leaf` to one of `roots` at `now`.
#[pyfunction]
pub fn attest_chain<'py>(
    py: Python<'py>,
    leaf: &[u8],
    intermediates: Vec<Vec<u8>>,
    roots: Vec<Vec<u8>>,
    revocation_lists: Vec<Vec<u8>>,
    now: u64,
) -> PyResult<Bound<'py, PyDict>> {
    let given = Given { intermediates, roots, revocation_lists, now };
    let chain = checked(py, || {
        let leaf = Certificate::from_der(leaf)?;
        given.with(|intermediates, trust| zkseal_attest::chain::chain(&leaf, intermediates, trust))
    })?;
    chain_dict(py, &chain)
}

/// Raises unless `signature` of `message` holds under a SubjectPublicKeyInfo; schemes have the names of RFC 7518.
#[pyfunction]
pub fn attest_signature(
    py: Python<'_>,
    public_key: &[u8],
    scheme: &str,
    message: &[u8],
    signature: &[u8],
    what: &str,
) -> PyResult<()> {
    let Some(named) = Scheme::named(scheme) else {
        let reason = format!("there is no signature scheme {scheme} here");
        return Err(raise(py, "InvalidEncoding", &format!("{what}: {reason}."), &[("reason", reason)]));
    };
    checked(py, || PublicKey::from_spki(public_key)?.verify(named, message, signature, what))
}

fn tcb_dict<'py>(py: Python<'py>, tcb: &snp::Tcb) -> PyResult<Bound<'py, PyDict>> {
    let out = PyDict::new(py);
    out.set_item("boot_loader", tcb.boot_loader)?;
    out.set_item("tee", tcb.tee)?;
    out.set_item("snp", tcb.snp)?;
    out.set_item("microcode", tcb.microcode)?;
    out.set_item("fmc", tcb.fmc)?;
    Ok(out)
}

/// An AMD SEV-SNP report under its VCEK or VLEK.
#[pyfunction]
pub fn attest_snp<'py>(
    py: Python<'py>,
    report: &[u8],
    leaf: &[u8],
    intermediates: Vec<Vec<u8>>,
    roots: Vec<Vec<u8>>,
    revocation_lists: Vec<Vec<u8>>,
    now: u64,
) -> PyResult<Bound<'py, PyDict>> {
    let given = Given { intermediates, roots, revocation_lists, now };
    let verified = checked(py, || given.with(|others, trust| snp::verify(report, leaf, others, trust)))?;
    let out = PyDict::new(py);
    let report = &verified.report;
    out.set_item("version", report.version)?;
    out.set_item("guest_svn", report.guest_svn)?;
    out.set_item("policy", report.policy)?;
    out.set_item("vmpl", report.vmpl)?;
    out.set_item("platform_info", report.platform_info)?;
    out.set_item("signing_key", if verified.operator.is_some() { "VLEK" } else { "VCEK" })?;
    out.set_item("operator", &verified.operator)?;
    out.set_item("product", &verified.product)?;
    let fields: [(&str, &[u8]); 7] = [
        ("report_data", &report.report_data),
        ("measurement", &report.measurement),
        ("host_data", &report.host_data),
        ("id_key_digest", &report.id_key_digest),
        ("report_id", &report.report_id),
        ("chip_id", &report.chip_id),
        ("reported_tcb_bytes", &report.reported_tcb),
    ];
    for (name, value) in fields {
        out.set_item(name, PyBytes::new(py, value))?;
    }
    out.set_item("reported_tcb", tcb_dict(py, &verified.reported)?)?;
    out.set_item("committed_tcb", tcb_dict(py, &verified.committed)?)?;
    out.set_item("launch_tcb", tcb_dict(py, &verified.launch)?)?;
    out.set_item("revocation_checked", verified.revocation_checked)?;
    out.set_item("chain", chain_dict(py, &verified.chain)?)?;
    Ok(out)
}

/// An AWS Nitro attestation document.
#[pyfunction]
pub fn attest_nitro<'py>(
    py: Python<'py>,
    document: &[u8],
    roots: Vec<Vec<u8>>,
    revocation_lists: Vec<Vec<u8>>,
    now: u64,
) -> PyResult<Bound<'py, PyDict>> {
    let given = Given { intermediates: Vec::new(), roots, revocation_lists, now };
    let (document, chain) = checked(py, || given.with(|_, trust| nitro::verify(document, trust)))?;
    let out = PyDict::new(py);
    out.set_item("module_id", &document.module_id)?;
    out.set_item("timestamp_ms", document.timestamp_ms)?;
    let pcrs = PyDict::new(py);
    for (number, value) in &document.pcrs {
        pcrs.set_item(number, PyBytes::new(py, value))?;
    }
    out.set_item("pcrs", pcrs)?;
    for (name, value) in
        [("public_key", &document.public_key), ("user_data", &document.user_data), ("nonce", &document.nonce)]
    {
        out.set_item(name, value.as_ref().map(|bytes| PyBytes::new(py, bytes)))?;
    }
    out.set_item("chain", chain_dict(py, &chain)?)?;
    Ok(out)
}

/// A report of an NVIDIA GPU or switch under its certificates, leaf first.
#[pyfunction]
pub fn attest_spdm<'py>(
    py: Python<'py>,
    report: &[u8],
    certificates: Vec<Vec<u8>>,
    roots: Vec<Vec<u8>>,
    revocation_lists: Vec<Vec<u8>>,
    now: u64,
) -> PyResult<Bound<'py, PyDict>> {
    let given = Given { intermediates: certificates, roots, revocation_lists, now };
    let (report, chain) = checked(py, || given.with(|certificates, trust| spdm::verify(report, certificates, trust)))?;
    let out = PyDict::new(py);
    out.set_item("nonce", PyBytes::new(py, &report.nonce))?;
    let measurements = PyDict::new(py);
    for (index, value) in &report.measurements {
        measurements.set_item(index, PyBytes::new(py, value))?;
    }
    out.set_item("measurements", measurements)?;
    let opaque = PyList::empty(py);
    for (kind, value) in &report.opaque {
        opaque.append((kind, PyBytes::new(py, value)))?;
    }
    out.set_item("opaque", opaque)?;
    out.set_item("chain", chain_dict(py, &chain)?)?;
    Ok(out)
}

/// An Intel SGX or TDX quote under collateral in JSON; `root` is DER.
#[pyfunction]
pub fn attest_intel<'py>(
    py: Python<'py>,
    quote: &[u8],
    collateral: &str,
    root: &[u8],
    now: u64,
) -> PyResult<Bound<'py, PyDict>> {
    let verified = checked(py, || intel::verify(quote, collateral, root, now))?;
    let out = PyDict::new(py);
    out.set_item("version", verified.version)?;
    out.set_item("tee", if verified.is_tdx { "tdx" } else { "sgx" })?;
    let fields = PyDict::new(py);
    for (name, value) in &verified.fields {
        fields.set_item(name, PyBytes::new(py, value))?;
    }
    out.set_item("fields", fields)?;
    out.set_item("refused_attributes", &verified.refused_attributes)?;
    out.set_item("tcb_status", &verified.tcb_status)?;
    out.set_item("advisories", &verified.advisories)?;
    out.set_item("tcb_evaluation", verified.tcb_evaluation)?;
    out.set_item("fmspc", PyBytes::new(py, &verified.fmspc))?;
    out.set_item("ppid", PyBytes::new(py, &verified.ppid))?;
    out.set_item("smt", verified.smt)?;
    out.set_item("collateral_from", verified.collateral_from)?;
    out.set_item("collateral_to", verified.collateral_to)?;
    Ok(out)
}
