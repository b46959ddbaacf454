// node build.mjs OUT: the page as quickmode-serve embeds it. --tests: its unit tests, for
// `node --test`, into ../build/web/tests.
import { build, transform } from 'esbuild';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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
  const { outputFiles } = await build({
    entryPoints: { app: join(here, 'src/main.ts'), style: join(here, 'src/style.css') },
    outdir: out,
    write: false,
    bundle: true,
    minify: true,
    format: 'iife',
    target: 'es2022',
    legalComments: 'eof',
    logLevel: 'warning',
    plugins: [quickUplot],
  });
  const made = (end) => outputFiles.find((file) => file.path.endsWith(end)).text;
  writeFileSync(join(out, 'index.html'), await indexPage(made('.css'), made('.js')));
}

// One document with all in it: a browser asks once. What the service puts into it beforehand is the
// script's to say.
async function indexPage(style, script) {
  const names = readFileSync(join(here, 'src/names.ts'), 'utf8');
  const { code } = await transform(names, { loader: 'ts', format: 'esm' });
  const { START } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const icon = readFileSync(join(here, 'src/icon.svg'), 'utf8');
  const parts = {
    '%START%': START.replaceAll('&', '&amp;'),
    '%ICON%': `data:image/svg+xml,${encodeURIComponent(icon)}`,
    '%STYLE%': style,
    '%SCRIPT%': script,
  };
  for (const text of [style, script]) {
    if (/<\/(style|script)|<!--/i.test(text)) throw new Error('it would end its own element');
  }
  return readFileSync(join(here, 'src/index.html'), 'utf8').replace(
    /%[A-Z]+%/g,
    (name) => parts[name],
  );
}
