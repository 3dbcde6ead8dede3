import process from 'node:process';
import type { Reporter, TestModule } from 'vitest/node';

/** Prints one closing line that any CI can read, and makes a skipped test a failure where CI=true. */
export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const skipped: string[] = [];
    for (const module of modules) {
      if (module.state() === 'failed' && [...module.children.allTests()].length === 0) count.failed += 1;
      for (const test of module.children.allTests()) {
        count[test.result().state] += 1;
        if (test.result().state === 'skipped') skipped.push(`${module.relativeModuleId}: ${test.fullName}`);
      }
    }
    const inCi = process.env['CI'] === 'true' || process.env['CI'] === '1';
    if (skipped.length > 0) {
      console.log(`\nSkipped ${inCi ? '(a failure in CI)' : '(each says what it needs)'}:\n  ${skipped.join('\n  ')}`);
      if (inCi) process.exitCode = 1;
    }
    const failed = inCi ? count.failed + count.skipped : count.failed;
    console.log(`\n${count.passed} passed, ${failed} failed${inCi ? '' : `, ${count.skipped} skipped`}`);
  }
}
