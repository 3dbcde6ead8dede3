import { type Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/** A request, packed by gzip. */
export interface Sending {
  readonly address: string;
  readonly agent: Agent;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Sends once and tells the status; rejects when there is no answer. */
export function send({ address, agent, body, headers: more = {} }: Sending): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...more,
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      'content-length': body.length,
    };
    const sent = request(address, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Sends one request and tells how many ms its answer took; anything but 200 ends the measurement. */
export async function post(sending: Sending): Promise<number> {
  const began = performance.now();
  const status = await send(sending);
  if (status !== 200) throw new Error(`answered ${status}`);
  return performance.now() - began;
}

/** While the engine starts, requests are refused. */
export async function postUntilTaken(sending: Sending): Promise<void> {
  for (let attempt = 1; attempt < 100; attempt += 1) {
    try {
      await post(sending);
      return;
    } catch {
      await delay(200);
    }
  }
  throw new Error('the server takes nothing');
}
