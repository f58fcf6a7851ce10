/** What the files of ci/ have a CI system run. */
import { execa } from 'execa';
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
  /** What the file itself sets for the first of them, where it can be read without its system. */
  readonly variables: Readonly<Record<string, string>>;
}

export async function jenkins(): Promise<Job> {
  const [build, again] = stagesOf(await parseGroovy(await readCiFile('Jenkinsfile')));
  // As the parameter REPRODUCE has it by default.
  const variables = { MAYFLY_CI_BUNDLE: 'yes' };
  return { build: build?.shell ?? [], again: again?.shell ?? [], variables };
}

export interface GitlabJob {
  readonly script: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly artifacts: {
    readonly paths: readonly string[];
    readonly exclude?: readonly string[];
    readonly reports: { readonly junit: string | readonly string[] };
  };
}

/** What Jenkins Job Builder would send to Jenkins: the XML of each job, by a real run of it. */
export async function jenkinsJobs(): Promise<string> {
  const file = fileURLToPath(new URL('../../ci/jenkins/job-builder.yaml', import.meta.url));
  return (await execa('jenkins-jobs', ['test', file])).stdout;
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
  return {
    build: lines(file.build),
    again: lines(file.reproduce),
    variables: file.build.variables ?? {},
  };
}

export async function github(): Promise<Job> {
  const { build, reproduce } = await githubJobs();
  // All are run in the checkout; the others only remove what an earlier job left.
  const lines = ({ steps }: GithubJob): readonly string[] =>
    steps.flatMap((step) => (step['working-directory'] === 'source' ? (step.run ?? []) : []));
  return { build: lines(build), again: lines(reproduce), variables: build.env ?? {} };
}

export interface GithubJob {
  readonly env?: Readonly<Record<string, string>>;
  readonly steps: readonly {
    readonly run?: string;
    readonly 'working-directory'?: string;
    readonly uses?: string;
    readonly with?: Readonly<Record<string, unknown>>;
  }[];
}

export async function githubJobs(): Promise<Readonly<Record<'build' | 'reproduce', GithubJob>>> {
  const file = parse(await readCiFile('github-actions.yml')) as {
    jobs: Readonly<Record<'build' | 'reproduce', GithubJob>>;
  };
  return file.jobs;
}
