/** The worker: reads files, holds one receipt and one key, verifies. The page never waits for it. */

import { loadVerifier, readReceipt, type Verifier, ZksealError } from "@zkseal/verifier";

import { answerAppraiser, type AppraiseAnswer } from "./attestation.js";
import type { Answer, KeyFound, Part, ReceiptFound, Task, Verification } from "./exchange.js";
import { keyFound, receiptFound } from "./found.js";
import { LIMITS } from "./limits.js";
import { type Evidence, failure, verification } from "./verification.js";

interface Numbered {
  readonly task: number;
  readonly asked: Task;
}

class VerificationWorker {
  private verifier: Promise<Verifier> | null = null;
  private appraiseAnswer: AppraiseAnswer | null = null;
  private receipt: Pick<Evidence, "receipt" | "found"> | null = null;
  private key: Evidence["key"] = null;

  async do(asked: Task): Promise<ReceiptFound | KeyFound | Verification | null> {
    switch (asked.kind) {
      case "start":
        this.verifier = loadVerifier(moduleBytes(asked.modules.verifier));
        this.appraiseAnswer = answerAppraiser(() => moduleBytes(asked.modules.attest));
        await this.verifier;
        return null;
      case "forget":
        this[asked.part] = null;
        return null;
      case "read":
        this[asked.part] = null;
        return asked.part === "receipt" ? await this.readReceipt(asked.file) : await this.readKey(asked.file);
      case "verify":
        if (this.receipt === null) throw new ZksealError("FileUnavailable", "There is no receipt yet.");
        return await verification({ ...this.receipt, key: this.key }, asked.expectation, await this.verifiers());
    }
  }

  private async readReceipt(file: Blob): Promise<ReceiptFound> {
    const receipt = readReceipt(await bytesOf(file, "receipt"));
    const found = receiptFound(receipt, file.size);
    this.receipt = { receipt, found };
    return found;
  }

  private async readKey(file: Blob): Promise<KeyFound> {
    const { verifier } = await this.verifiers();
    const bytes = await bytesOf(file, "key");
    const start = performance.now();
    const read = verifier.readVerifyingKey(bytes);
    const found = keyFound(read, file.size, performance.now() - start);
    this.key = { read, found };
    return found;
  }

  private async verifiers(): Promise<{ verifier: Verifier; appraiseAnswer: AppraiseAnswer }> {
    if (this.verifier === null || this.appraiseAnswer === null) {
      throw new ZksealError("InternalError", "The worker was asked before it was started.");
    }
    return { verifier: await this.verifier, appraiseAnswer: this.appraiseAnswer };
  }
}

/** The bytes of a module, which may be compressed: `.gz` to servers and browsers that know nothing of it. */
async function moduleBytes(source: string | ArrayBuffer): Promise<ArrayBuffer> {
  const bytes = typeof source === "string" ? await fetchedModule(source) : source;
  const head = new Uint8Array(bytes, 0, 2);
  if (head[0] !== 0x1f || head[1] !== 0x8b) return bytes;
  const unpacked = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return await new Response(unpacked).arrayBuffer();
}

async function fetchedModule(address: string): Promise<ArrayBuffer> {
  const response = await fetch(address).catch(() => null);
  if (response?.ok === true) return await response.arrayBuffer();
  const message = "The verifier's module cannot be fetched from where this page came from.";
  throw new ZksealError("FileUnavailable", message, {}, "Reload the page.");
}

/** The page has refused larger files already; a file may have grown since. */
async function bytesOf(file: Blob, part: Part): Promise<Uint8Array> {
  if (file.size > LIMITS[part]) throw new ZksealError("WrongLength", "The file has grown since it was chosen.");
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new ZksealError(
      "FileUnavailable",
      "The file cannot be read: it was changed, moved or locked since it was chosen.",
      {},
      "Choose it again.",
    );
  }
}

const worker = new VerificationWorker();
// One after the other: a key that is asked for is there when the verification that needs it begins.
let last: Promise<void> = Promise.resolve();

addEventListener("message", (event: MessageEvent<Numbered>) => {
  const { task, asked } = event.data;
  last = last.then(async () => {
    let answer: Answer;
    try {
      answer = { task, found: await worker.do(asked) };
    } catch (error) {
      const known =
        error instanceof ZksealError
          ? error
          : new ZksealError("InternalError", `The verifier failed: ${String(error)}.`);
      answer = { task, failure: failure(known) };
    }
    postMessage(answer);
  });
});
