// node build.mjs OUT: the page as quickmode-serve embeds it. --tests: its unit tests, for
// `node --test`, into ../build/web/tests.
import { build } from 'esbuild';
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

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
  });
  for (const name of ['index.html', 'icon.svg']) {
    copyFileSync(join(here, 'src', name), join(out, name));
  }
}
