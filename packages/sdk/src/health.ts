export { openHealth, startup } from './health/open-health.ts';
export type { Health, HealthOptions } from './health/open-health.ts';
export { reportText, StartupRefused } from './health/report-text.ts';
export type { StartupReport } from './health/report-text.ts';
export type { EndpointAnswer } from './health/endpoints.ts';
export type { WatchdogOptions } from './health/watchdog.ts';
export type { CheckedResult, Finding, HealthCheck } from './health/types.ts';
export { sqliteChecks } from './health/checks/sqlite.ts';
export type { SqliteExpectation, SqliteLike } from './health/checks/sqlite.ts';
export { postgresChecks } from './health/checks/postgres.ts';
export type { PgExpectation, PgLike } from './health/checks/postgres.ts';
export {
  diskCheck,
  modulesCheck,
  nodeVersionCheck,
  openFilesCheck,
  portCheck,
  settingCheck,
  writableCheck,
} from './health/checks/machine.ts';
export { certificateCheck, queueCheck, restorePointCheck, runtimeChecks } from './health/checks/runtime.ts';
export type { RuntimeLimits } from './health/checks/runtime.ts';
export { healthExpress, healthFastify, healthHono, healthKoa } from './health/adapters.ts';
export { createProbeProof } from './health/probe-proof.ts';
export type { ProbeProof, ProbeProofOptions } from './health/probe-proof.ts';
