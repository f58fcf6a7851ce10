/** Where the Jenkinsfile has its second build done, and with which build options. */
import { beforeAll, expect, it } from 'vitest';
import type { Node } from 'web-tree-sitter';
import { readCiFile } from '../../rig/ci-files.js';
import { choiceOf, parseGroovy, stagesOf, switchesOf, textsOf } from '../../rig/groovy.js';

let root: Node;
beforeAll(async () => {
  root = await parseGroovy(await readCiFile('Jenkinsfile'));
});

it('is another agent, unless SAME_AGENT says that it may be the first', () => {
  expect(switchesOf(root)).toEqual({ REPRODUCE: 'true', SAME_AGENT: 'false' });
  expect(choiceOf(root, 'env.SECOND_AGENT')).toEqual({
    condition: 'params.SAME_AGENT',
    yes: 'mayfly',
    no: 'mayfly && !${env.NODE_NAME}',
  });
  expect(stagesOf(root).map(({ agent }) => agent)).toEqual(['mayfly', '${env.SECOND_AGENT}']);
});

it('is chosen by the first stage, where NODE_NAME is the first agent', () => {
  const chosen = root
    .descendantsOfType('assignment_expression')
    .filter((node) => node.childForFieldName('left')?.text === 'env.SECOND_AGENT');
  expect(chosen).toHaveLength(1);
  const before = root.text.slice(0, chosen[0]?.startIndex);
  expect(before).toContain("stage('Build')");
  expect(before).not.toContain("stage('Reproduce')");
});

it('is told what each checkout took: Jenkins sets no variables for one that is asked for', () => {
  const set = root
    .descendantsOfType('assignment_expression')
    .map((node) => [node.childForFieldName('left')?.text, node.childForFieldName('right')?.text])
    .filter(([left]) => left?.startsWith('env.GIT_'));
  expect(set).toEqual(
    ['GIT_BRANCH', 'GIT_COMMIT'].map((name) => [`env.${name}`, `"\${found.${name} ?: ''}"`]),
  );
  expect(root.text.split('checkout(')).toHaveLength(2);
  for (const { words } of stagesOf(root)) expect(words).toContain('takeSource');
});

it('is asked for before an agent is taken: a `when` comes after that by itself', () => {
  expect(stagesOf(root).map(({ when }) => when)).toEqual([
    [],
    ['beforeAgent true', 'expression { params.REPRODUCE }'],
  ]);
});

it('has the build options of the parameter, or else those of its agent', () => {
  expect(textsOf(root)).toEqual({ BUILD_OPTIONS: '""' });
  // In the stages: a pipeline without an agent of its own knows the variables of none.
  const TAILS_BUILD_OPTIONS = "${params.BUILD_OPTIONS ?: env.TAILS_BUILD_OPTIONS ?: ''}";
  expect(stagesOf(root).map(({ environment }) => environment)).toEqual([
    { TAILS_BUILD_OPTIONS },
    { TAILS_BUILD_OPTIONS },
  ]);
  expect(root.text.split('TAILS_BUILD_OPTIONS =')).toHaveLength(3);
});
