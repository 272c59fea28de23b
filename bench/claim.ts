/** How large a run is. The smoke run checks counts and shapes, never times. */
export interface Scale {
  readonly smoke: boolean;
  /** Rows of the large data set. */
  readonly rows: number;
  readonly rounds: number;
}

/** One line of the results: our figure, what it is measured against, and what was promised. */
export interface Finding {
  readonly work: string;
  /** What `limit` is the time of. */
  readonly against: string;
  readonly ours: number;
  readonly limit: number | undefined;
  readonly unit: "ms" | "µs" | "MB";
  /** What is judged: ours / limit unless the claim says otherwise. */
  readonly ratio: number;
  /** The ratio must be at most this. */
  readonly target: number;
  readonly note?: string;
}

/** A claim of the project about its speed, with the program that checks it. */
export interface Claim {
  readonly id: string;
  readonly title: string;
  /** What is left of the distance to the limit, and why: for people, from what profiles showed. */
  readonly left: string;
  run(scale: Scale): Promise<readonly Finding[]>;
}
