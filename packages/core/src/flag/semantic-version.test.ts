import { describe, expect, it } from 'vitest';
import { compareVersions, parseVersion } from './semantic-version.ts';

describe('parseVersion', () => {
  it.each([
    '00',
    '01.2',
    '1.02.3',
    '1.2.3.4',
    'one',
    '',
    '1.2.3-01',
    '1.2.3-',
    '99999999999999999.0.0',
    '1..2',
    null,
    {},
  ])('finds no version in %j', (raw) => {
    expect(parseVersion(raw)).toBeUndefined();
  });

  it.each([
    [1, 1, 0, 0],
    ['1.5', 1, 5, 0],
    ['V2', 2, 0, 0],
    ['0', 0, 0, 0],
    [' 1.2.3 ', 1, 2, 3],
  ])('reads %j', (raw, major, minor, patch) => {
    expect(parseVersion(raw)).toMatchObject({ major, minor, patch });
  });
});

describe('compareVersions', () => {
  it('orders as the example of semver.org, section 11', () => {
    const ordered = [
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      '1.0.1',
      '1.1.0',
      '2.0.0',
    ];
    const versions = ordered.map((text) => parseVersion(text)).filter((version) => version !== undefined);
    expect(versions).toHaveLength(ordered.length);
    expect(versions.toReversed().toSorted(compareVersions)).toEqual(versions);
  });
});
