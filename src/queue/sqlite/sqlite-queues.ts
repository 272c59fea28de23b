import { DioramaError, messageOf, TimeSlice } from "../../base/index.ts";
import { Turns } from "../../sqlite/index.ts";
import type { LostOp, OpenQueueOptions, QueueBackend, QueuedOp, WriteQueue } from "../write-queue.ts";
import { decodeQueuedOp } from "./op-record.ts";
import { Outbox } from "./outbox.ts";
import type { QueueLink, RecordPacket } from "./protocol.ts";
import { SqliteQueue } from "./sqlite-queue.ts";

/** The durable queues of one folder. */
export class SqliteQueues implements QueueBackend {
  readonly durable = true;
  readonly #folder: string;
  readonly #link: QueueLink;
  readonly #outbox: Outbox;
  readonly #onClosed: () => void;
  /** Undefined: being opened. */
  readonly #open = new Map<string, SqliteQueue | undefined>();
  /** Losses are asked for once at a time: each is told once. */
  readonly #telling = new Turns();
  #closing: Promise<void> | undefined;

  constructor(folder: string, link: QueueLink, onClosed: () => void) {
    this.#folder = folder;
    this.#link = link;
    this.#outbox = new Outbox(link);
    this.#onClosed = onClosed;
    link.onNotice(() => void this.#telling.run(() => this.#tellLosses()));
  }

  async openQueue(name: string, { durability = "fsync" }: OpenQueueOptions = {}): Promise<WriteQueue> {
    this.#mustRun();
    if (this.#open.has(name)) {
      throw new DioramaError("inUse", `queue ${JSON.stringify(name)} is open already; close what holds it`, {
        place: { vista: name },
      });
    }
    this.#open.set(name, undefined);
    try {
      // Where there was no file and nothing was written, there is nothing to ask for.
      const kept = this.#link.hasRun ? await this.#readAll(name) : [];
      const lost = this.#link.hasRun ? await this.#takeLost(name) : [];
      this.#mustRun();
      const opened = { name, flushes: durability === "fsync", kept, lost };
      const queue = new SqliteQueue(this.#outbox, opened, () => this.#open.delete(name));
      this.#open.set(name, queue);
      return queue;
    } catch (error) {
      this.#open.delete(name);
      throw error;
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #takeLost(queue: string): Promise<readonly LostOp[]> {
    const lost = await this.#link.call("lost", { queue });
    // Where that can't be noted, as on a full disk, they are told again the next time.
    if (lost.length > 0) await this.#link.call("lostTold", { queue }).catch(() => undefined);
    return lost;
  }

  /** The worker has told of something: where that was damage, those who have a queue open have lost by it. */
  async #tellLosses(): Promise<void> {
    for (const [name, queue] of this.#open) {
      if (queue?.listener === undefined || this.#closing !== undefined) continue;
      try {
        const lost = await this.#takeLost(name);
        if (lost.length > 0) queue.listener?.(lost);
      } catch {
        // They stay in the file until somebody is told.
      }
    }
  }

  /** Decoded in slices, while the worker reads on. */
  async #readAll(name: string): Promise<readonly QueuedOp[]> {
    const kept: QueuedOp[] = [];
    const slice = new TimeSlice();
    let packet = await this.#read(name, 0);
    while (packet.sequences.length > 0) {
      const next = this.#read(name, packet.sequences.at(-1) ?? 0);
      // It is awaited below, unless decoding fails before.
      next.catch(() => undefined);
      await this.#decode(name, packet, kept, slice);
      packet = await next;
    }
    return kept;
  }

  async #decode(name: string, packet: RecordPacket, kept: QueuedOp[], slice: TimeSlice): Promise<void> {
    let start = 0;
    for (const [index, sequence] of packet.sequences.entries()) {
      const end = packet.ends[index] ?? start;
      try {
        kept.push(decodeQueuedOp(packet.bytes.subarray(start, end)).queued);
      } catch (error) {
        await this.#link.call("giveUp", { queue: name, sequence, reason: messageOf(error) });
      }
      start = end;
      if (slice.isOver) await slice.next();
    }
  }

  #read(queue: string, after: number): Promise<RecordPacket> {
    return this.#link.call("read", { queue, after });
  }

  #mustRun(): void {
    if (this.#closing === undefined) return;
    throw new DioramaError("closed", `the queues in ${this.#folder} are closed; open others`);
  }

  async #close(): Promise<void> {
    try {
      await Promise.all([...this.#open.values()].flatMap((queue) => queue?.close() ?? []));
      await this.#telling.run(async () => undefined);
      if (this.#link.isRunning) await this.#link.call("close", undefined);
      await this.#link.leave();
    } finally {
      await this.#link.end();
      this.#onClosed();
    }
  }
}
