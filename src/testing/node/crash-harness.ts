import { type ChildProcess, spawn } from "node:child_process";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { assert, DioramaError, systemClock } from "../../base/index.ts";
import { createRandom, deriveSeed } from "../random.ts";
import { CHILD_VARIABLE, type CrashReport, PASS_VARIABLE, POINT_VARIABLE, REPORT_FD } from "./crash-child.ts";

const LIMIT_MS = 30_000;
/** Of what a child printed; the rest is forgotten. */
const MAX_PRINTED = 4_000;
/** In the message about a child that hangs. */
const LAST_REPORTS = 5;

export interface CrashHarnessSettings {
  /** The program of the child; it reports with `reportCrash`. */
  readonly script: string | URL;
  /** In front of the arguments of every life. */
  readonly args?: readonly string[] | undefined;
  /** Beside this process's own environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Decides every random moment: life by life the same ones come again. Default 1. */
  readonly seed?: number | undefined;
  /** A life that is not over by then is ended, and `run` rejects as `timeout`. Default 30 s. */
  readonly limitMs?: number | undefined;
}

/**
 * When the child is killed. `withinMs`: at a random moment, so many milliseconds after it reported `since` for the
 * first time, or after its start. `point`: it dies in `passCrashPoint(point)`, the `pass`-th time it gets there.
 */
export type KillMoment =
  | { readonly withinMs: readonly [least: number, most: number]; readonly since?: string | undefined }
  | { readonly point: string; readonly pass?: number | undefined };

export interface CrashPlan {
  readonly args?: readonly string[] | undefined;
  /** Without one the child ends by itself. */
  readonly kill?: KillMoment | undefined;
  /** Hears each report as it arrives. Where it throws, the child is killed and `run` rejects with that. */
  readonly onReport?: ((report: CrashReport) => void) | undefined;
}

/** What a child did, from its start to its end. */
export interface CrashLife {
  /** Everything that it reported before its end, in order. */
  readonly reports: readonly CrashReport[];
  /** killed: by the harness. died: at the named point. ended: by itself, with exit code 0. */
  readonly end: "killed" | "died" | "ended";
  readonly lifeMs: number;
}

/** Starts a program again and again and kills it; nothing of what it reported is lost. */
export interface CrashHarness {
  /**
   * One life. Rejects as `timeout` where the child hangs and as `rejected` where it fails by itself, with what it
   * reported last and what it printed. Lives may overlap.
   */
  run(plan?: CrashPlan): Promise<CrashLife>;
  /** Ends what still runs. */
  close(): Promise<void>;
}

/** Kills a child process where and when it hurts, so that what it left can be looked at. */
export function createCrashHarness(settings: CrashHarnessSettings): CrashHarness {
  return new ChildProcesses(settings);
}

/** Of all harnesses: a child dies with the process that started it. */
const running = new Set<ChildProcess>();
let isGuarded = false;

function guard(): void {
  if (isGuarded) return;
  isGuarded = true;
  process.on("exit", () => {
    for (const child of running) child.kill("SIGKILL");
  });
}

class ChildProcesses implements CrashHarness {
  readonly #settings: CrashHarnessSettings;
  readonly #lives = new Set<Life>();
  #started = 0;

  constructor(settings: CrashHarnessSettings) {
    this.#settings = settings;
  }

  async run(plan: CrashPlan = {}): Promise<CrashLife> {
    guard();
    const { seed = 1, limitMs = LIMIT_MS } = this.#settings;
    const random = createRandom(deriveSeed(seed, "life", this.#started++));
    const killAfterMs = drawMs(plan.kill, random.next());
    const life = new Life(this.#spawn(plan), { ...plan, killAfterMs, limitMs });
    this.#lives.add(life);
    try {
      return await life.over;
    } finally {
      this.#lives.delete(life);
    }
  }

  async close(): Promise<void> {
    const lives = [...this.#lives];
    for (const life of lives) life.kill();
    await Promise.allSettled(lives.map((life) => life.over));
  }

  #spawn({ args = [], kill }: CrashPlan): ChildProcess {
    const { script, args: first = [], env } = this.#settings;
    const path = typeof script === "string" ? script : fileURLToPath(script);
    // A child that is itself a parent hands its own point to nobody.
    const [point, pass] =
      kill !== undefined && "point" in kill ? [kill.point, String(kill.pass ?? 1)] : [undefined, undefined];
    return spawn(process.execPath, [path, ...first, ...args], {
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      env: {
        ...process.env,
        ...env,
        [CHILD_VARIABLE]: "1",
        [POINT_VARIABLE]: point,
        [PASS_VARIABLE]: pass,
      },
    });
  }
}

function drawMs(kill: KillMoment | undefined, drawn: number): number | undefined {
  if (kill === undefined || "point" in kill) return undefined;
  const [least, most] = kill.withinMs;
  return least + drawn * (most - least);
}

function toReport(line: string): CrashReport {
  const read: unknown = JSON.parse(line);
  assert(typeof read === "object" && read !== null && "is" in read, "what a child reports has a name");
  return { is: String(read.is), data: "data" in read ? read.data : undefined };
}

interface LifeSettings extends CrashPlan {
  readonly killAfterMs: number | undefined;
  readonly limitMs: number;
}

class Life {
  readonly over: Promise<CrashLife>;
  readonly #child: ChildProcess;
  readonly #settings: LifeSettings;
  readonly #reports: CrashReport[] = [];
  readonly #startedAt = systemClock.monotonic();
  #unread = "";
  #printed = "";
  #end: "killed" | "hung" | undefined;
  #isTimed = false;
  /** By who listened. */
  #failed: { readonly error: unknown } | undefined;

  constructor(child: ChildProcess, settings: LifeSettings) {
    this.#child = child;
    this.#settings = settings;
    running.add(child);
    const limit = systemClock.setTimer(() => this.#kill("hung"), settings.limitMs);
    const { promise, resolve, reject } = Promise.withResolvers<CrashLife>();
    child.once("error", reject);
    // Not "exit": what was reported may still be on its way then.
    child.once("close", (code, signal) => {
      try {
        resolve(this.#judge(code, signal));
      } catch (error) {
        reject(error);
      }
    });
    this.over = promise.finally(() => {
      limit.cancel();
      running.delete(child);
    });
    this.#listen();
  }

  kill(): void {
    this.#kill("killed");
  }

  #kill(end: "killed" | "hung"): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#end ??= end;
    this.#child.kill("SIGKILL");
  }

  #listen(): void {
    const { kill } = this.#settings;
    const reports = this.#child.stdio[REPORT_FD];
    assert(reports instanceof Readable, "the child has a pipe for its reports");
    reports.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#printed = (this.#printed + text).slice(-MAX_PRINTED);
      });
    }
    // Its other end closes with the child.
    this.#child.stdin?.on("error", () => undefined);
    if (kill !== undefined && "withinMs" in kill && kill.since === undefined) this.#setKill();
  }

  #read(text: string): void {
    const lines = (this.#unread + text).split("\n");
    // A line that the kill cut off was never reported.
    this.#unread = lines.pop() ?? "";
    const { kill } = this.#settings;
    const since = kill !== undefined && "withinMs" in kill ? kill.since : undefined;
    for (const line of lines) {
      const report = toReport(line);
      this.#reports.push(report);
      this.#tell(report);
      if (since !== undefined && report.is === since) this.#setKill();
    }
  }

  #tell(report: CrashReport): void {
    try {
      this.#settings.onReport?.(report);
    } catch (error) {
      this.#failed ??= { error };
      this.#kill("killed");
    }
  }

  #setKill(): void {
    const { killAfterMs } = this.#settings;
    if (this.#isTimed || killAfterMs === undefined) return;
    this.#isTimed = true;
    systemClock.setTimer(() => this.#kill("killed"), killAfterMs);
  }

  #judge(code: number | null, signal: string | null): CrashLife {
    const { kill, limitMs } = this.#settings;
    const end = this.#end;
    if (this.#failed !== undefined) throw this.#failed.error;
    if (end === "hung") throw this.#failure("timeout", `was not over after ${limitMs} ms`);
    const life = { reports: this.#reports, lifeMs: systemClock.monotonic() - this.#startedAt };
    if (end === "killed") return { ...life, end };
    if (signal === "SIGKILL" && kill !== undefined && "point" in kill) return { ...life, end: "died" };
    if (code === 0) return { ...life, end: "ended" };
    throw this.#failure("rejected", `ended by itself with ${signal ?? `exit code ${code}`}`);
  }

  #failure(code: "timeout" | "rejected", what: string): DioramaError {
    const last = this.#reports
      .slice(-LAST_REPORTS)
      .map((report) => JSON.stringify(report))
      .join("\n");
    const { spawnargs } = this.#child;
    return new DioramaError(
      code,
      `the child ${spawnargs.slice(1).join(" ")} ${what}; it reported ${this.#reports.length} times, last:\n${last}\nand printed:\n${this.#printed}`,
    );
  }
}
