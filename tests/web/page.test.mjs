// The page in Chromium, on quickmode-serve with six made-up adapters. No waiting by the clock:
// each step waits for what it is about.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { laySessions } from './fixtures.mjs';
import { ADAPTER, changes, close, COUNTERS, drawn, shot, until, valueOf } from './page.mjs';
import { launch, open, Service } from './stage.mjs';

const service = new Service();
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
const RECEIVED = 'Confidential bytes received';

test('numbers move, charts draw, a number leads to its SAs, all can be exported', async () => {
  const page = await opened({ prepare: (one) => laySessions(one, { clear: true }) });
  await page
    .getByRole('heading', { level: 1, name: '1 of 4 iSCSI sessions runs in the clear.' })
    .waitFor();
  await page.getByText('sdc on /srv/backup').waitFor();
  await until(page, drawn, '.card canvas');
  await shot(page, 'overview');

  await page.getByRole('link', { name: 'Simulated iSCSI adapter 1' }).first().click();
  await page.getByRole('heading', { level: 1, name: 'Simulated iSCSI adapter 1' }).waitFor();
  assert.equal(await page.locator('table.counters tbody tr').count(), 18);
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
  await shot(page, 'sessions');
  await page.getByRole('link', { name: 'iqn.2026-11.lab:db' }).click();
  await page.getByText('mpatha').waitFor();
  await page.getByText('rfc4106(gcm(aes)) 160').first().waitFor();
  await page.getByRole('link', { name: 'SAs' }).click();
  await page.getByText('reqid 1').first().waitFor();
  await page.getByText('3235774482').waitFor(); // beside 0xc0de0012
  await page
    .getByRole('cell', { name: /^in 4\d min/ })
    .first()
    .waitFor();
  await shot(page, 'sas');
  await close(page);
});

test('paused, nothing moves and nothing is lost', async () => {
  const page = await opened({ path: `#/instance/${COUNTERS}/${ADAPTER}` });
  await page.getByText('Confidential bytes received').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText(/^paused at /).waitFor();
  const before = await valueOf(page, RECEIVED);
  for (let answers = 0; answers < 2; answers += 1) await page.waitForResponse(/snapshot/);
  assert.equal(await valueOf(page, RECEIVED), before);
  await page.getByRole('button', { name: 'Go on' }).click();
  await changes(page, before);
  await close(page);
});
