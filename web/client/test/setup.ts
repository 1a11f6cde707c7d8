// What these tests stand on: Chromium and the server, and the client built from these very sources.
import { execFileSync } from 'node:child_process';
import stands from '../../test/setup.ts';

export default function setup(): void {
  stands();
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: new URL('..', import.meta.url), stdio: 'inherit' });
}
