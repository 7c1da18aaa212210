/** What a request wants to do, in the words of authorization. */
export type Attributes = ResourceAttributes | PathAttributes;

export interface ResourceAttributes {
  readonly kind: 'resource';
  readonly verb: string;
  readonly group: string;
  readonly version?: string | undefined;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly namespace?: string | undefined;
  /** Of a list or watch: the only name that its field selector lets through. */
  readonly name?: string | undefined;
  /** Of list, watch and deletecollection, as it was sent. */
  readonly fieldSelector?: string | undefined;
}

export interface PathAttributes {
  readonly kind: 'path';
  readonly verb: string;
  readonly path: string;
}

/** A list of the one object of that name counts as a request for it. */
export const selectedName = (fieldSelector: string | undefined): string | undefined =>
  fieldSelector ? /^metadata\.name==?([^,=!\\]+)$/.exec(fieldSelector)?.[1] : undefined;
