//! Replies, in the deterministic CBOR of `web/verifier/src/cbor.ts`: `{"ok": ..}`, or `{"error": {"class", "fields",
//! "message"}}` with the classes of `zkseal.errors`.

use minicbor::{Encode, Encoder, encode};
use std::convert::Infallible;
use zkseal_verifier::VerifyError;

/// Why a request is refused.
#[derive(Debug)]
pub struct Refusal {
    class: &'static str,
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Refusal {
    /// A request that no host makes.
    #[must_use]
    pub fn internal(what: &'static str) -> Self {
        Self {
            class: "InternalError",
            message: format!("The verifier was called wrongly: {what}."),
            fields: Vec::new(),
        }
    }
}

impl From<&VerifyError> for Refusal {
    fn from(error: &VerifyError) -> Self {
        Self { class: error.code(), message: format!("{error}."), fields: error.fields() }
    }
}

impl From<minicbor::decode::Error> for Refusal {
    fn from(_: minicbor::decode::Error) -> Self {
        Self::internal("a request is no CBOR of its form")
    }
}

/// An answer or a refusal.
#[derive(Debug)]
pub struct Reply(Vec<u8>);

impl Reply {
    /// Whatever `write` writes, or the refusal.
    pub fn of(answer: Result<impl Encode<()>, Refusal>) -> Self {
        let mut encoder = Encoder::new(Vec::new());
        // Writing to memory does not fail.
        let _ = match answer {
            Ok(value) => answered(&mut encoder, &value),
            Err(refusal) => refused(&mut encoder, &refusal),
        };
        Self(encoder.into_writer())
    }

    /// The encoding.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

type Written = Result<(), encode::Error<Infallible>>;

fn answered(encoder: &mut Encoder<Vec<u8>>, value: &impl Encode<()>) -> Written {
    encoder.map(1)?.str("ok")?.encode(value)?;
    Ok(())
}

fn refused(encoder: &mut Encoder<Vec<u8>>, refusal: &Refusal) -> Written {
    encoder.map(1)?.str("error")?.map(3)?;
    encoder.str("class")?.str(refusal.class)?;
    encoder.str("fields")?.map(u64::try_from(refusal.fields.len()).unwrap_or(u64::MAX))?;
    let mut fields: Vec<_> = refusal.fields.iter().collect();
    // The encoding of a text begins with its length.
    fields.sort_by_key(|(name, _)| (name.len(), *name));
    for (name, value) in fields {
        encoder.str(name)?;
        match value.parse::<i64>() {
            Ok(number) => encoder.i64(number)?,
            Err(_) => encoder.str(value)?,
        };
    }
    encoder.str("message")?.str(&refusal.message)?;
    Ok(())
}
