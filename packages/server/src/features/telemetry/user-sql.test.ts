import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkUserSql } from './user-sql.ts';

const tables = ['spans', 'logs', 'outcomes'];

describe('SQL that people write', () => {
  test.each([
    'SELECT count() FROM spans',
    'select service, quantile(0.95)(duration_ns) from spans where ts >= {from:DateTime} group by service order by 2 desc limit 5',
    'WITH slow AS (SELECT trace_id FROM spans WHERE duration_ns > 1e9) SELECT count() FROM logs WHERE trace_id IN (SELECT trace_id FROM slow)',
    'SELECT s.name, l.body FROM spans AS s INNER JOIN logs AS l ON s.trace_id = l.trace_id',
    "SELECT attributes['format'] FROM logs WHERE body = 'into outfile; drop table spans'",
    'SELECT a.service FROM spans a, logs b WHERE a.trace_id = b.trace_id',
    "SELECT extract(body, '\\\\d+') FROM `logs` -- what was meant",
    'SELECT number FROM numbers(10)',
    'SELECT count() FROM (SELECT service FROM spans UNION ALL SELECT service FROM logs)',
  ])('is run: %s', (sql) => {
    expect(() => checkUserSql(sql, tables)).not.toThrow();
  });

  test.each([
    ['', /no SQL/],
    ['DROP TABLE spans', /begins with/],
    ['SYSTEM SHUTDOWN', /begins with/],
    ['KILL QUERY WHERE 1', /begins with/],
    ['EXPLAIN SELECT 1', /begins with/],
    ['SELECT 1; SELECT 2', /";"/],
    ["SELECT 1 INTO OUTFILE '/tmp/x'", /INTO/],
    ["SELECT 1 /* */ into/**/outfile '/tmp/x'", /into/],
    ['SELECT 1 SETTINGS max_threads = 64', /SETTINGS/],
    ['SELECT 1 FORMAT Native', /FORMAT/],
    ['SELECT * FROM system.tables', /system/],
    ['SELECT * FROM `system`.`tables`', /system/],
    ['SELECT * FROM "information_schema".tables', /information_schema/],
    ["SELECT * FROM file('/etc/passwd')", /file/],
    ["SELECT file('/etc/passwd')", /file/],
    ["SELECT * FROM url('http://169.254.169.254/')", /not a table/],
    ["SELECT * FROM spans, url('http://x')", /not a table/],
    ["SELECT * FROM spans JOIN remote('x', y) ON 1", /not a table/],
    ["SELECT * FROM spans a, (SELECT 1) b, s3('x')", /not a table/],
    ["SELECT 1 FROM executable('x', 'CSV', 'a UInt8')", /not a table|function/],
    ["SELECT * FROM merge(currentDatabase(), '.*')", /not a table/],
    ['SELECT * FROM default.spans', /not a table/],
    ['SELECT * FROM resources', /not a table/],
    ['SELECT 1 WHERE 1 IN resources', /not a table/],
    ['SELECT sleep(3)', /sleep/],
    ["SELECT dictGet('d', 'x', 1)", /dictGet/],
    ['SELECT hostName()', /hostName/],
    ['SELECT `sleep`(3)', /sleep/],
    ["SELECT 'open", /cannot be read/],
    ['SELECT $$x$$', /cannot be read/],
  ])('is refused: %s', (sql, reason) => {
    expect(() => checkUserSql(sql, tables)).toThrowError(reason);
  });

  test('is refused when it is endless', () => {
    expect(() => checkUserSql(`SELECT ${'1,'.repeat(6000)}1`, tables)).toThrowError(/too long/);
  });

  test('never throws anything but a refusal, and never lets a forbidden word through outside quotes', () => {
    const piece = fc.constantFrom(
      'select',
      'from',
      'spans',
      '(',
      ')',
      ',',
      ' ',
      "'",
      '"',
      '`',
      '--',
      '\n',
      '/*',
      '*/',
      'into outfile',
      'system',
      '.',
      'x',
      ';',
      'url(',
      'file(',
      '1',
      '\\',
      '{a:Int8}',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 25 }), (pieces) => {
        let sql: string;
        try {
          sql = checkUserSql(pieces.join(' '), tables);
        } catch (error) {
          expect(error).toMatchObject({ code: 'request.invalid' });
          return;
        }
        const unquoted = sql.replaceAll(
          /'(?:[^'\\]|\\[\s\S]|'')*'|"(?:[^"\\]|\\[\s\S]|"")*"|`(?:[^`\\]|\\[\s\S]|``)*`/g,
          'Q',
        );
        expect(unquoted).not.toMatch(/(?<!\. )\b(outfile|system)\b|\b(from|join) url|\bfile \(|;/);
      }),
      { seed: 7, numRuns: 3000 },
    );
  });
});
