export interface Decision {
  readonly allowed: boolean;
  /** Empty, or why; shown in access reviews and refusals. */
  readonly reason: string;
  /** Of a refusal that rests on what is not in memory: it may only not be there yet. */
  readonly unseen?: boolean;
  /** Of a refusal: what it is about does not exist, and the caller may know that. */
  readonly missing?: boolean;
}
