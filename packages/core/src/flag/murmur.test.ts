import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashWithPrefix, murmur3 } from './murmur.ts';

describe('murmur3', () => {
  it.each([
    ['', 0, 0x00000000],
    ['', 1, 0x514e28b7],
    ['', 0xffffffff, 0x81f16f39],
    ['test', 0, 0xba6bd213],
    ['test', 0x9747b28c, 0x704b81dc],
    ['Hello, world!', 0, 0xc0363e43],
    ['Hello, world!', 0x9747b28c, 0x24884cba],
    ['The quick brown fox jumps over the lazy dog', 0, 0x2e4ff723],
    ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
    ['aaa', 0x9747b28c, 0x283e0130],
    ['ππππππππ', 0x9747b28c, 0xd58063c1],
  ])('gives the published vector of %j with seed %d', (text, seed, expected) => {
    expect(murmur3(text, seed)).toBe(expected);
  });

  it('hashes a prefix and an ending as it hashes the whole', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (prefix, text) => {
        expect(hashWithPrefix(prefix)(text)).toBe(murmur3(prefix + text));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it('hashes the bytes of UTF-8, lone surrogates as the replacement character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(murmur3(text)).toBe(murmur3(text.toWellFormed()));
      }),
      { seed: 2, numRuns: 500 },
    );
    expect(murmur3('a\ud800b')).toBe(murmur3('a\ufffdb'));
    expect(hashWithPrefix('\ud83d')('\ude00')).toBe(murmur3('😀'));
  });
});
