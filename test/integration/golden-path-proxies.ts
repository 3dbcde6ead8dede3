import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get, type Server } from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createProbeProof } from '@belay/node/health';
import { WebSocketServer } from 'ws';

export const KEY = 'a-shared-key-of-this-test';
export const TOKEN = 'token-of-a-real-user';

/** What a proxy may do to a WebSocket; `good` does it right. */
export const faults = [
  'good',
  'noUpgrade',
  'stripped',
  'rewritten',
  'redirect',
  'idleCut',
  'headerSize',
  'wrongRoute',
] as const;
export type Fault = (typeof faults)[number];
export type Ports = Readonly<Record<Fault, number>>;

export interface ChatApp {
  readonly port: number;
  close(): Promise<void>;
}

/** A chat on `/chat` that lets in who has a token, behind the middleware that answers proofs. */
export async function startChat(): Promise<ChatApp> {
  const proof = createProbeProof({ key: KEY });
  const sockets = new WebSocketServer({ noServer: true });
  const server = createServer((request, response) => {
    if (proof.request(request, response)) return;
    response.writeHead(404).end();
  });
  server.on('upgrade', (request, socket, head) => {
    if (proof.upgrade(request, socket)) return;
    socket.on('error', () => socket.destroy());
    if (request.headers.authorization !== `Bearer ${TOKEN}` || request.url !== '/chat') {
      socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.send(JSON.stringify({ type: 'welcome', room: { id: 'r1' } }));
      client.on('message', (data: Buffer) => {
        const { text } = JSON.parse(data.toString('utf8')) as { text: string };
        client.send(JSON.stringify({ type: 'typing' }));
        client.send(JSON.stringify({ type: 'message', text }));
      });
    });
  });
  const port = await listen(server);
  return {
    port,
    async close() {
      proof.close();
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      server.close();
    },
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as net.AddressInfo).port;
}

/** Passes upgrades on, and answers only when they are complete, as compressing and scanning hops do. */
export async function startBufferingHop(app: number): Promise<{ readonly port: number; close(): void }> {
  const server = createServer(({ url, headers }, response) => {
    const request = get({ port: app, path: url, headers }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part: Buffer) => parts.push(part));
      answer.on('end', () => response.writeHead(answer.statusCode ?? 502).end(Buffer.concat(parts)));
    });
    request.on('error', () => response.destroy());
  });
  server.on('upgrade', ({ url, rawHeaders }, socket) => {
    const behind = net.connect(app, '127.0.0.1');
    const lines = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1]}`] : []));
    behind.write(`GET ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    behind.on('error', () => socket.destroy());
    socket.on('error', () => behind.destroy());
    socket.pipe(behind).pipe(socket);
  });
  const port = await listen(server);
  return {
    port,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export interface ProxyProgram {
  readonly name: 'nginx' | 'haproxy' | 'apache';
  readonly file: string;
  readonly config: (ports: Ports, app: number, folder: string) => string;
  readonly args: (config: string, folder: string) => readonly string[];
}

export const programs: readonly ProxyProgram[] = [
  { name: 'nginx', file: '/usr/sbin/nginx', config: nginxConfig, args: (file, folder) => ['-p', folder, '-c', file] },
  { name: 'haproxy', file: '/usr/sbin/haproxy', config: haproxyConfig, args: (file) => ['-db', '-f', file] },
  { name: 'apache', file: '/usr/sbin/apache2', config: apacheConfig, args: (file) => ['-f', file, '-DFOREGROUND'] },
];

export function isThere({ file }: ProxyProgram): boolean {
  return existsSync(file);
}

export interface RunningProxy {
  readonly ports: Ports;
  close(): Promise<void>;
}

/** Starts a proxy with one port for each fault. */
export async function startProxy(program: ProxyProgram, app: number): Promise<RunningProxy> {
  const folder = mkdtempSync(path.join(tmpdir(), `belay-${program.name}-`));
  const ports = await freePorts();
  const file = path.join(folder, 'proxy.conf');
  writeFileSync(file, program.config(ports, app, folder));
  const child = spawn(program.file, program.args(file, folder), { stdio: 'ignore' });
  for (const port of Object.values(ports)) await reachable(port, child);
  return {
    ports,
    async close() {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePorts(): Promise<Ports> {
  const servers = await Promise.all(
    faults.map(async (fault) => {
      const server = net.createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return { fault, server, port: (server.address() as net.AddressInfo).port };
    }),
  );
  for (const { server } of servers) server.close();
  // Every fault has its entry.
  return Object.fromEntries(servers.map(({ fault, port }) => [fault, port])) as unknown as Ports;
}

async function reachable(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new TypeError(`the proxy ended with ${child.exitCode}`);
    const socket = net.connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const nginxRules: Readonly<Record<Fault, string>> = {
  good: '',
  noUpgrade: 'NO-UPGRADE',
  stripped: 'proxy_set_header Authorization "";',
  rewritten: 'proxy_set_header Authorization "Basic c2hhcmVk";',
  redirect: 'return 307 http://elsewhere.example$request_uri;',
  idleCut: 'proxy_read_timeout 1s;',
  headerSize: '',
  wrongRoute: 'rewrite ^/chat$ /rooms/chat break;',
};

function nginxConfig(ports: Ports, app: number, folder: string): string {
  const servers = faults.map((fault) => {
    const upgrade =
      fault === 'noUpgrade'
        ? ''
        : 'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;';
    const limits = fault === 'headerSize' ? 'client_header_buffer_size 1k; large_client_header_buffers 2 1k;' : '';
    const buffering = fault === 'good' ? 'proxy_buffering off;' : '';
    const rule = nginxRules[fault].replace('NO-UPGRADE', '');
    return `server { listen 127.0.0.1:${ports[fault]}; ${limits}
      location / { proxy_pass http://127.0.0.1:${app}; ${upgrade} ${buffering} ${rule} } }`;
  });
  return `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr crit; events { worker_connections 200; }
  http { access_log off; ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${folder}/${kind};`).join(' ')}
  ${servers.join('\n')} }`;
}

const haproxyRules: Readonly<Record<Fault, string>> = {
  good: '',
  noUpgrade: 'http-request del-header Upgrade\n  http-request del-header Connection',
  stripped: 'http-request del-header Authorization',
  rewritten: 'http-request set-header Authorization "Basic c2hhcmVk"',
  redirect: 'http-request redirect location http://elsewhere.example/chat code 307',
  idleCut: '',
  headerSize: '',
  wrongRoute: 'http-request set-path /rooms/chat',
};

function haproxyConfig(ports: Ports, app: number): string {
  const parts = faults.map(
    (fault) => `listen ${fault}
  bind 127.0.0.1:${ports[fault]}
  timeout tunnel ${fault === 'idleCut' ? '1s' : '60s'}
  ${haproxyRules[fault]}
  server app 127.0.0.1:${app}`,
  );
  // The buffer holds all headers of a request; the default of 16 kB is the limit that is met here.
  return `global
  maxconn 200
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
${parts.join('\n')}
`;
}

const apacheRules: Readonly<Record<Fault, string>> = {
  good: '',
  noUpgrade: '',
  stripped: 'RequestHeader unset Authorization',
  rewritten: 'RequestHeader set Authorization "Basic c2hhcmVk"',
  redirect: 'Redirect 307 /chat http://elsewhere.example/chat',
  // The longer one of both sides counts.
  idleCut: 'Timeout 1',
  headerSize: 'LimitRequestFieldSize 1000',
  wrongRoute: '',
};

function apacheConfig(ports: Ports, app: number, folder: string): string {
  const modules = ['mpm_event', 'authz_core', 'proxy', 'proxy_http', 'headers', 'alias'];
  const hosts = faults.map((fault) => {
    const to = fault === 'wrongRoute' ? `http://127.0.0.1:${app}/rooms/` : `http://127.0.0.1:${app}/`;
    const limit = fault === 'idleCut' ? ' timeout=1' : '';
    const upgrade = (fault === 'noUpgrade' ? '' : ' upgrade=websocket') + limit;
    const pass = fault === 'redirect' ? '' : `ProxyPass / ${to}${upgrade}`;
    return `Listen 127.0.0.1:${ports[fault]}
<VirtualHost 127.0.0.1:${ports[fault]}>
${apacheRules[fault]}
${pass}
</VirtualHost>`;
  });
  return `ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/pid
DefaultRuntimeDir ${folder}
ErrorLog /dev/stderr
LogLevel crit
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
User www-data
Group www-data
${hosts.join('\n')}
`;
}
