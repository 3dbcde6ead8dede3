export { application, helpOfAllCommands, runBelay } from './application.ts';
export { exitCode, exitCodeMeaning, type ExitCode } from './exit-code.ts';
