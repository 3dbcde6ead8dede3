import { query, type JsonValue } from 'jsonpath-rfc9535';
import { StepFailure, type StepWorld } from './probe-types.ts';

interface Expected {
  readonly contains?: string | undefined;
  readonly json?: Readonly<Record<string, string | number | boolean | null>> | undefined;
}

/** Throws where a text is not what it must be. */
export function checkText(text: string, { contains, json }: Expected, world: StepWorld): void {
  if (contains !== undefined && !text.includes(world.fill(contains))) {
    const seen = world.redact(text.trim()).slice(0, 200);
    throw new StepFailure('content', `does not contain "${contains}" but is: ${seen === '' ? '(empty)' : seen}`);
  }
  if (json === undefined) return;
  const document = parsed(text, world);
  for (const [path, value] of Object.entries(json)) {
    const wanted = typeof value === 'string' ? world.fill(value) : value;
    const found = atPath(document, path);
    if (!found.includes(wanted)) {
      const seen = found.length === 0 ? 'nothing' : world.redact(JSON.stringify(found[0])).slice(0, 100);
      throw new StepFailure('content', `${path} is ${seen}, not ${JSON.stringify(value)}`);
    }
  }
}

/** Keeps what paths find, as texts. */
export function extractJson(text: string, extract: Readonly<Record<string, string>>, world: StepWorld): void {
  const document = parsed(text, world);
  for (const [name, path] of Object.entries(extract)) {
    const [found] = atPath(document, path);
    if (found === undefined) throw new StepFailure('content', `${path} finds nothing`);
    world.set(name, typeof found === 'string' ? found : JSON.stringify(found));
  }
}

function parsed(text: string, world: StepWorld): JsonValue {
  try {
    // Decoder: whatever JSON.parse gives is a JSON value.
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new StepFailure('content', `is not JSON: ${world.redact(text.trim()).slice(0, 100)}`);
  }
}

function atPath(document: JsonValue, path: string): JsonValue[] {
  try {
    return query(document, path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new StepFailure('path', `the JSONPath ${path} cannot be read: ${why}`, 'See RFC 9535.');
  }
}
