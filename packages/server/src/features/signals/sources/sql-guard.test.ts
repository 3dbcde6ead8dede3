import { describe, expect, it } from 'vitest';
import { sqlIssue } from './sql-guard.ts';

const GOOD = 'SELECT ts AS time, toFloat64(duration_ns) AS value FROM spans WHERE ts >= {from:DateTime}';

describe('SQL that somebody wrote for a signal', () => {
  it('may read tables of Belay', () => {
    expect(sqlIssue(GOOD)).toBeNull();
    expect(sqlIssue(`WITH slow AS (SELECT ts, name FROM spans) SELECT ts AS time, 1 AS value FROM slow`)).toBeNull();
    expect(sqlIssue(`${GOOD} AND name = 'it''s' -- plain comment`)).toBeNull();
  });

  it.each([
    ["SELECT ts AS time, 1 AS value FROM logs # '\n UNION ALL SELECT now(), 1 FROM file('/etc/passwd') # '"],
    ["SELECT ts AS time, $$'$$ AS value FROM logs UNION ALL SELECT 1, 2 FROM url('http://x') WHERE $$'$$ = ''"],
    ['SELECT ts AS time, 1 AS value FROM logs WHERE body = \u2018x\u2019 OR 1 = 1'],
    ['SELECT ts AS time, 1 AS value FROM \u201cspans\u201d'],
  ])('may not hide anything behind a comment or a quote that only the engine knows: %s', (query) => {
    expect(sqlIssue(query)?.message).toMatch(/^may not have the character/);
  });

  it.each([
    ['DELETE FROM logs', 'must be a SELECT'],
    [`${GOOD}; SELECT 1`, 'must be one statement'],
    ["SELECT ts AS time, 1 AS value FROM file('/etc/passwd')", 'may not use "file": it may only read'],
    ['SELECT 1 AS time, 1 AS value FROM system.tables', 'may not use "system": it may only read'],
    ['SELECT 1 AS time, 1 AS value FROM strangers', 'reads "strangers", which is not a table of Belay'],
    ['SELECT ts AS time FROM spans', 'must return the columns time and value'],
  ])('%s is refused with its reason', (query, message) => {
    expect(sqlIssue(query)?.message).toBe(message);
  });
});
