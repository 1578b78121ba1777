//! Ways to prove, chosen by a byte: both lookup arguments under both openings. The powers are of a tau that everybody knows.

use std::sync::LazyLock;
use zkseal_commit::{generators, kzg};
use zkseal_field::{AffineRepr, CurveGroup, Fr, G1Projective, G2Affine, PrimeGroup};
use zkseal_prover::{Powers, Scheme};
use zkseal_relation::{LookupArgument, Opening, Params};

/// Tree and ipa.
pub const TRANSPARENT: u8 = 0;
/// Helper column with two lanes, and kzg.
pub const SHORT: u8 = 5;

const TAU: u64 = 0x5eed;

/// tau*G2, and what follows from it.
pub static SETUP: LazyLock<kzg::Setup> =
    LazyLock::new(|| kzg::Setup::new((G2Affine::generator() * Fr::from(TAU)).into_affine()));

/// Bit 0 chooses kzg; the rest is 0 for the tree, or one of 1 to 8 lanes.
const fn parts(choice: u8) -> (LookupArgument, Opening) {
    let argument = match choice >> 1 {
        0 => LookupArgument::Tree,
        lanes => LookupArgument::Helper { lanes: (lanes - 1) % 8 + 1 },
    };
    (argument, if choice & 1 == 0 { Opening::Ipa } else { Opening::Kzg })
}

/// Parameters for a row length from any byte.
#[must_use]
pub fn params(log_row: u8, choice: u8) -> Params {
    let (argument, opening) = parts(choice);
    let digest = match opening {
        Opening::Ipa => generators::setup_digest(),
        Opening::Kzg => kzg::setup_digest(&SETUP.tau_g2),
    };
    Params::new(log_row % 13 + 4, argument, opening, digest).expect("4 <= c <= 16 and 1 to 8 lanes")
}

/// What the opening of these parameters is checked with.
#[must_use]
pub fn opening_setup(params: &Params) -> Option<&'static kzg::Setup> {
    matches!(params.opening, Opening::Kzg).then(|| &*SETUP)
}

/// The same for the prover.
#[must_use]
pub fn scheme(log_row: u8, choice: u8) -> Scheme {
    let (argument, opening) = parts(choice);
    let powers = || {
        let scalars = std::iter::successors(Some(Fr::from(1u64)), |last| Some(*last * Fr::from(TAU)));
        let points: Vec<G1Projective> =
            scalars.take(1 << log_row).map(|power| G1Projective::generator() * power).collect();
        (Powers::new(G1Projective::normalize_batch(&points)), SETUP.tau_g2)
    };
    Scheme { log_row, argument, powers: matches!(opening, Opening::Kzg).then(powers) }
}
