/** What a round did, by what is counted: `kills`, `acknowledged`, `lost`, … Whole numbers. */
export type Counts = Readonly<Record<string, number>>;

/** The long column of a promise: rounds that are played again and again, each from a seed of its own. */
export interface Battery {
  /** As in promises.md, for the table. */
  readonly promise: string;
  /** How much of what is counted the long column asks for in all. */
  readonly goals: Counts;
  /** How much of it a release asks for at least. */
  readonly least: Counts;
  /**
   * A round of another promise may run beside it. Default false: for rounds that measure time, kill by the clock,
   * or need a core of their own.
   */
  readonly sharesMachine?: boolean;
  /** What this machine lacks for it, for people: then it is not played. */
  lacks?(): string | undefined;
  /**
   * One round, at most about ten seconds long. Throws where the promise is broken, with a message that says
   * which; the seed alone replays it.
   */
  run(seed: number): Promise<Counts>;
}
