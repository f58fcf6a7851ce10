/**
 * npm run bench -- [--runs N] [SECTION ...]
 * Measures, one section after the other, on this machine; prints a table and writes out/bench.json.
 * See docs/bench.md.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isAborted, MayflyError, messageOf } from '../src/errors.js';
import { measureArchive } from './archive.js';
import { measureArtifacts } from './artifacts.js';
import { measureBeside } from './beside-box.js';
import { measureBox } from './box.js';
import { measureFirstLine } from './first-line.js';
import { describeMachine } from './machine.js';
import { reportLines, type Failure, type Report } from './report.js';
import type { SectionResult } from './result.js';
import { measureProviders } from './providers.js';
import { measureSecondBuild } from './second-build.js';
import { openSetting, type Setting } from './setting.js';
import { measureVersion } from './version.js';

const OUTPUT = fileURLToPath(new URL('../out/bench.json', import.meta.url));

/** In this order: the base box that `box` makes serves the two after it, that of `beside` serves `archive`. */
const SECTIONS: Readonly<Record<string, (setting: Setting) => Promise<SectionResult>>> = {
  version: measureVersion,
  box: measureBox,
  artifacts: measureArtifacts,
  'first-line': measureFirstLine,
  providers: measureProviders,
  beside: measureBeside,
  archive: measureArchive,
  'second-build': measureSecondBuild,
};

function readArguments(): { readonly runs: number; readonly names: readonly string[] } {
  const { values, positionals } = parseArgs({
    options: { runs: { type: 'string', default: '3' } },
    allowPositionals: true,
  });
  const runs = /^[1-9]\d*$/.test(values.runs) ? Number(values.runs) : undefined;
  const unknown = positionals.find((name) => !(name in SECTIONS));
  if (runs === undefined || unknown !== undefined) {
    throw new MayflyError('usage', 'bench.arguments', 'Expected [--runs N] and names of sections.', {
      hint: `The sections are ${Object.keys(SECTIONS).join(', ')}.`,
    });
  }
  return { runs, names: positionals.length === 0 ? Object.keys(SECTIONS) : positionals };
}

async function measureAll(
  names: readonly string[],
  setting: Setting,
): Promise<Pick<Report, 'sections' | 'failures'>> {
  const sections: SectionResult[] = [];
  const failures: Failure[] = [];
  for (const [name, measure] of Object.entries(SECTIONS)) {
    if (!names.includes(name) || isAborted(setting.signal)) continue;
    setting.say(name);
    try {
      sections.push(await measure(setting));
    } catch (error) {
      // What the other sections measure still counts.
      failures.push({ section: name, message: describe(error) });
    }
  }
  return { sections, failures };
}

function describe(error: unknown): string {
  const details = error instanceof MayflyError ? error.details : [];
  return [messageOf(error), ...details].join('\n  ');
}

async function main(): Promise<void> {
  const { runs, names } = readArguments();
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      abort.abort(new MayflyError('interrupted', 'interrupted', `Interrupted by ${signal}.`));
    });
  }
  const startedAt = new Date().toISOString();
  const machine = await describeMachine();
  await using setting = await openSetting(runs, abort.signal);
  const measured = await measureAll(names, setting);
  const report: Report = { schema: 1, startedAt, runs, machine, ...measured };
  // First what took so long: the file may be another user's.
  process.stdout.write(`${reportLines(report).join('\n')}\n`);
  await mkdir(dirname(OUTPUT), { recursive: true });
  await writeFile(OUTPUT, `${JSON.stringify(report, null, 2)}\n`);
  if (report.failures.length > 0) process.exitCode = 1;
  if (isAborted(abort.signal)) process.exitCode = 130;
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${describe(error)}\n`);
  if (error instanceof MayflyError && error.hint !== undefined) process.stderr.write(`${error.hint}\n`);
  process.exitCode = error instanceof MayflyError && error.kind === 'usage' ? 2 : 1;
}
