//! Keys, HPKE and sealed models: secrets are made, used and wiped here, and leave only encrypted.
//!
//! Compositions of standards by kept libraries; nothing here is a primitive of our own. No `unsafe`. Randomness comes
//! from the operating system, in [`random`] and where HPKE encapsulates. Secrets are wiped when they are dropped.
//!
//! | module | content |
//! | --- | --- |
//! | [`error`] | what is refused |
//! | [`random`](mod@random) | random bytes of the operating system |
//! | [`signing`] | ECDSA over secp256k1: ES256K and recoverable |
//! | [`publisher`] | Ed25519, strict |
//! | [`hpke`] | messages to a public key, requests with one response |
//! | [`data_key`] | the key of a sealed model |
//! | [`derive`](mod@derive) | keys of a sealed model from its data key; the commitment to it |
//! | [`stream`] | chunks of a sealed model |
//! | [`tree`] | the Merkle tree over chunks |
//!
//! Dependency position: `py -> seal`; it knows nothing of proofs.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::as_conversions,
        clippy::panic_in_result_fn
    )
)]

pub mod data_key;
pub mod derive;
pub mod error;
pub mod hpke;
pub mod publisher;
pub mod random;
pub mod signing;
pub mod stream;
pub mod tree;

pub use crate::hpke::{HpkeKey, ResponseOpener, ResponseSealer, hpke_seal, hpke_seal_request};
pub use data_key::DataKey;
pub use error::SealError;
pub use publisher::{PublisherKey, ed25519_verify};
pub use signing::{SigningKey, es256k_verify};
pub use stream::{FileKey, Place, leaves};
pub use tree::TreeKey;
