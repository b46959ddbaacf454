// node build.mjs OUT: the page as quickmode-serve embeds it. --tests: its unit tests, for
// `node --test`, into ../build/web/tests.
import { build, transform } from 'esbuild';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Asks at once for what only its own axes and time zones need, which takes a browser 20 ms.
const quickUplot = {
  name: 'quick-uplot',
  setup: ({ onLoad }) =>
    onLoad({ filter: /uPlot\.esm\.js$/ }, ({ path }) => {
      let contents = readFileSync(path, 'utf8');
      for (const [slow, quick] of [
        ["new Intl.NumberFormat(domEnv ? nav.language : 'en-US')", '{ format: String }'],
        ['new Intl.DateTimeFormat().resolvedOptions().timeZone', "''"],
      ]) {
        if (!contents.includes(slow)) throw new Error(`uPlot has changed: ${slow}`);
        contents = contents.replace(slow, quick);
      }
      return { contents };
    }),
};

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2];
if (out === undefined) throw new Error('usage: node build.mjs OUT | --tests');

if (out === '--tests') {
  const tests = readdirSync(join(here, 'src')).filter((name) => name.endsWith('.test.ts'));
  await build({
    entryPoints: tests.map((name) => join(here, 'src', name)),
    outdir: join(here, '../build/web/tests'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node18',
    logLevel: 'warning',
  });
} else {
  mkdirSync(out, { recursive: true });
  await build({
    entryPoints: { app: join(here, 'src/main.ts'), style: join(here, 'src/style.css') },
    outdir: out,
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    legalComments: 'eof',
    logLevel: 'warning',
    plugins: [quickUplot],
  });
  copyFileSync(join(here, 'src/icon.svg'), join(out, 'icon.svg'));
  writeFileSync(join(out, 'index.html'), await indexPage());
}

// What is asked for first is the script's to say; files are named by their content, so that a
// browser keeps them and never takes those of another version.
async function indexPage() {
  const names = readFileSync(join(here, 'src/names.ts'), 'utf8');
  const { code } = await transform(names, { loader: 'ts', format: 'esm' });
  const { START } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const version = (name) =>
    createHash('sha256')
      .update(readFileSync(join(out, name)))
      .digest('hex')
      .slice(0, 16);
  return readFileSync(join(here, 'src/index.html'), 'utf8')
    .replace('%START%', START.replaceAll('&', '&amp;'))
    .replace(
      /"((?:app|style|icon)\.(?:js|css|svg))"/g,
      (_, name) => `"${name}?v=${version(name)}"`,
    );
}
