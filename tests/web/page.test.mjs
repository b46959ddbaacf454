// The page in Chromium, on quickmode-serve with six made-up adapters. No waiting by the clock:
// each step waits for what it is about.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { laySessions } from './fixtures.mjs';
import { launch, open, require, root, Service, PATIENCE_MS } from './stage.mjs';

const service = new Service();
const COUNTERS = 'MSiSCSI_QMIPSECStats';
const ADAPTER = encodeURIComponent('SIM\\ISCSI\\ADAPTER0001_0');
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

// Until told is true in the page.
const until = (page, told, given) =>
  page.waitForFunction(told, given, { timeout: PATIENCE_MS, polling: 100 });

async function close(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

// Whether a line of the palette was drawn, thin ones included, and not just axes.
const drawn = (selector) =>
  [...document.querySelectorAll(selector)].some((canvas) => {
    if (canvas.width === 0 || canvas.height === 0) return false;
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', {
      willReadFrequently: true,
    });
    copy.drawImage(canvas, 0, 0);
    const line = getComputedStyle(document.documentElement).getPropertyValue('--line-0').trim();
    const [red, green, blue] = [1, 3, 5].map((at) => parseInt(line.slice(at, at + 2), 16));
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4) {
      const far =
        Math.abs(data[at] - red) + Math.abs(data[at + 1] - green) + Math.abs(data[at + 2] - blue);
      if (data[at + 3] > 120 && far < 60) return true;
    }
    return false;
  });

async function serious(page) {
  await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run(document, { resultTypes: ['violations'] }),
  );
  return violations
    .filter((one) => ['serious', 'critical'].includes(one.impact))
    .map(
      (one) =>
        `${one.id}: ${one.nodes
          .map((node) => node.html)
          .slice(0, 3)
          .join(' | ')}`,
    );
}

async function shot(page, name) {
  if (!process.env.UPDATE_SCREENSHOTS) return;
  const folder = join(root, 'docs/screenshots');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

test('numbers move, charts draw, a number leads to its SAs, what is shown is exported', async () => {
  const page = await opened({ prepare: (one) => laySessions(one, { clear: true }) });
  await page
    .getByRole('heading', { level: 1, name: '1 of 4 iSCSI sessions runs in the clear.' })
    .waitFor();
  await page.getByText('sdc on /srv/backup').waitFor();
  await until(page, drawn, '.card canvas');
  if (process.env.UPDATE_SCREENSHOTS)
    await page.waitForFunction(
      () => / (3\d|4\d) s of/.test(document.querySelector('.held').textContent),
      null,
      { timeout: 90_000 },
    );
  await shot(page, 'overview');
  assert.deepEqual(await serious(page), []);

  await page.getByRole('link', { name: 'Simulated iSCSI adapter 1' }).first().click();
  await page.getByRole('heading', { level: 1, name: 'Simulated iSCSI adapter 1' }).waitFor();
  assert.equal(await page.locator('table.counters tbody tr').count(), 18);
  const received = page
    .locator('tr', { hasText: 'Confidential bytes received' })
    .locator('td')
    .first();
  const first = await received.textContent();
  await until(
    page,
    (text) => ![...document.querySelectorAll('td')].some((one) => one.textContent === text),
    first,
  );
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
  assert.deepEqual(await serious(page), []);
  await shot(page, 'sessions');
  await page.getByRole('link', { name: 'iqn.2026-11.lab:db' }).click();
  await page.getByText('mpatha').waitFor();
  await page.getByText('rfc4106(gcm(aes)) 160').first().waitFor();
  await page.getByRole('link', { name: 'SAs' }).click();
  await page.getByText('reqid 1').first().waitFor();
  await page
    .getByText(/^in 4\d min/)
    .first()
    .waitFor();
  await close(page);
});

test('paused, nothing moves and nothing is lost', async () => {
  const page = await opened({ path: `#/instance/${COUNTERS}/${ADAPTER}` });
  const value = () =>
    page
      .locator('tr', { hasText: 'Confidential bytes received' })
      .locator('td')
      .first()
      .textContent();
  await page.getByText('Confidential bytes received').waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByText(/^paused at /).waitFor();
  const before = await value();
  for (let answers = 0; answers < 2; answers += 1) await page.waitForResponse(/snapshot/);
  assert.equal(await value(), before);
  await page.getByRole('button', { name: 'Go on' }).click();
  await until(
    page,
    (text) => ![...document.querySelectorAll('td')].some((one) => one.textContent === text),
    before,
  );
  await close(page);
});

test('dark and light; a phone; keyboard alone; a link that is shared', async () => {
  const page = await opened({
    colorScheme: 'dark',
    viewport: { width: 375, height: 812 },
    prepare: (one) => laySessions(one, { clear: true }),
  });
  await page.getByText('sdc on /srv/backup').waitFor();
  await until(page, drawn, '.card canvas');
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  assert.ok(
    await page.evaluate(() => document.documentElement.scrollWidth <= 375),
    'scrolls sideways',
  );
  assert.deepEqual(await serious(page), []);
  await shot(page, 'phone');
  await page.emulateMedia({ colorScheme: 'light' });
  await until(page, () => document.documentElement.dataset.theme === 'light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.setViewportSize({ width: 1440, height: 1000 });
  await until(page, () => document.querySelector('.card .plot').clientWidth > 380);
  await shot(page, 'dark');

  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter'); // skips to the content
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
  const range = page.getByRole('link', { name: 'the last 1 min' });
  await range.focus();
  await page.keyboard.press('Enter');
  await until(page, () => location.hash.includes('range=60'));
  assert.equal(await range.getAttribute('aria-current'), 'true');
  await page.locator('.chart').first().focus();
  await page.keyboard.press('+');
  await until(page, () => location.hash.includes('from='));
  await page.getByRole('button', { name: 'Reset zoom' }).waitFor();
  await page.keyboard.press('Escape');
  await until(page, () => !location.hash.includes('from='));
  await page.goto(`${service.url}#/?cut=Mode&range=900`);
  await page.getByRole('link', { name: 'by mode', exact: true }).waitFor();
  await page.getByText('tunnel', { exact: true }).first().waitFor();
  await close(page);
});

test('hostile names are text', async () => {
  const page = await opened({ prepare: (one) => laySessions(one, { clear: true, hostile: true }) });
  await page.getByText('<script>alert(1)</script>').first().waitFor();
  await until(page, drawn, '.card canvas');
  assert.equal(await page.locator('main img, main script').count(), 0);
  await page.getByRole('link', { name: 'Sessions' }).click();
  await page.getByText('onerror').first().waitFor();
  assert.equal(await page.locator('main img, main script').count(), 0);
  await close(page);
});

test('a restart of the server under an open page; no provider; unknown is –', async () => {
  const away = [
    /ERR_CONNECTION_REFUSED/,
    /ERR_CONNECTION_RESET/,
    /ERR_EMPTY_RESPONSE/,
    /ERR_INCOMPLETE/,
    /ERR_SOCKET/,
  ];
  const page = await opened({ expected: away });
  await page.getByRole('heading', { level: 1, name: /nothing tells of them/ }).waitFor();
  const third = page.locator('tr', { hasText: 'Simulated iSCSI adapter 3' });
  assert.equal(await third.locator('td').first().textContent(), '–');
  await page.evaluate(() => (globalThis.stayed = true));
  await service.stop(service.server, 'SIGKILL');
  await page.getByText(/^no answer for /).waitFor();
  await service.serve();
  await page.locator('.status[data-state=live]').waitFor();
  await page.getByRole('link', { name: 'Simulated iSCSI adapter 1' }).first().waitFor();
  await service.stop(service.provider, 'SIGKILL');
  await page.getByRole('heading', { name: 'No adapter yet' }).waitFor();
  assert.ok(await page.evaluate(() => globalThis.stayed), 'it was loaded again');
  await service.provide();
  await page.getByRole('link', { name: 'Simulated iSCSI adapter 1' }).first().waitFor();
  await close(page);
});
