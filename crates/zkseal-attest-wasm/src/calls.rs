//! The calls: each takes a map and replies with one, or with an error of `zkseal.errors`.

use crate::value::{Value, map};
use k256::ecdsa::signature::Verifier;
use sha2::Digest;
use zkseal_attest::{AttestError, Certificate, Chain, PublicKey, RevocationList, Scheme, Trust};
use zkseal_attest::{intel, nitro, snp, spdm};

/// A refusal, as the host throws it.
struct Refused {
    class: &'static str,
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Refused {
    fn new(class: &'static str, text: impl Into<String>) -> Self {
        let reason = text.into();
        Self { class, message: format!("{}.", capital(&reason)), fields: vec![("reason", reason)] }
    }

    fn to_value(&self) -> Value {
        let fields = self.fields.iter().map(|(name, text)| ((*name).to_string(), Value::from(text.as_str()))).collect();
        let error =
            [("class", self.class.into()), ("message", self.message.as_str().into()), ("fields", Value::Map(fields))];
        map([("error", map(error))])
    }
}

fn capital(text: &str) -> String {
    let mut sentence = text.to_string();
    // Sentences begin in ASCII; the tables of other alphabets would be two per cent of the module.
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence
}

impl From<AttestError> for Refused {
    fn from(error: AttestError) -> Self {
        let mut refused = Self::new(error.class(), error.to_string());
        refused.fields.push(("check", error.check().to_string()));
        if let AttestError::MissingIssuer { issuer, .. } = error {
            refused.fields.push(("missing_issuer", issuer));
        }
        refused
    }
}

type Reply = Result<Value, Refused>;

/// Arguments of one call.
struct Given<'a>(&'a Value);

impl<'a> Given<'a> {
    fn of(&self, name: &'static str) -> Result<&'a Value, Refused> {
        self.0.entry(name).ok_or_else(|| Refused::new("InternalError", format!("a call has no {name}")))
    }

    fn wrong(name: &str) -> Refused {
        Refused::new("InternalError", format!("a call's {name} is of another type"))
    }

    fn bytes(&self, name: &'static str) -> Result<&'a [u8], Refused> {
        if let Value::Bytes(bytes) = self.of(name)? { Ok(bytes) } else { Err(Self::wrong(name)) }
    }

    fn text(&self, name: &'static str) -> Result<&'a str, Refused> {
        if let Value::Text(text) = self.of(name)? { Ok(text) } else { Err(Self::wrong(name)) }
    }

    fn number(&self, name: &'static str) -> Result<u64, Refused> {
        if let Value::Number(number) = self.of(name)? { Ok(*number) } else { Err(Self::wrong(name)) }
    }

    fn list(&self, name: &'static str) -> Result<Vec<&'a [u8]>, Refused> {
        let Value::List(values) = self.of(name)? else { return Err(Self::wrong(name)) };
        let bytes = |value: &'a Value| if let Value::Bytes(bytes) = value { Some(bytes.as_slice()) } else { None };
        values.iter().map(|value| bytes(value).ok_or_else(|| Self::wrong(name))).collect()
    }

    /// Calls `work` with the intermediate certificates and what is trusted. Read in the order of `zkseal-py`.
    fn trusting<T>(
        &self,
        work: impl FnOnce(&[Certificate], &Trust<'_>) -> Result<T, AttestError>,
    ) -> Result<T, Refused> {
        let roots = Certificate::read_all(&self.list("roots")?)?;
        let revocation_lists = RevocationList::read_all(&self.list("revocation_lists")?)?;
        let trust = Trust { roots: &roots, revocation_lists: &revocation_lists, now: self.number("now")? };
        let intermediates = Certificate::read_all(&self.list("intermediates")?)?;
        Ok(work(&intermediates, &trust)?)
    }
}

fn certificate(certificate: &Certificate) -> Value {
    let (not_before, not_after) = certificate.window();
    map([
        ("subject", certificate.subject().into()),
        ("issuer", certificate.issuer().into()),
        ("not_before", not_before.into()),
        ("not_after", not_after.into()),
        ("sha256", sha2::Sha256::digest(certificate.der()).as_slice().into()),
    ])
}

fn chain_value(chain: &Chain) -> Value {
    let (not_before, not_after) = chain.window();
    let leaf = chain.path.first();
    let extension = |(oid, value): (String, &[u8])| (oid, Value::from(value));
    map([
        ("path", Value::List(chain.path.iter().map(certificate).collect())),
        ("not_before", not_before.into()),
        ("not_after", not_after.into()),
        ("revocation_checked", chain.revocation_checked.clone().into()),
        ("public_key", leaf.map(Certificate::spki).into()),
        ("serial", leaf.map(Certificate::serial).into()),
        ("extensions", Value::Map(leaf.map(|leaf| leaf.extensions().map(extension).collect()).unwrap_or_default())),
    ])
}

/// The path of `leaf` to one of `roots` at `now`.
fn chain(given: &Given<'_>) -> Reply {
    let leaf = Certificate::from_der(given.bytes("leaf")?)?;
    let chain = given.trusting(|intermediates, trust| zkseal_attest::chain::chain(&leaf, intermediates, trust))?;
    Ok(chain_value(&chain))
}

/// What certificates say of themselves, for a picture of a chain.
fn certificates(given: &Given<'_>) -> Reply {
    let read = Certificate::read_all(&given.list("certificates")?)?;
    Ok(Value::List(read.iter().map(certificate).collect()))
}

fn signature(given: &Given<'_>) -> Reply {
    let (scheme, what) = (given.text("scheme")?, given.text("what")?);
    let Some(named) = Scheme::named(scheme) else {
        let reason = format!("there is no signature scheme {scheme} here");
        let fields = vec![("reason", reason.clone())];
        return Err(Refused { class: "InvalidEncoding", message: format!("{what}: {reason}."), fields });
    };
    let key = PublicKey::from_spki(given.bytes("public_key")?)?;
    key.verify(named, given.bytes("message")?, given.bytes("signature")?, what)?;
    Ok(Value::Null)
}

/// ES256K (RFC 8812) under a compressed point; a signature with a high s is refused, as in `zkseal-seal`.
fn es256k(given: &Given<'_>) -> Reply {
    let public_key = given.bytes("public_key")?;
    if public_key.len() != 33 {
        let text = format!("public key has 33 bytes, not {}", public_key.len());
        return Err(Refused::new("WrongLength", text));
    }
    let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(public_key)
        .map_err(|_| Refused::new("InvalidEncoding", "this is no secp256k1 public key"))?;
    let holds = k256::ecdsa::Signature::from_slice(given.bytes("signature")?)
        .ok()
        .filter(|signature| signature.normalize_s() == *signature)
        .and_then(|signature| key.verify(given.bytes("message").ok()?, &signature).ok());
    holds.map(|()| Value::Null).ok_or_else(|| {
        let mut refused = Refused::new("SignatureRejected", "the ES256K signature does not hold");
        refused.fields.push(("check", "ES256K".to_string()));
        refused
    })
}

fn tcb(tcb: &snp::Tcb) -> Value {
    map([
        ("boot_loader", u64::from(tcb.boot_loader).into()),
        ("tee", u64::from(tcb.tee).into()),
        ("snp", u64::from(tcb.snp).into()),
        ("microcode", u64::from(tcb.microcode).into()),
        ("fmc", tcb.fmc.map(u64::from).into()),
    ])
}

fn snp_report(given: &Given<'_>) -> Reply {
    let (report, leaf) = (given.bytes("report")?, given.bytes("leaf")?);
    let verified = given.trusting(|others, trust| snp::verify(report, leaf, others, trust))?;
    let report = &verified.report;
    let claims = map([
        ("version", u64::from(report.version).into()),
        ("guest_svn", u64::from(report.guest_svn).into()),
        ("policy", report.policy.into()),
        ("vmpl", u64::from(report.vmpl).into()),
        ("platform_info", report.platform_info.into()),
        ("signing_key", if verified.operator.is_some() { "VLEK" } else { "VCEK" }.into()),
        ("operator", verified.operator.clone().into()),
        ("product", verified.product.as_str().into()),
        ("report_data", report.report_data.as_slice().into()),
        ("measurement", report.measurement.as_slice().into()),
        ("host_data", report.host_data.as_slice().into()),
        ("id_key_digest", report.id_key_digest.as_slice().into()),
        ("report_id", report.report_id.as_slice().into()),
        ("chip_id", report.chip_id.as_slice().into()),
        ("reported_tcb_bytes", report.reported_tcb.as_slice().into()),
        ("reported_tcb", tcb(&verified.reported)),
        ("committed_tcb", tcb(&verified.committed)),
        ("launch_tcb", tcb(&verified.launch)),
        ("revocation_checked", verified.revocation_checked.into()),
    ]);
    Ok(map([("claims", claims), ("chain", chain_value(&verified.chain))]))
}

fn nitro_document(given: &Given<'_>) -> Reply {
    let bytes = given.bytes("document")?;
    let (document, chain) = given.trusting(|_, trust| nitro::verify(bytes, trust))?;
    let pcr = |(number, value): &(u64, Vec<u8>)| Value::List(vec![(*number).into(), value.as_slice().into()]);
    let claims = map([
        ("module_id", document.module_id.as_str().into()),
        ("timestamp_ms", document.timestamp_ms.into()),
        ("pcrs", Value::List(document.pcrs.iter().map(pcr).collect())),
        ("public_key", document.public_key.as_deref().into()),
        ("user_data", document.user_data.as_deref().into()),
        ("nonce", document.nonce.as_deref().into()),
    ]);
    Ok(map([("claims", claims), ("chain", chain_value(&chain))]))
}

fn spdm_report(given: &Given<'_>) -> Reply {
    let bytes = given.bytes("report")?;
    let (report, chain) = given.trusting(|certificates, trust| spdm::verify(bytes, certificates, trust))?;
    let numbered = |number: u64, value: &[u8]| Value::List(vec![number.into(), value.into()]);
    let measurements = report.measurements.iter().map(|(index, value)| numbered(u64::from(*index), value));
    let claims = map([
        ("nonce", report.nonce.as_slice().into()),
        ("measurements", Value::List(measurements.collect())),
        ("opaque", Value::List(report.opaque.iter().map(|(kind, value)| numbered(u64::from(*kind), value)).collect())),
    ]);
    Ok(map([("claims", claims), ("chain", chain_value(&chain))]))
}

fn intel_quote(given: &Given<'_>) -> Reply {
    let (quote, collateral) = (given.bytes("quote")?, given.text("collateral")?);
    let verified = intel::verify(quote, collateral, given.bytes("root")?, given.number("now")?)?;
    let fields = verified.fields.iter().map(|(name, value)| ((*name).to_string(), Value::from(value.as_slice())));
    let claims = map([
        ("version", u64::from(verified.version).into()),
        ("tee", if verified.is_tdx { "tdx" } else { "sgx" }.into()),
        ("fields", Value::Map(fields.collect())),
        ("refused_attributes", verified.refused_attributes.clone().into()),
        ("tcb_status", verified.tcb_status.clone().into()),
        ("advisories", verified.advisories.clone().into()),
        ("tcb_evaluation", u64::from(verified.tcb_evaluation).into()),
        ("fmspc", verified.fmspc.as_slice().into()),
        ("ppid", verified.ppid.as_slice().into()),
        ("smt", verified.smt.into()),
        ("collateral_from", verified.collateral_from.into()),
        ("collateral_to", verified.collateral_to.into()),
    ]);
    // For a picture only: what cannot be read is left out.
    let path = verified.certificates.iter().filter_map(|der| Certificate::from_der(der).ok());
    Ok(map([("claims", claims), ("path", Value::List(path.map(|read| certificate(&read)).collect()))]))
}

/// The reply to a request: `{"call": name, ..}`.
pub fn reply(request: &[u8]) -> Vec<u8> {
    let decoded = Value::decode(request).unwrap_or(Value::Null);
    let given = Given(&decoded);
    let made = given.text("call").and_then(|call| match call {
        "certificates" => certificates(&given),
        "chain" => chain(&given),
        "es256k" => es256k(&given),
        "intel" => intel_quote(&given),
        "nitro" => nitro_document(&given),
        "signature" => signature(&given),
        "snp" => snp_report(&given),
        "spdm" => spdm_report(&given),
        other => Err(Refused::new("InternalError", format!("there is no call {other}"))),
    });
    made.map(|value| map([("ok", value)])).unwrap_or_else(|refused| refused.to_value()).encode()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(request: &Value) -> (String, String) {
        let made = Value::decode(&reply(&request.encode())).unwrap();
        let Some(Value::Text(class)) = made.entry("error").and_then(|error| error.entry("class")).cloned() else {
            panic!("{made:?} is no error")
        };
        let Some(Value::Text(message)) = made.entry("error").and_then(|error| error.entry("message")).cloned() else {
            panic!("{made:?} says nothing")
        };
        (class, message)
    }

    #[test]
    fn a_request_that_is_none_is_answered_with_an_error() {
        assert_eq!(error_of(&Value::Null), ("InternalError".to_string(), "A call has no call.".to_string()));
        assert_eq!(error_of(&map([("call", "other".into())])).1, "There is no call other.");
        assert_eq!(error_of(&map([("call", "nitro".into()), ("document", "text".into())])).0, "InternalError");
    }

    #[test]
    fn a_refusal_has_class_and_sentence_of_the_check() {
        let none = || Value::List(Vec::new());
        let request = map([
            ("call", "nitro".into()),
            ("document", Value::from(&b"\x84"[..])),
            ("roots", none()),
            ("intermediates", none()),
            ("revocation_lists", none()),
            ("now", 0.into()),
        ]);
        let (class, message) = error_of(&request);
        assert_eq!(class, "InvalidEncoding");
        assert!(message.starts_with("The Nitro document is malformed"), "{message}");
    }
}
