import type { FlagDefinition } from '@belay/protocol';

/** A mistake in a draft: where, and how to mend it. */
export interface DraftIssue {
  readonly path: string;
  readonly text: string;
}

export type Draft =
  | { readonly definition: FlagDefinition; readonly issues: readonly [] }
  | { readonly definition: null; readonly issues: readonly DraftIssue[] };

/** Reads a flag definition as typed. It names every mistake it can see; the server has the last word on the rules. */
export function readDraft(text: string): Draft {
  const parsed = parse(text);
  if ('issue' in parsed) return { definition: null, issues: [parsed.issue] };
  if (!isRecord(parsed.value)) return bad('', 'Write one JSON object: { "state": "ENABLED", "variants": { … } }.');
  const issues = [...stateIssues(parsed.value), ...variantIssues(parsed.value)];
  if (issues.length > 0) return { definition: null, issues };
  // The checks above are those of the schema's required parts.
  return { definition: parsed.value as FlagDefinition, issues: [] };
}

/** A fresh on/off flag that serves the old path to everybody. */
export const newFlagText = JSON.stringify(
  { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' },
  null,
  2,
);

function parse(text: string): { readonly value: unknown } | { readonly issue: DraftIssue } {
  try {
    const value: unknown = JSON.parse(text);
    return { value };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { issue: { path: '', text: `This is not JSON: ${message}` } };
  }
}

function stateIssues(draft: Readonly<Record<string, unknown>>): readonly DraftIssue[] {
  if (draft['state'] === 'ENABLED' || draft['state'] === 'DISABLED') return [];
  return [{ path: 'state', text: `Seen: ${show(draft['state'])}. Write "ENABLED" or "DISABLED".` }];
}

function variantIssues(draft: Readonly<Record<string, unknown>>): readonly DraftIssue[] {
  const { variants, defaultVariant } = draft;
  if (!isRecord(variants) || Object.keys(variants).length === 0) {
    return [
      {
        path: 'variants',
        text: `Seen: ${show(variants)}. Name at least one variant, such as { "on": true, "off": false }.`,
      },
    ];
  }
  const kinds = new Set(Object.values(variants).map((value) => (Array.isArray(value) ? 'array' : typeof value)));
  const mixed =
    kinds.size > 1
      ? [{ path: 'variants', text: `The values are of different types: ${[...kinds].join(', ')}. Use one type.` }]
      : [];
  if (
    defaultVariant === undefined ||
    defaultVariant === null ||
    (typeof defaultVariant === 'string' && Object.hasOwn(variants, defaultVariant))
  ) {
    return mixed;
  }
  const names = Object.keys(variants)
    .map((name) => `"${name}"`)
    .join(', ');
  return [...mixed, { path: 'defaultVariant', text: `Seen: ${show(defaultVariant)}. Choose one of ${names}.` }];
}

function bad(path: string, text: string): Draft {
  return { definition: null, issues: [{ path, text }] };
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : (JSON.stringify(value)?.slice(0, 80) ?? 'nothing');
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
