// The web page on loopback: from the address to the first chart in Chromium, beside the limit of
// 150 ms and beside a page that does nothing; and 200 pages open at once, as their requests: what
// each gets, and what they cost.
import http from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { launch, Service } from '../tests/web/stage.mjs';

const LOADS = 20;
const WARM_S = 30;
const REST_IDLE = 0.9; // of all cores; or as long as this:
const MOST_REST_S = 5;
const LIMIT_MS = 150;
const PAGES = 200;
const SECONDS = 10;

const sorted = (numbers) => [...numbers].sort((a, b) => a - b);
const at = (numbers, share) =>
  numbers[Math.min(numbers.length - 1, Math.floor(numbers.length * share))];

// What any page of a document, a style sheet and a script takes in this browser: the limit.
async function emptyPage() {
  const files = {
    '/': [
      'text/html',
      '<!doctype html><title>x</title><link rel="stylesheet" href="a.css">' +
        '<script src="a.js" defer></script><p>x',
    ],
    '/a.css': ['text/css', 'p{color:red}'],
    '/a.js': ['text/javascript', "performance.mark('first-chart')"],
  };
  const server = http.createServer((asked, answer) => {
    const [type, text] = files[asked.url] ?? ['text/plain', ''];
    answer.writeHead(200, { 'Content-Type': type, 'Cache-Control': 'no-store' }).end(text);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${server.address().port}/`, end: () => server.close() };
}

function jiffies() {
  const [, ...all] = readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/ +/).map(Number);
  return { all: all.reduce((a, b) => a + b), idle: all[3] };
}

// With a tab a browser starts processes for it, for the next one and for its own window.
async function comeToRest() {
  for (let waited_s = 0; waited_s < MOST_REST_S; waited_s += 0.2) {
    const before = jiffies();
    await pause(0.2);
    const after = jiffies();
    if (after.idle - before.idle > REST_IDLE * (after.all - before.all)) return;
  }
}

// In a tab that has come to rest, from the start of the navigation: until the first chart was
// drawn, by the page's own mark; and until the screen first showed anything, as the browser has it.
async function load(context, url) {
  const page = await context.newPage();
  await comeToRest();
  await page.goto(url); // it is let alone until it has loaded
  // Told once, not asked for again and again: that would keep the page from its work.
  const times = await page.evaluate(() => {
    const first = (type, name) =>
      new Promise((told) => {
        const look = (list) => {
          const entry = list.getEntriesByName(name)[0];
          if (entry) told(entry.startTime);
        };
        new PerformanceObserver(look).observe({ type, buffered: true });
      });
    return Promise.all([first('mark', 'first-chart'), first('paint', 'first-contentful-paint')]);
  });
  await page.close();
  return { drawn: times[0], seen: times[1] };
}

// Of each address, in turns: what else the machine does meets all alike. New: nothing of them in
// the browser's cache.
async function loads(browser, urls, isNew) {
  const open = () => browser.newContext({ viewport: { width: 1440, height: 1000 } });
  const contexts = await Promise.all(urls.map(open));
  for (const [at, url] of urls.entries()) await load(contexts[at], url); // the browser's own start
  const all = urls.map(() => ({ drawn: [], seen: [] }));
  for (let times = 0; times < LOADS; times += 1) {
    for (const [at, url] of urls.entries()) {
      if (isNew) {
        await contexts[at].close();
        contexts[at] = await open();
      }
      const { drawn, seen } = await load(contexts[at], url);
      all[at].drawn.push(drawn);
      all[at].seen.push(seen);
    }
  }
  await Promise.all(contexts.map((one) => one.close()));
  return all.map(({ drawn, seen }) => ({ drawn: sorted(drawn), seen: sorted(seen) }));
}

async function firstChart(service) {
  const browser = await launch();
  const empty = await emptyPage();
  const tell = (what, { drawn, seen }, more) =>
    console.log(
      `${what}: p50 ${at(drawn, 0.5).toFixed(0)} ms, p95 ${at(drawn, 0.95).toFixed(0)} ms of ` +
        `${drawn.length}, first paint p50 ${at(seen, 0.5).toFixed(0)} ms${more}`,
    );
  for (const [what, isNew] of [
    ['seen before', false],
    ['never seen', true],
  ]) {
    const [ours, limit] = await loads(browser, [service.url, empty.url], isNew);
    const p50 = at(ours.drawn, 0.5);
    tell(
      `page to the first chart, ${what}`,
      ours,
      `; limit ${LIMIT_MS} ms, ratio ` + (p50 / LIMIT_MS).toFixed(2),
    );
    tell('  an empty page', limit, `; ratio ${(p50 / at(limit.drawn, 0.5)).toFixed(2)}`);
  }
  await browser.close();
  empty.end();
}

const CLASSES = ['MSiSCSI_QMIPSECStats', 'Quickmode_Session', 'Quickmode_SA'];
const SNAPSHOT =
  '/api/v1/snapshot?' + CLASSES.map((one) => `class=${one}`).join('&') + '&integers=text&refresh=0';

// One page's traffic: follows events, asks for the snapshot at each, one at a time.
class OpenPage {
  constructor(port) {
    this.port = port;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    this.events = 0;
    this.times = [];
    this.busy = false;
  }
  open() {
    return new Promise((resolve, reject) => {
      const asked = http.get(
        { host: '127.0.0.1', port: this.port, path: '/api/v1/events' },
        (answer) => {
          answer.on('data', (piece) => {
            if (!String(piece).includes('event: refresh')) return;
            this.events += 1;
            this.ask();
          });
          answer.on('error', () => undefined);
          resolve(answer.statusCode);
        },
      );
      asked.on('error', reject);
      this.stream = asked;
    });
  }
  ask() {
    if (this.busy) return;
    this.busy = true;
    const began = performance.now();
    const { port, agent } = this;
    const asked = http.get({ host: '127.0.0.1', port, path: SNAPSHOT, agent }, (answer) => {
      answer.resume();
      answer.on('end', () => {
        this.times.push(performance.now() - began);
        this.busy = false;
      });
    });
    asked.on('error', () => (this.busy = false));
  }
  close() {
    this.stream.destroy();
    this.agent.destroy();
  }
}

const cpu_ms = (pid) => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
const rss_mb = (pid) =>
  Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1e3;
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function manyPages(service) {
  const { pid } = service.server;
  const before_mb = rss_mb(pid);
  const pages = Array.from({ length: PAGES }, () => new OpenPage(service.port));
  const statuses = await Promise.all(pages.map((one) => one.open()));
  await pause(2); // what each asks for once
  for (const one of pages) Object.assign(one, { events: 0, times: [] });
  const began_ms = cpu_ms(pid);
  await pause(SECONDS);
  const share = (cpu_ms(pid) - began_ms) / SECONDS / 10;
  const events = sorted(pages.map((one) => one.events));
  const times = sorted(pages.flatMap((one) => one.times));
  const grown_kb = ((rss_mb(pid) - before_mb) * 1e3) / PAGES;
  console.log(
    `${statuses.filter((one) => one === 200).length} of ${PAGES} open pages: each told ` +
      `${events[0]} to ${events.at(-1)} times in ${SECONDS} s, snapshots ` +
      `${(times.length / SECONDS).toFixed(0)}/s, p50 ${at(times, 0.5).toFixed(1)} ms, ` +
      `p99 ${at(times, 0.99).toFixed(1)} ms; serve took ${share.toFixed(1)} % of a core ` +
      `and ${grown_kb.toFixed(0)} kB a page`,
  );
  for (const one of pages) one.close();
}

const service = new Service();
await service.serve();
await service.provide(6);
await pause(WARM_S); // as a service is that somebody looks at: it has run before
if (existsSync(process.env.CHROMIUM ?? '/usr/bin/chromium')) await firstChart(service);
else
  console.log('page to the first chart: not measured: no Chromium (scripts/install-deps.sh web)');
await manyPages(service);
await service.end();
