export { explainConfig, loadConfig, validateConfig } from './config.ts';
export type { Config, ConfigSource, ExplainedValue, LoadedConfig } from './config.ts';
export { startServer } from './main.ts';
export type { RunningServer, StartOptions } from './main.ts';
export { openApiDocument } from './platform/http/openapi.ts';
export { schemaSql } from './platform/sqlite/schema-sql.ts';
export { version } from './version.ts';
export { allTables } from './features/telemetry/api.ts';
