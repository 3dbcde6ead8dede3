import type { InputIssue } from '@belay/core';
import { isMap, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Document } from 'yaml';
import { seenIn } from '../platform/http/input-issues.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ReadYaml {
  readonly value: unknown;
  readonly issues: readonly InputIssue[];
  /** Paths whose value came from `${VARIABLE}`, with the variable. */
  readonly substituted: ReadonlyMap<string, string>;
  /** `line 12` of a dotted path, or of its nearest parent. */
  lineOf(path: string): string | undefined;
}

const SIZE_LIMIT = 1024 * 1024;
const VARIABLE = /\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g;
const SECRET_KEY = /(^|_)(token|secret|password|passphrase|credential|api_?key)s?$/i;

/** Reads belay.yaml: YAML 1.2, `${VARIABLE}` and `${VARIABLE:-default}` in texts, secrets refused. */
export function readYaml(text: string, environment: Environment): ReadYaml {
  if (text.length > SIZE_LIMIT) return failed([{ path: '', message: 'is larger than 1 MiB', mend: 'make it smaller' }]);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number): string => `line ${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    return failed(
      document.errors.map((error) => ({
        path: '',
        message: `${lineAt(error.pos[0])}: ${error.message}`,
        mend: 'indent with spaces, and quote texts that hold ": " or "#"',
      })),
    );
  }
  const substituted = new Map<string, string>();
  const issues = [...substitute(document, environment, substituted), ...secretIssues(document)];
  const read = valueOf(document);
  if ('issue' in read) return failed([read.issue]);
  return {
    value: read.value ?? {},
    issues,
    substituted,
    lineOf: (path) => lineOf(document, path, lineAt),
  };
}

/** Aliases can make a small file as large as memory, or endless. */
function valueOf(document: Document): { readonly value: unknown } | { readonly issue: InputIssue } {
  try {
    return { value: document.toJS({ maxAliasCount: 50 }) };
  } catch (error) {
    if (!(error instanceof ReferenceError || error instanceof RangeError)) throw error;
    return {
      issue: { path: '', message: `cannot be read: ${error.message}`, mend: 'write out what the aliases name' },
    };
  }
}

function failed(issues: readonly InputIssue[]): ReadYaml {
  return { value: {}, issues, substituted: new Map(), lineOf: () => undefined };
}

function substitute(document: Document, environment: Environment, substituted: Map<string, string>): InputIssue[] {
  const issues: InputIssue[] = [];
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const path = pathOf(ancestors);
      node.value = node.value.replaceAll(VARIABLE, (whole, name: string, fallback: string | undefined) => {
        const value = environment[name] ?? fallback;
        substituted.set(path, name);
        if (value !== undefined) return value;
        issues.push({
          path,
          message: `names the environment variable ${name}, which is not set`,
          seen: seenIn(path, whole) ?? whole,
          mend: `set ${name}, or write \${${name}:-default}`,
        });
        return '';
      });
    },
  });
  return issues;
}

function secretIssues(document: Document): InputIssue[] {
  const issues: InputIssue[] = [];
  visit(document, {
    Pair(_key, pair, ancestors) {
      if (!isScalar(pair.key) || typeof pair.key.value !== 'string' || !SECRET_KEY.test(pair.key.value)) return;
      issues.push({
        path: [pathOf(ancestors), pair.key.value].filter(Boolean).join('.'),
        message: 'looks like a secret, and secrets never stand in belay.yaml',
        seen: '(hidden)',
        mend: 'remove it; Belay reads BELAY_SETUP_TOKEN and BELAY_ADMIN_TOKEN from the environment alone',
      });
    },
  });
  return issues;
}

/** Dotted path of the node whose ancestors these are. */
function pathOf(ancestors: readonly unknown[]): string {
  const parts: string[] = [];
  ancestors.forEach((node, index) => {
    if (typeof node === 'object' && node !== null && 'key' in node && isScalar(node.key))
      parts.push(String(node.key.value));
    const next: unknown = ancestors[index + 1];
    if (typeof node === 'object' && node !== null && 'items' in node && Array.isArray(node.items) && !isMap(node)) {
      const place = node.items.indexOf(next);
      if (place >= 0) parts.push(String(place));
    }
  });
  return parts.join('.');
}

function lineOf(document: Document, path: string, lineAt: (offset: number) => string): string | undefined {
  const parts = path.split('.').filter(Boolean);
  for (let length = parts.length; length > 0; length -= 1) {
    const keys = parts.slice(0, length).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
    const node: unknown = document.getIn(keys, true);
    const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : undefined;
    if (Array.isArray(range) && typeof range[0] === 'number') return lineAt(range[0]);
  }
  return undefined;
}
