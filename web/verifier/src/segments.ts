/**
 * Verification of proofs in segments (docs/protocol/10-segments.md). Every piece is a proof of its segment for a context that
 * names the whole: statement, all boundaries, position. What crosses between two segments is one list of commitments.
 */

import { sha256 } from "@noble/hashes/sha2.js";

import { concat } from "./cbor.js";
import type { Claim, Core } from "./core.js";
import { ZksealError } from "./errors.js";
import type { SegmentedEvidence } from "./receipt.js";
import { ascii, column, inSegment, type SegmentedKey, words } from "./segmented_key.js";
import { requireSides, type Statement } from "./statement.js";

/**
 * Checks the proofs of all segments. `publicInputs` are the numbers of public inputs.
 *
 * Throws `StatementMismatch`, and what a proof is refused for; `details.segment` says which.
 */
export function verifySegments(
  core: Core,
  key: SegmentedKey,
  statement: Statement,
  evidence: SegmentedEvidence,
  publicInputs: ReadonlySet<number>,
): void {
  const count = key.segments.length;
  if (evidence.proofs.length !== count) {
    const message = `The receipt holds ${evidence.proofs.length} proofs; the model has ${count} segments.`;
    throw new ZksealError("StatementMismatch", message, { column: "evidence" });
  }
  requireSides(statement, publicInputs);
  requireStated(key, statement);
  key.segments.forEach((segment, index) => {
    inSegment(index, () => core.verify(segment.encoding, claimOf(key, statement, evidence, index)));
  });
}

/** The statement has values of exactly the public tensors. */
function requireStated(key: SegmentedKey, { input, output }: Statement): void {
  const stated = new Set(key.tensors.filter((tensor) => tensor.column === "public").map((tensor) => tensor.index));
  const given = new Set([...input.values.keys(), ...output.values.keys()]);
  const misfits = [...[...stated].filter((index) => !given.has(index)), ...[...given].filter((index) => !stated.has(index))];
  if (misfits.length === 0) return;
  const tensor = misfits.reduce((least, index) => Math.min(least, index));
  const message = `The statement lacks the values of public tensor ${tensor}, or has values of one that is none.`;
  throw new ZksealError("StatementMismatch", message, { tensor });
}

function claimOf(key: SegmentedKey, statement: Statement, evidence: SegmentedEvidence, index: number): Claim {
  const { input, output } = statement;
  const { boundaries, proofs } = evidence;
  const segment = key.segments[index] ?? key.segments[0];
  const values = column(segment, "public").map(({ index: tensor }, at): readonly [number, Uint8Array] => {
    const number = segment.numbers[at] ?? -1;
    return [tensor, input.values.get(number) ?? output.values.get(number) ?? new Uint8Array()];
  });
  return {
    context: contextOf(statement, evidence, index),
    values,
    input: index === 0 ? input.commitments : (boundaries[index - 1] ?? []),
    output: index === key.segments.length - 1 ? output.commitments : (boundaries[index] ?? []),
    proof: proofs[index] ?? new Uint8Array(),
  };
}

/** Position, number of segments, and a digest of everything. */
function contextOf(statement: Statement, { boundaries }: SegmentedEvidence, index: number): Uint8Array {
  const digest = sha256
    .create()
    .update(ascii("zkseal segmented statement v1"))
    .update(statement.digest)
    .update(words([boundaries.length]));
  for (const boundary of boundaries) digest.update(words([boundary.length])).update(concat(boundary));
  return concat([ascii("zkseal segment v1"), words([index, boundaries.length + 1]), digest.digest()]);
}
