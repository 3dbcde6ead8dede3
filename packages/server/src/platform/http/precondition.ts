import { BelayError } from '@belay/core';

/** Which state of a resource a write is meant for: `any`, not yet `absent`, or exactly one `version`. */
export type Precondition =
  | { readonly kind: 'any' }
  | { readonly kind: 'absent' }
  | { readonly kind: 'version'; readonly version: number };

interface ConditionalHeaders {
  readonly 'if-match'?: string | undefined;
  readonly 'if-none-match'?: string | undefined;
}

/** Reads `If-Match: "7"`, `If-Match: *` and `If-None-Match: *`. */
export function preconditionOf(headers: ConditionalHeaders, required: boolean): Precondition {
  const wanted = headers['if-match'];
  if (wanted !== undefined) return versionOf(wanted.trim());
  if (headers['if-none-match']?.trim() === '*') return { kind: 'absent' };
  if (!required) return { kind: 'any' };
  throw new BelayError('request.precondition-required', 'This write must say which version it replaces.', {
    hint: 'Send "If-Match" with the ETag you read, or "If-None-Match: *" to create.',
  });
}

/** Refuses a write whose caller has not seen the current version. `current` is undefined where nothing exists yet. */
export function checkPrecondition(precondition: Precondition, current: number | undefined): void {
  if (precondition.kind === 'any') return;
  if (precondition.kind === 'absent' && current === undefined) return;
  if (precondition.kind === 'version' && precondition.version === current) return;
  const now = current === undefined ? 'It does not exist now.' : `It is at version ${current} now.`;
  const seen =
    precondition.kind === 'absent' ? 'You expected it not to exist.' : `You saw version ${precondition.version}.`;
  throw new BelayError('request.stale', `${seen} ${now}`, {
    hint: 'Read it again, look at what changed, and send your change with the new ETag.',
    details: { current: current ?? null },
  });
}

function versionOf(header: string): Precondition {
  if (header === '*') return { kind: 'any' };
  const match = /^(?:W\/)?"(\d{1,15})"$/.exec(header);
  if (match !== null) return { kind: 'version', version: Number(match[1]) };
  throw new BelayError('request.malformed', 'If-Match is not an ETag of this API.', {
    issues: [{ path: 'If-Match', message: 'is not an ETag', seen: header.slice(0, 60), mend: 'send it as read: "7"' }],
  });
}
