export { application, helpOfAllCommands, runBelay } from './application.ts';
export { exitCode, exitCodeMeaning, type ExitCode } from './exit-code.ts';
export { type DemoSetting, type DemoSettings, openDemoSetting } from './demo/demo-run.ts';
export { DEMO_FLAG, demoPlan } from './demo/demo-plan.ts';
export { type DemoFaultName, demoFaults, endedWell } from './demo/demo-fault.ts';
export type { DemoResult } from './demo/demo-result.ts';
