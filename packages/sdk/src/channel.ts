export { startChannelServer } from './channel/channel-server.ts';
export {
  openSqliteLog,
  type SqliteDatabase,
  type SqliteLogOptions,
  type SqliteStatement,
} from './channel/sqlite-log.ts';
export { ChannelLogError } from './channel/log-types.ts';
export type {
  ChannelLog,
  Json,
  LogEntry,
  LogPlace,
  LogPosition,
  LogQuestion,
  LogRecord,
  LogStretch,
  LogWindow,
  PresenceEntry,
  PresenceStore,
} from './channel/log-types.ts';
export { ChannelRpcError } from './channel/types.ts';
export type {
  ChannelLimits,
  ChannelServer,
  ChannelServerOptions,
  ChannelStatus,
  ChannelUser,
  ChannelWish,
  ConnectRequest,
  Published,
  PublishOptions,
} from './channel/types.ts';
