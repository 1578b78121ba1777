//! What a verification will cost, before anybody proves: counts of operations times measured prices.
//!
//! Prices were fitted to transactions on anvil and revm (tests/chain/test_gas.py compares, for several models and hard
//! forks); what the precompiled contracts take is their specification's (EIP-196, 197, 198, 1108, 2565, 7883).

use crate::claims::build;
use crate::emit::emit;
use crate::error::{EvmError, fit};
use crate::program::{COLUMNS, HEADER_BYTES, MAX_PROGRAM_BYTES};
use crate::space::Space;
use zkseal_relation::{Column, Layout, LookupArgument, Opening, Relation};

/// A hard fork, as far as prices differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fork {
    /// March 2024.
    Cancun,
    /// May 2025: calldata has a floor price (EIP-7623).
    Prague,
    /// December 2025: powers are dearer (EIP-7883).
    Osaka,
}

impl Fork {
    /// The fork of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "cancun" => Some(Self::Cancun),
            "prague" => Some(Self::Prague),
            "osaka" => Some(Self::Osaka),
            _ => None,
        }
    }
}

/// Predicted gas of one call of `ZksealVerifier.verify` as a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gas {
    /// The transaction itself and its calldata, without the floor.
    pub calldata: u64,
    /// Reading the program.
    pub load: u64,
    /// Transcript and rounds.
    pub rounds: u64,
    /// The program's instructions.
    pub program: u64,
    /// The mask vector.
    pub mask: u64,
    /// Multiplying and adding commitments of rows.
    pub commitments: u64,
    /// Multiplying and adding the points of the opening, one inversion.
    pub opening: u64,
    /// The product of two pairings.
    pub pairing: u64,
    /// What the floor price of calldata adds.
    pub floor: u64,
}

impl Gas {
    /// Items by name.
    #[must_use]
    pub const fn items(&self) -> [(&'static str, u64); 9] {
        [
            ("calldata", self.calldata),
            ("load", self.load),
            ("rounds", self.rounds),
            ("program", self.program),
            ("mask", self.mask),
            ("commitments", self.commitments),
            ("opening", self.opening),
            ("pairing", self.pairing),
            ("floor", self.floor),
        ]
    }

    /// The sum.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.items().iter().map(|(_, gas)| gas).sum()
    }
}

/// ecMul and ecAdd with what surrounds them.
const TERM: u64 = 6_000 + 150 + 2 * 100 + 330;
const PAIRING: u64 = 45_000 + 2 * 34_000 + 100 + 180;

/// The prediction for proofs of a relation: no commitment is needed for it, and so no key.
///
/// # Errors
/// As [`crate::Program::new`].
pub fn predict(relation: &Relation, layout: &Layout, fork: Fork) -> Result<Gas, EvmError> {
    if !matches!((layout.params.argument, layout.params.opening), (LookupArgument::Helper { .. }, Opening::Kzg)) {
        return Err(EvmError::Scheme);
    }
    let space = &Space::new(relation, layout);
    let (graph, outputs) = build(relation, layout, space)?;
    let code = emit(&graph, &outputs, space);
    let rows = |column: Column| layout.num_rows(column) as u64;
    let own_points = rows(Column::Witness) + rows(Column::Helper) + 3 + 7;
    let proof_bytes = layout.proof_bytes() as u64 + 32 * own_points;
    let statement_bytes = 64 * (rows(Column::Input) + rows(Column::Output));
    // A word of the proof or a commitment is zero in one byte of 256; a public value in most.
    let dense = (proof_bytes + statement_bytes + 32) * 255 / 256;
    let public_words = space.publics as u64 + 2;
    let sparse = 32 * (public_words + 14);
    let (nonzero, zero) = (dense + 3 * public_words + 24, sparse - 3 * public_words - 24 + dense / 256);
    let calldata = 21_000 + 16 * nonzero + 4 * zero;
    let committed: u64 = COLUMNS.iter().map(|column| rows(*column)).sum();
    let fixed = rows(Column::Model) + rows(Column::Table);
    let entry = HEADER_BYTES as u64 + 2 * committed + 24 * space.public_tensors.len() as u64 + 64 * fixed + 32;
    fit::<u64>("the size of the program", entry + 1 + code.bytes.len() as u64, MAX_PROGRAM_BYTES)?;
    let words = entry / 32 + space.registers() as u64;
    let lanes = space.lanes as u64;
    // Numbers that a round of the helper argument sends, and values behind it.
    let degree = if lanes > 0 { lanes + 2 } else { 0 };
    let helper_rounds = if lanes > 0 { space.lookup_vars as u64 + 1 } else { 0 };
    let plain_rounds = (space.product_vars + space.row_vars + space.log_row + 1) as u64;
    let challenges = (space.lookup_vars + space.zero_vars) as u64;
    let mask_len = layout.mask.len() as u64;
    let mut gas = Gas {
        calldata,
        load: 2_600 + 700 + 9 * words + words * words / 512,
        rounds: 8_050
            + 540 * plain_rounds
            + 1_000 * degree
            + (430 + 210 * degree) * helper_rounds
            + 330 * challenges
            + 350 * public_words
            + 40 * own_points,
        program: 0,
        mask: 2_000 + 165 * mask_len,
        commitments: committed * (TERM + 420 + 75 * space.row_vars as u64),
        opening: 8 * TERM
            + 3 * TERM
            + 6_500
            + 320 * space.log_row as u64
            + if fork == Fork::Osaka { 4_080 } else { 1_360 },
        pairing: PAIRING,
        floor: 0,
    };
    let cells = code.cells as u64;
    // A cold account, its calldata and memory, and every instruction once.
    gas.program = 100 + 12 + code.gas + 3 * space.inputs() as u64 + 3 * cells + cells * cells / 512;
    if fork != Fork::Cancun {
        let floor = 21_000 + 40 * nonzero + 10 * zero;
        gas.floor = floor.saturating_sub(gas.total());
    }
    Ok(gas)
}
