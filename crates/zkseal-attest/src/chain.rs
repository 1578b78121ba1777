//! A certificate path from a leaf to a pinned root, at a time (RFC 5280, section 6, without policies and names).

use crate::certificate::{Certificate, RevocationList};
use crate::error::AttestError;

/// Longest path, leaf and root included.
const MAX_LENGTH: usize = 8;

/// What is trusted, and when.
#[derive(Debug, Clone)]
pub struct Trust<'a> {
    /// Pinned certificates: nothing else ends a chain.
    pub roots: &'a [Certificate],
    /// Revocation lists; those of other issuers are left alone.
    pub revocation_lists: &'a [RevocationList],
    /// Unix seconds.
    pub now: u64,
}

/// A checked path.
#[derive(Debug, Clone)]
pub struct Chain {
    /// Leaf first, root last.
    pub path: Vec<Certificate>,
    /// For each certificate below the root, whether a revocation list of its issuer was at hand.
    pub revocation_checked: Vec<bool>,
}

impl Chain {
    /// The window in which all certificates of the path are valid, Unix seconds.
    pub fn window(&self) -> (u64, u64) {
        let windows = self.path.iter().map(Certificate::window);
        windows.fold((0, u64::MAX), |(start, end), (not_before, not_after)| (start.max(not_before), end.min(not_after)))
    }
}

/// Who signed `certificate`: a root if there is one, or else an intermediate.
fn issuer_of<'a>(
    certificate: &Certificate,
    intermediates: &'a [Certificate],
    roots: &'a [Certificate],
) -> Result<(&'a Certificate, bool), AttestError> {
    let mut refused = None;
    let named = roots.iter().map(|root| (root, true)).chain(intermediates.iter().map(|other| (other, false)));
    for (candidate, is_root) in named.filter(|(candidate, _)| candidate.subject_name() == certificate.issuer_name()) {
        match certificate.check_signed_by(candidate) {
            Ok(()) => return Ok((candidate, is_root)),
            Err(error) => refused = Some(error),
        }
    }
    Err(refused.unwrap_or_else(|| AttestError::MissingIssuer {
        subject: certificate.subject(),
        issuer: certificate.issuer_name().to_string(),
    }))
}

/// Builds and checks the path of `leaf`: signatures, then windows, then revocation.
///
/// # Errors
/// `Chain`, `MissingIssuer`, `Validity`, `Revocation`.
pub fn chain(leaf: &Certificate, intermediates: &[Certificate], trust: &Trust<'_>) -> Result<Chain, AttestError> {
    let mut path = vec![leaf.clone()];
    leaf.check_critical()?;
    loop {
        let Some(last) = path.last() else { return Err(AttestError::format("chain", "it is empty")) };
        let (issuer, is_root) = issuer_of(last, intermediates, trust.roots)?;
        issuer.check_critical()?;
        issuer.check_authority(path.len().saturating_sub(1))?;
        path.push(issuer.clone());
        if is_root {
            break;
        }
        if path.len() >= MAX_LENGTH {
            return Err(AttestError::Chain { rule: format!("no root after {MAX_LENGTH} certificates") });
        }
    }
    for certificate in &path {
        let (not_before, not_after) = certificate.window();
        if trust.now < not_before || trust.now > not_after {
            return Err(AttestError::Validity { what: certificate.subject(), not_before, not_after, now: trust.now });
        }
    }
    let mut revocation_checked = Vec::new();
    for (certificate, issuer) in path.iter().zip(path.iter().skip(1)) {
        let mut found = false;
        for list in trust.revocation_lists.iter().filter(|list| list.is_of(issuer)) {
            list.check(certificate, issuer, trust.now)?;
            found = true;
        }
        revocation_checked.push(found);
    }
    Ok(Chain { path, revocation_checked })
}
