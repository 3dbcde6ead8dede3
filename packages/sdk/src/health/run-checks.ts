import type { CheckedResult, Finding, HealthCheck } from './types.ts';

/** Runs checks side by side; each is given up after `timeoutMs`, and none can throw. */
export async function runChecks(checks: readonly HealthCheck[], timeoutMs: number): Promise<CheckedResult[]> {
  return Promise.all(checks.map((check) => runCheck(check, timeoutMs)));
}

async function runCheck(check: HealthCheck, timeoutMs: number): Promise<CheckedResult> {
  const startedAt = performance.now();
  const finding = await attempt(check, timeoutMs);
  return {
    name: check.name,
    title: check.title,
    critical: check.critical ?? false,
    dependsOn: check.dependsOn ?? [],
    outcome: finding.outcome,
    cause: finding.cause ?? (finding.outcome === 'fail' ? 'failed' : null),
    text: withoutPassword(finding.text).slice(0, 2000),
    mend: finding.mend?.slice(0, 2000) ?? null,
    value: finding.value !== undefined && Number.isFinite(finding.value) ? finding.value : null,
    unit: finding.unit ?? null,
    durationMs: Math.round((performance.now() - startedAt) * 10) / 10,
  };
}

/** Checks that were given up and go on all the same: a second run beside the first would pile up. */
const stuck = new WeakSet<HealthCheck>();

async function attempt(check: HealthCheck, timeoutMs: number): Promise<Finding> {
  if (stuck.has(check)) return { outcome: 'fail', cause: 'timeout', text: 'an earlier run has not ended yet' };
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timeUp = new Promise<Finding>((resolve) => {
    timer = setTimeout(() => {
      stop.abort();
      resolve({ outcome: 'fail', cause: 'timeout', text: `no answer within ${timeoutMs} ms` });
    }, timeoutMs);
    timer.unref();
  });
  try {
    const run = Promise.resolve(check.run(stop.signal));
    const forget = (): void => void stuck.delete(check);
    stop.signal.addEventListener('abort', () => {
      stuck.add(check);
      run.then(forget, forget);
    });
    return await Promise.race([run, timeUp]);
  } catch (error) {
    return { outcome: 'fail', cause: codeOf(error), text: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** `ECONNREFUSED` becomes `econnrefused`: the codes of Node and of databases are stable. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[\w-]{1,60}$/.test(code) ? code.toLowerCase() : 'error';
}

/** Drivers put addresses with their passwords into messages. */
function withoutPassword(text: string): string {
  return text.replaceAll(/:\/\/([^:/\s@]+):[^@\s]+@/g, '://$1:(hidden)@');
}
