import { abortable, assert, backoffDelayMs, DioramaError, linkSignals, sleep } from "../../base/index.ts";
import { typeProblem } from "./content-type.ts";
import { checkedHeaders, Credentials, type LogIn } from "./credentials.ts";
import type { HttpAnswer, HttpClient, HttpRequest } from "./http-client.ts";
import { about, adviceFor, apiMessage, codeOf, reasonOf, toSafeCause } from "./http-error.ts";
import type { HttpSettings } from "./http-options.ts";
import { parseJson, toJsonText } from "./json-text.ts";
import { KeptAnswers, renewed, type KeptAnswer } from "./kept-answers.ts";
import { readExcerpt, readText } from "./read-body.ts";
import { decoded, Redaction, shownUrl } from "./redact.ts";
import { RequestGate } from "./request-gate.ts";
import { retryAfterMs } from "./retry-after.ts";

const BACKOFF = { minMs: 250, maxMs: 10_000 };
const MOST_REDIRECTS = 5;
const REDIRECTS = [301, 302, 303, 307, 308];

/** One call of `send`, over all its attempts. */
interface Call {
  readonly request: HttpRequest;
  readonly url: URL;
  readonly isRead: boolean;
  /** The request for people: method and URL without secrets. */
  readonly shown: string;
  readonly text: string | undefined;
  readonly redaction: Redaction;
  /** Whether credentials were refused already: they are renewed once. */
  wasRefused: boolean;
}

/** An answer as it came. */
interface Reply extends KeptAnswer {
  readonly response: Response;
  readonly hasLogIn: boolean;
  /** Keeps it, once its body is known to be sound. */
  readonly keep: () => void;
}

/** A request's turn: its end, and what it tells of its way. */
interface Turn {
  readonly signal: AbortSignal;
  readonly sent: () => void;
  /** The head of the answer is there. */
  readonly begun: () => void;
}

/** Whether trying again may help: after a pause of our own, or when the gate opens again. */
type Again = "never" | "later" | "gate";

interface Failure {
  readonly error: DioramaError;
  readonly again: Again;
}

/** The client of the API at `base`, the only origin that it speaks to. A user in `base` logs in by Basic. */
export function createHttpClient(base: URL, settings: HttpSettings): HttpClient {
  return new FetchClient(base, settings);
}

class FetchClient implements HttpClient {
  readonly #base: URL;
  readonly #basic: Readonly<Record<string, string>>;
  readonly #settings: HttpSettings;
  readonly #gate: RequestGate;
  readonly #credentials: Credentials | undefined;
  readonly #kept: KeptAnswers | undefined;

  constructor(base: URL, settings: HttpSettings) {
    const { auth, clock, revalidate } = settings;
    this.#base = base;
    this.#basic = basicHeaders(base);
    this.#settings = settings;
    this.#gate = new RequestGate(settings, clock);
    this.#credentials = auth && new Credentials(auth);
    this.#kept = revalidate === false ? undefined : new KeptAnswers(revalidate);
  }

  async send(request: HttpRequest): Promise<HttpAnswer> {
    const call = this.#toCall(request);
    try {
      for (let attempt = 1; ; attempt++) {
        const outcome = await this.#attempt(call);
        if (!("error" in outcome)) return outcome;
        if (!call.isRead || outcome.again === "never" || attempt > this.#settings.retries) {
          throw attempt === 1 ? outcome.error : afterAttempts(outcome.error, attempt);
        }
        await this.#waitFor(call, outcome, attempt);
      }
    } finally {
      // Whatever came of it, it may have changed what is kept.
      if (!call.isRead) this.#kept?.drop();
    }
  }

  #toCall(request: HttpRequest): Call {
    const { method, body, signal } = request;
    signal?.throwIfAborted();
    const url = new URL(request.url);
    url.username = "";
    url.password = "";
    url.hash = "";
    const shown = `${method} ${shownUrl(url)}`;
    if (url.origin !== this.#base.origin) {
      throw new DioramaError("rejected", `${shown}: not sent, for it leads away from ${this.#base.origin}`);
    }
    const redaction = new Redaction();
    redaction.addUser(this.#base);
    redaction.addQuery(url);
    redaction.addBody(body);
    let text: string | undefined;
    try {
      text = body === undefined ? undefined : toJsonText(body);
    } catch (error) {
      assert(error instanceof DioramaError, "what can't be written as JSON is told as such");
      throw about(`${shown}: not sent`, error);
    }
    return {
      request,
      url,
      isRead: method === "GET" || method === "HEAD",
      shown,
      text,
      redaction,
      wasRefused: false,
    };
  }

  async #waitFor({ request, shown }: Call, { error, again }: Failure, attempt: number): Promise<void> {
    const { clock, logger } = this.#settings;
    const waitMs = again === "gate" ? 0 : backoffDelayMs(BACKOFF, attempt);
    logger.debug("a read of the API is tried again", { request: shown, attempt, code: error.code, waitMs });
    if (waitMs > 0) await sleep(clock, waitMs, request.signal, { keepAlive: true });
    request.signal?.throwIfAborted();
  }

  /** One attempt: with the redirects that it leads through, and new credentials where the last were refused. */
  async #attempt(call: Call): Promise<HttpAnswer | Failure> {
    let { url } = call;
    for (let hops = 0; ;) {
      const reply = await this.#exchange(call, url);
      if ("error" in reply) return reply;
      if (reply.status === 401 && reply.hasLogIn && !call.wasRefused) {
        call.wasRefused = true;
        continue;
      }
      const target = REDIRECTS.includes(reply.status) ? redirectTarget(reply, url) : undefined;
      if (target === undefined) return this.#judge(call, reply);
      const problem = this.#redirectProblem(call, target, ++hops);
      if (problem !== undefined) return failure("rejected", `${call.shown}: ${problem}`);
      url = target;
    }
  }

  #redirectProblem({ isRead }: Call, target: URL, hops: number): string | undefined {
    if (target.origin !== this.#base.origin) {
      return `answered with a redirect to another origin, ${target.origin}; give its URL if that is right`;
    }
    if (!isRead) return `answered with a redirect; a write is not sent on, so give the URL that it leads to`;
    return hops > MOST_REDIRECTS ? `answered with over ${MOST_REDIRECTS} redirects in a row` : undefined;
  }

  /** One request and its answer, through the gate and within its time. */
  async #exchange(call: Call, url: URL): Promise<Reply | Failure> {
    const { signal } = call.request;
    try {
      return await this.#gate.run(signal, (sent) => this.#withinTime(call, url, sent));
    } catch (error) {
      if (signal?.aborted === true || !(error instanceof DioramaError)) throw error;
      // The gate let nothing through.
      return { error: about(call.shown, error), again: "never" };
    }
  }

  async #withinTime(call: Call, url: URL, sent: () => void): Promise<Reply | Failure> {
    const { clock, timeoutMs } = this.#settings;
    const link = linkSignals(call.request.signal);
    let isLate = false;
    let hasBegun = false;
    const onTime = (): void => {
      isLate = true;
      link.abort();
    };
    // Somebody waits for it.
    const timer = timeoutMs === Infinity ? undefined : clock.setTimer(onTime, timeoutMs, { keepAlive: true });
    try {
      return await this.#ask(call, url, { signal: link.signal, sent, begun: () => void (hasBegun = true) });
    } catch (error) {
      if (isLate) {
        return failure("timeout", `${call.shown}: no whole answer within ${timeoutMs} ms`, "later");
      }
      if (link.signal.aborted) throw link.signal.reason;
      return failureOf(call, error, hasBegun);
    } finally {
      timer?.cancel();
      link.release();
    }
  }

  async #ask(call: Call, url: URL, { signal, sent, begun }: Turn): Promise<Reply> {
    const { request, text, isRead } = call;
    const edition = this.#kept?.edition ?? 0;
    const { headers, logIn } = await this.#headersFor(call, url, signal);
    const memory = request.method === "GET" ? this.#kept : undefined;
    const kept = memory?.find(url, headers);
    const asks = new Headers(headers);
    if (kept !== undefined) asks.set(...kept.condition);
    sent();
    const init: RequestInit = { method: request.method, headers: asks, signal, redirect: "manual" };
    if (text !== undefined) init.body = text;
    // A host's own memory would answer without asking.
    if (isRead) init.cache = "no-cache";
    const response = await abortable(this.#settings.fetch(url, init), signal);
    begun();
    this.#heed(call, response);
    // Before its place is free: whoever comes next is not to send what was refused.
    if (response.status === 401 && logIn !== undefined && !call.wasRefused) this.#credentials?.refuse(logIn);
    const hasLogIn = logIn !== undefined;
    const keep = (answer: KeptAnswer) => (): void => {
      memory?.keep(url, headers, answer, edition);
    };
    if (response.status === 304 && kept !== undefined) {
      const answer = renewed(kept, response.headers);
      return { ...answer, response, hasLogIn, keep: keep(answer) };
    }
    const body = await this.#bodyOf(call, response, signal);
    const answer = { status: response.status, headers: response.headers, ...body };
    return { ...answer, response, hasLogIn, keep: keep(answer) };
  }

  async #headersFor(
    call: Call,
    url: URL,
    signal: AbortSignal,
  ): Promise<{ readonly headers: Headers; readonly logIn: LogIn | undefined }> {
    const { request, redaction, text } = call;
    const { headers: given, idempotencyHeader } = this.#settings;
    const { method, opId } = request;
    const asked = typeof given !== "function" ? given : async () => given({ method, url: new URL(url) });
    const own =
      typeof asked === "function" ? await abortable(checkedHeaders("headers", asked), signal) : asked;
    const logIn = await this.#credentials?.get(signal);
    const headers = new Headers({ Accept: "application/json" });
    if (text !== undefined) headers.set("Content-Type", "application/json");
    for (const group of [this.#basic, own, logIn?.headers ?? {}]) {
      redaction.addHeaders(group);
      for (const [name, value] of Object.entries(group)) headers.set(name, value);
    }
    // An empty one would make one write of all that have it.
    if (idempotencyHeader !== false && opId !== undefined && opId !== "") {
      const key = /^[\x21-\x7E]+$/.test(opId) ? opId : encodeURIComponent(opId.toWellFormed());
      headers.set(idempotencyHeader, key);
    }
    return { headers, logIn };
  }

  /** Leaves the API alone where it asks for that. */
  #heed({ shown }: Call, { status, headers }: Response): void {
    if (status !== 429 && status !== 503) return;
    const { clock, logger, maxRetryAfterMs } = this.#settings;
    const pauseMs = retryAfterMs(headers, clock.now());
    if (pauseMs === undefined) return;
    logger.info("the API asks for a pause", { request: shown, status, pauseMs });
    if (pauseMs <= maxRetryAfterMs) this.#gate.pause(pauseMs);
    else this.#gate.refuse(maxRetryAfterMs, `not sent, for the API ${asksFor(pauseMs, clock.now())}`);
  }

  /** The body's text: of a success the whole, of anything else what explains it. */
  async #bodyOf(
    call: Call,
    response: Response,
    signal: AbortSignal,
  ): Promise<{ text: string; bytes: number }> {
    const { acceptAnyType, maxBodyBytes: maxBytes } = this.#settings;
    // What a DELETE says besides its status is of no use to anybody.
    if (!isSuccess(response.status) || call.request.method === "DELETE") return readExcerpt(response, signal);
    const problem = acceptAnyType ? undefined : typeProblem(response.headers.get("Content-Type"));
    if (problem === undefined) return readText(response, { maxBytes, signal });
    const excerpt = await readExcerpt(response, signal);
    if (excerpt.bytes > 0) throw new DioramaError("rejected", problem);
    return excerpt;
  }

  #judge(call: Call, reply: Reply): HttpAnswer | Failure {
    const { status, headers, text, bytes } = reply;
    if (!isSuccess(status)) return this.#refusal(call, reply);
    if (call.request.method === "DELETE" || bytes === 0) return { status, headers, body: undefined };
    try {
      const body = parseJson(text);
      reply.keep();
      return { status, headers, body };
    } catch (error) {
      return failureOf(call, error, true);
    }
  }

  #refusal({ shown, redaction }: Call, { status, headers, text, response }: Reply): Failure {
    if (response.type === "opaqueredirect") {
      const why = "answered with a redirect that this host does not show; give the URL that it leads to";
      return failure("rejected", `${shown}: ${why}`);
    }
    const { clock, maxRetryAfterMs } = this.#settings;
    const code = codeOf(status);
    const said = apiMessage(text, redaction);
    const pauseMs = status === 429 || status === 503 ? retryAfterMs(headers, clock.now()) : undefined;
    const advice = pauseMs === undefined ? adviceFor(status) : asksFor(pauseMs, clock.now());
    const message = `${shown}: answered ${status}${said === "" ? "" : `, ${said}`}; ${advice}`;
    if (pauseMs !== undefined) return failure(code, message, pauseMs > maxRetryAfterMs ? "never" : "gate");
    return failure(code, message, code === "unavailable" || code === "timeout" ? "later" : "never");
  }
}

const isSuccess = (status: number): boolean => status >= 200 && status <= 299;

const failure = (code: DioramaError["code"], message: string, again: Again = "never"): Failure => ({
  error: new DioramaError(code, message),
  again,
});

/** What went wrong on the way, or with the body. */
function failureOf({ shown, redaction }: Call, error: unknown, hasBegun: boolean): Failure {
  if (error instanceof DioramaError) {
    return { error: about(shown, error), again: error.code === "unavailable" ? "later" : "never" };
  }
  const reason = reasonOf(error, redaction);
  const why = hasBegun
    ? `its answer broke off (${reason}); is the API still running?`
    : `did not come through (${reason}); is the API running, and the URL right?`;
  const cause = toSafeCause(error, redaction);
  return { error: new DioramaError("unavailable", `${shown}: ${why}`, { cause }), again: "later" };
}

const afterAttempts = (error: DioramaError, attempts: number): DioramaError =>
  new DioramaError(error.code, `${error.message} (${attempts} attempts)`, { cause: error.cause });

/** The longest date that can be shown. */
const LAST_DATE_MS = 8_640_000_000_000_000;

function asksFor(pauseMs: number, nowMs: number): string {
  const until = new Date(Math.min(nowMs + pauseMs, LAST_DATE_MS)).toISOString();
  return `asks to be left alone for ${Math.ceil(pauseMs / 1_000)} s, until ${until}`;
}

function redirectTarget({ headers }: Reply, url: URL): URL | undefined {
  const location = headers.get("Location");
  if (location === null || !URL.canParse(location, url.href)) return undefined;
  const target = new URL(location, url.href);
  target.username = "";
  target.password = "";
  target.hash = "";
  return target;
}

/** RFC 7617, in UTF-8. */
function basicHeaders({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === "" && password === "") return {};
  const pair = `${decoded(username)}:${decoded(password)}`;
  const bytes = String.fromCharCode(...new TextEncoder().encode(pair));
  return { Authorization: `Basic ${btoa(bytes)}` };
}
