import type { IncomingMessage, Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import type { ChannelLog, Json } from './log-types.ts';

/** Who stands behind a connection. */
export interface ChannelUser {
  /** Id of the user, at most 255 characters; empty for nobody in particular. */
  readonly id: string;
  /** Shown to others in presence and beside what this user publishes; at most 4 KiB as JSON. */
  readonly info?: Json;
  /** Unix ms at which the connection has to bring a new token; absent for never. */
  readonly expiresAtMs?: number;
}

/** What a client brings when it connects or refreshes its token. */
export interface ConnectRequest {
  readonly token: string;
  readonly data: Json | undefined;
  /** The request that opened the WebSocket: cookies, headers, address. */
  readonly request: IncomingMessage;
  /** Whether a connection that is open brings a new token. */
  readonly isRefresh: boolean;
}

/** What somebody wants to do with a channel. */
export interface ChannelWish {
  readonly action: 'subscribe' | 'publish' | 'presence' | 'history';
  readonly channel: string;
  readonly user: ChannelUser;
  /** What is to be published, or what came with the subscription. */
  readonly data: Json | undefined;
  /** A token for this channel, where the client sent one. */
  readonly token: string | undefined;
}

/** Bounds on what clients may do; every one has a default. */
export interface ChannelLimits {
  /** Bytes of one WebSocket message from a client: 65 536. Larger ones end the connection (1009). */
  readonly frameBytes: number;
  /** Open connections of this process: 20 000. More are answered 503. */
  readonly connections: number;
  /** Connections of one user: 100. More are told to stay away (3504). */
  readonly connectionsPerUser: number;
  /** Channels of one connection: 128. More are refused (106). */
  readonly channelsPerConnection: number;
  /** Characters of a channel's name: 255. */
  readonly channelNameLength: number;
  /** Commands a second of one connection, twice as many at once: 200. More are refused (111), 1 000 in a row end it. */
  readonly commandsPerSecond: number;
  /** Commands of one connection that wait for their turn: 256. With more its socket is not read for a while. */
  readonly waitingCommands: number;
  /** Bytes that may wait in the socket of a client that reads slowly: 1 MiB. Then it is sent away to recover (3008). */
  readonly behindBytes: number;
  /** Messages and bytes that wait to be stored: 20 000 and 32 MiB. More are refused (111), to be tried again. */
  readonly waitingMessages: number;
  readonly waitingBytes: number;
  /** Milliseconds that the log may take for one question: 10 000. */
  readonly logMs: number;
  /** Milliseconds between two heartbeats: 25 000. */
  readonly heartbeatMs: number;
  /** Milliseconds in which a new connection has to say who it is: 10 000. */
  readonly connectMs: number;
  /** Bytes of one answer that brings a client up to date: 16 MiB. A client that is further behind starts anew. */
  readonly recoveryBytes: number;
}

/** Settings of {@link startChannelServer}. */
export interface ChannelServerOptions {
  /** The HTTP server that clients connect to; only upgrades of `path` are touched. */
  readonly server: Server | SecureServer;
  /** Default `/connection/websocket`, where Centrifugo has it. */
  readonly path?: string;
  /** Where messages are kept: `openSqliteLog`, `openPostgresLog` or `openRedisLog`. */
  readonly log: ChannelLog;
  /**
   * Says who a client is, or undefined to send it away for good (3500). Asked on every connection, resumed or not, and
   * on every refresh. An error that is thrown sends the client away for a while.
   */
  authenticate(request: ConnectRequest): ChannelUser | undefined | Promise<ChannelUser | undefined>;
  /** Says whether somebody may. Asked on every subscription, resumed or not, and every publication. */
  authorize(wish: ChannelWish): boolean | Promise<boolean>;
  /** Answers `rpc` calls of clients; what it throws as {@link ChannelRpcError} is told to them. */
  rpc?(method: string, data: Json | undefined, user: ChannelUser): Json | undefined | Promise<Json | undefined>;
  /** Web pages that may connect: `https://app.example.org`, or `*`. Default: pages of the server's own host. */
  readonly origins?: readonly string[];
  /** Whether it is kept who is in a channel; default true. */
  readonly presence?: boolean;
  readonly limits?: Partial<ChannelLimits>;
  /** Where counts are sent; default `BELAY_URL` and `BELAY_KEY` where set, `false` for nowhere. */
  readonly report?: false | { readonly url: string; readonly key?: string };
  /** Name of the service in those counts; default `BELAY_SERVICE`, `OTEL_SERVICE_NAME`, `npm_package_name`. */
  readonly service?: string;
  /** Is told, once each, what degrades the channel; default `process.emitWarning`. */
  readonly onWarning?: (message: string) => void;
}

/** What a channel server has done since its start, and how it stands. */
export interface ChannelStatus {
  readonly connections: number;
  /** Channels that somebody here listens to. */
  readonly channels: number;
  readonly subscriptions: number;
  /** Messages that were stored through this process. */
  readonly published: number;
  /** Messages that were not stored again, for their key or sequence number was known. */
  readonly duplicates: number;
  /** Messages handed to sockets; one message to ten clients counts ten. */
  readonly delivered: number;
  /** Subscriptions that went on where they had stopped, and those that could not. */
  readonly recovered: number;
  readonly unrecovered: number;
  /** Clients that were sent away because they read too slowly. */
  readonly behind: number;
  /** Commands that were refused. */
  readonly refused: number;
  /** Messages that wait to be stored. */
  readonly waiting: number;
  readonly isDraining: boolean;
  readonly warnings: readonly string[];
}

/** What is known of a message that is stored. */
export interface Published {
  readonly epoch: string;
  /** Place in the channel, from 1; 0 where a message of the same session was stored before. */
  readonly offset: number;
  /** Whether the message was stored before, known by its key. */
  readonly isDuplicate: boolean;
}

/** What goes with a message that the server publishes. */
export interface PublishOptions {
  /** A second message of this key in the channel's window is not stored; at most 128 characters. */
  readonly key?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** A running channel server. */
export interface ChannelServer {
  /** Resolves when the message is stored; then it is sent to everybody who listens. */
  publish(channel: string, data: Json, options?: PublishOptions): Promise<Published>;
  status(): ChannelStatus;
  /** Ends all connections of a user; `canReconnect` false sends them away for good. Returns how many. */
  disconnect(userId: string, canReconnect?: boolean): number;
  /** Ends a user's subscriptions of a channel; they may subscribe again where `authorize` says so. */
  unsubscribe(userId: string, channel: string): number;
  /**
   * Before a deploy: takes no new connections and sends those that are open away, spread evenly over `withinMs`
   * (default 10 s), with the advice to come back. Resolves when the last is gone.
   */
  drain(withinMs?: number): Promise<void>;
  /** Stores what waits, ends every connection, lets go of the HTTP server. The log stays open. */
  close(): Promise<void>;
}

/** An error whose code and message a client is told. Codes from 400 to 1999 are free for applications. */
export class ChannelRpcError extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.name = 'ChannelRpcError';
    this.code = code;
  }
}
