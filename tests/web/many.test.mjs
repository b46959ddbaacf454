// More adapters than anybody can look at, and more than the page holds samples of.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { close, drawn, stage, until } from './page.mjs';

const ADAPTERS = 700; // MOST_TRACKS is 512: src/history.ts
const { opened } = stage(ADAPTERS);

test('of many adapters some have charts, the table has all, the filter finds each', async () => {
  const page = await opened();
  await page.getByText(`Charts of 24 of ${ADAPTERS} adapters`).waitFor();
  await until(page, drawn, '.card canvas');
  assert.equal(await page.locator('.card').count(), 24);
  const all = page.getByRole('table', { name: 'All adapters' });
  assert.equal(await all.locator('tbody tr').count(), 100);
  await page.getByText('600 more are not shown').waitFor();

  await page.getByRole('searchbox', { name: 'Filter adapters' }).fill('adapter0699');
  await page.getByRole('heading', { level: 3, name: 'Simulated iSCSI adapter 699' }).waitFor();
  assert.equal(await page.locator('.card').count(), 1);
  assert.ok(page.url().includes('filter=adapter0699'), 'what is found can be shared');
  // It was not held; now that it is looked at, it is.
  await until(page, drawn, '.card canvas');
  await page.getByRole('searchbox').fill('nobody is called so');
  await page.getByText('No adapter matches the filter.').waitFor();
  await close(page);
});

test('a table of many is sorted by any column, both ways, and by a link', async () => {
  const page = await opened({ path: '#/class/MSiSCSI_QMIPSECStats' });
  const table = page.getByRole('table');
  const head = (name) => page.getByRole('columnheader', { name });
  const top = (at) => table.locator(`tbody tr:first-child > :nth-child(${at})`).textContent();
  const column = async (at) =>
    (await table.locator(`tbody tr > :nth-child(${at})`).allTextContents())
      .filter((one) => one !== '–')
      .map((one) => BigInt(one.replace(/\D/g, '')));
  await table.locator('tbody tr').first().waitFor();
  const received = 'Confidential bytes received';
  const at = (await table.locator('thead th').allTextContents()).indexOf(received) + 1;
  const ordered = (numbers, sign) =>
    numbers.every((one, index) => index === 0 || sign * Number(one - numbers[index - 1]) >= 0);

  await page.getByRole('button', { name: 'Pause' }).click();
  await head(received).getByRole('button').click();
  await page.locator('th[aria-sort=descending]').waitFor();
  const most = await column(at);
  assert.ok(most.length > 100 && ordered(most, -1));
  assert.notEqual(await top(at), '–');
  await head(received).getByRole('button').click();
  await page.locator('th[aria-sort=ascending]').waitFor();
  const least = await column(at);
  assert.ok(ordered(least, 1));
  assert.ok(least[0] < most.at(-1), 'the least of all, not of those that were shown');
  assert.notEqual(await top(at), '–', 'what is not known comes last, either way');
  await head(received).getByRole('button').click();
  await until(page, () => document.querySelector('th[aria-sort]') === null);
  await page.evaluate(() => (location.hash = '#/class/MSiSCSI_QMIPSECStats?sort=-Instance'));
  await page.locator('th[aria-sort=descending]', { hasText: 'Instance' }).waitFor();
  await page.getByRole('link', { name: `Simulated iSCSI adapter ${ADAPTERS}` }).waitFor();
  const first = table.locator('tbody tr').first();
  assert.match(await first.textContent(), new RegExp(`adapter ${ADAPTERS}`));
  await close(page);
});
