import type { InputIssue } from '@belay/core';
import type { z } from 'zod';

const SECRET = /token|secret|password|authorization|cookie|(^|[._-])key$/i;
const SEEN_LENGTH = 120;
const ISSUES_SHOWN = 50;

/** What Zod found, in Belay's words: where, what was seen, how to mend it. */
export function issuesOf(error: z.ZodError): InputIssue[] {
  return error.issues.slice(0, ISSUES_SHOWN).map(issueOf);
}

/** One finding of Zod. */
export function issueOf(issue: z.core.$ZodIssue): InputIssue {
  const path = issue.path.map(String).join('.');
  const seen = seenIn(path, issue.input);
  const mend = mendOf(issue);
  return {
    path,
    // The patterns of the protocol say what to write, which is the mend.
    message: mend === issue.message ? 'is not written as it must be' : issue.message,
    ...(seen === undefined ? {} : { seen }),
    mend,
  };
}

/** What is wrong where, and how to mend it, in one line. */
export function hintOf(issues: readonly InputIssue[], part: string): string {
  return issues
    .map(
      ({ path, message, mend }) => `${path === '' ? part : path}: ${message}${mend === undefined ? '' : `, ${mend}`}`,
    )
    .join('; ');
}

/** A value as an error may show it: short, and never a secret. */
export function seenIn(path: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (SECRET.test(path)) return '(hidden)';
  const text = typeof value === 'string' ? JSON.stringify(value) : shown(value);
  return text.length <= SEEN_LENGTH ? text : `${text.slice(0, SEEN_LENGTH)}...`;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return `an object with ${Object.keys(value).slice(0, 8).join(', ')}`;
  return String(value);
}

function mendOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? `add it as ${issue.expected}` : `write a value of type ${issue.expected}`;
    case 'invalid_value':
      return `write one of ${issue.values.map(String).join(', ')}`;
    case 'unrecognized_keys':
      return `remove ${issue.keys.slice(0, 8).join(', ')}`;
    case 'invalid_format':
      // Our own patterns say in words what to write; Zod's say what they are.
      return issue.message.startsWith('Invalid') ? `write a valid ${issue.format}` : issue.message;
    case 'too_small':
      return `at least ${issue.minimum}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    default:
      return issue.message === 'Invalid input' ? 'GET /openapi.json says what it takes' : issue.message;
  }
}
