/**
 * The proof that credentials survive every hop of a WebSocket upgrade. Whoever proves sends {@link proofHeaders} with a
 * token that only a holder of the key can make; the app's middleware says in its first message what arrived, signed
 * with the same key. Signatures are HMAC-SHA256, base64url; this file knows only what is signed.
 */
export const proofHeaders = {
  /** The nonce, so that the middleware knows the request even where the token was lost. */
  nonce: 'x-belay-proof',
  /** Bytes as long as a session cookie would be. */
  padding: 'x-belay-proof-padding',
  /** The last number that was answered before a connection was lost. */
  resume: 'x-belay-proof-resume',
  /** Asks for an answer in two pieces instead of an upgrade. */
  stream: 'x-belay-proof-stream',
} as const;

/** How old a token may be, in seconds. */
export const PROOF_MAX_AGE_S = 300;

/** What arrived at the app. */
export interface ProofAnswer {
  readonly belay: 'proof/1';
  readonly nonce: string;
  readonly authorization: 'intact' | 'missing' | 'changed';
  /** Path of the request as the app saw it, without its query. */
  readonly path: string;
  /** Bytes of the padding that arrived. */
  readonly paddingBytes: number;
  /** Names the process. */
  readonly instance: string;
  /** The last number seen on the connection before; `null` where this process does not know it. */
  readonly resumed: number | null;
  readonly signature: string;
}

/** What the signature of a token covers. */
export function tokenText(nonce: string, unixSeconds: number): string {
  return `belay-proof/1 request\n${nonce}\n${unixSeconds}`;
}

/** What the signature of an answer covers. */
export function answerText(answer: Omit<ProofAnswer, 'signature'>): string {
  const { nonce, authorization, path, paddingBytes, instance, resumed } = answer;
  return `belay-proof/1 answer\n${JSON.stringify([nonce, authorization, path, paddingBytes, instance, resumed])}`;
}

/** The value of `Authorization`. */
export function proofAuthorization(nonce: string, unixSeconds: number, signature: string): string {
  return `Bearer belay-proof.${nonce}.${unixSeconds}.${signature}`;
}

/** The parts of an `Authorization` that is a proof; `undefined` for any other. */
export function readProofAuthorization(
  header: string | undefined,
): { readonly nonce: string; readonly unixSeconds: number; readonly signature: string } | undefined {
  const match = /^Bearer belay-proof\.([0-9a-f]{32})\.(\d{1,12})\.([\w-]{43})$/.exec(header ?? '');
  if (match === null) return undefined;
  const [, nonce = '', seconds = '', signature = ''] = match;
  return { nonce, unixSeconds: Number(seconds), signature };
}
