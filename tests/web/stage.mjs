// What the page's tests play on: a quickmode-serve with made-up adapters, and a Chromium.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const bin = process.env.QM_BIN ?? join(root, 'build/bin');
export const require = createRequire(join(root, 'web/package.json'));
export const PATIENCE_MS = 20_000; // for everything that is waited for

export class Service {
  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'quickmode-web-'));
    this.port = 0;
  }
  run(program, ...args) {
    const child = spawn(join(bin, program), ['--runtime-dir', this.dir, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.ended = new Promise((resolve) => child.once('exit', resolve));
    process.once('exit', () => child.kill()); // whatever ended the test
    return child;
  }
  // Again at the port that it had.
  async serve() {
    this.server = this.run(
      'quickmode-serve',
      '--state-dir',
      this.dir,
      '--listen',
      `127.0.0.1:${this.port}`,
    );
    const said = await firstLine(this.server);
    this.port = Number(/:(\d+)$/.exec(said)?.[1]);
    if (!this.port) throw new Error(`quickmode-serve said: ${said}`);
  }
  async provide(instances = 6) {
    this.provider = this.run('quickmode-sim-provider', '--instances', String(instances));
    await firstLine(this.provider);
  }
  async stop(child, signal = 'SIGTERM') {
    child?.kill(signal);
    await child?.ended;
  }
  async end() {
    await Promise.all([this.stop(this.provider), this.stop(this.server)]);
    rmSync(this.dir, { recursive: true, force: true });
  }
  get url() {
    return `http://127.0.0.1:${this.port}/`;
  }
}

function firstLine(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (piece) => {
      text += piece;
      if (text.includes('\n')) resolve(text.split('\n')[0]);
    });
    child.once('exit', (code) => reject(new Error(`${child.spawnfile} ended with ${code}`)));
  });
}

export async function launch() {
  const { chromium } = require('playwright-core');
  const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(executablePath))
    throw new Error(`${executablePath} is not there: scripts/install-deps.sh web`);
  // Its sandbox needs a user that is not root; the pages are our own.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
}

// A page that notes what it must not do: errors on the console, requests to other hosts.
export async function open(browser, service, { path = '', expected = [], ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1440, height: 1000 }, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  page.faults = [];
  const note = (text) => expected.some((one) => one.test(text)) || page.faults.push(text);
  page.on(
    'console',
    (message) =>
      ['error', 'warning'].includes(message.type()) && note(`console: ${message.text()}`),
  );
  page.on('pageerror', (error) => note(`error: ${error.message}`));
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.host !== `127.0.0.1:${service.port}` && !['data:', 'blob:'].includes(url.protocol))
      note(`request: ${request.url()}`);
  });
  page.go = (hash) => page.goto(`${service.url}${hash}`);
  if (options.prepare) await options.prepare(page);
  await page.go(path);
  return page;
}
