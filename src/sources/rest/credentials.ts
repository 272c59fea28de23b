import { abortable, DioramaError, isDioramaError } from "../../base/index.ts";
import { checkHeaders } from "./check-http-options.ts";
import type { AuthCall, HttpHeaders } from "./http-options.ts";

type Auth = (call: AuthCall) => HttpHeaders | Promise<HttpHeaders>;

/** What auth gave. A new one is another object, so that it is known which of them was refused. */
export interface LogIn {
  readonly headers: HttpHeaders;
}

interface Flight {
  readonly outcome: Promise<LogIn>;
  readonly controller: AbortController;
  waiting: number;
}

/** Keeps what auth gave, and asks once for all who wait. Nothing of it is ever shown. */
export class Credentials {
  readonly #auth: Auth;
  #kept: LogIn | undefined;
  #flight: Flight | undefined;
  #wasRefused = false;

  constructor(auth: Auth) {
    this.#auth = auth;
  }

  /** What is kept, or asked for now; the signal's reason where that fires first. */
  async get(signal: AbortSignal): Promise<LogIn> {
    if (this.#kept !== undefined) return this.#kept;
    const flight = (this.#flight ??= this.#ask());
    flight.waiting++;
    try {
      return await abortable(flight.outcome, signal);
    } finally {
      flight.waiting--;
      // Nobody wants it any more: whoever comes next begins anew.
      if (flight.waiting === 0 && this.#flight === flight) {
        this.#flight = undefined;
        flight.controller.abort();
      }
    }
  }

  /** The API refused these. They are forgotten, unless there are newer ones. */
  refuse(logIn: LogIn): void {
    if (this.#kept !== logIn) return;
    this.#kept = undefined;
    this.#wasRefused = true;
  }

  #ask(): Flight {
    const controller = new AbortController();
    const flight: Flight = { outcome: this.#call(controller.signal), controller, waiting: 0 };
    const settle = (logIn?: LogIn): void => {
      if (this.#flight !== flight) return;
      this.#flight = undefined;
      if (logIn === undefined) return;
      this.#kept = logIn;
      this.#wasRefused = false;
    };
    flight.outcome.then(settle, () => settle());
    return flight;
  }

  async #call(signal: AbortSignal): Promise<LogIn> {
    const call = { signal, isRetry: this.#wasRefused };
    return { headers: await checkedHeaders("auth", async () => this.#auth(call)) };
  }
}

/**
 * The headers that a callback of the application gives. Its failure is told by its kind alone: what it says of
 * itself may hold what nobody is to see.
 */
export async function checkedHeaders(option: string, ask: () => Promise<unknown>): Promise<HttpHeaders> {
  let given: unknown;
  try {
    given = await ask();
  } catch (error) {
    const code = isDioramaError(error) ? error.code : "unavailable";
    const kind = error instanceof Error ? error.name : typeof error;
    throw new DioramaError(
      code,
      `${option} failed (${kind}); what it said is not shown, for it may hold a secret`,
    );
  }
  const problems: string[] = [];
  checkHeaders(option, given, problems);
  if (problems.length > 0) throw new DioramaError("invalid", problems.join("; "));
  // Checked just now, name by name.
  return Object.fromEntries(Object.entries(Object(given)).map(([name, value]) => [name, String(value)]));
}
