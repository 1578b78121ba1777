//! Degree-2 sumcheck rounds of stages 5.2 and 5.3 (book, chapter 5).

use zkseal_field::Fr;
use zkseal_transcript::Transcript;

/// Labels of one sumcheck.
#[derive(Debug, Clone, Copy)]
pub struct Labels {
    /// Of the round polynomials.
    pub round: &'static str,
    /// Of the challenges.
    pub point: &'static str,
}

/// Stage 5.2.
pub const PRODUCT: Labels = Labels { round: "product round", point: "product point" };
/// Stage 5.3 (a).
pub const ROW: Labels = Labels { round: "row round", point: "row point" };
/// Stage 5.3 (c).
pub const COLUMN: Labels = Labels { round: "column round", point: "column point" };

/// What the rounds leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluationClaim {
    /// The point, variable 0 first.
    pub point: Vec<Fr>,
    /// Claimed value there.
    pub value: Fr,
}

/// Runs the rounds, one variable each, the last variable first.
///
/// With no rounds the claim is passed on unchanged: the caller must test it against something committed.
///
/// # Soundness
/// The number of rounds is that of the layout, checked when the proof was decoded; a round polynomial has degree 2 by its
/// encoding; each is absorbed before its challenge.
#[must_use]
pub fn run_rounds(transcript: &mut Transcript, labels: Labels, rounds: &[[Fr; 2]], claim: Fr) -> EvaluationClaim {
    let (mut point, mut value) = (Vec::with_capacity(rounds.len()), claim);
    for round in rounds {
        transcript.absorb_scalars(labels.round, round);
        let x = transcript.challenge(labels.point);
        let [s0, s2] = *round;
        let s1 = value - s0 - s0 - s2;
        value = s0 + (s1 + s2 * x) * x;
        point.push(x);
    }
    point.reverse();
    EvaluationClaim { point, value }
}
