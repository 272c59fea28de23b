import { createCapabilities, createSchema, type Row, type Source } from "vantage-diorama";
import { deriveSeed } from "vantage-diorama/testing";
import type { CrashSink, SinkKind } from "./crash-sink.ts";

/** What all the processes of a crash trial share. */
export interface CrashSetting {
  readonly folder: string;
  readonly sink: SinkKind;
  readonly durability: "fsync" | "process" | "memory";
  readonly concurrency: number;
  /** Whether some ops are refused for good. */
  readonly hasPoison: boolean;
}

/** What one process is told. */
export interface CrashLifeSetting extends CrashSetting {
  readonly life: number;
  readonly seed: number;
  /** Whether it may read the master again: else what it shows comes from its own files alone. */
  readonly refreshes: boolean;
}

/** What a process reports of a write: before the call, and what became of the call. */
export interface Intent {
  readonly opId: string;
  readonly kind: "insert" | "add" | "replace" | "patch" | "delete" | "deleteAll";
  /** Absent for what concerns every row, and for `add`. */
  readonly id?: string | undefined;
}

export const CRASH_IDS: readonly string[] = ["r0", "r1", "r2", "r3", "r4", "r5"];

const POISON_OF_1000 = 40;

/** Whether the destination refuses the op for good, however often it comes. */
export function isPoison({ hasPoison }: CrashSetting, opId: string): boolean {
  return hasPoison && deriveSeed(1, opId) % 1_000 < POISON_OF_1000;
}

/** The master: what the sink holds. It says nothing of versions, and never changes by itself. */
export function createCrashMaster(sink: CrashSink): Source {
  return {
    name: "things",
    schema: createSchema({ id: "id", columns: { id: "text", n: "integer", group: "text", text: "text" } }),
    capabilities: createCapabilities({}),
    fingerprint: () => "the sink of a crash trial",
    read: async function* () {
      yield [...sink.rows()];
    },
    get: async (id: string): Promise<Row | undefined> => sink.rows().get(id),
  };
}
