import type { LiveEvent } from '@belay/protocol';
import { expect, test } from 'vitest';
import { createBus } from './bus.ts';

const event: LiveEvent = { type: 'instances', at: 1 };

test('a reader that comes back gets exactly what it missed', () => {
  const bus = create();
  for (let count = 0; count < 5; count += 1) bus.publish(event);
  expect(bus.since(3)?.map(({ id }) => id)).toEqual([4, 5]);
  expect(bus.since(5)).toEqual([]);
});

test('a reader is told when something it missed is no longer kept, or never was here', () => {
  const bus = create({ kept: 3, firstId: 100 });
  for (let count = 0; count < 20; count += 1) bus.publish(event);
  expect(bus.since(117)?.map(({ id }) => id)).toEqual([118, 119, 120]);
  expect(bus.since(116)).toBeUndefined();
  expect(bus.since(121)).toBeUndefined();
  expect(create({ firstId: 100 }).since(99)).toBeUndefined();
  expect(create({ firstId: 100 }).since(100)).toEqual([]);
});

test('one listener that fails does not keep the others from hearing', () => {
  const errors: unknown[] = [];
  const bus = createBus({ onListenerError: (error) => errors.push(error) });
  const heard: number[] = [];
  bus.subscribe(() => {
    throw new TypeError('broken');
  });
  const stop = bus.subscribe(({ id }) => heard.push(id));
  bus.publish(event);
  stop();
  bus.publish(event);
  expect(heard).toEqual([1]);
  expect(errors).toHaveLength(2);
});

function create(options: { kept?: number; firstId?: number } = {}) {
  return createBus({
    ...options,
    onListenerError: (error) => {
      throw error;
    },
  });
}
