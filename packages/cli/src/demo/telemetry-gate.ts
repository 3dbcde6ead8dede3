import http from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TelemetryGate {
  readonly url: string;
  /** From now on nothing that carries telemetry gets through; flags still do. */
  cut(): void;
  close(): Promise<void>;
}

/** Stands between the shops and the server, as a collector or a proxy would, and can lose all telemetry. */
export async function openTelemetryGate(serverUrl: string): Promise<TelemetryGate> {
  const agent = new http.Agent({ keepAlive: true });
  let isCut = false;
  const gate = http.createServer((request, response) => {
    if (isCut && request.url?.startsWith('/v1/') === true) {
      request.socket.destroy();
      return;
    }
    forward(request, response, { serverUrl, agent });
  });
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
  // listen() on a host gives an AddressInfo, never a pipe name.
  const { port } = gate.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    cut: () => {
      isCut = true;
    },
    close: async () => {
      const closed = new Promise<void>((resolve) => gate.close(() => resolve()));
      gate.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}

interface Onward {
  readonly serverUrl: string;
  readonly agent: http.Agent;
}

function forward(request: http.IncomingMessage, response: http.ServerResponse, { serverUrl, agent }: Onward): void {
  const outgoing = http.request(
    `${serverUrl}${request.url ?? '/'}`,
    { method: request.method ?? 'GET', headers: request.headers, agent },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.once('error', () => response.destroy());
    },
  );
  outgoing.once('error', () => response.destroy());
  response.once('close', () => outgoing.destroy());
  request.pipe(outgoing);
}
