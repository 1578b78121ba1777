/** The service at a moment, as `/v1/operator/summary` tells it. `zkseal.service.schemas.OperatorSummary` in TypeScript. */

export interface Queue {
  readonly queued: number;
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly oldest_queued_ms: number | null;
}

export interface WorkerLine {
  readonly id: string;
  readonly capacity: number;
  readonly started_at: number;
  readonly seen_ms_ago: number;
}

export interface Minute {
  /** Its begin, in milliseconds since 1970. */
  readonly minute: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
}

export interface PhaseLine {
  readonly phase: string;
  readonly jobs: number;
  readonly mean_ms: number;
  readonly p95_ms: number;
  readonly total_ms: number;
}

export interface FailureLine {
  readonly code: string;
  readonly count: number;
  readonly last_at: number;
}

export interface ModelLine {
  readonly model_id: string;
  /** Null for a model that was deleted. */
  readonly name: string | null;
  readonly tenant: string | null;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly busy_ms: number;
  /** Of workers, for each receipt. */
  readonly mean_ms: number | null;
}

export interface ReceiptLine {
  readonly digest: string;
  readonly model_id: string;
  readonly job_id: string;
  readonly created_at: number;
}

export interface RunningLine {
  readonly id: string;
  readonly model_id: string;
  readonly kind: string;
  readonly phase: string | null;
  readonly progress: number;
  readonly running_ms: number;
  readonly worker: string | null;
  readonly attempt: number;
}

export interface Summary {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly version: string;
  /** Throughput, phases, failures and models are of so many last minutes. */
  readonly minutes: number;
  readonly queue: Queue;
  readonly workers: readonly WorkerLine[];
  readonly throughput: readonly Minute[];
  readonly phases: readonly PhaseLine[];
  readonly failures: readonly FailureLine[];
  readonly models: readonly ModelLine[];
  readonly receipts: { readonly count: number; readonly newest: readonly ReceiptLine[] };
  readonly running: readonly RunningLine[];
  readonly storage: { readonly artifacts: number; readonly artifact_bytes: number; readonly tenants: number };
  readonly verifications: {
    readonly proved: number;
    readonly rejected: number;
    readonly refused: number;
    readonly open: number;
    readonly predicted_wait_ms: number;
  };
}

const LISTS = ["workers", "throughput", "phases", "failures", "models", "running"] as const;
const TABLES = ["queue", "receipts", "storage", "verifications"] as const;

/** The document of an event. Throws `TypeError` for one of another form: another release of the service, or no service. */
export function readSummary(text: string): Summary {
  const value: unknown = JSON.parse(text);
  if (typeof value !== "object" || value === null) throw new TypeError("no summary");
  const found = value as Record<string, unknown>;
  const lists = LISTS.every((name) => Array.isArray(found[name]));
  const tables = TABLES.every((name) => typeof found[name] === "object" && found[name] !== null);
  if (!lists || !tables || typeof found["minutes"] !== "number") throw new TypeError("another form of summary");
  return value as Summary;
}
