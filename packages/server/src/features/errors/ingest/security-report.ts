import { BelayError } from '@belay/core';

/** A browser's report of a broken content security policy, as an envelope with one event. */
export function envelopeOfReport(body: Uint8Array): Uint8Array {
  const report = reportIn(body);
  const directive =
    textOf(report['effective-directive'] ?? report['effectiveDirective'] ?? report['violated-directive']).split(
      ' ',
      1,
    )[0] ?? '';
  const blocked = textOf(report['blocked-uri'] ?? report['blockedURL']) || 'inline code';
  const page = textOf(report['document-uri'] ?? report['documentURL']);
  const event = {
    platform: 'javascript',
    logger: 'csp',
    level: 'warning',
    message: `Blocked '${directive}' from '${originOf(blocked)}'`,
    fingerprint: ['csp', directive, originOf(blocked)],
    tags: { 'effective-directive': directive, 'blocked-uri': blocked },
    request: { url: page },
  };
  return Buffer.from(`{}\n{"type":"event"}\n${JSON.stringify(event)}`);
}

function reportIn(body: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString('utf8'));
    const first: unknown = Array.isArray(value) ? value[0] : value;
    const { 'csp-report': legacy, body: modern } = Object(first) as Record<string, unknown>;
    const report = legacy ?? modern;
    if (typeof report === 'object' && report !== null) return report as Record<string, unknown>;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new BelayError('request.malformed', 'The body is not a report of a content security policy.', {
    hint: 'Let `report-uri` or `report-to` of the policy name this address.',
  });
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 500) : '';
}

function originOf(uri: string): string {
  return URL.canParse(uri) ? new URL(uri).origin : uri;
}
