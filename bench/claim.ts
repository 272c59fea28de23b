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
  readonly unit: "ms" | "µs" | "MB" | "bytes a row";
  /** What is judged: ours / limit unless the claim says otherwise. */
  readonly ratio: number;
  /** The ratio must be at most this. */
  readonly target: number;
  readonly note?: string;
}

/** Figures beside each other that nothing is judged by. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly TableLine[];
  /** What the reader must know, a line each. */
  readonly notes: readonly string[];
}

export interface TableLine {
  readonly work: string;
  /** Of the cells: times are in milliseconds and shown in what suits them. */
  readonly unit: "time" | "bytes";
  /** One for each column; null: not measured, or not possible. */
  readonly cells: readonly (number | null)[];
}

export interface Outcome {
  readonly findings: readonly Finding[];
  readonly tables?: readonly Table[];
}

/** A claim of the project about its speed, with the program that checks it. */
export interface Claim {
  readonly id: string;
  readonly title: string;
  /** What is left of the distance to the limit, and why: for people, from what profiles showed. */
  readonly left: string;
  /** In how many processes it is measured, for the median; three unless it says otherwise. */
  readonly processes?: number;
  run(scale: Scale): Promise<Outcome>;
}
