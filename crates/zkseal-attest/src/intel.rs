//! Intel SGX and TDX quotes, versions 3 to 5, verified by dcap-qvl under collateral that the caller gives.
//!
//! The library checks TCB info, QE identity, PCK certificate, revocation lists and all signatures at `now`, finds the TCB
//! level, and always refuses a TD that can be migrated or has SEPT_VE_DISABLE off. Debug mode, service TDs, TCB status
//! and advisories are left to the policy: they are claims here. (Intel SGX and TDX DCAP Quoting Library API, appendix A.)

use crate::error::AttestError;
use dcap_qvl::QuoteCollateralV3;
use dcap_qvl::policy::{Policy, QuoteClaims};
use dcap_qvl::quote::{Quote, Report, TDReport10};
use dcap_qvl::verify::QuoteVerifier;

const WHAT: &str = "Intel quote";

/// What a quote says.
#[derive(Debug, Clone, Default)]
pub struct Verified {
    /// Version of the quote.
    pub version: u16,
    /// True for a TD, false for an SGX enclave.
    pub is_tdx: bool,
    /// (name, value) of measurements and other fields of the report.
    pub fields: Vec<(&'static str, Vec<u8>)>,
    /// What the library refuses in the attributes of a TD although everything else holds; TCB is unknown then.
    pub refused_attributes: Option<String>,
    /// TCB status, such as `UpToDate`, and its advisories.
    pub tcb_status: Option<String>,
    /// Advisories that apply to this TCB.
    pub advisories: Vec<String>,
    /// Lower of the evaluation data numbers of TCB info and QE identity.
    pub tcb_evaluation: u32,
    /// Platform type, from the PCK certificate.
    pub fmspc: Vec<u8>,
    /// This platform, from the PCK certificate.
    pub ppid: Vec<u8>,
    /// Hyperthreading, from the PCK certificate, if it says so.
    pub smt: Option<bool>,
    /// First second at which all collateral is valid.
    pub collateral_from: u64,
    /// Last second at which all collateral is valid.
    pub collateral_to: u64,
    /// Certificates that the quote carries, leaf first, in DER; none if it carries none. The root that was used is the
    /// caller's, not the one here.
    pub certificates: Vec<Vec<u8>>,
}

/// Keeps what the library found: acceptance is decided elsewhere.
struct Everything;

impl Policy for Everything {
    fn validate(&self, _: &QuoteClaims) -> anyhow::Result<()> {
        Ok(())
    }
}

fn td_fields(report: &TDReport10) -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("tee_tcb_svn", report.tee_tcb_svn.to_vec()),
        ("mr_seam", report.mr_seam.to_vec()),
        ("td_attributes", report.td_attributes.to_vec()),
        ("xfam", report.xfam.to_vec()),
        ("mr_td", report.mr_td.to_vec()),
        ("mr_config_id", report.mr_config_id.to_vec()),
        ("mr_owner", report.mr_owner.to_vec()),
        ("mr_owner_config", report.mr_owner_config.to_vec()),
        ("rtmr0", report.rt_mr0.to_vec()),
        ("rtmr1", report.rt_mr1.to_vec()),
        ("rtmr2", report.rt_mr2.to_vec()),
        ("rtmr3", report.rt_mr3.to_vec()),
        ("report_data", report.report_data.to_vec()),
    ]
}

fn fields(report: &Report) -> Vec<(&'static str, Vec<u8>)> {
    let with_service_td = |base: &TDReport10, service_td: &[u8]| {
        let mut fields = td_fields(base);
        fields.push(("mr_service_td", service_td.to_vec()));
        fields
    };
    match report {
        Report::SgxEnclave(report) => vec![
            ("mr_enclave", report.mr_enclave.to_vec()),
            ("mr_signer", report.mr_signer.to_vec()),
            ("attributes", report.attributes.to_vec()),
            ("isv_prod_id", report.isv_prod_id.to_be_bytes().to_vec()),
            ("isv_svn", report.isv_svn.to_be_bytes().to_vec()),
            ("report_data", report.report_data.to_vec()),
        ],
        Report::TD10(report) => td_fields(report),
        Report::TD15(report) => with_service_td(&report.base, &report.mr_service_td),
        Report::TD15Ex(report) => with_service_td(&report.base.base, &report.base.mr_service_td),
    }
}

/// The check that failed, from the words of dcap-qvl 0.7.1, which has no typed errors. The fixtures hold us to them; a
/// sentence that is not known here is refused as a broken signature. `Tcb` is for what the library finds after it checked
/// all signatures.
fn refusal(message: String) -> AttestError {
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    if has(&["CertRevoked", "TCB status is invalid: Revoked"]) {
        AttestError::Revocation { subject: format!("the platform ({message})") }
    } else if has(&["xpired", "NotValidYet", "is in the future"]) {
        AttestError::Collateral { rule: message }
    } else if has(&[
        "Fmspc mismatch",
        "No matching TCB level",
        "TDX module",
        "non-TDX TCB",
        "non-SGX TCB",
        "Unrecognized TCB",
    ]) {
        AttestError::Tcb { rule: message }
    } else if has(&["ertificate", "UnknownIssuer", "CRL", "root ca", "QE Identity"]) {
        AttestError::Chain { rule: message }
    } else if has(&["ecode", "Unsupported", "quote must have version", "Unknown QE vendor"]) {
        AttestError::format(WHAT, message)
    } else {
        AttestError::Signature { what: format!("{WHAT} ({message})") }
    }
}

/// Attributes that the library refuses last, when all else holds.
const REFUSED_ATTRIBUTES: [&str; 3] =
    ["TD migration is enabled", "SEPT_VE_DISABLE is not enabled", "Reserved bits in TD attributes are set"];

/// Bytes after the quote are zeros: some interfaces hand out a buffer of fixed size.
fn check_padding(bytes: &[u8], quote: &Quote) -> Result<(), AttestError> {
    let auth = bytes.get(quote.signed_length()..).unwrap_or_default();
    let (length, rest) = auth.split_first_chunk::<4>().ok_or_else(|| AttestError::format(WHAT, "it ends too early"))?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|e| AttestError::format(WHAT, e))?;
    match rest.get(length..) {
        Some(padding) if padding.iter().all(|byte| *byte == 0) => Ok(()),
        Some(_) => Err(AttestError::format(WHAT, "bytes follow that are not zero")),
        None => Err(AttestError::format(WHAT, "it ends too early")),
    }
}

/// Verifies a quote. `collateral` is JSON in the form of dcap-qvl's `QuoteCollateralV3`; `root` is DER.
///
/// # Errors
/// In the order of `AttestError`.
pub fn verify(bytes: &[u8], collateral: &str, root: &[u8], now: u64) -> Result<Verified, AttestError> {
    let quote = Quote::parse(bytes).map_err(|e| AttestError::format(WHAT, format!("{e:#}")))?;
    check_padding(bytes, &quote)?;
    let collateral: QuoteCollateralV3 =
        serde_json::from_str(collateral).map_err(|e| AttestError::format("Intel collateral", e))?;
    let mut verified = Verified {
        version: quote.header.version,
        is_tdx: !quote.header.is_sgx(),
        fields: fields(&quote.report),
        certificates: dcap_qvl::intel::extract_cert_chain(&quote).unwrap_or_default(),
        ..Verified::default()
    };
    let verifier = QuoteVerifier::new(root.to_vec()).allow_debug(true).allow_service_td(true);
    let claims = match verifier.verify_with_policy(bytes, collateral, now, &Everything) {
        Ok(claims) => claims,
        Err(error) => {
            let message = format!("{error:#}");
            if REFUSED_ATTRIBUTES.contains(&message.as_str()) {
                verified.refused_attributes = Some(message);
                return Ok(verified);
            }
            return Err(refusal(message));
        }
    };
    verified.tcb_status = Some(claims.tcb.status.to_string());
    verified.advisories = claims.tcb.advisory_ids;
    verified.tcb_evaluation = claims.tcb.eval_data_number;
    verified.fmspc = claims.platform.pck.fmspc.to_vec();
    verified.ppid = claims.platform.pck.ppid;
    verified.smt = match claims.platform.pck.smt_enabled {
        dcap_qvl::policy::PckCertFlag::True => Some(true),
        dcap_qvl::policy::PckCertFlag::False => Some(false),
        dcap_qvl::policy::PckCertFlag::Undefined => None,
    };
    verified.collateral_from = claims.latest_issue_date;
    verified.collateral_to = claims.earliest_expiration_date;
    Ok(verified)
}
