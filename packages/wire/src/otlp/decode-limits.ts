/** Bounds on what one request may make the decoder build, whatever its size on the wire. */
export interface DecodeLimits {
  /** Spans, log records or data points. An empty span takes two bytes, so the body limit alone does not bound memory. */
  readonly items: number;
  /** Messages of any kind (attributes, values, events, resources). */
  readonly nodes: number;
  /** Nesting of attribute values. */
  readonly depth: number;
  /** Attributes kept per item; the rest is cut and told to the sender. */
  readonly attributes: number;
  /** Bytes or characters kept of one attribute value, name or log body. */
  readonly textLength: number;
  /** Buckets of one exponential histogram. */
  readonly buckets: number;
}

/** Limits that no honest exporter meets. */
export const defaultDecodeLimits: DecodeLimits = {
  items: 250_000,
  nodes: 8_000_000,
  depth: 16,
  attributes: 256,
  textLength: 65_536,
  buckets: 16_384,
};
