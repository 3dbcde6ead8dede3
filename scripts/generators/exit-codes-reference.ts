import { exitCode, exitCodeMeaning } from '@belay/cli';

/** docs/reference/exit-codes.md from the table the commands use. */
export function generateExitCodesReference(): string {
  const rows = Object.entries(exitCode).map(([name, code]) => {
    const meaning = Object.entries(exitCodeMeaning).find(([key]) => key === name)?.[1] ?? '';
    return `| ${code} | ${meaning} |`;
  });
  return [
    '# Exit codes',
    '',
    '<!-- Written by `npm run generate` from packages/cli/src/exit-code.ts. -->',
    '',
    'They are stable: scripts may rely on them.',
    '',
    '| code | meaning |',
    '|---|---|',
    ...rows,
    '',
    'A pipeline waits for a verdict like this; any other code than 0 stops it:',
    '',
    '```sh',
    'belay rollout start checkout.v2 --watch --timeout 2h',
    '```',
    '',
    '`belay rollout status` exits 10 or 11 on a rollout that was rolled back or is held, and 0 on all others.',
    '`belay demo --exit` exits 0 when the change ended as its fault must.',
    '',
  ].join('\n');
}
