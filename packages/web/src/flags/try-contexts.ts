/** One made-up user as the server's tester takes it. */
export interface TryContext {
  readonly targetingKey: string;
  readonly [attribute: string]: unknown;
}

export interface ReadContexts {
  readonly contexts: readonly TryContext[];
  /** What is wrong with the attributes, or null. */
  readonly issue: string | null;
}

const MOST = 100;

/** Turns one user a line and an optional JSON object of attributes into contexts; the same user counts once. */
export function readContexts(users: string, attributes: string): ReadContexts {
  const read = readAttributes(attributes);
  if (read === null) return { contexts: [], issue: 'Write one JSON object, such as { "country": "DE" }.' };
  const keys = new Set(
    users
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  );
  return { contexts: [...keys].slice(0, MOST).map((targetingKey) => ({ ...read, targetingKey })), issue: null };
}

function readAttributes(text: string): Readonly<Record<string, unknown>> | null {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    // Half-typed JSON is the usual case here; the caller says so beside the field.
    return null;
  }
}
