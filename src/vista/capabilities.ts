/** What a Source does natively. A true flag is honoured in full; a false one makes the call `unsupported`. */
export interface Capabilities {
  readonly canCount: boolean;
  readonly canInsert: boolean;
  readonly canUpdate: boolean;
  readonly canDelete: boolean;
  readonly canSubscribe: boolean;
  readonly canOrder: boolean;
  readonly canSearch: boolean;
  /** Equality conditions and narrowing by id, several of them together. */
  readonly canMatch: boolean;
  /** Every other operator, and groups. */
  readonly canFilter: boolean;
  readonly canFetchPage: boolean;
  readonly canFetchNext: boolean;
  readonly canFetchWindow: boolean;
  readonly canTraverse: boolean;
}

export type CapabilityName = keyof Capabilities;

/** Nothing: what a source that can only be read whole claims. */
const noCapabilities: Capabilities = Object.freeze({
  canCount: false,
  canInsert: false,
  canUpdate: false,
  canDelete: false,
  canSubscribe: false,
  canOrder: false,
  canSearch: false,
  canMatch: false,
  canFilter: false,
  canFetchPage: false,
  canFetchNext: false,
  canFetchWindow: false,
  canTraverse: false,
});

export const allCapabilityNames: readonly CapabilityName[] = Object.freeze(
  // Object.keys loses the key type; the object above is typed by it.
  Object.keys(noCapabilities).filter((name): name is CapabilityName => name in noCapabilities),
);

/** These capabilities and no others. */
export function createCapabilities(claimed: Partial<Capabilities>): Capabilities {
  return Object.freeze({ ...noCapabilities, ...claimed });
}
