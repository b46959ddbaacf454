// The page in Chromium, on quickmode-serve with six made-up adapters. No waiting by the clock:
// each step waits for what it is about.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { laySessions } from './fixtures.mjs';
import {
  ADAPTER,
  changes,
  close,
  COUNTERS,
  csvOf,
  drawn,
  shot,
  stage,
  until,
  valueOf,
} from './page.mjs';
import { launch, open, Service } from './stage.mjs';

const { opened } = stage();
const RECEIVED = 'Confidential bytes received';

test('numbers move, charts draw, a number leads to its SAs, all can be exported', async () => {
  const page = await opened({ prepare: (one) => laySessions(one, { clear: true }) });
  await page
    .getByRole('heading', { level: 1, name: '1 of 4 iSCSI sessions runs in the clear.' })
    .waitFor();
  await page.getByText('sdc on /srv/backup').waitFor();
  const [first] = await page.locator('.card header').allTextContents();
  assert.match(first, /adapter 3.*1 of 2 in the clear$/, 'the one in trouble comes first');
  await until(page, drawn, '.card canvas');
  await until(page, drawn, ['.card canvas', '--mark']);
  await page
    .getByText(/^Rekeys: [1-9]\d* in range$/)
    .first()
    .waitFor();
  await shot(page, 'overview');

  // Under the pointer: what was when. Dragged over: these times.
  const chart = await page.locator('.card .u-over').first().boundingBox();
  const middle = chart.y + chart.height / 2;
  await page.mouse.move(chart.x + chart.width * 0.95, middle);
  await page
    .locator('.when', { hasText: /^\d\d:\d\d:\d\d$/ })
    .first()
    .waitFor();
  await page.mouse.down();
  await page.mouse.move(chart.x + chart.width * 0.3, middle, { steps: 4 });
  await page.mouse.up();
  await until(page, () => /from=.*to=/.test(location.hash));
  await page.getByRole('button', { name: 'Reset zoom' }).click();
  await until(page, () => !location.hash.includes('from='));

  await page.getByRole('link', { name: 'Simulated iSCSI adapter 1' }).first().click();
  await page.getByRole('heading', { level: 1, name: 'Simulated iSCSI adapter 1' }).waitFor();
  const rows = page.locator('table.counters tbody tr');
  assert.equal(await rows.count(), 18);
  for (const row of await rows.allTextContents()) assert.match(row, /(exact|inferred|at least|un)/);
  const received = page.locator('tr', { hasText: RECEIVED });
  await until(page, () => document.querySelector('.rate')?.textContent !== '–');
  assert.match(await received.textContent(), /received.*[a-z] .*\d.*B\/s.*exact/);
  await changes(page, await valueOf(page, RECEIVED));
  await until(page, drawn, '.spark canvas');
  await shot(page, 'adapter');

  await page.getByRole('link', { name: 'Confidential bytes received' }).click();
  await page
    .getByText('The sum of Bytes over Quickmode_SA where Direction = in and Protocol = ESP')
    .waitFor();
  await page.getByText(/of live ones \+ [\d\u202f]+ of those that have ended = /).waitFor();
  await until(page, drawn, '.plot canvas');
  await shot(page, 'explain');
  await page.getByRole('link', { name: /^xfrm:/ }).click();
  await page.getByText('rfc4106(gcm(aes))').waitFor();
  await page.getByText('0xc0de0011 (3235774481)').waitFor();

  for (const form of ['CSV', 'JSON']) {
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: `Export what is shown as ${form}` }).click(),
    ]);
    const text = readFileSync(await file.path(), 'utf8');
    if (form === 'CSV')
      assert.match(text, /^Time,InstanceName,Bytes,Packets,.*\r\n2\d{3}-.*Z,xfrm:[^\r]*\r\n/);
    else assert.match(JSON.parse(text)[0].Bytes, /^\d+$/);
  }
  await close(page);
});

test('sessions and SAs: policy, algorithms, age, time to rekey', async () => {
  const page = await opened({
    path: '#/sessions',
    prepare: (one) => laySessions(one, { clear: true }),
  });
  await page.getByRole('link', { name: 'iqn.2026-11.lab:db' }).waitFor();
  assert.equal(await page.locator('tbody tr').count(), 4);
  const worst = page.locator('tbody tr').first();
  assert.match(await worst.textContent(), /backupin the clearsdc on \/srv\/backup/);
  await shot(page, 'sessions');
  await page.getByRole('searchbox', { name: 'Filter sessions' }).fill('/srv/mail');
  await until(page, () => document.querySelectorAll('tbody tr').length === 1);
  const [head, row, ...more] = await csvOf(page);
  assert.match(head, /^InstanceName,.*,Protection,.*,Disks$/);
  assert.match(row, /,iqn.2026-11.lab:mail,.*,protected,.*,sdb on \/srv\/mail$/);
  assert.deepEqual(more, [], 'a file holds what is shown');
  await page.getByRole('searchbox').fill('');
  await page.getByRole('link', { name: 'iqn.2026-11.lab:db' }).click();
  await page.getByText('mpatha').waitFor();
  await page.getByText('rfc4106(gcm(aes)) 160').first().waitFor();
  await page.getByRole('link', { name: 'Simulated iSCSI adapter 1' }).waitFor();
  await page.getByRole('link', { name: 'SAs' }).click();
  await page.getByText('reqid 1').first().waitFor();
  await page.getByText('3235774482').waitFor(); // beside 0xc0de0012
  await page.getByRole('link', { name: 'iqn.2026-11.lab:db' }).first().waitFor(); // what it serves
  await page.getByRole('cell', { name: /^14 min \d+ s$/ }).first().waitFor(); // how old it is
  await page
    .getByRole('cell', { name: /^in 4\d min/ })
    .first()
    .waitFor();
  await shot(page, 'sas');
  await close(page);
});

// In the page: whether the service has kept enough of a class to draw a line of.
const kept = async (name) => {
  const { classes } = await (await fetch(`/api/v1/history?class=${name}`)).json();
  return classes[0]?.tracks[0]?.boot_ns.length > 2;
};

test('the first chart takes the page alone; what was before is there, for a link too', async () => {
  const page = await opened();
  await until(page, kept, COUNTERS);
  await Promise.all([page.waitForResponse(/\/api\/v1\/history/), page.reload()]);
  const first = () => performance.getEntriesByName('first-chart')[0]?.startTime;
  await until(page, first);
  const before = await page.evaluate(() => {
    const chart = performance.getEntriesByName('first-chart')[0].startTime;
    return performance
      .getEntriesByType('resource')
      .filter((one) => one.responseEnd < chart)
      .map((one) => new URL(one.name).pathname)
      .filter((one) => one.startsWith('/api/'));
  });
  assert.deepEqual(before, []);

  // What another page shows of these times is what this one does, though it was opened later.
  const held = () => / holds (\d\d|[4-9]) s| min/.test(document.querySelector('.held').textContent);
  await until(page, held);
  const to = Date.now() / 1000;
  const range = `from=${(to - 30).toFixed(1)}&to=${to.toFixed(1)}`;
  const times = `#/instance/${COUNTERS}/${ADAPTER}?${range}`;
  await page.evaluate((hash) => (location.hash = hash), times);
  await until(page, drawn, '.plot canvas');
  const here = await csvOf(page);
  assert.ok(here.length > 2, here[0]);
  const other = await opened({ path: times });
  await until(other, drawn, '.plot canvas');
  await other.locator('.status[data-state=live]').waitFor();
  const there = await csvOf(other);
  const shared = here.filter((row) => there.includes(row));
  assert.ok(shared.length > 1, `${here.join('\n')}\n\n${there.join('\n')}`);
  await close(other);
  await close(page);
});

test('the first chart is seen before the rest is made; the service tells what is new', async () => {
  const page = await opened({
    prepare: (one) =>
      one.addInitScript(() => {
        const { mark } = performance;
        performance.mark = (name) => {
          globalThis.cards = document.querySelectorAll('.card').length;
          return mark.call(performance, name);
        };
      }),
  });
  await until(page, kept, COUNTERS);
  await page.reload();
  await page.getByRole('table', { name: 'Errors by adapter' }).waitFor();
  assert.equal(await page.locator('.card').count(), 6);
  assert.equal(await page.evaluate(() => globalThis.cards), 1);
  await page.waitForResponse(/snapshot\?.*refresh=0/); // by an event; who asks by the clock says 1
  await close(page);
});

test('a service that has nothing ready: the page says that it is being asked', async () => {
  let goOn;
  const asked = new Promise((resolve) => (goOn = resolve));
  const page = await opened({
    prepare: async (one) => {
      await one.route('**/', async (route) => {
        const response = await route.fetch();
        const body = (await response.text()).replace(/(<script id="start"[^>]*>).*?</, '$1<');
        await route.fulfill({ response, body });
      });
      await one.route(/\/api\/v1\/start/, async (route) => {
        await asked;
        await route.continue();
      });
    },
  });
  await page.getByRole('heading', { level: 1, name: 'Asking the service …' }).waitFor();
  await page.getByText('connecting …').waitFor();
  goOn();
  await page.locator('.status[data-state=live]').waitFor();
  await until(page, drawn, '.card canvas');
  await close(page);
});

test('over TLS the browser logs in once, and all that the page asks for is answered', async () => {
  const service = new Service();
  await service.serve({ tls: true });
  try {
    service.addUser('monitor', 'eight letters');
    await service.provide(1);
    const httpCredentials = { username: 'monitor', password: 'eight letters' };
    const browser = await launch();
    const page = await open(browser, service, { ignoreHTTPSErrors: true, httpCredentials });
    await page.getByRole('link', { name: 'Simulated iSCSI adapter 1' }).first().waitFor();
    await page.waitForResponse(/snapshot/); // told by the stream of events
    await page.locator('.status[data-state=live]').waitFor();
    await close(page);
    await browser.close();
  } finally {
    await service.end();
  }
});

test('paused, nothing moves and nothing is lost', async () => {
  const page = await opened({ path: `#/instance/${COUNTERS}/${ADAPTER}` });
  await page.getByText('Confidential bytes received').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText(/^paused at /).waitFor();
  const before = await valueOf(page, RECEIVED);
  const paused = (await csvOf(page)).length;
  const paused_ms = Date.now();
  for (let answers = 0; answers < 3; answers += 1) await page.waitForResponse(/snapshot/);
  assert.equal(await valueOf(page, RECEIVED), before);
  assert.equal((await csvOf(page)).length, paused);
  const goOn_ms = Date.now();
  await page.getByRole('button', { name: 'Go on' }).click();
  await changes(page, before);
  const times = (await csvOf(page)).slice(1).map((row) => Date.parse(row.split(',')[0]));
  const meanwhile = times.filter((time) => time > paused_ms && time < goOn_ms);
  assert.ok(meanwhile.length > 0, 'what came meanwhile is there');
  await close(page);
});
