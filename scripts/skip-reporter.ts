import process from 'node:process';
import type { Reporter, TestModule } from 'vitest/node';

/**
 * Prints one closing line that any CI can read, makes a skipped test a failure where CI=true, and names every test
 * that passed only when it was tried again: the machine may have been busy, or the test or the code has a race.
 */
export default class SkipReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    const skipped: string[] = [];
    const unsteady: string[] = [];
    for (const module of modules) {
      if (module.state() === 'failed' && [...module.children.allTests()].length === 0) count.failed += 1;
      for (const test of module.children.allTests()) {
        count[test.result().state] += 1;
        if (test.diagnostic()?.flaky === true) unsteady.push(`${module.relativeModuleId}: ${test.fullName}`);
        if (test.result().state === 'skipped') skipped.push(`${module.relativeModuleId}: ${test.fullName}`);
      }
    }
    if (unsteady.length > 0) console.log(`\nPassed only on the second try:\n  ${unsteady.join('\n  ')}`);
    const inCi = process.env['CI'] === 'true' || process.env['CI'] === '1';
    if (skipped.length > 0) {
      console.log(`\nSkipped ${inCi ? '(a failure in CI)' : '(each says what it needs)'}:\n  ${skipped.join('\n  ')}`);
      if (inCi) process.exitCode = 1;
    }
    const failed = inCi ? count.failed + count.skipped : count.failed;
    console.log(`\n${count.passed} passed, ${failed} failed${inCi ? '' : `, ${count.skipped} skipped`}`);
  }
}
