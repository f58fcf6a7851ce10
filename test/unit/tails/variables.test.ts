import { describe, expect, it } from 'vitest';
import { check, type Rows, useTailsProject } from './row.js';

useTailsProject();

const JENKINS = { JENKINS_URL: 'http://jenkins.example/' };

const VARIABLES: Rows = [
  ['ARTIFACTS', { env: { ARTIFACTS: '/tmp' }, gives: { artifacts: { directory: '/tmp' } } }],
  [
    'ARTIFACTS, from the top of the checkout',
    {
      env: { ARTIFACTS: 'out' },
      gives: { artifacts: { directory: expect.stringMatching(/\/tails\/out$/) as string } },
    },
  ],
  [
    'APT_SNAPSHOTS_SERIALS',
    {
      env: { APT_SNAPSHOTS_SERIALS: '{"debian-security":"2026020101"}' },
      variables: {
        APT_SNAPSHOTS_SERIALS:
          '{"debian":"2026010203","debian-security":"2026020101","torproject":"2026010204"}',
      },
    },
  ],
  [
    'APT_SNAPSHOTS_SERIALS with latest',
    { env: { APT_SNAPSHOTS_SERIALS: '{"debian":"latest"}' }, fails: [2, 'serial.variable'], says: 'latest' },
  ],
  [
    'APT_SNAPSHOTS_SERIALS that is no JSON',
    { env: { APT_SNAPSHOTS_SERIALS: 'debian' }, fails: [2, 'serial.variable'] },
  ],
  [
    'Jenkins, the branch that is checked out',
    {
      env: { ...JENKINS, GIT_BRANCH: 'origin/stable' },
      variables: { JENKINS_URL: 'http://jenkins.example/', GIT_BRANCH: 'origin/stable' },
    },
  ],
  [
    'Jenkins, without origin/',
    { env: { ...JENKINS, GIT_BRANCH: 'stable' }, variables: { GIT_REF: 'stable' } },
  ],
  [
    'Jenkins, another branch',
    { env: { ...JENKINS, GIT_BRANCH: 'origin/devel' }, fails: [5, 'source.other-branch'], says: 'devel' },
  ],
  [
    'Jenkins, a tag',
    { at: '5.0', env: { ...JENKINS, GIT_BRANCH: 'origin/devel' }, variables: { GIT_REF: '5.0' } },
  ],
  [
    'Jenkins, GIT_COMMIT of what is checked out',
    {
      env: { ...JENKINS, GIT_BRANCH: 'origin/stable', GIT_COMMIT: '<stable>' },
      variables: { GIT_COMMIT: '<stable>' },
    },
  ],
  [
    'no Jenkins: GIT_BRANCH means nothing',
    { env: { GIT_BRANCH: 'origin/devel' }, variables: { GIT_REF: 'stable' } },
  ],
  [
    'GIT_COMMIT, an older one',
    {
      env: { GIT_COMMIT: '<4.0>' },
      gives: { source: { ref: { name: 'stable' }, releaseTag: '4.0' } },
      variables: { GIT_REF: 'stable', GIT_COMMIT: '<4.0>' },
    },
  ],
  [
    'GIT_COMMIT that is not there',
    {
      env: { GIT_COMMIT: '0123456789abcdef0123456789abcdef01234567' },
      fails: [2, 'source.commit-unknown'],
      says: 'git fetch',
    },
  ],
  ['GIT_COMMIT that is no id', { env: { GIT_COMMIT: 'devel' }, fails: [2, 'source.commit-unknown'] }],
  [
    'GIT_REF',
    {
      env: { GIT_REF: 'feature/renamed' },
      variables: { GIT_REF: 'feature/renamed', GIT_COMMIT: '<stable>' },
    },
  ],
  [
    'GIT_REF, a tag',
    { at: '5.0', env: { GIT_REF: '5.0' }, gives: { source: { ref: { kind: 'tag', name: '5.0' } } } },
  ],
  ['GIT_REF that is no name', { env: { GIT_REF: 'two words' }, fails: [2, 'source.ref-invalid'] }],
  [
    'BASE_BRANCH_GIT_COMMIT: that one is merged',
    {
      at: 'feature/topic',
      env: { BASE_BRANCH_GIT_COMMIT: '<5.0>' },
      gives: { source: { merged: false } },
      variables: { GIT_COMMIT: '<feature/topic>', BASE_BRANCH_GIT_COMMIT: '<5.0>' },
    },
  ],
  [
    'BASE_BRANCH_GIT_COMMIT that conflicts',
    {
      at: 'feature/topic',
      before: (checkout) => checkout.commit('notes', 'of topic\n'),
      env: { BASE_BRANCH_GIT_COMMIT: '<stable>' },
      fails: [5, 'source.merge-conflict'],
    },
  ],
  [
    'BASE_BRANCH_GIT_COMMIT that is not there',
    {
      env: { BASE_BRANCH_GIT_COMMIT: 'f'.repeat(40) },
      fails: [2, 'source.commit-unknown'],
      says: 'BASE_BRANCH_GIT_COMMIT',
    },
  ],
  [
    'a proxy that is no URL is nothing to a build that does not use it',
    { env: { http_proxy: '10.0.0.1:3128' }, variables: { TAILS_PROXY_TYPE: 'vmproxy' } },
  ],
  [
    'empty variables are none',
    {
      env: {
        GIT_COMMIT: '',
        GIT_REF: '',
        BASE_BRANCH_GIT_COMMIT: '',
        ARTIFACTS: '',
        APT_SNAPSHOTS_SERIALS: '',
        http_proxy: '',
      },
      variables: { TAILS_PROXY_TYPE: 'vmproxy', GIT_COMMIT: '<stable>' },
    },
  ],
  [
    'an empty JENKINS_URL is none: no branch is asked for',
    { env: { JENKINS_URL: '', GIT_BRANCH: 'origin/devel' }, variables: { GIT_COMMIT: '<stable>' } },
  ],
  [
    'an empty GIT_BRANCH asks for none',
    {
      env: { JENKINS_URL: 'http://jenkins.example/', GIT_BRANCH: '' },
      variables: { JENKINS_URL: 'http://jenkins.example/' },
    },
  ],
];

describe('each variable', () => {
  it.each(VARIABLES)('%s', async (_name, row) => {
    await check(row);
  });
});
