import { checkText, extractJson } from './expectation.ts';
import { filled } from './http-step.ts';
import { isRefused, nextMessage, openSocket } from './open-socket.ts';
import { type OpenSocket, type ProbeStep, StepFailure, type StepWorld } from './probe-types.ts';

type StepOf<Type extends ProbeStep['type']> = Extract<ProbeStep, { type: Type }>;

export async function runWsOpen(step: StepOf<'ws_open'>, world: StepWorld): Promise<string> {
  const url = world.address(step.url, ['ws:', 'wss:']);
  const headers = { ...filled(step.headers, world), ...world.tag };
  const answer = await openSocket(url, { headers, protocols: step.protocols ?? [], signal: world.signal }, world);
  if (isRefused(answer)) {
    const where = answer.location === undefined ? '' : ` to ${world.redact(answer.location).slice(0, 200)}`;
    throw new StepFailure(`status-${answer.status}`, `the upgrade was answered with ${answer.status}${where}`);
  }
  world.sockets.current = answer;
  return 'open';
}

export async function runWsSend(step: StepOf<'ws_send'>, world: StepWorld): Promise<string> {
  const text = step.text === undefined ? JSON.stringify(world.fillJson(step.json)) : world.fill(step.text);
  current(world).send(text);
  return `${text.length} characters sent`;
}

/** Messages that are something else are passed over until the time is up; the failure tells of the last one. */
export async function runWsExpect(step: StepOf<'ws_expect'>, world: StepWorld): Promise<string> {
  const socket = current(world);
  let last: StepFailure | undefined;
  for (let seen = 1; ; seen += 1) {
    const text = await nextMessage(socket, world.signal).catch((error: unknown) => {
      throw last === undefined || !(error instanceof StepFailure)
        ? error
        : new StepFailure(error.causeWord, `${error.message}; the last message ${last.message}`);
    });
    try {
      checkText(text, step, world);
      if (step.extract !== undefined) extractJson(text, step.extract, world);
      return seen === 1 ? 'came' : `came after ${seen - 1} others`;
    } catch (error) {
      if (!(error instanceof StepFailure) || error.causeWord !== 'content') throw error;
      last = error;
    }
  }
}

export async function runWsClose(step: StepOf<'ws_close'>, world: StepWorld): Promise<string> {
  const socket = current(world);
  if (step.code === undefined && socket.closed === undefined) socket.close(1000);
  while (socket.closed === undefined) {
    if (world.signal.aborted) throw new StepFailure('timeout', 'the WebSocket was not closed in time');
    await socket.changed(world.signal);
  }
  world.sockets.current = undefined;
  const { code } = socket.closed;
  if (step.code !== undefined && step.code !== code)
    throw new StepFailure(`closed-${code}`, `the WebSocket was closed with ${code}, not ${step.code}`);
  return `closed with ${code}`;
}

function current({ sockets }: StepWorld): OpenSocket {
  if (sockets.current !== undefined) return sockets.current;
  throw new StepFailure('no-socket', 'no WebSocket is open', 'Put a ws_open step before this one.');
}
