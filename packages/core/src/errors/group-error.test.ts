import fc from 'fast-check';
import { expect, test } from 'vitest';
import { errorEvent, frame, thrown } from './error-samples.ts';
import { groupError } from './group-error.ts';
import type { ErrorEvent, ErrorFrame } from './types.ts';

const keyOf = (event: ErrorEvent): string => groupError(event).key;
const stackEvent = (frames: readonly ErrorFrame[], type = 'TypeError', change: Partial<ErrorEvent> = {}) =>
  errorEvent({ exceptions: [thrown(type, frames)], ...change });

const word = fc.constantFrom('cart', 'pay', 'total', 'ship', 'user', 'tax', 'order', 'refund');
const relativeFrames = fc.uniqueArray(fc.tuple(word, word, word), { minLength: 1, maxLength: 6 });
const root = fc.constantFrom(
  '/home/ada/shop/src',
  '/app/src',
  'C:\\work\\shop\\src',
  'https://shop.example/src',
  '/srv/src',
);
const shift = fc.integer({ min: 0, max: 5000 });

const framesAt = (prefix: string, parts: readonly (readonly [string, string, string])[], lines: number): ErrorFrame[] =>
  parts.map(([folder, file, name], index) =>
    frame(`${prefix}${prefix.includes('\\') ? '\\' : '/'}${folder}/${file}.ts`, name, 1 + index + lines),
  );

test('line shifts and other machines do not make another issue', () => {
  fc.assert(
    fc.property(relativeFrames, root, root, shift, (parts, a, b, lines) => {
      expect(keyOf(stackEvent(framesAt(a, parts, 0)))).toBe(keyOf(stackEvent(framesAt(b, parts, lines))));
    }),
  );
});

test('different functions, files or types make different issues', () => {
  fc.assert(
    fc.property(relativeFrames, relativeFrames, root, (one, other, prefix) => {
      fc.pre(JSON.stringify(one) !== JSON.stringify(other));
      expect(keyOf(stackEvent(framesAt(prefix, one, 0)))).not.toBe(keyOf(stackEvent(framesAt(prefix, other, 0))));
      const again = framesAt(prefix, one, 0);
      expect(keyOf(stackEvent(again, 'TypeError'))).not.toBe(keyOf(stackEvent(again, 'RangeError')));
    }),
  );
});

test('hashes in the names of bundles and release names in addresses change nothing', () => {
  const hash = fc.oneof(
    fc
      .string({ unit: fc.constantFrom(...'0123456789abcdef'.split('')), minLength: 8, maxLength: 20 })
      .filter((text) => /\d/.test(text)),
    fc
      .string({ unit: fc.constantFrom(...'ABCxyz0189_-'.split('')), minLength: 8, maxLength: 8 })
      .filter((text) => /^\w.*\d/.test(text)),
  );
  fc.assert(
    fc.property(hash, hash, word, (a, b, name) => {
      const at = (text: string) =>
        keyOf(stackEvent([frame(`https://cdn.example/assets/checkout-${text}.js?v=${text}`, name, 40, 7)]));
      expect(at(a)).toBe(at(b));
    }),
  );
});

test('the code of packages and of the runtime does not count beside the app’s own', () => {
  const own = frame('/app/src/cart/pay.ts', 'pay');
  const library = [
    frame('/app/node_modules/express/lib/router.js', 'next'),
    frame('node:internal/timers', 'listOnTimeout'),
  ];
  const other = [frame('/app/node_modules/.pnpm/express@5/node_modules/express/lib/layer.js', 'handle')];
  expect(keyOf(stackEvent([own, ...library]))).toBe(keyOf(stackEvent([own, ...other])));
  expect(keyOf(stackEvent(library))).not.toBe(keyOf(stackEvent(other)));
});

test('a message decides only when there is no stack, without ids, numbers and times', () => {
  const withMessage = (value: string) => keyOf(errorEvent({ exceptions: [thrown('Error', [], { value })] }));
  expect(withMessage('user 17 not found at 2026-01-02T03:04:05Z')).toBe(
    withMessage('user 99213 not found at 2027-11-12T13:14:15Z'),
  );
  expect(withMessage('user not found')).not.toBe(withMessage('order not found'));
  const stacked = (value: string) =>
    keyOf(errorEvent({ exceptions: [thrown('Error', [frame('/app/src/a.ts', 'a')], { value })] }));
  expect(stacked('user not found')).toBe(stacked('order not found'));
});

test('engines and async calls that name a function differently meet', () => {
  const names = ['pay', 'async pay', 'Object.pay', 'async Cart.pay', 'Cart.pay [as handler]', 'pay/<', 'pay$1', '#pay'];
  expect(new Set(names.map((name) => keyOf(stackEvent([frame('/app/src/cart.ts', name)])))).size).toBe(1);
  const python = (name: string) =>
    keyOf(stackEvent([frame('/app/src/x.py', name)], 'KeyError', { platform: 'python' }));
  expect(python('Cart.pay.<locals>.inner')).toBe(python('Cart.pay.inner'));
  expect(python('Cart.pay')).not.toBe(python('User.pay'));
  const java = (name: string) =>
    keyOf(stackEvent([{ module: 'com.acme.Cart', function: name }], 'E', { platform: 'java' }));
  expect(java('lambda$pay$0')).toBe(java('lambda$pay$7'));
  const dotnet = (name: string) =>
    keyOf(stackEvent([{ module: 'Acme.Cart', function: name }], 'E', { platform: 'csharp' }));
  expect(dotnet('<PayAsync>d__12.MoveNext')).toBe(dotnet('PayAsync'));
});

test('recursion to any depth is one issue', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }), (a, b) => {
      const deep = (depth: number) =>
        stackEvent([
          ...Array.from({ length: depth }, () => frame('/app/src/tree.ts', 'walk')),
          frame('/app/src/main.ts', 'main'),
        ]);
      expect(keyOf(deep(a))).toBe(keyOf(deep(b)));
    }),
  );
});

test('a cause belongs to the issue; the order of those that failed together does not', () => {
  const outer = thrown('OrderError', [frame('/app/src/order.ts', 'place')]);
  const cause = (type: string) => thrown(type, [frame('/app/src/db.ts', 'query')]);
  const chain = (type: string) => keyOf(errorEvent({ exceptions: [outer, cause(type)] }));
  expect(chain('TimeoutError')).not.toBe(chain('UniqueViolation'));
  const group = (types: readonly string[]) =>
    keyOf(errorEvent({ exceptions: [{ ...outer, isGroup: true }, ...types.map(cause)] }));
  expect(group(['A', 'B'])).toBe(group(['B', 'A', 'A']));
});

test('the client’s fingerprint comes first, and {{ default }} adds to it', () => {
  const frames = [frame('/app/src/a.ts', 'a')];
  const event = (fingerprint: string[], type = 'Error') => keyOf(stackEvent(frames, type, { fingerprint }));
  expect(event(['checkout'], 'A')).toBe(event(['checkout'], 'B'));
  expect(event(['{{ default }}'])).toBe(event([]));
  expect(event(['{{ default }}', 'tenant-1'])).not.toBe(event(['{{ default }}', 'tenant-2']));
  expect(event(['{{ default }}', 'tenant-1'], 'A')).not.toBe(event(['{{ default }}', 'tenant-1'], 'B'));
  expect(event(['{{ type }}'], 'A')).toBe(event(['A'], 'B'));
});

test('an exception that the SDK made up is named by its function and tells its message apart', () => {
  const made = (value: string, name: string) =>
    keyOf(errorEvent({ exceptions: [thrown('Error', [frame('/app/src/log.ts', name)], { value, synthetic: true })] }));
  expect(made('cart 1 is empty', 'report')).toBe(made('cart 22 is empty', 'report'));
  expect(made('cart is empty', 'report')).not.toBe(made('card declined', 'report'));
  expect(made('cart is empty', 'report')).not.toBe(made('cart is empty', 'warn'));
});

test('with its source map a minified event meets the one that was never minified, and keeps its old key', () => {
  const plain = stackEvent([frame('/app/src/cart/pay.ts', 'pay', 12)]);
  const minified = { file: 'https://x.example/assets/index-BqX9a_3k.js', function: 't', line: 1, column: 4812 };
  const mapped = stackEvent([{ file: '../../src/cart/pay.ts', function: 'pay', line: 14, column: 3, minified }]);
  expect(keyOf(mapped)).toBe(keyOf(plain));
  expect(groupError(mapped).unmappedKey).toBe(keyOf(stackEvent([minified])));
  expect(groupError(mapped).unmappedKey).not.toBe(keyOf(mapped));
});

test('another service is another issue', () => {
  const frames = [frame('/app/src/a.ts', 'a')];
  expect(keyOf(stackEvent(frames, 'E', { service: 'a' }))).not.toBe(keyOf(stackEvent(frames, 'E', { service: 'b' })));
});

test('any text is grouped without failing', () => {
  const anyFrame = fc.record({ function: fc.string(), module: fc.string(), file: fc.string(), line: fc.nat() });
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 5 }),
      fc.string(),
      fc.array(fc.string()),
      (frames, value, fingerprint) => {
        const event = errorEvent({ exceptions: [thrown('E', frames, { value })], fingerprint });
        expect(keyOf(event)).toMatch(/^[0-9a-f]{16}$/);
      },
    ),
  );
});
