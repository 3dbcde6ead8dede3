export { startChannelServer } from './channel/channel-server.ts';
export {
  openSqliteLog,
  type SqliteDatabase,
  type SqliteLogOptions,
  type SqliteStatement,
} from './channel/sqlite-log.ts';
export {
  openPostgresLog,
  type PostgresClient,
  type PostgresLogOptions,
  type PostgresPool,
} from './channel/postgres-log.ts';
export { openRedisLog, type RedisClient, type RedisLogOptions, type RedisSubscriber } from './channel/redis-log.ts';
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
export { openFileOutboxStore } from './channel/file-outbox-store.ts';
