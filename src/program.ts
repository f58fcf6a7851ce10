/** Where this package's own files are: its modules also run put together, in fewer files (scripts/build.mjs). */
import { existsSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const HERE = fileURLToPath(import.meta.url);

/** The folder with package.json. */
const ROOT = ((): string => {
  let folder = dirname(HERE);
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
})();

/** @param path below the folder with package.json */
export const ownFile = (path: string): string => join(ROOT, path);

/** What is not TypeScript stands beside the modules, in src/ and in dist/. @param path below these */
export const partFile = (path: string): string => join(ROOT, relative(ROOT, HERE).split(sep)[0] ?? '', path);

/** The command `mayfly`, for those that are to call it later. */
export const PROGRAM = ownFile('bin/mayfly.js');
