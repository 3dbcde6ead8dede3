import { helpOfAllCommands } from '@belay/cli';

/** docs/reference/cli.md from the command tree itself. */
export function generateCliReference(): string {
  const commands = helpOfAllCommands().toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    '# The belay command',
    '',
    '<!-- Written by `npm run generate` from packages/cli/src/routes. -->',
    '',
    'Every command takes `--json`: stdout then carries one JSON document and nothing else, also on failure',
    '(`{"error": {"code", "exitCode", "what", "why", "fix", "docs"}}`). Remarks and questions go to stderr, and only',
    'on a terminal; without one nothing is asked, and the message names the flag that answers. `NO_COLOR` is honoured.',
    '',
    'Where commands find the server and their token, first hit wins: `--url` / `--token`; `BELAY_URL` / `BELAY_KEY`;',
    '`./.belay/cli-token` of a server that runs in this folder; what `belay login` kept. The address is',
    '`http://127.0.0.1:4600` when nobody says otherwise.',
    '',
    'A rollout is named by its id, its number (`12` or `#12`), its flag, or its name in `./belay.yaml`.',
    'Exit codes: [exit-codes.md](exit-codes.md).',
    '',
    ...commands.flatMap(([route, help]) => [`## ${route}`, '', '```text', help.trimEnd(), '```', '']),
  ].join('\n');
}
