//! AMD SEV-SNP attestation reports (SEV-SNP Firmware ABI 56860, revision 1.58, table 23) under a VCEK or VLEK.
//!
//! A report is 1184 bytes: 0x2a0 signed, then the signature as r and s in 72 bytes each, little-endian, then zeros. The
//! certificate's extensions (VCEK specification 57230, table 9) say for which TCB and chip the key was made, and have
//! to agree with the report.

use crate::certificate::Certificate;
use crate::chain::{Chain, Trust, chain};
use crate::error::AttestError;
use crate::key::Scheme;
use crate::reader::Reader;
use der::Decode;

/// Bytes of a report.
pub const REPORT_BYTES: usize = 0x4a0;
const SIGNED_BYTES: usize = 0x2a0;
const WHAT: &str = "SNP report";
const ARC: &str = "1.3.6.1.4.1.3704.1";

/// Security patch levels, in the order of the certificate's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tcb {
    /// Boot loader of the secure processor.
    pub boot_loader: u8,
    /// Operating system of the secure processor.
    pub tee: u8,
    /// SNP firmware.
    pub snp: u8,
    /// Microcode.
    pub microcode: u8,
    /// FMC, from Turin on.
    pub fmc: Option<u8>,
}

impl Tcb {
    /// Reads TCB_VERSION (table 3): Turin moved its parts by one.
    fn of_bytes(bytes: [u8; 8], turin: bool) -> Self {
        let [b0, b1, b2, b3, _, _, b6, microcode] = bytes;
        if turin {
            Self { fmc: Some(b0), boot_loader: b1, tee: b2, snp: b3, microcode }
        } else {
            Self { fmc: None, boot_loader: b0, tee: b1, snp: b6, microcode }
        }
    }
}

/// Which key signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningKey {
    /// Versioned chip endorsement key: one chip.
    Vcek,
    /// Versioned loaded endorsement key: one cloud operator.
    Vlek,
}

/// Fields of a report.
#[derive(Debug, Clone)]
pub struct Report {
    /// Version of the format, 2 to 5.
    pub version: u32,
    /// Security version of the guest.
    pub guest_svn: u32,
    /// Guest policy; bit 19 allows debugging.
    pub policy: u64,
    /// Privilege level that asked.
    pub vmpl: u32,
    /// Bit 0: SMT, bit 1: TSME, bit 2: ECC memory, bit 3: RAPL off, bit 4: ciphertext hiding, bit 5: alias check.
    pub platform_info: u64,
    /// Key named by the report.
    pub signing_key: SigningKey,
    /// What the guest wants to say.
    pub report_data: [u8; 64],
    /// Launch measurement.
    pub measurement: [u8; 48],
    /// What the host said at launch.
    pub host_data: [u8; 32],
    /// Digest of the key that signed the identity block.
    pub id_key_digest: [u8; 48],
    /// Identity of this guest.
    pub report_id: [u8; 32],
    /// The chip, or zeros.
    pub chip_id: [u8; 64],
    /// TCB for which the key was derived, as it stands.
    pub reported_tcb: [u8; 8],
    /// TCB below which the platform cannot go back.
    pub committed_tcb: [u8; 8],
    /// TCB at launch of the guest.
    pub launch_tcb: [u8; 8],
    r_be: [u8; 48],
    s_be: [u8; 48],
}

/// A number of 384 bits in the 72 bytes of a signature.
fn signature_part(reader: &mut Reader<'_>) -> Result<[u8; 48], AttestError> {
    let mut number: [u8; 48] = reader.array()?;
    if reader.array::<24>()? != [0; 24] {
        return Err(AttestError::format(WHAT, "a part of the signature is too large"));
    }
    number.reverse();
    Ok(number)
}

impl Report {
    /// Reads a report.
    ///
    /// # Errors
    /// `Format`, also for reserved bytes after the signature that are not zero.
    pub fn decode(bytes: &[u8]) -> Result<Self, AttestError> {
        if bytes.len() != REPORT_BYTES {
            return Err(AttestError::format(WHAT, format!("{} bytes instead of {REPORT_BYTES}", bytes.len())));
        }
        let mut reader = Reader::new(bytes, WHAT);
        let version = reader.u32_le()?;
        if !(2..=5).contains(&version) {
            return Err(AttestError::format(WHAT, format!("version {version} is not known")));
        }
        let guest_svn = reader.u32_le()?;
        let policy = reader.u64_le()?;
        reader.take(32)?; // family and image identifiers
        let vmpl = reader.u32_le()?;
        if reader.u32_le()? != 1 {
            return Err(AttestError::format(WHAT, "the signature algorithm is not ECDSA P-384 with SHA-384"));
        }
        reader.take(8)?; // current TCB
        let platform_info = reader.u64_le()?;
        let signing_key = match (reader.u32_le()? >> 2) & 7 {
            0 => SigningKey::Vcek,
            1 => SigningKey::Vlek,
            other => return Err(AttestError::format(WHAT, format!("there is no signing key {other}"))),
        };
        reader.take(4)?;
        let report_data = reader.array()?;
        let measurement = reader.array()?;
        let host_data = reader.array()?;
        let id_key_digest = reader.array()?;
        reader.take(48)?; // author key digest
        let report_id = reader.array()?;
        reader.take(32)?; // report identifier of the migration agent
        let reported_tcb = reader.array()?;
        reader.take(24)?; // family, model, stepping from version 3 on
        let chip_id = reader.array()?;
        let committed_tcb = reader.array()?;
        reader.take(8)?; // firmware versions
        let launch_tcb = reader.array()?;
        reader.take(SIGNED_BYTES.saturating_sub(0x1f8))?;
        let r_be = signature_part(&mut reader)?;
        let s_be = signature_part(&mut reader)?;
        if reader.take(368)?.iter().any(|byte| *byte != 0) {
            return Err(AttestError::format(WHAT, "bytes after the signature are not zero"));
        }
        Ok(Self {
            version,
            guest_svn,
            policy,
            vmpl,
            platform_info,
            signing_key,
            report_data,
            measurement,
            host_data,
            id_key_digest,
            report_id,
            chip_id,
            reported_tcb,
            committed_tcb,
            launch_tcb,
            r_be,
            s_be,
        })
    }
}

/// What is known after verification.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The report.
    pub report: Report,
    /// Leaf, ASK or ASVK, ARK.
    pub chain: Chain,
    /// Product name in the certificate, such as `Milan-B0`.
    pub product: String,
    /// Cloud operator of a VLEK.
    pub operator: Option<String>,
    /// Reported TCB, in parts.
    pub reported: Tcb,
    /// Committed TCB, in parts.
    pub committed: Tcb,
    /// Launch TCB, in parts.
    pub launch: Tcb,
    /// True when a revocation list of the ARK was at hand; there are none for chips.
    pub revocation_checked: bool,
}

fn level(certificate: &Certificate, arc: &str) -> Option<u8> {
    certificate.extension(&format!("{ARC}.3.{arc}")).and_then(|value| u8::from_der(value).ok())
}

fn text(certificate: &Certificate, arc: &str) -> Option<String> {
    let value = certificate.extension(&format!("{ARC}.{arc}"))?;
    der::asn1::Ia5StringRef::from_der(value).ok().map(|text| text.as_str().to_string())
}

/// Levels that the certificate was made for.
fn certified(certificate: &Certificate) -> Result<Tcb, AttestError> {
    let part = |arc| level(certificate, arc).ok_or_else(|| AttestError::format("VCEK", "a TCB extension is missing"));
    Ok(Tcb {
        boot_loader: part("1")?,
        tee: part("2")?,
        snp: part("3")?,
        microcode: part("8")?,
        fmc: level(certificate, "9"),
    })
}

/// Verifies a report under a leaf certificate: path, window, revocation, signature, and that both speak of one TCB, chip
/// and kind of key.
///
/// # Errors
/// In the order of `AttestError`.
pub fn verify(
    report: &[u8],
    leaf: &[u8],
    intermediates: &[Certificate],
    trust: &Trust<'_>,
) -> Result<Verified, AttestError> {
    let report = (Report::decode(report)?, report);
    let leaf = Certificate::from_der(leaf)?;
    let chain = chain(&leaf, intermediates, trust)?;
    let (report, bytes) = report;
    let signed = bytes.get(..SIGNED_BYTES).unwrap_or_default();
    leaf.key().verify(Scheme::EcdsaSha384, signed, &[report.r_be, report.s_be].concat(), WHAT)?;

    let certified = certified(&leaf)?;
    let turin = certified.fmc.is_some();
    let of = |bytes| Tcb::of_bytes(bytes, turin);
    let (reported, committed, launch) = (of(report.reported_tcb), of(report.committed_tcb), of(report.launch_tcb));
    if reported != certified {
        return Err(AttestError::Tcb { rule: "the report's TCB is not the one of its certificate".to_string() });
    }
    let operator = text(&leaf, "5");
    let is_vlek = operator.is_some();
    if is_vlek != (report.signing_key == SigningKey::Vlek) {
        return Err(AttestError::Tcb { rule: "the report names another kind of key than its certificate".to_string() });
    }
    // VLEKs belong to no chip. Turin's identifiers have 8 bytes, padded with zeros in the report.
    if !is_vlek {
        let chip = leaf.extension(&format!("{ARC}.4")).unwrap_or_default();
        let same = !chip.is_empty()
            && report.chip_id.strip_prefix(chip).is_some_and(|rest| rest.iter().all(|byte| *byte == 0));
        if !same {
            return Err(AttestError::Tcb { rule: "the report's chip is not the one of its certificate".to_string() });
        }
    }
    let product = text(&leaf, "2").unwrap_or_default();
    let revocation_checked = chain.revocation_checked.last().copied().unwrap_or(false);
    Ok(Verified { report, chain, product, operator, reported, committed, launch, revocation_checked })
}
