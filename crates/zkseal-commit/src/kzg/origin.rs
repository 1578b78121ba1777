//! The published ceremonies, known by their `tau*G2`.

use zkseal_field::{Fq2, G2Affine, MontFp};

use super::setup_digest;

/// The ceremony that a setup comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Perpetual Powers of Tau, contributions 1 to 54, and the Hermez beacon.
    Hermez,
    /// Aztec Ignition, 176 participants.
    Aztec,
    /// Perpetual Powers of Tau at another contribution, as ezkl publishes it.
    Ezkl,
    /// None of the published ceremonies.
    Unknown,
}

impl Origin {
    /// The published ceremonies.
    pub const PUBLISHED: [Self; 3] = [Self::Hermez, Self::Aztec, Self::Ezkl];

    /// The ceremony with this `tau*G2`.
    #[must_use]
    pub fn of(tau_g2: &G2Affine) -> Self {
        Self::find(|pinned| pinned == tau_g2)
    }

    /// The ceremony with this setup digest (book, chapter 6), which stands for its `tau*G2`.
    #[must_use]
    pub fn of_digest(digest: &[u8; 32]) -> Self {
        Self::find(|pinned| setup_digest(pinned) == *digest)
    }

    fn find(wanted: impl Fn(&G2Affine) -> bool) -> Self {
        let mut published = Self::PUBLISHED.into_iter();
        published.find(|origin| origin.tau_g2().is_some_and(|g2| wanted(&g2))).unwrap_or(Self::Unknown)
    }

    /// Lower-case name, for reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hermez => "hermez",
            Self::Aztec => "aztec",
            Self::Ezkl => "ezkl",
            Self::Unknown => "unknown",
        }
    }

    /// The pinned `tau*G2`.
    #[must_use]
    pub fn tau_g2(self) -> Option<G2Affine> {
        match self {
            Self::Hermez => Some(HERMEZ_TAU_G2),
            Self::Aztec => Some(AZTEC_TAU_G2),
            Self::Ezkl => Some(EZKL_TAU_G2),
            Self::Unknown => None,
        }
    }
}

/// `tau*G2` of [`Origin::Hermez`].
pub const HERMEZ_TAU_G2: G2Affine = G2Affine::new_unchecked(
    Fq2::new(
        MontFp!("21831381940315734285607113342023901060522397560371972897001948545212302161822"),
        MontFp!("17231025384763736816414546592865244497437017442647097510447326538965263639101"),
    ),
    Fq2::new(
        MontFp!("2388026358213174446665280700919698872609886601280537296205114254867301080648"),
        MontFp!("11507326595632554467052522095592665270651932854513688777769618397986436103170"),
    ),
);

/// `tau*G2` of [`Origin::Aztec`].
pub const AZTEC_TAU_G2: G2Affine = G2Affine::new_unchecked(
    Fq2::new(
        MontFp!("496075682290949347282619629729389528669750910289829251317610107342504362928"),
        MontFp!("17212635814319756364507010169094758005397460366678210664966334781961899574209"),
    ),
    Fq2::new(
        MontFp!("15828724851114720558251891430452666121603726704878231219287131634746610441813"),
        MontFp!("2255182984359105691812395885056400739448730162863181907784180250290003009508"),
    ),
);

/// `tau*G2` of [`Origin::Ezkl`].
pub const EZKL_TAU_G2: G2Affine = G2Affine::new_unchecked(
    Fq2::new(
        MontFp!("10665153487364924395451186075663597035495902496253353881119509267933768999122"),
        MontFp!("11029560635643983818885738975758839003131865733814273016801144285524936684972"),
    ),
    Fq2::new(
        MontFp!("18755874088236213082062601512863221433227017725453112019151604716957419045549"),
        MontFp!("18790173187318184075281544452912101572166071561689308149111466352378718492148"),
    ),
);
