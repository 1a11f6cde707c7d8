// A real nginx in front of the server, below /chat/ of a port of its own: set up well, or as people set it up by
// mistake.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export const nginxPath = '/usr/sbin/nginx';

export interface Setup {
  /** Upgrade and Connection are not passed on. */
  forgetsTheUpgrade?: boolean;
  /** What nginx does for paths below /chat/ that begin so (a regular expression), as `ws$` or `assets/`. */
  answers?: { path: string; with: string };
  /** Another server, below another path of the same host. */
  also?: { path: string; server: string };
}

export class ReverseProxy {
  private process: ChildProcess | undefined;
  private readonly folder = mkdtempSync(join(tmpdir(), 'verbatim-nginx-'));

  private constructor(private readonly port: number) {}

  /** Takes a port; nothing is behind it yet. */
  static async somewhere(): Promise<ReverseProxy> {
    const place = createServer().listen(0, '127.0.0.1');
    await once(place, 'listening');
    const { port } = place.address() as AddressInfo;
    place.close();
    await once(place, 'close');
    const proxy = new ReverseProxy(port);
    onTestFinished(() => proxy.remove());
    return proxy;
  }

  /** Where the page is, without its last slash. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/chat`;
  }

  /** Passes on to a server from now on. The Host is the one that many guides have, which loses the port. */
  async passesOnTo(server: string, setup: Setup = {}): Promise<void> {
    await this.end();
    mkdirSync(join(this.folder, 'logs'), { recursive: true });
    writeFileSync(join(this.folder, 'nginx.conf'), this.config(server, setup));
    this.process = spawn(nginxPath, ['-p', this.folder, '-e', 'stderr', '-c', 'nginx.conf'], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    for (;;) {
      if (this.process.exitCode !== null) throw new Error(`nginx has ended with ${this.process.exitCode}`);
      if (
        await fetch(`http://127.0.0.1:${this.port}/up`).then(
          (answer) => answer.status === 204,
          () => false,
        )
      )
        return;
      await new Promise((later) => setTimeout(later, 20)); // between two looks
    }
  }

  private config(server: string, { forgetsTheUpgrade, answers, also }: Setup): string {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((what) => `${what}_temp_path ${this.folder}/${what};`)
      .join('\n');
    const passOn = (to: string) => `
      proxy_pass ${to}/;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      ${forgetsTheUpgrade ? '' : 'proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection "upgrade";'}`;
    return `
      ${process.getuid?.() === 0 ? 'user root;' : ''}
      daemon off; worker_processes 1; pid pid; error_log stderr crit; events {}
      http {
        access_log off;
        ${temporary}
        server {
          listen 127.0.0.1:${this.port};
          location = /up { return 204; }
          ${answers ? `location ~ ^/chat/${answers.path} { ${answers.with} }` : ''}
          ${also ? `location ${also.path} { ${passOn(also.server)} }` : ''}
          location /chat/ { ${passOn(server)} }
        }
      }`;
  }

  private async end(): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM'); // its workers end with it
    await gone;
  }

  private async remove(): Promise<void> {
    await this.end();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
