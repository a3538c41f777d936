/** A contract, as a peer names it. */
export interface ContractVersion {
  readonly name: string;
  readonly version: string;
  /** The hash of the whole contract. Another hash is another contract, also with the same version. */
  readonly hash: string;
}

/** The two sides of a connection were built with different contracts. */
export interface ContractDrift {
  /** The contract of this side. */
  readonly local: ContractVersion;
  /** The contract of the other side. */
  readonly remote: ContractVersion;
  /**
   * Whether the methods that this side calls were compared. False where the other side cannot compare them, as one of an earlier
   * version of sshrpc; the lists are empty then, and so they are where this side calls no methods.
   */
  readonly compared: boolean;
  /** The methods that this side calls and that the other side declares differently, by id. */
  readonly different: readonly string[];
  /** The methods that this side calls and that the other side does not serve. */
  readonly missing: readonly string[];
  /** The methods that this side calls and whose scope its key lacks: they were not compared. */
  readonly hidden: readonly string[];
}
