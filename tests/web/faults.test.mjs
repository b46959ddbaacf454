// What goes wrong around the page, and what it makes of it. (A reader of the event stream that
// reads nothing: src/serve/events_linux_test.cc.)
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { EVIL, laySessions } from './fixtures.mjs';
import { ADAPTER, changes, close, COUNTERS, drawn, until, valueOf } from './page.mjs';
import { launch, open, Service } from './stage.mjs';

const service = new Service();
const RECEIVED = 'Confidential bytes received';
let browser;

before(async () => {
  await service.serve();
  await service.provide();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await service.end();
});

const opened = (options) => open(browser, service, options);
const firstAdapter = (page) =>
  page.getByRole('link', { name: 'Simulated iSCSI adapter 1' }).first();

test('a restart of the server under an open page; no provider; unknown is –', async () => {
  const words = [
    'CONNECTION_REFUSED',
    'CONNECTION_RESET',
    'EMPTY_RESPONSE',
    'INCOMPLETE',
    'SOCKET',
  ];
  const page = await opened({ expected: words.map((word) => new RegExp(`ERR_${word}`)) });
  await page.getByRole('heading', { level: 1, name: /nothing tells of them/ }).waitFor();
  const third = page.locator('tr', { hasText: 'Simulated iSCSI adapter 3' });
  assert.equal(await third.locator('td').first().textContent(), '–');
  await page.evaluate(() => (globalThis.stayed = true));
  await service.stop(service.server, 'SIGKILL');
  await page.getByText(/^no answer for /).waitFor();
  await service.serve();
  await page.locator('.status[data-state=live]').waitFor();
  await firstAdapter(page).waitFor();
  await service.stop(service.provider, 'SIGKILL');
  await page.getByRole('heading', { name: 'No adapter' }).waitFor();
  assert.ok(await page.evaluate(() => globalThis.stayed), 'it was loaded again');
  await service.provide();
  await firstAdapter(page).waitFor();
  await close(page);
});

test('an adapter that is gone stays what it was last, and the page says so', async () => {
  const page = await opened({ path: `#/instance/${COUNTERS}/${ADAPTER}` });
  await page.getByText(RECEIVED).waitFor();
  await service.stop(service.provider, 'SIGKILL');
  await page.getByText(/There is no .* of this name now; what is shown is what it was/).waitFor();
  assert.match(await valueOf(page, RECEIVED), /\d/);
  await service.provide();
  await until(page, () => document.querySelector('.notice').hidden);
  await close(page);
});

test('a provider that hangs: the page says how old its values are', async () => {
  const page = await opened();
  await firstAdapter(page).waitFor();
  service.provider.kill('SIGSTOP');
  try {
    await page.getByText(/^no new values for \d+ s: what is shown is old$/).waitFor();
    await page
      .getByText(/^sampled \d+ s ago: its provider says nothing new$/)
      .first()
      .waitFor();
    assert.equal(await page.locator('.status').getAttribute('data-state'), 'lost');
  } finally {
    service.provider.kill('SIGCONT');
  }
  await page.locator('.status[data-state=live]').waitFor();
  await close(page);
});

test('a clock that steps back an hour, of the host and of the browser', async () => {
  const options = { clear: true };
  const page = await opened({
    path: `#/instance/${COUNTERS}/${ADAPTER}`,
    prepare: async (one) => {
      await laySessions(one, options);
      await one.addInitScript(() => {
        const Real = Date;
        globalThis.back_ms = 0;
        globalThis.Date = class extends Real {
          constructor(...given) {
            super(...(given.length ? given : [Real.now() - globalThis.back_ms]));
          }
          static now() {
            return Real.now() - globalThis.back_ms;
          }
        };
      });
    },
  });
  await until(page, drawn, '.spark canvas');
  options.back_s = 3600;
  await page.evaluate(() => (globalThis.back_ms = 3_600_000));
  const rates = () => page.locator('tr', { hasText: RECEIVED }).locator('td').nth(1).textContent();
  const before = await valueOf(page, RECEIVED);
  await changes(page, before);
  await changes(page, await valueOf(page, RECEIVED));
  assert.equal(await page.locator('.status').getAttribute('data-state'), 'live');
  while ((await rates()) === '–') await changes(page, await valueOf(page, RECEIVED));
  await until(page, drawn, '.plot canvas');
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export what is shown as CSV' }).click(),
  ]);
  const rows = readFileSync(await file.path(), 'utf8')
    .trim()
    .split('\r\n')
    .slice(1);
  const times = rows.map((row) => Date.parse(row.split(',')[0]));
  const steps = times.slice(1).map((time, at) => time - times[at]);
  assert.equal(steps.filter((step) => step < -3_000_000).length, 1);
  await close(page);
});

const PLACES = [
  '#/',
  '#/sessions',
  `#/session/${encodeURIComponent(`${EVIL}session1`)}`,
  '#/sas',
  `#/instance/Quickmode_SA/${encodeURIComponent(`${EVIL}xfrm:10.99.1.2:0xc0de0011`)}`,
  `#/instance/${COUNTERS}/${encodeURIComponent(EVIL)}${ADAPTER}`,
  `#/instance/${COUNTERS}/${encodeURIComponent(EVIL)}${ADAPTER}/ConfidentialBytesReceived`,
  '#/classes',
  `#/class/${COUNTERS}`,
];

test('hostile names in every label and cell are text, in exports too', async () => {
  const page = await opened({ prepare: (one) => laySessions(one, { clear: true, hostile: true }) });
  await until(page, drawn, '.card canvas');
  for (const place of PLACES) {
    await page.evaluate((hash) => (location.hash = hash), place);
    await page.locator('main').getByText('<script>document.title=1</script>').first().waitFor();
    await page.locator('.status[data-state=live]').waitFor();
    assert.equal(await page.locator('main :is(img, script)').count(), 0, place);
    assert.notEqual(await page.title(), '1', place);
  }
  for (const place of ['#/sas', '#/']) {
    await page.evaluate((hash) => (location.hash = hash), place);
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Export what is shown as CSV' }).click(),
    ]);
    const text = readFileSync(await file.path(), 'utf8');
    assert.match(text, /"'=1\+1\|cmd,""<img/);
    assert.doesNotMatch(text, /(^|[,\n])"?[=+@-]/);
  }
  await close(page);
});
