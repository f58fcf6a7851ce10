/** What the files of ci/ have a CI system run. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { parseGroovy, stagesOf } from './groovy.js';

/** @param name within ci/ */
export const readCiFile = (name: string): Promise<string> =>
  readFile(fileURLToPath(new URL(`../../ci/${name}`, import.meta.url)), 'utf8');

export interface Job {
  /** Each is run by a shell of its own. */
  readonly build: readonly string[];
  readonly again: readonly string[];
}

export async function jenkins(): Promise<Job> {
  const [build, again] = stagesOf(await parseGroovy(await readCiFile('Jenkinsfile')));
  return { build: build?.shell ?? [], again: again?.shell ?? [] };
}

export interface GitlabJob {
  readonly script: readonly string[];
  readonly artifacts: { readonly reports: { readonly junit: string } };
}

/** The runner runs all lines of a job in one shell. */
export async function gitlab(): Promise<Job> {
  const file = parse(await readCiFile('gitlab-ci.yml')) as {
    default: { before_script: readonly string[] };
    build: GitlabJob;
    reproduce: GitlabJob;
  };
  const lines = (job: GitlabJob): readonly string[] => [
    [...file.default.before_script, ...job.script].join('\n'),
  ];
  return { build: lines(file.build), again: lines(file.reproduce) };
}

export async function github(): Promise<Job> {
  interface Step {
    readonly run?: string;
  }
  const file = parse(await readCiFile('github-actions.yml')) as {
    jobs: Readonly<Record<'build' | 'reproduce', { readonly steps: readonly Step[] }>>;
  };
  const lines = (steps: readonly Step[]): readonly string[] =>
    steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
  return { build: lines(file.jobs.build.steps), again: lines(file.jobs.reproduce.steps) };
}
