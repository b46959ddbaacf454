// What the page's tests ask of a page, in a browser or of one.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { launch, open, PATIENCE_MS, require, root, Service } from './stage.mjs';

export const COUNTERS = 'MSiSCSI_QMIPSECStats';
export const ADAPTER = encodeURIComponent('SIM\\ISCSI\\ADAPTER0001_0');

// A service with made-up adapters and a browser, for the tests of one file: what opens a page
// there.
export function stage(instances) {
  const at = { service: new Service(), browser: null };
  before(async () => {
    await at.service.serve();
    const [, browser] = await Promise.all([at.service.provide(instances), launch()]);
    at.browser = browser;
  });
  after(async () => {
    await at.browser?.close();
    await at.service.end();
  });
  return { service: at.service, opened: (options) => open(at.browser, at.service, options) };
}

// Until told is true in the page.
export const until = (page, told, given) =>
  page.waitForFunction(told, given, { timeout: PATIENCE_MS, polling: 100 });

export async function close(page) {
  assert.deepEqual(page.faults, []);
  await page.context().close();
}

// Whether a line of the palette was drawn, thin ones included, and not just axes; or something of
// another of its colours: drawn of [selector, '--mark'].
export const drawn = (given) => {
  const [selector, color] = Array.isArray(given) ? given : [given, '--line-0'];
  return [...document.querySelectorAll(selector)].some((canvas) => {
    const { width, height } = canvas;
    if (width === 0 || height === 0) return false;
    const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const style = getComputedStyle(document.documentElement);
    const line = style.getPropertyValue(color).trim();
    const wanted = [1, 3, 5].map((at) => parseInt(line.slice(at, at + 2), 16));
    const { data } = copy.getImageData(0, 0, width, height);
    for (let at = 0; at < data.length; at += 4) {
      const far = wanted.reduce((sum, one, part) => sum + Math.abs(data[at + part] - one), 0);
      if (data[at + 3] > 120 && far < 60) return true;
    }
    return false;
  });
};

// What is exported as CSV: its rows, the header first.
export async function csvOf(page) {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export what is shown as CSV' }).click(),
  ]);
  return readFileSync(await file.path(), 'utf8')
    .trim()
    .split('\r\n');
}

// Of a counter's row: what it shows as its value.
export const valueOf = (page, counter) =>
  page.locator('tr', { hasText: counter }).locator('td').first().textContent();
// Until no cell says so any more.
export const changes = (page, text) => {
  const gone = (was) => ![...document.querySelectorAll('td')].some((at) => at.textContent === was);
  return until(page, gone, text);
};

// What axe-core calls serious or critical.
export async function serious(page) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) {
    await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  }
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

export const updating = Boolean(process.env.UPDATE_SCREENSHOTS);
// A picture for docs/, once the charts hold something worth looking at.
export async function shot(page, name) {
  if (!updating) return;
  const enough = () => / ([4-9]\d s|\d+ min)/.test(document.querySelector('.held').textContent);
  await page.waitForFunction(enough, null, { timeout: 90_000 });
  const folder = join(root, 'docs/screenshots');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
