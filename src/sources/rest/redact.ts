/** Shorter ones give nothing away, and would tear words apart. */
const LEAST_SECRET = 3;
const HIDDEN = "…";
const MOST_SHOWN = 200;
const MOST_LOOKED_AT = 1_000;
const MOST_OF_PATH = 300;
/** Values looked at of one body. */
const MOST_VALUES = 1_000;

/** What credentials look like wherever they stand. */
const LOOKS_SECRET: readonly (readonly [RegExp, string])[] = [
  [/\b(bearer|basic)\s+[^\s"',;]+/gi, `$1 ${HIDDEN}`],
  [/\beyJ[\w-]{5,}[\w.-]*/g, HIDDEN],
  [
    /\b((?:api[_-]?key|[\w-]*token|password|secret|authorization)["']?\s*[=:]\s*["']?)[^\s"',;&]+/gi,
    `$1${HIDDEN}`,
  ],
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@]+@/gi, "$1"],
];

/** The URL for people: no user, no password, no value of its query. */
export function shownUrl(url: URL): string {
  const names = [...url.searchParams.keys()].map((name) => `${encodeURIComponent(name)}=?`);
  const path = cut(url.pathname, MOST_OF_PATH);
  return `${url.origin}${path}${names.length === 0 ? "" : `?${cut(names.join("&"), MOST_OF_PATH)}`}`;
}

/** Takes out of texts of others what this request sent in confidence. */
export class Redaction {
  readonly #secrets = new Set<string>();
  /** More was sent than is looked through: nothing that might repeat it is shown. */
  #hidesAll = false;

  /** The values of headers that log in, whole and in their parts. */
  addHeaders(headers: Readonly<Record<string, string>>): void {
    for (const value of Object.values(headers))
      for (const part of [value, ...value.split(/[\s,;]+/)]) this.#add(part);
  }

  /** A user and a password, as a URL spells them and as they are. */
  addUser({ username, password }: URL): void {
    for (const word of [username, password]) {
      this.#add(word);
      this.#add(decoded(word));
    }
  }

  addQuery(url: URL): void {
    for (const value of url.searchParams.values()) {
      this.#add(value);
      this.#add(encodeURIComponent(value));
    }
  }

  /** The texts and numbers of a row that is sent. */
  addBody(body: unknown): void {
    const open: unknown[] = [body];
    for (let seen = 0; open.length > 0 && seen < MOST_VALUES; seen++) {
      const value = open.pop();
      if (typeof value === "object" && value !== null) open.push(...Object.values(value));
      else if (typeof value === "string" || typeof value === "number" || typeof value === "bigint") {
        this.#add(String(value));
      }
    }
    this.#hidesAll ||= open.length > 0;
  }

  /** One line of what is left, cut where it is long. */
  clean(text: string): string {
    if (this.#hidesAll) return HIDDEN;
    let clean = text;
    // Longer ones first: a part of another must not leave the rest of it behind.
    for (const secret of [...this.#secrets].sort((a, b) => b.length - a.length)) {
      clean = clean.replaceAll(secret, HIDDEN);
    }
    // No more of it is ever shown, and patterns take their time with long texts.
    clean = clean.slice(0, MOST_LOOKED_AT);
    for (const [pattern, shown] of LOOKS_SECRET) clean = clean.replaceAll(pattern, shown);
    return cut(clean.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, " ").trim(), MOST_SHOWN);
  }

  #add(secret: string): void {
    if (secret.length >= LEAST_SECRET) this.#secrets.add(secret);
  }
}

/** Whole characters, at most so many. */
export function cut(text: string, most: number): string {
  return text.length <= most
    ? text
    : `${text
        .slice(0, most - 1)
        .toWellFormed()
        .replace(/\uFFFD$/, "")}${HIDDEN}`;
}

/** The text of a part of a URL. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // It was not encoded in the first place.
    return text;
  }
}
