/** Errors that answer a command; Centrifugo's numbers, so that its clients act on them. */
export const ERRORS: Readonly<Record<ErrorName, CommandError>> = {
  internal: { code: 100, message: 'internal server error', temporary: true },
  unauthorized: { code: 101, message: 'unauthorized' },
  permissionDenied: { code: 103, message: 'permission denied' },
  methodNotFound: { code: 104, message: 'method not found' },
  alreadySubscribed: { code: 105, message: 'already subscribed' },
  limitExceeded: { code: 106, message: 'limit exceeded' },
  badRequest: { code: 107, message: 'bad request' },
  notAvailable: { code: 108, message: 'not available' },
  tokenExpired: { code: 109, message: 'token expired' },
  tooManyRequests: { code: 111, message: 'too many requests', temporary: true },
  unrecoverablePosition: { code: 112, message: 'unrecoverable position' },
};

type ErrorName =
  | 'internal'
  | 'unauthorized'
  | 'permissionDenied'
  | 'methodNotFound'
  | 'alreadySubscribed'
  | 'limitExceeded'
  | 'badRequest'
  | 'notAvailable'
  | 'tokenExpired'
  | 'tooManyRequests'
  | 'unrecoverablePosition';

/** Why a command was refused; a temporary one may be tried again. */
export interface CommandError {
  readonly code: number;
  readonly message: string;
  readonly temporary?: boolean;
}

/** Why a connection ends: close codes. Clients come back after 3000-3499 and stay away after 3500-3999. */
export const DISCONNECTS: Readonly<Record<DisconnectName, Disconnect>> = {
  shutdown: { code: 3001, reason: 'shutdown' },
  internal: { code: 3004, reason: 'internal server error' },
  expired: { code: 3005, reason: 'connection expired' },
  slow: { code: 3008, reason: 'slow' },
  insufficientState: { code: 3010, reason: 'insufficient state' },
  forceReconnect: { code: 3011, reason: 'force reconnect' },
  noPong: { code: 3012, reason: 'no pong' },
  tooManyRequests: { code: 3013, reason: 'too many requests' },
  invalidToken: { code: 3500, reason: 'invalid token' },
  badRequest: { code: 3501, reason: 'bad request' },
  stale: { code: 3502, reason: 'stale' },
  forceDisconnect: { code: 3503, reason: 'force disconnect' },
  connectionLimit: { code: 3504, reason: 'connection limit' },
};

type DisconnectName =
  | 'shutdown'
  | 'internal'
  | 'expired'
  | 'slow'
  | 'insufficientState'
  | 'forceReconnect'
  | 'noPong'
  | 'tooManyRequests'
  | 'invalidToken'
  | 'badRequest'
  | 'stale'
  | 'forceDisconnect'
  | 'connectionLimit';

/** A close code and what it means. */
export interface Disconnect {
  readonly code: number;
  readonly reason: string;
}

/** Why a subscription ends; a client subscribes again, and recovers, after 2500 and above. */
export const UNSUBSCRIBES: Readonly<Record<'server' | 'insufficientState', Disconnect>> = {
  server: { code: 2000, reason: 'server unsubscribe' },
  insufficientState: { code: 2500, reason: 'insufficient state' },
};
