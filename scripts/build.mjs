// Compiles src/ to dist/ and copies the parts that are not TypeScript beside it. The command line is also put together
// in a few files, with the packages that it uses: most of the time that it took to start was for opening six hundred.
import { build } from 'esbuild';
import { cpSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
rmSync(`${root}/dist`, { recursive: true, force: true });
const tsc = spawnSync(
  process.execPath,
  [`${root}/node_modules/typescript/bin/tsc`, '--project', `${root}/tsconfig.build.json`],
  {
    stdio: 'inherit',
  },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);
cpSync(`${root}/src`, `${root}/dist`, { recursive: true, filter: (path) => extname(path) !== '.ts' });

await build({
  entryPoints: [`${root}/dist/cli/main.js`],
  outdir: `${root}/dist/bin`,
  bundle: true,
  // Loaded only where something is fetched or served; CommonJS loses its names in a file of its own.
  external: ['send', 'undici'],
  // What one command needs is not loaded for another.
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  sourcemap: true,
  // Of the packages that are in it.
  legalComments: 'linked',
  // Some of them are CommonJS.
  banner: {
    js: "import { createRequire as createRequireHere } from 'node:module';\nconst require = createRequireHere(import.meta.url);",
  },
  logLevel: 'warning',
});
