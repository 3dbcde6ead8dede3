import { errorCatalogue } from '@belay/core';
import type { ErrorCode } from '@belay/core';
import { belayConfig } from '@belay/protocol';
import { openApiDocument, version } from '@belay/server';
import { z } from 'zod';

/** The API, for client generators and people. */
export function generateOpenApi(): string {
  return `${JSON.stringify(openApiDocument(version), null, 2)}\n`;
}

/** JSON Schema of belay.yaml (draft-07, which editors understand). */
export function generateConfigSchema(): string {
  const schema = z.toJSONSchema(belayConfig, { target: 'draft-07', io: 'input' });
  return `${JSON.stringify({ ...schema, title: 'belay.yaml' }, null, 2)}\n`;
}

/** Every error code with its meaning and its mend. */
export function generateErrorsReference(): string {
  const rows = codes().map((code) => {
    const { status, title } = errorCatalogue[code];
    return `## ${code}\n\n${title} (HTTP ${status}). ${explanations[code]}\n`;
  });
  return [
    '# Errors',
    '',
    '<!-- Written by `npm run generate` from packages/core/src/error.ts and scripts/generators/server-references.ts. -->',
    '',
    'Every failure has a stable code. The API answers with problem details (RFC 9457) that carry it as `code`, with',
    'what happened in `detail`, what to do in `hint`, each wrong field in `issues`, and a `requestId` that the log',
    'names too. `belay explain <code>` prints the entry of a code.',
    '',
    ...rows,
  ].join('\n');
}

function codes(): ErrorCode[] {
  return Object.keys(explanations).filter((code): code is ErrorCode => Object.hasOwn(errorCatalogue, code));
}

/** When it happens, and what to do. A new code does not compile without its explanation. */
const explanations: Readonly<Record<ErrorCode, string>> = {
  'request.malformed':
    'The bytes are not what the content type says: broken JSON, invalid UTF-8, nesting deeper than 64 levels, an unreadable header. Send it as documented.',
  'request.invalid':
    'Fields are missing or out of range. `issues` names each field, the value seen and how to mend it.',
  'request.too-large':
    'The body exceeds the limit (1 MiB for the API, `server.body_limit_mb` for telemetry, before and after decompression). Send smaller batches.',
  'request.unsupported-media-type': 'Send `application/json`; telemetry also takes `application/x-protobuf`.',
  'request.precondition-required':
    'A write must say which version it replaces. Send `If-Match` with the ETag you read, or `If-None-Match: *` to create.',
  'request.stale': 'Somebody changed the resource after you read it. Read it again and decide anew.',
  'request.rate-limited':
    'Wait as long as `Retry-After` says. The limit per token is `server.requests_per_minute`; wrong credentials have a limit of their own.',
  'route.not-found': 'No such address. `/openapi.json` lists them all.',
  'route.method-not-allowed': 'The address exists, the method does not. `Allow` names the ones it takes.',
  'access.unauthenticated':
    'No token was sent, or it is unknown, revoked or expired. Make one with `belay token create`.',
  'access.forbidden': 'The token lacks the scope that `detail` names, or a browser session was used from another site.',
  'access.setup-used':
    'The set-up address works once. Sign in with a token; in the folder of the server `belay token create` makes one.',
  'flag.not-found': 'No flag has this key. `belay flag list` shows them.',
  'flag.invalid':
    "The definition breaks flagd's format: an unknown operator or variant, a cycle of `$ref`, weights that overflow. `issues` says where.",
  'flag.guarded': 'A rollout decides who gets what of this flag. Act on the rollout: hold, promote, roll back.',
  'rollout.not-found': 'No rollout has this id or number. `belay rollout list` shows them.',
  'rollout.invalid':
    'The plan cannot be carried out: stages must grow up to 100%, tolerances must have a unit, and a dangerous setting is refused with its reason.',
  'rollout.not-allowed':
    'The state of the rollout does not allow this action. `detail` names the state and what it allows.',
  'rollout.component-busy': 'One change of a component goes out at a time. Wait for the other one, or end it.',
  'rollout.frozen': 'A freeze is in force. Wait for its end, or end it; rolling back always works.',
  'rollout.cooling-down': 'The change was rolled back not long ago. Wait, and acknowledge the cause.',
  'rollout.attempts-exhausted':
    'The change was rolled back as often as policy allows. Change it, and start it as a new rollout.',
  'rollout.approval-needed': 'A person has to approve the next stage: `belay rollout approve`.',
  'rollout.reason-needed': 'Going past the guards needs a reason, which the ledger keeps.',
  'change.not-found': 'The ledger has no such entry.',
  'log.not-found': 'The line has an id that no stored line has, or its retention has ended. Search for it again.',
  'trace.not-found':
    'No span of the trace is stored: it was sampled out, has not arrived yet, or its retention has ended. `belay traces list` shows what there is.',
  'signal.not-found': 'No signal has this id. `belay signals list` shows them.',
  'signal.invalid':
    'The definition cannot be computed or would be dangerous: a warning that is not stricter than critical, a kind that its source cannot give, SQL that does more than read, a Prometheus that is not allowed. `issues` says where, and how to mend it.',
  'signal.managed': 'The signal is written in belay.yaml. Change it there, and restart the server.',
  'alarm.not-found': 'No alarm has this id. `GET /api/v1/alarms` lists them.',
  'alarm.over': 'The signal went back to usual, or somebody accepted it before you. There is nothing left to accept.',
  'check.not-found':
    'No such check. `GET /api/v1/checks` lists them; those of a process that ended on purpose are gone.',
  'check.not-runnable':
    'Health checks and dead-man checks run where they are; only golden paths written in belay.yaml can be run on demand.',
  'issue.not-found': 'No error has this id or number. `belay errors list` shows them.',
  'issue.not-allowed':
    'The state of the error does not allow this action, or it cannot be merged with itself. `detail` says what is allowed.',
  'source-map.not-found': 'No source map has this id. `belay sourcemaps list` shows them.',
  'sentry-key.not-found': 'No key has this id. `belay sentry keys` shows them.',
  'token.not-found': 'No token has this id. `belay token list` shows them.',
  'config.invalid':
    'belay.yaml or an environment variable is wrong. Everything wrong is listed at once, with line, value and mend.',
  'telemetry.unavailable':
    'The telemetry engine does not answer; it restarts by itself. Flags and rollbacks work without it.',
  'telemetry.overloaded':
    'More telemetry is waiting than may wait. Nothing acknowledged is lost; send it again after `Retry-After`.',
  'telemetry.busy':
    'The telemetry store answers as many questions at once as it can, and others wait in turn; this one waited too long. Ask again after `Retry-After`.',
  'telemetry.refused':
    'Some samples of a remote-write request were refused: too old, in the future, malformed, or of too many new series (`GET /api/v1/metrics/cardinality` names the label). The others are stored; sending again changes nothing.',
  'telemetry.too-wide':
    'A question may read a bounded number of rows, bytes and seconds. Ask for a shorter time, one service, or a narrower filter.',
  'promql.invalid':
    'The query, or a parameter beside it, does not keep to the grammar or the types of PromQL. `detail` gives line and column in the words of Prometheus.',
  'promql.failed':
    'The query was read, but has no answer: series match several others, labels collide, or a parameter is out of range. `detail` names the series.',
  'promql.too-wide':
    'The query would read more series or samples than is allowed at once. Name a metric and a label, shorten the time range, or enlarge the step.',
  'promql.timeout':
    'The query ran longer than its `timeout` (at most two minutes). Shorten the time range, enlarge the step, or narrow the labels.',
  'backup.not-found': '`belay backup list` shows sources, destinations and the ids of backups.',
  'backup.source-unavailable':
    'The file is not there, may not be read, or the server does not answer. `detail` names what was tried; nothing was changed.',
  'backup.source-busy':
    'Another process held a lock for too long, or the write-ahead log grew too much while the snapshot was held. The backup is tried again.',
  'backup.source-corrupt':
    'SQLite says that the file is damaged. Keep it as it is, and restore the newest proven backup into a copy.',
  'backup.engine-unsafe':
    'SQLite 3.7.0 to 3.51.2 can lose commits in WAL mode (fixed in 3.51.3, 3.50.7 and 3.44.6). Belay does not open a live database with one.',
  'backup.tool-missing':
    'pg_dump, pg_restore or initdb is missing, or older than the server. Install the client of the same major version, or name its folder with `bin`.',
  'backup.incomplete':
    'It ended without an error but is far smaller than the one before or lacks a table. It is kept aside and never counts as proven.',
  'backup.failed': 'A step ended with an error that `detail` names. Nothing half done is kept.',
  'backup.timeout':
    'A step was not done at the deadline or stood still, and was ended. Raise `deadline`, or find what holds it.',
  'backup.busy':
    'A backup, drill or restore of the same source runs, or a lease is held for a migration or deploy. `belay backup lease` shows it.',
  'backup.tampered':
    'The bytes of a manifest differ from the hash that was noted when it was written. Do not restore from it without finding out why.',
  'backup.destination-unreachable':
    'The folder is not there or its disk is not mounted, or the bucket did not answer in time. Other destinations are not touched by it; the copy is sent again later.',
  'backup.destination-refused':
    'The user of the process or the credentials may not do this at that place. `detail` names the place and what was refused; give the right, or correct the bucket, region or key.',
  'backup.object-missing':
    'The manifest says that the destination has this file, and it does not. Take another copy, and find out who removes files there.',
  'backup.object-exists': 'Backups are written once. Two Belay servers that write to one place need a prefix each.',
  'backup.corrupt':
    'Bytes differ from the checksums in the manifest. This copy is never used; `belay backup verify` names the good ones.',
  'backup.key-wrong':
    'The backup was encrypted for other keys. Use the recovery kit of the Belay that made it; the manifest names the recipients.',
  'restore.not-allowed':
    'Restoring would destroy something or cannot be right: the target exists, is of another engine or version, or the backup is not whole. `detail` says which.',
  'restore.busy':
    'Somebody held a transaction or connections for longer than the deadline. Nothing was changed. Find the holder, or stop the service, and try again.',
  'restore.failed':
    'The result was not what the manifest says, or a step failed. The state from before is in place or kept where `detail` says.',
  'storage.full': 'The volume of the data folder is full. Free space; what was acknowledged is safe.',
  'server.data-in-use':
    'Another Belay runs on this data folder. Use it, stop it, or choose another folder with `--data`.',
  'server.address-in-use': 'The port is taken or not permitted. Choose another with `--port` or `BELAY_PORT`.',
  'server.starting': 'Belay starts or stops just now. Try again after `Retry-After`.',
  'server.failed': 'A fault of Belay itself. Report it with the request id and the log line that carries it.',
};
