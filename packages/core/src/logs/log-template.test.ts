import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { maskedWords, mergeTemplates, templateMatches } from './log-template.ts';

const groups = (...samples: string[]) => samples.map((sample, at) => ({ key: String(at), sample, count: at + 1 }));
const templates = (...samples: string[]) => mergeTemplates(groups(...samples)).map(({ words }) => words.join(' '));

describe('templates of log lines', () => {
  test.each([
    ['took 45 ms, 1.5s or 12%', 'took <num> ms, <num>s or <num>%'],
    ['from 10.2.3.4:8080 at 12:30:45', 'from <num> at <num>'],
    ['key session:6b1e0d4a-1111-4222-8333-944455556666 gone', 'key session:<id> gone'],
    ['order ORD-99123 of "Ada Lovelace" can\'t and don\'t', "order ORD-<num> of <str> can't and don't"],
    ["user 'bob' not found", 'user <str> not found'],
    ['worker-7 ready, oauth2 on', 'worker-<num> ready, oauth2 on'],
    ['commit a3f9c2d done', 'commit <id> done'],
    ['queue_depth=17', 'queue_depth=<num>'],
  ])('%s', (line, wanted) => {
    expect(maskedWords(line).join(' ')).toBe(wanted);
  });

  test('lines that differ in a name become one', () => {
    expect(templates('user alice logged in', 'user bob logged in')).toEqual(['user <*> logged in']);
  });

  test('lines that say different things stay apart', () => {
    expect(templates('user alice logged in', 'user alice logged out')).toHaveLength(2);
    expect(templates('payment of order a declined', 'payment of order a accepted')).toHaveLength(2);
    expect(templates('cache warm', 'queue empty')).toHaveLength(2);
  });

  const word = fc.constantFrom('user', 'alice', 'bob', 'logged', 'in', 'out', 'order', '17', '"x y"', 'ü', 'failed');
  const line = fc.array(word, { minLength: 1, maxLength: 7 }).map((parts) => parts.join(' '));
  const given = fc
    .array(fc.tuple(line, fc.integer({ min: 1, max: 1000 })), { maxLength: 60 })
    .map((lines) => lines.map(([sample, count], at) => ({ key: String(at), sample, count })));

  test('counts and keys are kept, and each template stands for all of its lines', () => {
    fc.assert(
      fc.property(given, (list) => {
        const merged = mergeTemplates(list);
        expect(merged.flatMap(({ keys }) => keys).toSorted()).toEqual(list.map(({ key }) => key).toSorted());
        const bySample = new Map(list.map((group) => [group.key, group]));
        for (const { keys, words, count } of merged) {
          const members = keys.map((key) => bySample.get(key));
          expect(count).toBe(members.reduce((sum, member) => sum + (member?.count ?? 0), 0));
          for (const member of members) expect(templateMatches(words, member?.sample ?? '')).toBe(true);
        }
      }),
      { numRuns: 200, seed: 11 },
    );
  });

  test('the order of the groups does not matter', () => {
    fc.assert(
      fc.property(given, (list) => {
        expect(mergeTemplates(list.toReversed())).toEqual(mergeTemplates(list));
      }),
      { numRuns: 100, seed: 13 },
    );
  });
});
