import { lookup as dnsLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import net from 'node:net';
import { type Probe, type ProbeSockets, StepFailure, type StepWorld } from './probe-types.ts';

const PLACE = /\{\{\s*([\w.]+)\s*\}\}/g;
const LONGEST_VALUE = 20_000;

export interface WorldParts {
  readonly probe: Probe;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly runId: string;
  readonly signal: AbortSignal;
  readonly sockets: ProbeSockets;
  readonly certificate: (days: number) => void;
}

/** Variables, secrets and the addresses that may be reached, of one run. */
export function createStepWorld({ probe, environment, runId, signal, sockets, certificate }: WorldParts): StepWorld {
  const values = new Map<string, string>([['run.id', runId], ...Object.entries(probe.variables)]);
  const secretValues = new Set<string>();
  const secret = (variable: string): string => {
    const found = environment[variable];
    if (found === undefined || found === '') {
      const mend = `Set ${variable} where the golden path runs.`;
      throw new StepFailure('secret-missing', `the environment variable ${variable} is not set`, mend);
    }
    secretValues.add(found);
    return found;
  };
  const fill = (text: string): string =>
    text.replaceAll(PLACE, (_place, name: string) => {
      const variable = probe.secrets[name];
      if (variable !== undefined) return secret(variable);
      const value = values.get(name);
      if (value === undefined) throw new StepFailure('variable-missing', `nothing has set {{${name}}}`);
      return value;
    });
  const fillJson = (value: unknown): unknown => {
    if (typeof value === 'string') return fill(value);
    if (Array.isArray(value)) return value.map(fillJson);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, fillJson(part)]));
  };
  return {
    fill,
    fillJson,
    secret,
    set: (name, value) => void values.set(name, value.slice(0, LONGEST_VALUE)),
    redact: (text) => [...secretValues].reduce((clean, value) => clean.replaceAll(value, '(secret)'), text),
    address: (text, protocols) => allowedAddress(fill(text), { protocols, hosts: probe.hosts }),
    tag: { 'x-belay-probe': probe.name, baggage: `belay.probe=${encodeURIComponent(probe.name)}` },
    signal,
    sockets,
    certificate,
  };
}

function allowedAddress(
  text: string,
  { protocols, hosts }: { readonly protocols: readonly string[]; readonly hosts: ReadonlySet<string> },
): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !protocols.includes(url.protocol))
    throw new StepFailure('address', `"${text.slice(0, 200)}" is no address of ${protocols.join(' or ')}`);
  if (url.username !== '' || url.password !== '')
    throw new StepFailure('address', 'an address must not hold a password', 'Send it in a header, from a secret.');
  const host = url.host.toLowerCase();
  if (hosts.has(host) || hosts.has(url.hostname.toLowerCase())) return url;
  const mend = `Write the address into the step, or "${host}" into check_settings.hosts.`;
  throw new StepFailure('host-not-allowed', `${host} is not among the hosts that golden paths may reach`, mend);
}

/**
 * Name look-up that refuses what no service of yours is at: link-local addresses, where clouds keep credentials.
 * Whoever means one writes the number itself.
 */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  dnsLookup(hostname, options, (error, address, family) => {
    const found = Array.isArray(address) ? address.map((one) => one.address) : [address];
    if (error === null && found.some(isLinkLocal)) {
      const refused: NodeJS.ErrnoException = new StepFailure(
        'host-not-allowed',
        `${hostname} leads to a link-local address`,
      );
      refused.code = 'EACCES';
      callback(refused, '', 4);
      return;
    }
    callback(error, address, family);
  });
};

function isLinkLocal(address: string): boolean {
  if (net.isIP(address) === 4) return address.startsWith('169.254.');
  // Written as IPv6, the last part of a mapped address may be four numbers or two groups: a9fe is 169.254.
  return /^fe[89ab]/i.test(address) || /^::ffff:(?:0{1,4}:)?(?:169\.254\.|a9fe:)/i.test(address);
}
