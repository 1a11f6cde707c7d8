// A Vitest reporter for the gate: one JSON line for each test and file that ended, on descriptor 3.
import { writeSync } from 'node:fs';

const tell = (event) => writeSync(3, `${JSON.stringify(event)}\n`);

// What a person needs to see of an error: its message, what was compared, and where.
const told = (error) =>
  [`${error.name ?? 'Error'}: ${error.message}`, error.diff, frames(error)].filter(Boolean).join('\n');
const frames = (error) =>
  (error.stacks ?? []).map((at) => `    at ${at.method} ${at.file}:${at.line}:${at.column}`).join('\n') || error.stack;

export default class {
  logs = new Map(); // what a test printed, by its id

  onUserConsoleLog(log) {
    this.logs.set(log.taskId, (this.logs.get(log.taskId) ?? '') + log.content);
  }

  onTestCaseResult(test) {
    const { state, errors = [] } = test.result();
    tell({
      kind: 'test',
      file: test.module.relativeModuleId,
      name: test.fullName,
      state: { passed: 'pass', failed: 'fail', skipped: 'skip' }[state],
      ms: test.diagnostic()?.duration ?? 0,
      output: state === 'failed' ? [...errors.map(told), this.logs.get(test.id)].filter(Boolean).join('\n') : '',
    });
    this.logs.delete(test.id);
  }

  // A hook's failure is its describe's, or its file's, and no test's.
  onTestSuiteResult(suite) {
    for (const error of suite.errors()) this.fault(suite.module.relativeModuleId, suite.fullName, error);
  }

  onTestModuleEnd(module) {
    const file = module.relativeModuleId;
    for (const error of module.errors()) this.fault(file, 'the file', error);
    tell({ kind: 'file', file, ms: module.diagnostic().duration });
  }

  onTestRunEnd(modules, errors) {
    for (const error of errors) this.fault('', 'an error that nobody caught', error);
    tell({ kind: 'end' });
  }

  fault(file, name, error) {
    tell({ kind: 'fault', file, name, output: told(error), timedOut: /timed out/.test(error.message) });
  }
}
