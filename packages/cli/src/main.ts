import { homedir } from 'node:os';
import { runBelay } from './application.ts';

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    // A second Ctrl-C means it.
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
  });
}
// A child of ours must not outlive a parent that died without a word.
process.channel?.unref();
process.once('disconnect', () => interrupt.abort());
// `belay ... | head` closes the pipe early; that is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const code = await runBelay(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  stdinIsTty: process.stdin.isTTY ?? false,
  environment: process.env,
  cwd: process.cwd(),
  home: homedir(),
  clock: { now: () => Date.now() },
  ask,
  interrupted: interrupt.signal,
  tellParent: (message) => void process.send?.(message),
});
// Whatever a failed command has left open must not keep the shell waiting; stdout is written synchronously.
process.exit(code);

async function ask(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  // Questions go to stderr: stdout carries the answer only.
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question, { signal: interrupt.signal });
  } finally {
    terminal.close();
  }
}
