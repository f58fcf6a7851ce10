/**
 * What lies beside artifacts that no build publishes: their checksums, and the record of a build for as long as it is
 * of these very files.
 */
import { access, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { checksumLines, writeWhole, type Artifact } from '../../artifacts/collect.js';
import { hasCode } from '../../errors.js';
import { buildFiles, buildsFolder } from '../../paths.js';
import type { Context } from '../context.js';

/** As much of build.json as says what it is of, whatever version of mayfly wrote it. */
const recordShape = z.looseObject({
  schema: z.number(),
  build: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]*$/),
  artifacts: z.array(z.looseObject({ name: z.string(), sha256: z.string() })),
});
type OlderRecord = z.infer<typeof recordShape>;

/** The caller holds the folder of results. */
export async function describeFetched(
  { home, report }: Pick<Context, 'home' | 'report'>,
  directory: string,
  artifacts: readonly Artifact[],
): Promise<void> {
  const record = await recordBeside(directory);
  if (record !== undefined && !isOf(record, artifacts)) {
    const names = [buildFiles.events, buildFiles.log, buildFiles.record];
    // The record last: as long as it is there, the next command does the same.
    for (const name of names) await rm(join(directory, name), { force: true });
    const logs = join(buildsFolder(home), record.build);
    const stay = (await exists(logs)) ? ` Its record and logs are still in ${logs}.` : '';
    const text = `What lay beside the artifacts of build ${record.build} is removed from ${directory}, as these are others: ${names.join(', ')}.${stay}`;
    report({ type: 'notice', level: 'info', text });
  }
  await writeWhole(join(directory, buildFiles.checksums), checksumLines(artifacts));
}

/** Whether a record lists just these files. Pure. */
export function isOf(record: Pick<OlderRecord, 'artifacts'>, artifacts: readonly Artifact[]): boolean {
  const key = ({ name, sha256 }: { readonly name: string; readonly sha256: string }): string =>
    `${sha256}  ${name}`;
  const listed = record.artifacts.map(key).sort();
  const here = artifacts.map(key).sort();
  return listed.length === here.length && listed.every((each, index) => each === here[index]);
}

/** Undefined when there is none, or one that is not ours. */
async function recordBeside(directory: string): Promise<OlderRecord | undefined> {
  try {
    const text = await readFile(join(directory, buildFiles.record), 'utf8');
    return recordShape.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (hasCode(error, 'ENOENT') || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
