// Says what is being measured while it is, and prints the table at the end.

import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import type { Reporter, TestCase, TestModule, Vitest } from 'vitest/node';
import { chromiumPath } from '../test/browser.ts';
import { type Row, table } from './table.ts';

export default class Report implements Reporter {
  onInit(vitest: Vitest): void {
    vitest.logger.log(`web-bench: ${where()}`);
  }

  onTestCaseReady(test: TestCase): void {
    if (test.options.mode === 'run') process.stderr.write(`  ${test.name} …\n`);
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly { message: string }[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const broken = [...errors, ...modules.flatMap((module) => module.errors())].map(
      (error) => `could not run: ${error.message}`,
    );
    console.log(['', table(tests.flatMap(rowsOf)), ...broken].join('\n'));
  }
}

/** The rows of a measurement; one that broke has none, and that is told as a failure: it shows nothing. */
function rowsOf(test: TestCase): Row[] {
  const { rows } = test.meta();
  if (rows) return rows;
  const { state, errors } = test.result();
  if (state !== 'failed') return [];
  const why = errors
    .flatMap((error) => error.message.split('\n'))
    .filter((line) => line.trim() !== '')
    .slice(0, 8);
  return [{ what: test.name, figure: 'not measured', bar: 'to be measured', met: false, binding: true, details: why }];
}

function where(): string {
  const chromium = execFileSync(chromiumPath, ['--version'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim();
  return `${chromium}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, server and browser on this machine`;
}
