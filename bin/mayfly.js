#!/usr/bin/env node
// Answers --version before anything else is loaded; everything else is dist/cli/main.js, put together in dist/bin/.
import { readFileSync } from 'node:fs';

const [, , first] = process.argv;
if (process.argv.length === 3 && (first === '--version' || first === '-V')) {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  // Whoever closed the pipe does not want to know.
  process.stdout.on('error', () => undefined);
  process.stdout.write(`${manifest.version}\n`);
} else {
  const { main } = await import('../dist/bin/main.js');
  await main();
  // A command that has ended ends: what a failure may have left open keeps nobody waiting. But a pipe's reader
  // may be slow, and gets all of it.
  const end = () => {
    const isRead = [process.stdout, process.stderr].every((to) => to.destroyed || to.writableLength === 0);
    if (isRead) process.exit();
    setTimeout(end, 200).unref();
  };
  setTimeout(end, 2000).unref();
}
