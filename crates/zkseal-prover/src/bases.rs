//! The bases of row commitments: derived from nothing, or powers of tau (book, chapters 1 and 6).

use crate::error::ProveError;
use std::ops::Deref;
use std::sync::Arc;
use zkseal_commit::Generators;
use zkseal_commit::generators::blinding_base;
use zkseal_field::G1Affine;
use zkseal_relation::{Opening, Params};

/// Powers of tau in G1, from an imported setup. Cheap to clone.
#[derive(Clone)]
pub struct Powers(Arc<Generators>);

impl Powers {
    /// tau^0, tau^1, .., each times the generator. Whoever imported them has checked them.
    #[must_use]
    pub fn new(g1: Vec<G1Affine>) -> Self {
        Self(Arc::new(Generators { g: g1, h: blinding_base(), u: G1Affine::default() }))
    }

    /// The powers.
    pub fn g1(&self) -> &[G1Affine] {
        &self.0.g
    }

    /// Bases for rows of `len` entries that are zero where there are no powers: the last one stands there, and is
    /// multiplied with nothing.
    fn padded(&self, len: usize) -> Self {
        let mut g1 = self.g1().to_vec();
        if let Some(last) = g1.last().copied() {
            g1.resize(len.max(g1.len()), last);
        }
        Self::new(g1)
    }
}

/// Bases for the rows of some parameters.
pub enum Bases {
    /// By hash to curve.
    Derived(&'static Generators),
    /// Powers of tau.
    Powers(Powers),
}

impl Bases {
    /// The bases that the parameters name.
    ///
    /// # Errors
    /// [`ProveError::Powers`] if powers are missing, too few, or not wanted.
    pub fn of(params: &Params, powers: Option<&Powers>) -> Result<Self, ProveError> {
        match (params.opening, powers) {
            (Opening::Ipa, None) => Ok(Self::Derived(Generators::for_rows(usize::from(params.log_row))?)),
            (Opening::Kzg, Some(powers)) if powers.g1().len() >= params.row_len() => Ok(Self::Powers(powers.clone())),
            (Opening::Kzg, Some(_)) => Err(ProveError::Powers { rule: "a row has more entries than there are powers" }),
            (Opening::Kzg, None) => Err(ProveError::Powers { rule: "a kzg key proves with its powers of tau" }),
            (Opening::Ipa, Some(_)) => Err(ProveError::Powers { rule: "an ipa key has no powers of tau" }),
        }
    }

    /// [`Self::of`] for rows of which at most the first `entries` are not zero, for which as many powers are enough.
    pub(crate) fn for_entries(params: &Params, powers: Option<&Powers>, entries: usize) -> Result<Self, ProveError> {
        let enough = powers.filter(|powers| powers.g1().len() >= entries);
        Self::of(params, enough.map(|powers| powers.padded(params.row_len())).as_ref().or(powers))
    }
}

impl Deref for Bases {
    type Target = Generators;

    fn deref(&self) -> &Generators {
        match self {
            Self::Derived(generators) => generators,
            Self::Powers(Powers(generators)) => generators,
        }
    }
}
