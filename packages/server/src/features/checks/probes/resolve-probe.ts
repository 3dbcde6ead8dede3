import type { InputIssue } from '@belay/core';
import { parseDuration } from '@belay/core/rollout';
import type { ProbeInput, ProbeStep } from '@belay/protocol';
import type { Probe } from './probe-types.ts';

const DAY_MS = 86_400_000;
const PLACE = /\{\{\s*([\w.]+)\s*\}\}/g;

/** Fills in the defaults of a golden path, and says what can never work. Issues carry the path of the field. */
export function resolveProbe(
  name: string,
  input: ProbeInput,
  extraHosts: readonly string[],
): { readonly probe: Probe; readonly issues: readonly InputIssue[] } {
  const issues: InputIssue[] = [];
  const duration = (field: 'every' | 'timeout', fallback: number, [least, most]: readonly [number, number]): number => {
    const given = input[field];
    const ms = given === undefined ? fallback : (parseDuration(given) ?? fallback);
    if (ms >= least && ms <= most) return ms;
    issues.push({
      path: field,
      message: `must be from ${least / 1000}s to ${most / 1000}s`,
      seen: given ?? '',
      mend: `write for example "${fallback / 1000}s"`,
    });
    return fallback;
  };
  const everyMs = duration('every', 60_000, [10_000, DAY_MS]);
  const timeoutMs = duration('timeout', 60_000, [100, 300_000]);
  issues.push(...unknownNames(input));
  for (const [list, steps] of [
    ['steps', input.steps],
    ['cleanup', input.cleanup ?? []],
  ] as const) {
    steps.forEach((step, index) => issues.push(...stepIssues(step, `${list}.${index}`)));
  }
  const probe: Probe = {
    name,
    title: input.title ?? name,
    service: input.service ?? name,
    everyMs,
    timeoutMs,
    dependsOn: input.depends_on ?? [],
    guards: input.guards ?? [],
    variables: input.variables ?? {},
    secrets: input.secrets ?? {},
    steps: input.steps,
    cleanup: input.cleanup ?? [],
    hosts: new Set([...hostsOf(input), ...extraHosts.map((host) => host.toLowerCase())]),
  };
  return { probe, issues };
}

function stepIssues(step: ProbeStep, path: string): InputIssue[] {
  const issues: InputIssue[] = [];
  const ms = step.timeout === undefined ? null : parseDuration(step.timeout);
  if (ms !== null && ms > 120_000)
    issues.push({
      path: `${path}.timeout`,
      message: 'must be at most 2m',
      seen: step.timeout ?? '',
      mend: 'write "2m"',
    });
  if (step.type === 'wait' && (parseDuration(step.for) ?? 0) > 60_000)
    issues.push({ path: `${path}.for`, message: 'must be at most 1m', seen: step.for, mend: 'write "1m"' });
  if (step.type === 'ws_proof' && (parseDuration(step.idle ?? '0s') ?? 0) > 240_000)
    issues.push({ path: `${path}.idle`, message: 'must be at most 4m', seen: step.idle ?? '', mend: 'write "4m"' });
  if (step.type === 'http' && step.body !== undefined && step.json !== undefined)
    issues.push({ path: `${path}.body`, message: 'cannot stand beside "json"', mend: 'remove one of the two' });
  if (step.type === 'ws_send' && (step.text === undefined) === (step.json === undefined))
    issues.push({ path, message: 'needs either "text" or "json"', mend: 'write text: "hello"' });
  if (step.type === 'ws_expect' && step.contains === undefined && step.json === undefined && step.extract === undefined)
    issues.push({ path, message: 'expects nothing', mend: 'write contains, json or extract' });
  if (step.type === 'assert') {
    const { equals, not_equals, contains, at_most, at_least } = step;
    if ([equals, not_equals, contains, at_most, at_least].every((given) => given === undefined))
      issues.push({ path, message: 'compares with nothing', mend: 'write equals: "..."' });
  }
  if (step.type === 'sql' && !/^\s*(select|with|values)\b/i.test(step.query))
    issues.push({
      path: `${path}.query`,
      message: 'must only read',
      seen: step.query.slice(0, 40),
      mend: 'write a SELECT',
    });
  return issues;
}

/** A name that nothing sets is a mistake that would only be seen when it is too late. */
function unknownNames(input: ProbeInput): InputIssue[] {
  const known = new Set(['run.id', ...Object.keys(input.variables ?? {}), ...Object.keys(input.secrets ?? {})]);
  const issues: InputIssue[] = [];
  const look = (steps: readonly ProbeStep[], list: string): void => {
    steps.forEach((step, index) => {
      for (const [, name = ''] of JSON.stringify(step).matchAll(PLACE)) {
        if (known.has(name)) continue;
        const mend = `use one of ${[...known].join(', ')}`;
        issues.push({
          path: `${list}.${index}`,
          message: `uses {{${name}}}, which nothing has set before`,
          seen: name,
          mend,
        });
      }
      if ('extract' in step) for (const name of Object.keys(step.extract ?? {})) known.add(name);
    });
  };
  look(input.steps, 'steps');
  look(input.cleanup ?? [], 'cleanup');
  return issues;
}

/** Hosts that stand in the path itself: whoever wrote it wants them reached. What a step extracts adds none. */
function hostsOf(input: ProbeInput): string[] {
  const fill = (text: string): string =>
    text.replaceAll(PLACE, (place, name: string) => input.variables?.[name] ?? place);
  return [...input.steps, ...(input.cleanup ?? [])].flatMap((step) => {
    const texts = [('url' in step && step.url) || '', ('direct' in step && step.direct) || ''];
    return texts.flatMap((text) => {
      const url = fill(text);
      return URL.canParse(url) && !new URL(url).host.includes('{{') ? [new URL(url).host.toLowerCase()] : [];
    });
  });
}
