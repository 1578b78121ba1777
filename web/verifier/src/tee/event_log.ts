/**
 * The log of a measured boot: what firmware, boot loader and kernel extended into the PCRs, read strictly and replayed.
 * `zkseal.tee.event_log` in TypeScript.
 *
 * Nobody signs the log. It is believed as far as replaying it gives the values that the TPM signed, and that covers digests
 * alone: the text of an event is a hint, unless the text is what was hashed.
 *
 * Source: TCG PC Client Platform Firmware Profile Specification, family 2.0, 10.2 (crypto agile log).
 */

import { concat } from "../cbor.js";
import { ZksealError } from "../errors.js";
import { toHex } from "../hex.js";
import { ascii, isZero, littleEndian, padStart, sameBytes, startsWith } from "./bytes.js";
import { DIGEST_BYTES, hash, type HashName } from "./hashes.js";
import { TPM_HASHES } from "./tpm_structures.js";

const MAX_LOG_BYTES = 1 << 20;
const MAX_EVENTS = 4096;
const NUM_PCRS = 24;

const EV_NO_ACTION = 0x03;
const EV_EVENT_TAG = 0x06;
const EV_IPL = 0x0d;

const SIGNATURE = ascii("Spec ID Event03\0");
const LOCALITY = ascii("StartupLocality\0");
/** Events without a PCR carry this in its place. */
const NO_PCR = 0xffffffff;

// Tags of Linux's EFI stub (drivers/firmware/efi/libstub/efistub.h).
const TAG_LOAD_OPTIONS = 0x8f3b22ed;
const TAG_INITRD = 0x8f3b22ec;
/** What GRUB writes before the command line that it measures (grub-core/commands/tpm.c). */
const GRUB_COMMAND_LINE = ascii("kernel_cmdline: ");

/** One entry. */
export interface Event {
  /** Which PCR was extended; null where nothing is extended. */
  readonly pcr: number | null;
  /** Its type, a number of the specification's table 9. */
  readonly kind: number;
  /** For each bank what was extended. */
  readonly digests: ReadonlyMap<HashName, Uint8Array>;
  /** What the log says about it. */
  readonly data: Uint8Array;
}

function refused(reason: string): ZksealError {
  return new ZksealError("InvalidEncoding", `The event log is malformed: ${reason}.`, { reason: "event log" });
}

/** Little-endian bytes, bounds checked. */
class Reader {
  private at = 0;

  constructor(private readonly data: Uint8Array) {}

  get left(): number {
    return this.data.length - this.at;
  }

  take(count: number): Uint8Array {
    if (count > this.left) throw refused(`it ends at byte ${this.data.length}, inside an entry`);
    this.at += count;
    return this.data.subarray(this.at - count, this.at);
  }

  number(count: number): number {
    return littleEndian(this.take(count));
  }
}

/** The events of a crypto agile log, without its header. Throws `InvalidEncoding`. */
export function parseEventLog(data: Uint8Array): readonly Event[] {
  if (data.length > MAX_LOG_BYTES) throw refused(`${data.length} bytes are more than ${MAX_LOG_BYTES}`);
  const reader = new Reader(data);
  const banks = readHeader(reader);
  const events: Event[] = [];
  while (reader.left > 0) {
    if (events.length === MAX_EVENTS) throw refused(`it has more than ${MAX_EVENTS} events`);
    events.push(readEvent(reader, banks));
  }
  return events;
}

/** Sizes of digests by algorithm, from the first entry, which has the form of older logs. */
function readHeader(reader: Reader): ReadonlyMap<number, number> {
  const [pcr, kind] = [reader.number(4), reader.number(4)];
  if (pcr !== 0 || kind !== EV_NO_ACTION || !isZero(reader.take(20))) {
    throw refused("it does not begin with the header of a crypto agile log");
  }
  const header = new Reader(reader.take(reader.number(4)));
  if (!sameBytes(header.take(16), SIGNATURE)) throw refused("its header has another signature");
  header.take(4); // platform class
  const [, major, , word] = header.take(4);
  if (major !== 2 || (word !== 1 && word !== 2)) throw refused("its header is of another version");
  const banks = new Map<number, number>();
  for (let left = header.number(4); left > 0; left--) {
    const [algorithm, size] = [header.number(2), header.number(2)];
    const known = TPM_HASHES.get(algorithm);
    if (banks.has(algorithm) || size === 0 || (known !== undefined && DIGEST_BYTES[known] !== size)) {
      throw refused("its header lists an algorithm twice or with a wrong size");
    }
    banks.set(algorithm, size);
  }
  header.take(header.number(1)); // vendor's
  if (header.left > 0 || banks.size === 0) throw refused("its header has no algorithms, or bytes follow it");
  return banks;
}

function readEvent(reader: Reader, banks: ReadonlyMap<number, number>): Event {
  const [pcr, kind] = [reader.number(4), reader.number(4)];
  if (reader.number(4) !== banks.size) throw refused("an event has not one digest for each algorithm");
  const digests = new Map<number, Uint8Array>();
  for (let left = banks.size; left > 0; left--) {
    const algorithm = reader.number(2);
    const size = banks.get(algorithm);
    if (size === undefined || digests.has(algorithm)) throw refused("an event has not one digest for each algorithm");
    digests.set(algorithm, reader.take(size));
  }
  const data = reader.take(reader.number(4));
  if (kind === EV_NO_ACTION) {
    // Informative: nothing is extended, so there is nothing to hash.
    if (![...digests.values()].every(isZero) || (pcr >= NUM_PCRS && pcr !== NO_PCR)) {
      throw refused("an event that extends nothing has a digest");
    }
  } else if (pcr >= NUM_PCRS) {
    throw refused(`there is no PCR ${pcr}`);
  }
  const named = new Map<HashName, Uint8Array>();
  for (const [algorithm, digest] of digests) {
    const name = TPM_HASHES.get(algorithm);
    if (name !== undefined) named.set(name, digest);
  }
  return { pcr: kind === EV_NO_ACTION ? null : pcr, kind, digests: named, data };
}

/** The value of each PCR that the events extend, in one bank. Throws `InvalidEncoding`. */
export function replay(events: readonly Event[], bank: HashName): ReadonlyMap<number, Uint8Array> {
  const values = new Map<number, Uint8Array>();
  for (const event of events) {
    if (event.pcr === null) {
      if (startsWith(event.data, LOCALITY)) start(values, event.data.subarray(LOCALITY.length), DIGEST_BYTES[bank]);
      continue;
    }
    const digest = event.digests.get(bank);
    if (digest === undefined) throw refused(`it has no digests of ${bank}`);
    const value = values.get(event.pcr) ?? new Uint8Array(digest.length);
    values.set(event.pcr, hash(bank, concat([value, digest])));
  }
  return values;
}

/** TPM2_Startup from another locality than 0 starts PCR 0 with its number (Library, part 3, 9.3). */
function start(values: Map<number, Uint8Array>, locality: Uint8Array, size: number): void {
  if (locality.length !== 1 || (locality[0] ?? 0) > 4 || values.has(0)) {
    throw refused("its locality of startup is none, or comes too late");
  }
  values.set(0, padStart(locality, size));
}

/** Whether `measured` is what was extended, in every bank. */
function holds(event: Event, measured: Uint8Array): boolean {
  return event.digests.size > 0 && [...event.digests].every(([bank, digest]) => sameBytes(hash(bank, measured), digest));
}

/** What the events of PCR 8 and 9 say about the kernel, to look at; a policy compares PCR values. */
export function bootClaims(events: readonly Event[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const event of events) {
    if (event.pcr !== 8 && event.pcr !== 9) continue;
    const sha256 = event.digests.get("sha256");
    if (event.kind === EV_IPL) {
      const text = withoutZeros(event.data);
      if (!startsWith(event.data, GRUB_COMMAND_LINE)) continue;
      const line = startsWith(text, GRUB_COMMAND_LINE) ? text.subarray(GRUB_COMMAND_LINE.length) : text;
      if (holds(event, line)) found.set("kernel_command_line", new TextDecoder("utf-8", { ignoreBOM: true }).decode(line));
    } else if (event.kind === EV_EVENT_TAG && sha256 !== undefined) {
      const tag = littleEndian(event.data.subarray(0, 4));
      if (tag === TAG_LOAD_OPTIONS) found.set("kernel_load_options_sha256", toHex(sha256));
      else if (tag === TAG_INITRD) found.set("initrd_sha256", toHex(sha256));
    }
  }
  return found;
}

function withoutZeros(data: Uint8Array): Uint8Array {
  return data.subarray(0, data.findLastIndex((byte) => byte !== 0) + 1);
}
