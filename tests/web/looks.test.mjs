// How the page looks, for who sees it on a phone, at a desk or on a wall, by day or by night, for
// who hears it, and for who has a keyboard alone. UPDATE_SCREENSHOTS=1 makes the pictures of docs/.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { laySessions } from './fixtures.mjs';
import { ADAPTER, close, COUNTERS, drawn, serious, shot, stage, until } from './page.mjs';

const { service, opened: openedBare } = stage();
const opened = (options) =>
  openedBare({ prepare: (one) => laySessions(one, { clear: true }), ...options });

const PLACES = {
  '#/': '.card canvas',
  '#/sessions': 'tbody tr',
  '#/session/session3': '.facts dt',
  '#/sas': 'tbody tr',
  [`#/instance/${COUNTERS}/${ADAPTER}`]: '.spark canvas',
  [`#/instance/${COUNTERS}/${ADAPTER}/ConfidentialBytesReceived`]: '.plot canvas',
  '#/classes': 'tbody tr',
  [`#/class/${COUNTERS}`]: 'tbody tr',
};
// A phone, a desk at twice the size, a desk, a wall.
const WIDTHS = [
  [375, 'light'],
  [720, 'light'],
  [1440, 'dark'],
  [2560, 'light'],
];

test('every place, by day and by night, at every width: nothing serious for axe', async () => {
  const page = await opened({ colorScheme: 'light' });
  for (const [place, sign] of Object.entries(PLACES)) {
    await page.evaluate((hash) => (location.hash = hash), place);
    await page.locator(sign).first().waitFor();
    for (const [width, colorScheme] of WIDTHS) {
      await page.setViewportSize({ width, height: 1000 });
      await page.emulateMedia({ colorScheme });
      await until(page, (theme) => document.documentElement.dataset.theme === theme, colorScheme);
      const wide = () => document.documentElement.scrollWidth - innerWidth;
      assert.ok((await page.evaluate(wide)) <= 0, `${place} scrolls sideways at ${width}`);
      // Contrast depends on the theme, what has a name on neither theme nor width.
      if ([375, 1440].includes(width))
        assert.deepEqual(await serious(page), [], `${place} at ${width}`);
    }
  }
  await close(page);
});

test('a phone, a desk and a wall', async () => {
  const page = await opened({ colorScheme: 'dark', viewport: { width: 375, height: 812 } });
  await page.getByText('sdc on /srv/backup').waitFor();
  await until(page, drawn, '.card canvas');
  await shot(page, 'phone');
  await page.setViewportSize({ width: 1440, height: 1000 });
  await until(page, () => document.querySelector('.card .plot').clientWidth > 380);
  await until(page, drawn, '.card canvas');
  await shot(page, 'dark');
  await page.setViewportSize({ width: 2560, height: 1440 });
  await page.emulateMedia({ colorScheme: 'light' });
  await until(page, () => document.documentElement.dataset.theme === 'light');
  await until(page, drawn, '.card canvas');
  const across = () =>
    new Set([...document.querySelectorAll('.card')].map((one) => one.offsetLeft)).size;
  assert.ok((await page.evaluate(across)) >= 3, 'a wall has room for three cards and more');
  await shot(page, 'wall');
  await close(page);
});

// Presses Tab until what has the focus says so; the bar and a page hold fewer stops than this.
async function tabTo(page, name) {
  for (let stop = 0; stop < 60; stop += 1) {
    await page.keyboard.press('Tab');
    const said = await page.evaluate(() => {
      const at = document.activeElement;
      return at?.getAttribute('aria-label') ?? at?.textContent ?? '';
    });
    if (said === name) return;
  }
  assert.fail(`Tab does not lead to ${name}`);
}

test('day or night is the system’s choice, or one’s own, which is kept', async () => {
  const page = await opened({ colorScheme: 'dark' });
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme);
  const button = page.getByRole('button', { name: /^Colours/ });
  assert.equal(await theme(), 'dark');
  await button.click();
  assert.equal(await theme(), 'light');
  await page.reload();
  await until(page, drawn, '.card canvas');
  assert.equal(await theme(), 'light');
  await button.click();
  assert.equal(await theme(), 'dark');
  await button.click();
  await page.emulateMedia({ colorScheme: 'light' });
  await until(page, () => document.documentElement.dataset.theme === 'light');
  await close(page);
});

test('colours that the system forces, and paper', async () => {
  const page = await opened({ colorScheme: 'dark', forcedColors: 'active' });
  await page.getByText('sdc on /srv/backup').waitFor();
  await page.getByRole('button', { name: /^Colours/ }).click(); // light: the system's hold
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
  await until(page, drawn, '.card canvas');
  const kept = () => getComputedStyle(document.querySelector('.swatch')).backgroundColor;
  assert.match(await page.evaluate(kept), /^rgb\(111, 171, 245\)$/);
  await page.emulateMedia({ media: 'print', forcedColors: 'none', colorScheme: 'light' });
  assert.equal(await page.locator('nav ul').isVisible(), false);
  assert.equal(await page.locator('.brand').isVisible(), true);
  await close(page);
});

test('keyboard alone: from the verdict to an SA, times, zoom; a link that is shared', async () => {
  const page = await opened();
  await page.getByText('sdc on /srv/backup').waitFor();
  await until(page, drawn, '.card canvas');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter'); // skips to the content
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
  await tabTo(page, 'Simulated iSCSI adapter 1');
  await page.keyboard.press('Enter');
  await page.locator('table.counters').first().waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.tagName), 'H1');
  await tabTo(page, 'Confidential bytes received');
  await page.keyboard.press('Enter');
  await tabTo(page, 'xfrm:10.99.1.2:0xc0de0011');
  await page.keyboard.press('Enter');
  await page.getByText('rfc4106(gcm(aes))').waitFor();

  await page.goBack();
  await page.goBack();
  await page.goBack();
  const range = page.getByRole('link', { name: 'the last 1 min' });
  await range.focus();
  await page.keyboard.press('Enter');
  await page.locator('a[aria-label="the last 1 min"][aria-current="true"]').waitFor();
  assert.ok(page.url().includes('range=60'));
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

test('who hears it: landmarks, one heading, charts in words, the verdict told', async () => {
  const page = await opened();
  const verdict = page.getByRole('status').filter({ hasText: '1 of 4 iSCSI sessions runs' });
  await verdict.waitFor();
  await page.getByRole('figure', { name: /^Throughput of .* 1: ESP received .*\/s/ }).waitFor();
  await page.getByRole('figure', { name: /^Errors of all adapters: Bad/ }).waitFor();
  for (const [role, name] of [
    ['banner', undefined],
    ['main', undefined],
    ['navigation', 'Pages'],
    ['region', 'Verdict'],
    ['table', 'Errors by adapter'],
  ]) {
    assert.equal(await page.getByRole(role, name ? { name } : {}).count(), 1, `${role} ${name}`);
  }
  assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1);
  await close(page);
});
