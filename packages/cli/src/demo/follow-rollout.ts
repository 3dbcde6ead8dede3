import type { RolloutView } from '@belay/protocol';
import { failureOf } from '../failure-of.ts';
import { exitCode } from '../exit-code.ts';
import type { World } from '../run.ts';
import type { DemoFaultName } from './demo-fault.ts';
import type { DemoLoad } from './demo-load.ts';
import { DEMO_FLAG } from './demo-plan.ts';
import type { DemoServer } from './demo-server.ts';
import type { DemoStory } from './demo-story.ts';
import type { TelemetryGate } from './telemetry-gate.ts';
import { interrupted } from './wait-until.ts';

interface Stage {
  readonly fault: DemoFaultName;
  readonly server: DemoServer;
  readonly load: DemoLoad;
  readonly gate: TelemetryGate | undefined;
  readonly story: DemoStory;
  readonly world: World;
}

const LOOK_EVERY_MS = 500;
const GIVE_UP_MS = 480_000;
/** Enough has been seen on the new path for the middle of a stage. */
const MIDDLE_REQUESTS = 80;
const DEAD_MS = 20_000;
/** How long a hold must last before it counts as the end: longer than any soak that could still promote. */
const HELD_MS = 30_000;
const UNDO_MS = 10_000;

/** Follows change #1 to its end, and does to Belay what the fault says. */
export async function followRollout(started: RolloutView, stage: Stage): Promise<RolloutView> {
  const { server, story, world } = stage;
  const deadline = world.clock.now() + GIVE_UP_MS;
  const disturb = createDisturbance(stage);
  let view = started;
  story.follow(view);
  while (!hasEnded(view, world.clock.now()) && world.clock.now() < deadline) {
    if (world.interrupted.aborted) throw interrupted();
    await disturb(view);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    view = (await look(server, view)) ?? view;
    story.follow(view);
  }
  return view.status === 'rolled-back' ? waitForUndo(view, stage) : view;
}

function hasEnded(view: RolloutView, now: number): boolean {
  if (view.status === 'held') return view.held !== null && now - view.held.since >= HELD_MS;
  return view.status === 'completed' || view.status === 'rolled-back' || view.status === 'cancelled';
}

/** A server that is dead right now is part of the demo, not a failure. */
async function look({ api }: DemoServer, view: RolloutView): Promise<RolloutView | undefined> {
  try {
    return await api.call('rolloutGet', { params: { id: view.id } });
  } catch (error) {
    if (failureOf(error)?.exitCode === exitCode.unreachable) return undefined;
    throw error;
  }
}

/** Does its harm once, in the middle of the first stage. */
function createDisturbance(stage: Stage): (view: RolloutView) => Promise<void> {
  const { fault, load, gate, story, world } = stage;
  let isDone = false;
  let cutAt: number | undefined;
  return async (view) => {
    if (cutAt !== undefined && world.clock.now() - cutAt >= DEAD_MS) {
      story.tell(`  Without telemetry ${await servedText(load, cutAt)}`);
      cutAt = undefined;
    }
    if (isDone) return;
    if (fault === 'noisy-user') {
      isDone = await addNoisyUser(stage);
      return;
    }
    if (load.totals().newPath < MIDDLE_REQUESTS || view.status !== 'running') return;
    isDone = true;
    if (fault === 'server-death') await killServer(stage);
    if (fault !== 'blind') return;
    cutAt = world.clock.now();
    gate?.cut();
    story.tell('  The demo cuts all telemetry now.');
  };
}

async function servedText(load: DemoLoad, since: number): Promise<string> {
  const { lastSentAt } = await load.exposuresAfter(since);
  const seconds = lastSentAt === null ? 0 : Math.max(0, lastSentAt - since) / 1000;
  return `the new path was served for ${seconds.toFixed(1)} s more, then the lease had lapsed.`;
}

async function killServer({ server, load, story, world }: Stage): Promise<void> {
  story.tell('  The demo kills the server now (kill -9).');
  const killedAt = world.clock.now();
  await server.killNow();
  await new Promise((resolve) => setTimeout(resolve, DEAD_MS));
  story.tell(`  Without the server ${await servedText(load, killedAt)}`);
  await server.startAgain();
  story.tell('  The server is back, on the same data.');
}

const NOISY_RATE = 2;
const CANDIDATES = 100;

/** Looks for a user who is on the new path, and lets every request of that user fail. */
async function addNoisyUser({ server, load, story }: Stage): Promise<boolean> {
  const users = Array.from({ length: CANDIDATES }, (_, index) => `noisy-${index}`);
  const { results } = await server.api.call('flagTry', {
    params: { key: DEMO_FLAG },
    body: { contexts: users.map((user) => ({ targetingKey: user })) },
  });
  const index = results.findIndex(({ variant }) => variant === 'on');
  const user = users[index];
  if (user === undefined) return false;
  load.addNoisyUser(user, NOISY_RATE);
  story.tell(`  User ${user} is on the new path, and fails ${NOISY_RATE} times a second.`);
  return true;
}

/** Waits until every instance has confirmed the old path, so that the undo time is measured. */
async function waitForUndo(rolledBack: RolloutView, { server, story, world }: Stage): Promise<RolloutView> {
  const deadline = world.clock.now() + UNDO_MS;
  let view = rolledBack;
  while (view.undo.ms === null && world.clock.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS / 5));
    view = (await look(server, view)) ?? view;
    story.follow(view);
  }
  return view;
}
