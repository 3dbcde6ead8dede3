export { openLogs } from './log/open-logs.ts';
export type {
  AuditEvent,
  LogLevel,
  Logs,
  LogsOptions,
  LostRecords,
  ShipOptions,
  SystemLogOptions,
} from './log/types.ts';
