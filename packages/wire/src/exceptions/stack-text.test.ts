import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseStackText } from './stack-text.ts';

const node = `OrderError: cannot place order 17
    at place (/app/src/order.ts:12:9)
    at async Cart.checkout [as handler] (file:///app/src/cart.ts:40:3)
    at /app/src/server.ts:7:20
    at new Promise (<anonymous>)
    at process.processTicksAndRejections (node:internal/process/task_queues:105:5) {
  [cause]: TypeError: x is not a function
      at query (/app/src/db.ts:3:1)
}`;
const python = `Traceback (most recent call last):
  File "/srv/app/db.py", line 3, in query
    raise KeyError("id")
KeyError: 'id'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/app/main.py", line 20, in <module>
    main()
  File "/srv/app/cart.py", line 12, in pay
    query()
app.errors.PayError: cannot pay`;
const java = `com.acme.PayException: cannot pay
\tat com.acme.Cart.pay(Cart.java:12)
\tat java.base/java.lang.Thread.run(Thread.java:840)
Caused by: java.sql.SQLException: timeout
\tat com.acme.Db.lambda$query$0(Db.java:7)
\t... 12 more`;
const go = `panic: runtime error: index out of range [5]

goroutine 1 [running]:
main.(*Cart).Pay(0xc000010000, 0x5)
\t/app/cart.go:12 +0x1d
github.com/acme/shop/db.Query({0x1, 0x2})
\t/app/db/query.go:33 +0x44
main.main()
\t/app/main.go:7 +0x20`;
const dotnet = `System.InvalidOperationException: cannot pay
 ---> System.TimeoutException: late
   at Acme.Db.Query(String sql) in /app/Db.cs:line 3
   --- End of inner exception stack trace ---
   at Acme.Cart.<PayAsync>d__12.MoveNext() in /app/Cart.cs:line 12
   at Acme.Program.Main(String[] args)`;
const ruby = `app/cart.rb:12:in 'Cart#pay': cannot pay (PayError)
\tfrom app/server.rb:7:in 'block in call'`;
const php = `PHP Fatal error:  Uncaught PayException: cannot pay in /app/cart.php:12
#0 /app/server.php(7): Cart->pay(17)
#1 {main}`;
const firefox = `pay@https://shop.example/assets/index.js:12:9
checkout/<@https://shop.example/assets/index.js:40:3`;

test.each([
  ['node', node, ['OrderError', 'TypeError'], ['place', 'Cart.checkout [as handler]'], '/app/src/order.ts', 12],
  ['python', python, ['app.errors.PayError', 'KeyError'], ['pay', '<module>'], '/srv/app/cart.py', 12],
  ['java', java, ['com.acme.PayException', 'java.sql.SQLException'], ['pay', 'run'], 'Cart.java', 12],
  ['go', go, ['panic'], ['(*Cart).Pay', 'Query'], '/app/cart.go', 12],
  ['ruby', ruby, [''], ['Cart#pay', 'block in call'], 'app/cart.rb', 12],
  ['php', php, ['PayException'], ['Cart->pay'], '/app/server.php', 7],
  ['javascript', firefox, [''], ['pay', 'checkout/<'], 'https://shop.example/assets/index.js', 12],
])('a stack of %s is read with its causes, innermost call first', (platform, text, types, names, file, line) => {
  const parsed = parseStackText(text);
  expect(parsed.platform).toBe(platform);
  expect(parsed.exceptions.map(({ type }) => type)).toEqual(types);
  const frames = parsed.exceptions[0]?.frames ?? [];
  expect(frames.slice(0, names.length).map((frame) => frame.function)).toEqual(names);
  expect(frames[0]).toMatchObject({ file, line });
});

test('a nameless call after an await has a file, not one that is called async', () => {
  const [thrown] = parseStackText('Error: x\n    at async node:internal/modules/esm/loader:647:26').exceptions;
  expect(thrown?.frames[0]).toMatchObject({ file: 'node:internal/modules/esm/loader', line: 647 });
});

test('.NET prints the inner exception within the outer one', () => {
  const parsed = parseStackText(dotnet);
  expect(parsed.platform).toBe('csharp');
  const frames = parsed.exceptions.flatMap((exception) => exception.frames);
  expect(frames.map((frame) => frame.function)).toEqual(['Query', 'MoveNext', 'Main']);
  expect(parsed.exceptions.map(({ type }) => type)).toContain('System.InvalidOperationException');
});

test('any text, and any damage to a stack, is read without failing and within bounds', () => {
  const stacks = [node, python, java, go, dotnet, ruby, php, firefox];
  const damaged = fc
    .tuple(fc.constantFrom(...stacks), fc.nat(400), fc.string())
    .map(([text, at, noise]) => text.slice(0, at) + noise + text.slice(at + 3));
  fc.assert(
    fc.property(fc.oneof(fc.string(), damaged), (text) => {
      const { exceptions } = parseStackText(text);
      expect(exceptions.length).toBeLessThanOrEqual(10);
    }),
    { numRuns: 500 },
  );
});

test('text made to keep patterns busy takes no time to speak of', () => {
  const hostile = [
    `    at ${'a'.repeat(50_000)}(`,
    'at '.repeat(20_000),
    `  at ${'('.repeat(20_000)}:1:1`,
    '@'.repeat(50_000),
  ];
  for (const line of hostile) expect(parseStackText(`${line}\n`.repeat(50)).exceptions.length).toBeLessThanOrEqual(10);
});
