//! Values of requests and replies. Replies are deterministic CBOR (RFC 8949, 4.2.1), as `web/verifier/src/cbor.ts` and
//! `zkseal.receipts.cbor` read it: shortest heads, definite lengths, keys in bytewise order of their encodings.

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 8;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Bool(bool),
    /// An integer from zero.
    Number(u64),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Text.
    Text(String),
    /// Values in order.
    List(Vec<Value>),
    /// Values by name; the order does not matter.
    Map(Vec<(String, Value)>),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_string())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

/// A map of these entries.
pub fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(name, value)| (name.to_string(), value)).collect())
}

type Written = Result<(), minicbor::encode::Error<std::convert::Infallible>>;

impl Value {
    /// The entry `name` of a map.
    pub fn entry(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(other, _)| other == name).map(|(_, value)| value),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Bytes(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut encoder = Encoder::new(Vec::new());
        // Writing to memory does not fail.
        let _ = self.write(&mut encoder);
        encoder.into_writer()
    }

    fn write(&self, to: &mut Encoder<Vec<u8>>) -> Written {
        match self {
            Self::Null => to.null().map(|_| ()),
            Self::Bool(flag) => to.bool(*flag).map(|_| ()),
            Self::Number(number) => to.u64(*number).map(|_| ()),
            Self::Bytes(bytes) => to.bytes(bytes).map(|_| ()),
            Self::Text(text) => to.str(text).map(|_| ()),
            Self::List(values) => {
                to.array(u64::try_from(values.len()).unwrap_or(u64::MAX))?;
                values.iter().try_for_each(|value| value.write(to))
            }
            Self::Map(entries) => {
                to.map(u64::try_from(entries.len()).unwrap_or(u64::MAX))?;
                let mut ordered: Vec<&(String, Self)> = entries.iter().collect();
                // The encoding of a text begins with its length.
                ordered.sort_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
                ordered.into_iter().try_for_each(|(name, value)| {
                    to.str(name)?;
                    value.write(to)
                })
            }
        }
    }

    /// The value of all of `bytes`; None if they are no encoding of one.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder::new(bytes);
        let value = Self::read(&mut decoder, 0)?;
        (decoder.position() == bytes.len()).then_some(value)
    }

    fn read(from: &mut Decoder<'_>, depth: usize) -> Option<Self> {
        if depth > MAX_DEPTH {
            return None;
        }
        let inner = depth.saturating_add(1);
        Some(match from.datatype().ok()? {
            Type::Null => from.null().ok().map(|()| Self::Null)?,
            Type::Bool => Self::Bool(from.bool().ok()?),
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => Self::Number(from.u64().ok()?),
            Type::Bytes => Self::Bytes(from.bytes().ok()?.to_vec()),
            Type::String => Self::Text(from.str().ok()?.to_string()),
            Type::Array => {
                let count = from.array().ok()??;
                Self::List((0..count).map(|_| Self::read(from, inner)).collect::<Option<_>>()?)
            }
            Type::Map => {
                let count = from.map().ok()??;
                let entry = |_| Some((from.str().ok()?.to_string(), Self::read(from, inner)?));
                Self::Map((0..count).map(entry).collect::<Option<_>>()?)
            }
            // Negative numbers, floats, tags, simple values and indefinite lengths: no value has them.
            Type::Undefined
            | Type::I8
            | Type::I16
            | Type::I32
            | Type::I64
            | Type::Int
            | Type::F16
            | Type::F32
            | Type::F64
            | Type::Simple
            | Type::BytesIndef
            | Type::StringIndef
            | Type::ArrayIndef
            | Type::MapIndef
            | Type::Tag
            | Type::Break
            | Type::Unknown(_) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_as_it_was_written() {
        let value = map([
            ("longer", Value::from(vec![Value::Null, Value::from(true), Value::from(u64::MAX)])),
            ("a", Value::from(&b"\x00\xff"[..])),
            ("b", Value::from("text")),
        ]);
        let Value::Map(mut entries) = Value::decode(&value.encode()).unwrap() else { panic!("no map") };
        assert_eq!(entries.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a", "b", "longer"]);
        entries.rotate_right(1);
        assert_eq!(Value::Map(entries), value);
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for bytes in [&[][..], &[0x9f, 0xff], &[0xf9, 0, 0], &[0x01, 0x01], &[0xa1, 0x01, 0x01], &[0x81; 12]] {
            assert_eq!(Value::decode(bytes), None, "{bytes:02x?}");
        }
    }
}
