import { type FaultName, faults, isFaultName } from './fault.ts';

/** Everything the shop can be told from outside. */
export interface Settings {
  readonly port: number;
  readonly databasePath: string;
  readonly seed: number;
  readonly fault: FaultName;
}

/** Reads `PORT`, `SHOP_DB`, `SHOP_SEED` and `SHOP_FAULT`; every wrong value is reported, not only the first. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const problems: string[] = [];
  const port = readInteger('PORT', environment['PORT'] ?? '3000', problems);
  const seed = readInteger('SHOP_SEED', environment['SHOP_SEED'] ?? '1', problems);
  const fault = environment['SHOP_FAULT'] ?? 'none';
  if (!isFaultName(fault)) problems.push(`SHOP_FAULT is "${fault}"; use one of ${Object.keys(faults).join(', ')}.`);
  if (problems.length > 0 || !isFaultName(fault)) throw new SettingsError(problems.join('\n'));
  return { port, databasePath: environment['SHOP_DB'] ?? ':memory:', seed, fault };
}

/** The environment asks for something the shop cannot do. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

function readInteger(name: string, text: string, problems: string[]): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) problems.push(`${name} is "${text}"; use a whole number such as 3000.`);
  return value;
}
