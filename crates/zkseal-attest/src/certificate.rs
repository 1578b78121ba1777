//! X.509 certificates and revocation lists (RFC 5280), as far as chains of attestation keys need them.

use crate::error::AttestError;
use crate::key::{PublicKey, Scheme};
use der::oid::ObjectIdentifier;
use der::{Decode, Encode, Reader, SliceReader};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::name::Name;

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
// Names are not compared with anything: a certificate is told by its key. Critical where the subject is empty.
const SUBJECT_ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");

/// A certificate, with the bytes that are signed.
#[derive(Debug, Clone)]
pub struct Certificate {
    der: Vec<u8>,
    signed: Vec<u8>,
    parsed: x509_cert::Certificate,
    key: PublicKey,
    spki: Vec<u8>,
}

/// The first element of an outer sequence as it stands: what the signature covers.
fn signed_part(der: &[u8]) -> der::Result<Vec<u8>> {
    let mut reader = SliceReader::new(der)?;
    reader.sequence(|inner| {
        let signed = inner.tlv_bytes()?.to_vec();
        while !inner.is_finished() {
            inner.tlv_bytes()?;
        }
        Ok::<_, der::Error>(signed)
    })
}

impl Certificate {
    /// Reads DER; serial numbers may be zero, as AMD's are.
    ///
    /// # Errors
    /// `Format`.
    pub fn from_der(der: &[u8]) -> Result<Self, AttestError> {
        let fail = |e: der::Error| AttestError::format("certificate", e);
        let parsed = x509_cert::Certificate::from_der(der).map_err(fail)?;
        let spki = parsed.tbs_certificate().subject_public_key_info().to_der().map_err(fail)?;
        let key = PublicKey::from_spki(&spki)?;
        if parsed.signature_algorithm() != parsed.tbs_certificate().signature() {
            return Err(AttestError::format("certificate", "its two signature algorithms differ"));
        }
        Ok(Self { der: der.to_vec(), signed: signed_part(der).map_err(fail)?, parsed, key, spki })
    }

    /// Reads each of `ders`.
    ///
    /// # Errors
    /// `Format`.
    pub fn read_all<T: AsRef<[u8]>>(ders: &[T]) -> Result<Vec<Self>, AttestError> {
        ders.iter().map(|der| Self::from_der(der.as_ref())).collect()
    }

    /// The certificate as it was read.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The key that it certifies.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The key as SubjectPublicKeyInfo in DER.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// Subject, as in RFC 4514.
    pub fn subject(&self) -> String {
        self.parsed.tbs_certificate().subject().to_string()
    }

    /// Issuer, as in RFC 4514.
    pub fn issuer(&self) -> String {
        self.issuer_name().to_string()
    }

    pub(crate) fn subject_name(&self) -> &Name {
        self.parsed.tbs_certificate().subject()
    }

    pub(crate) fn issuer_name(&self) -> &Name {
        self.parsed.tbs_certificate().issuer()
    }

    /// Serial number, big-endian without leading zeros.
    pub fn serial(&self) -> &[u8] {
        self.parsed.tbs_certificate().serial_number().as_bytes()
    }

    /// First and last second of validity, Unix time.
    pub fn window(&self) -> (u64, u64) {
        let validity = self.parsed.tbs_certificate().validity();
        (validity.not_before.to_unix_duration().as_secs(), validity.not_after.to_unix_duration().as_secs())
    }

    /// Extensions as (dotted object identifier, value).
    pub fn extensions(&self) -> impl Iterator<Item = (String, &[u8])> {
        self.all_extensions().iter().map(|e| (e.extn_id.to_string(), e.extn_value.as_bytes()))
    }

    /// Value of one extension.
    pub fn extension(&self, oid: &str) -> Option<&[u8]> {
        self.all_extensions().iter().find(|e| e.extn_id.to_string() == oid).map(|e| e.extn_value.as_bytes())
    }

    fn all_extensions(&self) -> &[Extension] {
        self.parsed.tbs_certificate().extensions().map_or(&[], |extensions| extensions.as_slice())
    }

    /// Refuses critical extensions that nobody here understands (RFC 5280, 4.2).
    pub(crate) fn check_critical(&self) -> Result<(), AttestError> {
        let known = [BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, SUBJECT_ALTERNATIVE_NAME];
        match self.all_extensions().iter().find(|e| e.critical && !known.contains(&e.extn_id)) {
            Some(e) => Err(AttestError::Chain {
                rule: format!("{} has the critical extension {}, which is not understood", self.subject(), e.extn_id),
            }),
            None => Ok(()),
        }
    }

    /// Refuses a certificate that may not issue others, or not with `below` authorities between it and the leaf.
    pub(crate) fn check_authority(&self, below: usize) -> Result<(), AttestError> {
        let fail = |rule: &str| AttestError::Chain { rule: format!("{} {rule}", self.subject()) };
        let constraints = self
            .extension(&BASIC_CONSTRAINTS.to_string())
            .and_then(|value| BasicConstraints::from_der(value).ok())
            .filter(|constraints| constraints.ca)
            .ok_or_else(|| fail("is no certificate authority"))?;
        if constraints.path_len_constraint.is_some_and(|most| usize::from(most) < below) {
            return Err(fail("may not stand so far above a leaf"));
        }
        match self.extension(&KEY_USAGE.to_string()).map(KeyUsage::from_der) {
            None => Ok(()),
            Some(Ok(usage)) if usage.key_cert_sign() => Ok(()),
            Some(_) => Err(fail("may not sign certificates")),
        }
    }

    /// Checks that `issuer` signed this certificate.
    ///
    /// # Errors
    /// `Chain`.
    pub(crate) fn check_signed_by(&self, issuer: &Self) -> Result<(), AttestError> {
        let scheme = Scheme::of_oid(&self.parsed.signature_algorithm().oid)?;
        let signature = self.parsed.signature().as_bytes().unwrap_or_default();
        issuer.key.verify_der(scheme, &self.signed, signature, "certificate").map_err(|_| AttestError::Chain {
            rule: format!("{} is not signed by {}", self.subject(), issuer.subject()),
        })
    }
}

/// A certificate revocation list.
#[derive(Debug, Clone)]
pub struct RevocationList {
    signed: Vec<u8>,
    parsed: x509_cert::crl::CertificateList,
}

impl RevocationList {
    /// Reads DER.
    ///
    /// # Errors
    /// `Format`.
    pub fn from_der(der: &[u8]) -> Result<Self, AttestError> {
        let fail = |e: der::Error| AttestError::format("revocation list", e);
        let parsed = x509_cert::crl::CertificateList::from_der(der).map_err(fail)?;
        // The outer one is not signed.
        if parsed.signature_algorithm != parsed.tbs_cert_list.signature {
            return Err(AttestError::format("revocation list", "its two signature algorithms differ"));
        }
        Ok(Self { signed: signed_part(der).map_err(fail)?, parsed })
    }

    /// Reads each of `ders`.
    ///
    /// # Errors
    /// `Format`.
    pub fn read_all<T: AsRef<[u8]>>(ders: &[T]) -> Result<Vec<Self>, AttestError> {
        ders.iter().map(|der| Self::from_der(der.as_ref())).collect()
    }

    pub(crate) fn is_of(&self, issuer: &Certificate) -> bool {
        self.parsed.tbs_cert_list.issuer == *issuer.subject_name()
    }

    /// Checks the list itself, then that it does not name `certificate`.
    ///
    /// # Errors
    /// `Chain` for a list that `issuer` did not sign, `Validity` for an old one, `Revocation`.
    pub(crate) fn check(&self, certificate: &Certificate, issuer: &Certificate, now: u64) -> Result<(), AttestError> {
        let list = &self.parsed.tbs_cert_list;
        let scheme = Scheme::of_oid(&self.parsed.signature_algorithm.oid)?;
        let signature = self.parsed.signature.as_bytes().unwrap_or_default();
        issuer.key.verify_der(scheme, &self.signed, signature, "revocation list").map_err(|_| AttestError::Chain {
            rule: format!("a revocation list is not signed by {}", issuer.subject()),
        })?;
        let critical = |extensions: Option<&Vec<Extension>>| extensions.is_some_and(|es| es.iter().any(|e| e.critical));
        if critical(list.crl_extensions.as_ref()) {
            return Err(AttestError::format("revocation list", "a critical extension is not understood"));
        }
        let not_before = list.this_update.to_unix_duration().as_secs();
        // A list without an end says nothing about later times.
        let not_after = list.next_update.map_or(not_before, |time| time.to_unix_duration().as_secs());
        if now < not_before || now > not_after {
            let what = format!("the revocation list of {}", issuer.subject());
            return Err(AttestError::Validity { what, not_before, not_after, now });
        }
        let named = |serial: &[u8]| serial == certificate.serial();
        if list.revoked_certificates.iter().flatten().any(|entry| named(entry.serial_number.as_bytes())) {
            return Err(AttestError::Revocation { subject: certificate.subject() });
        }
        Ok(())
    }
}
