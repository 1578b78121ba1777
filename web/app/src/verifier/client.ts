/** The page's end of the worker. A worker that is stopped is replaced, and gets the same files again. */

import type {
  Answer,
  Expectation,
  Failure,
  KeyFound,
  Modules,
  Part,
  ReceiptFound,
  Task,
  Verification,
} from "./exchange.js";

/** What a task ended with, if not well. */
export class TaskFailed extends Error {
  constructor(readonly failure: Failure) {
    super(failure.message);
  }
}

/** The task was stopped by the user. */
export class TaskStopped extends Error {}

interface Waiting {
  readonly resolve: (found: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Scripts of workers come from one place only, also where the browser asks to say so (Trusted Types). */
interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL: (url: string) => string },
  ): { createScriptURL(url: string): string };
}

function trusted(url: string): string {
  const factory = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
  return factory === undefined
    ? url
    : (policy ??= factory.createPolicy("zkseal-worker", { createScriptURL: (own) => own })).createScriptURL(url);
}
let policy: ReturnType<TrustedTypes["createPolicy"]> | undefined;

export class VerificationClient {
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, Waiting>();
  private readonly files = new Map<Part, Blob>();
  private tasks = 0;
  /** A new worker has what the old one had: until then nothing else is asked. */
  private restored: Promise<void> = Promise.resolve();

  constructor(
    private readonly script: string,
    private readonly modules: () => Modules,
  ) {}

  /** Loads the verifier before somebody needs it. */
  async start(): Promise<void> {
    await this.ask({ kind: "start", modules: this.modules() });
  }

  read(part: "receipt", file: Blob): Promise<ReceiptFound>;
  read(part: "key", file: Blob): Promise<KeyFound>;
  async read(part: Part, file: Blob): Promise<ReceiptFound | KeyFound> {
    await this.restored;
    const found = await this.ask({ kind: "read", part, file });
    this.files.set(part, file);
    return found as ReceiptFound | KeyFound;
  }

  async forget(part: Part): Promise<void> {
    await this.restored;
    this.files.delete(part);
    await this.ask({ kind: "forget", part });
  }

  async verify(expectation: Expectation): Promise<Verification> {
    await this.restored;
    return (await this.ask({ kind: "verify", expectation })) as Verification;
  }

  /** Ends whatever runs. What was read well is read again by the next worker. */
  async stop(): Promise<void> {
    this.end(new TaskStopped("stopped"));
    // Its outcome is this call's; whoever waits for the new worker finds out by asking.
    const restoring = this.restore();
    this.restored = restoring.catch(() => undefined);
    await restoring;
  }

  private async restore(): Promise<void> {
    await this.start();
    for (const [part, file] of this.files) await this.ask({ kind: "read", part, file });
  }

  private ask(asked: Task): Promise<unknown> {
    const worker = (this.worker ??= this.hire());
    const task = ++this.tasks;
    return new Promise((resolve, reject) => {
      this.waiting.set(task, { resolve, reject });
      worker.postMessage({ task, asked });
    });
  }

  private hire(): Worker {
    const worker = new Worker(trusted(this.script));
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
      const waiting = this.waiting.get(data.task);
      this.waiting.delete(data.task);
      if ("failure" in data) waiting?.reject(new TaskFailed(data.failure));
      else waiting?.resolve(data.found);
    });
    worker.addEventListener("error", () => {
      const remedy =
        "Serve this folder by any web server, or use the single-file verifier; browsers start no programs beside a page that is opened as a file.";
      const message = "The verifier's program does not start in this browser.";
      this.end(new TaskFailed({ code: "MissingDependency", message, remedy, details: {} }));
    });
    return worker;
  }

  private end(reason: Error): void {
    this.worker?.terminate();
    this.worker = null;
    for (const { reject } of this.waiting.values()) reject(reason);
    this.waiting.clear();
  }
}
