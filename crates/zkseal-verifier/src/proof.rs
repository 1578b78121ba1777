//! Proof bytes (book, chapter 6). The layout dictates the shape; there are no length fields.

use crate::error::{Verified, VerifyError};
use zkseal_commit::{ipa, kzg};
use zkseal_field::{AffineRepr, EncodingError, Fr, G1Affine, compress, decode_scalar, decompress, encode_scalar};
use zkseal_relation::{Column, Layout, LookupArgument, Opening};

/// One layer of the fraction tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeLayer {
    /// (h_1, h_2) for each round.
    pub rounds: Vec<[Fr; 2]>,
    /// p^_0, p^_1, q^_0, q^_1.
    pub values: [Fr; 4],
}

/// Stage 5.1-H.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelperProof {
    /// Commitments of the rows of the helper column.
    pub commitments: Vec<G1Affine>,
    /// s_0, s_2 .. s_{L+2} for each of the n + 1 rounds.
    pub rounds: Vec<Vec<Fr>>,
    /// K_1 .. K_L, H, M.
    pub values: Vec<Fr>,
}

/// Stage 5.1, by either argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupProof {
    /// The relation has no lookups.
    None,
    /// 5.1-G, layer by layer.
    Tree(Vec<TreeLayer>),
    /// 5.1-H.
    Helper(HelperProof),
}

/// Stage 5.3 (d), by either scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpeningProof {
    /// Inner-product argument.
    Ipa(ipa::OpeningProof),
    /// Mercury over KZG.
    Kzg(Box<kzg::OpeningProof>),
}

/// All messages of the prover, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Commitments of the witness rows.
    pub witness: Vec<G1Affine>,
    /// Commitment of mu.
    pub mask: G1Affine,
    /// Stage 5.1.
    pub lookups: LookupProof,
    /// (s_0, s_2) for each round of 5.2.
    pub product_rounds: Vec<[Fr; 2]>,
    /// U, V.
    pub product_values: [Fr; 2],
    /// (s_0, s_2) for each round of 5.3 (a).
    pub row_rounds: Vec<[Fr; 2]>,
    /// Commitments of q and q'.
    pub blinding: [G1Affine; 2],
    /// t_q.
    pub blinding_value: Fr,
    /// (s_0, s_2) for each round of 5.3 (c).
    pub column_rounds: Vec<[Fr; 2]>,
    /// y, s.
    pub combined: [Fr; 2],
    /// Stage 5.3 (d).
    pub opening: OpeningProof,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn word(&mut self) -> Verified<[u8; 32]> {
        let end = self.at.saturating_add(32);
        let word = self.bytes.get(self.at..end).and_then(|slice| slice.try_into().ok());
        let got = self.bytes.len();
        let word = word.ok_or(VerifyError::WrongLength { what: "proof", expected: end, got })?;
        self.at = end;
        Ok(word)
    }

    fn located<T>(&self, what: &'static str, result: Result<T, EncodingError>) -> Verified<T> {
        result.map_err(|cause| VerifyError::Encoding { what, at: self.at.saturating_sub(32), cause })
    }

    fn scalar(&mut self) -> Verified<Fr> {
        let word = self.word()?;
        self.located("proof scalar", decode_scalar(&word))
    }

    fn point(&mut self) -> Verified<G1Affine> {
        let word = self.word()?;
        self.located("proof point", decompress(&word))
    }

    fn commitment(&mut self, what: &'static str, index: usize) -> Verified<G1Affine> {
        let point = self.point()?;
        if point.is_zero() { Err(VerifyError::IdentityPoint { what, index }) } else { Ok(point) }
    }

    fn scalars<const N: usize>(&mut self) -> Verified<[Fr; N]> {
        let mut out = [Fr::default(); N];
        for slot in &mut out {
            *slot = self.scalar()?;
        }
        Ok(out)
    }

    fn rounds(&mut self, count: usize) -> Verified<Vec<[Fr; 2]>> {
        (0..count).map(|_| self.scalars()).collect()
    }

    fn list(&mut self, count: usize) -> Verified<Vec<Fr>> {
        (0..count).map(|_| self.scalar()).collect()
    }

    fn commitments(&mut self, what: &'static str, count: usize) -> Verified<Vec<G1Affine>> {
        (0..count).map(|index| self.commitment(what, index)).collect()
    }

    fn lookups(&mut self, layout: &Layout) -> Verified<LookupProof> {
        let vars = layout.lookup_vars;
        match layout.params.argument {
            _ if layout.blocks.is_empty() => Ok(LookupProof::None),
            LookupArgument::Tree => {
                let layer = |layer: usize, reader: &mut Self| -> Verified<TreeLayer> {
                    Ok(TreeLayer { rounds: reader.rounds(layer.saturating_add(1))?, values: reader.scalars()? })
                };
                Ok(LookupProof::Tree((0..vars).map(|index| layer(index, self)).collect::<Verified<_>>()?))
            }
            LookupArgument::Helper { lanes } => {
                let degree = usize::from(lanes).saturating_add(2);
                let commitments = self.commitments("helper commitment", layout.num_rows(Column::Helper))?;
                let rounds = (0..=vars).map(|_| self.list(degree)).collect::<Verified<_>>()?;
                Ok(LookupProof::Helper(HelperProof { commitments, rounds, values: self.list(degree)? }))
            }
        }
    }

    fn opening(&mut self, layout: &Layout) -> Verified<OpeningProof> {
        match layout.params.opening {
            Opening::Ipa => {
                let count = usize::from(layout.params.log_row);
                let rounds = (0..count).map(|_| Ok((self.point()?, self.point()?))).collect::<Verified<_>>()?;
                Ok(OpeningProof::Ipa(ipa::OpeningProof { rounds, a: self.scalar()? }))
            }
            Opening::Kzg => {
                let mut points = [G1Affine::default(); 7];
                for slot in &mut points {
                    *slot = self.point()?;
                }
                Ok(OpeningProof::Kzg(Box::new(kzg::OpeningProof { points, values: self.scalars()? })))
            }
        }
    }
}

impl Proof {
    /// Strict decoding: exact length, canonical scalars and points, no identity where a commitment is needed.
    ///
    /// # Errors
    /// [`VerifyError::WrongLength`], [`VerifyError::Encoding`], [`VerifyError::IdentityPoint`].
    pub fn decode(layout: &Layout, bytes: &[u8]) -> Verified<Self> {
        let expected = layout.proof_bytes();
        if bytes.len() != expected {
            return Err(VerifyError::WrongLength { what: "proof", expected, got: bytes.len() });
        }
        let mut reader = Reader { bytes, at: 0 };
        let witness = reader.commitments("witness commitment", layout.num_rows(Column::Witness))?;
        let mask = reader.commitment("mask commitment", 0)?;
        let lookups = reader.lookups(layout)?;
        let product_rounds = reader.rounds(layout.product_vars)?;
        let product_values = reader.scalars()?;
        let row_rounds = reader.rounds(layout.row_vars)?;
        let blinding = [reader.commitment("blinding commitment", 0)?, reader.commitment("blinding commitment", 1)?];
        let blinding_value = reader.scalar()?;
        let log_row = usize::from(layout.params.log_row);
        let column_rounds = reader.rounds(log_row.saturating_add(1))?;
        let combined = reader.scalars()?;
        let opening = reader.opening(layout)?;
        Ok(Self {
            witness,
            mask,
            lookups,
            product_rounds,
            product_values,
            row_rounds,
            blinding,
            blinding_value,
            column_rounds,
            combined,
            opening,
        })
    }

    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let point = |out: &mut Vec<u8>, point: &G1Affine| out.extend_from_slice(&compress(point));
        let scalars = |out: &mut Vec<u8>, scalars: &[Fr]| {
            scalars.iter().for_each(|scalar| out.extend_from_slice(&encode_scalar(scalar)));
        };
        self.witness.iter().for_each(|commitment| point(&mut out, commitment));
        point(&mut out, &self.mask);
        match &self.lookups {
            LookupProof::None => {}
            LookupProof::Tree(layers) => {
                for layer in layers {
                    layer.rounds.iter().for_each(|round| scalars(&mut out, round));
                    scalars(&mut out, &layer.values);
                }
            }
            LookupProof::Helper(helper) => {
                helper.commitments.iter().for_each(|commitment| point(&mut out, commitment));
                helper.rounds.iter().for_each(|round| scalars(&mut out, round));
                scalars(&mut out, &helper.values);
            }
        }
        self.product_rounds.iter().for_each(|round| scalars(&mut out, round));
        scalars(&mut out, &self.product_values);
        self.row_rounds.iter().for_each(|round| scalars(&mut out, round));
        self.blinding.iter().for_each(|commitment| point(&mut out, commitment));
        scalars(&mut out, &[self.blinding_value]);
        self.column_rounds.iter().for_each(|round| scalars(&mut out, round));
        scalars(&mut out, &self.combined);
        match &self.opening {
            OpeningProof::Ipa(opening) => {
                for (left, right) in &opening.rounds {
                    point(&mut out, left);
                    point(&mut out, right);
                }
                scalars(&mut out, &[opening.a]);
            }
            OpeningProof::Kzg(opening) => {
                opening.points.iter().for_each(|commitment| point(&mut out, commitment));
                scalars(&mut out, &opening.values);
            }
        }
        out
    }
}
