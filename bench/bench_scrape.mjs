// GET /metrics of 10,000 adapters (180,000 samples and more) over HTTP on loopback: one scraper,
// then four at once; beside the limit, which is the same bytes from a server that only sends them.
import http from 'node:http';
import { readFileSync } from 'node:fs';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { Service } from '../tests/web/stage.mjs';

const ADAPTERS = 10_000;
const SCRAPERS = 4;
const ROUNDS = 25; // of each scraper: 100 scrapes give a p99

// Milliseconds until the whole answer was there.
function scrape(port, agent, headers = {}) {
  return new Promise((resolve, reject) => {
    const began = performance.now();
    let bytes = 0;
    const asked = http.get(
      { host: '127.0.0.1', port, path: '/metrics', agent, headers },
      (answer) => {
        answer.on('data', (piece) => (bytes += piece.length));
        answer.on('end', () => resolve({ ms: performance.now() - began, bytes }));
      },
    );
    asked.on('error', reject);
  });
}

async function several(port, scrapers, headers) {
  const times = [];
  let bytes = 0;
  const one = async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    for (let round = 0; round < ROUNDS; round += 1) {
      const done = await scrape(port, agent, headers);
      times.push(done.ms);
      bytes = done.bytes;
    }
    agent.destroy();
  };
  await Promise.all(Array.from({ length: scrapers }, one));
  times.sort((a, b) => a - b);
  const at = (share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  return { p50: at(0.5), p99: at(0.99), bytes };
}

// CPU time of a process so far, in ms.
function cpu_ms(pid) {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

function tell(what, { p50, p99, bytes }, more = '') {
  const size = `${(bytes / 1e6).toFixed(2)} MB`;
  console.log(`${what}: p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, ${size}${more}`);
}

async function measure() {
  const service = new Service();
  await service.serve();
  await service.provide(ADAPTERS);
  const first = await several(service.port, 1);
  const sender = new Worker(fileURLToPath(import.meta.url), { workerData: first.bytes });
  const port = await new Promise((resolve) => sender.once('message', resolve));
  for (const scrapers of [1, SCRAPERS]) {
    const before_ms = cpu_ms(service.server.pid);
    const ours = await several(service.port, scrapers);
    const each_ms = (cpu_ms(service.server.pid) - before_ms) / (scrapers * ROUNDS);
    const limit = await several(port, scrapers);
    const name = `${scrapers} scraper${scrapers > 1 ? 's at once' : ''}`;
    tell(`quickmode-serve, ${name}`, ours, `, ${each_ms.toFixed(1)} ms of a core each`);
    tell(`  the limit: the same bytes, sent only, ${name}`, limit);
    console.log(`  ratio of p99: ${(ours.p99 / limit.p99).toFixed(2)}`);
  }
  tell(
    `quickmode-serve, ${SCRAPERS} scrapers at once, gzip`,
    await several(service.port, SCRAPERS, { 'Accept-Encoding': 'gzip' }),
  );
  await sender.terminate();
  await service.end();
}

if (isMainThread) {
  await measure();
} else {
  const body = Buffer.alloc(workerData, 'x');
  const server = http.createServer((_asked, answer) => answer.end(body));
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
}
