/** Groovy, by the grammar of tree-sitter: what the Jenkins files say, without a Jenkins server. */
import { createRequire } from 'node:module';
import { Language, Parser, type Node } from 'web-tree-sitter';

const GRAMMAR = createRequire(import.meta.url).resolve('tree-sitter-groovy/tree-sitter-groovy.wasm');

/** @throws Error that names the first line that is no Groovy */
export async function parseGroovy(source: string): Promise<Node> {
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(await Language.load(GRAMMAR));
  const tree = parser.parse(source);
  if (tree === null) throw new Error('tree-sitter gave no tree');
  const root = tree.rootNode;
  if (!root.hasError) return root;
  const wrong = root.descendantsOfType('ERROR')[0] ?? root;
  throw new Error(`no Groovy at line ${wrong.startPosition.row + 1}: ${wrong.text.slice(0, 80)}`);
}

export interface Stage {
  readonly name: string;
  /** The label of its agent. */
  readonly agent: string;
  /** The statements of its section `when`, in their order. */
  readonly when: readonly string[];
  /** Its own variables, by name. */
  readonly environment: Readonly<Record<string, string>>;
  /** The texts of its `sh` steps, in their order. */
  readonly shell: readonly string[];
  /** Names of the steps and sections that it has, at any depth. */
  readonly words: readonly string[];
}

/** The stages of a declarative pipeline. */
export function stagesOf(root: Node): readonly Stage[] {
  return callsOf(root, 'stage').map(({ node, argument }) => ({
    name: argument,
    agent: callsOf(node, 'label')[0]?.argument ?? '',
    when: statementsIn(node, 'when').map(({ text }) => text.trim()),
    environment: Object.fromEntries(
      statementsIn(node, 'environment')
        .flatMap((statement) => statement.descendantsOfType('assignment_expression'))
        .map((set) => [
          set.childForFieldName('left')?.text ?? '',
          unquoted(set.childForFieldName('right')?.text ?? ''),
        ]),
    ),
    shell: callsOf(node, 'sh').map((call) => call.argument),
    words: [...new Set(node.descendantsOfType('identifier').map(({ text }) => text))],
  }));
}

/** What is in a section, such as `when { … }`; empty when there is none. */
function statementsIn(root: Node, section: string): readonly Node[] {
  const found = root
    .descendantsOfType('method_invocation')
    .find((node) => node.childForFieldName('name')?.text === section);
  const inside = found?.childForFieldName('body')?.namedChildren ?? [];
  return inside.filter((node) => node.type !== 'line_comment' && node.type !== 'comment');
}

interface Choice {
  readonly condition: string;
  readonly yes: string;
  readonly no: string;
}

/** The texts between which `NAME = CONDITION ? '…' : '…'` chooses; undefined when there is none. */
export function choiceOf(root: Node, name: string): Choice | undefined {
  const made = root
    .descendantsOfType('assignment_expression')
    .find((node) => node.childForFieldName('left')?.text === name)
    ?.childForFieldName('right');
  const [condition, yes, no] = ['condition', 'consequence', 'alternative'].map(
    (field) => made?.childForFieldName(field)?.text,
  );
  if (condition === undefined || yes === undefined || no === undefined) return undefined;
  return { condition, yes: unquoted(yes), no: unquoted(no) };
}

/** The parameters that are yes or no, each with its default. */
export const switchesOf = (root: Node): Readonly<Record<string, string>> => defaultsOf(root, 'booleanParam');

/** The parameters that are text, each with its default. */
export const textsOf = (root: Node): Readonly<Record<string, string>> => defaultsOf(root, 'string');

/** The parameters of one kind, each with its default as it is written. */
function defaultsOf(root: Node, kind: string): Readonly<Record<string, string>> {
  const calls = root
    .descendantsOfType(['method_invocation', 'juxt_function_call'])
    .filter((node) => node.childForFieldName('name')?.text === kind);
  return Object.fromEntries(
    calls.map((node) => {
      const items = node
        .descendantsOfType('map_item')
        .map((item) => [item.childForFieldName('key')?.text, item.childForFieldName('value')?.text ?? '']);
      const values = Object.fromEntries(items) as Readonly<Record<string, string>>;
      return [unquoted(values['name'] ?? ''), values['defaultValue'] ?? ''];
    }),
  );
}

/** What the `junit` steps read. */
export function resultsOf(root: Node): readonly string[] {
  return callsOf(root, 'junit').map(({ argument }) => argument);
}

interface Call {
  /** With its closure, where it has one. */
  readonly node: Node;
  readonly argument: string;
}

/** Calls by this name whose first argument is text. */
function callsOf(root: Node, name: string): readonly Call[] {
  return root.descendantsOfType(['method_invocation', 'juxt_function_call']).flatMap((node) => {
    const [text] = node.descendantsOfType(['string_literal', 'character_literal']);
    const isIt = node.childForFieldName('name')?.text === name;
    return isIt && text !== undefined ? [{ node, argument: unquoted(text.text) }] : [];
  });
}

/** Text in single or double quotes, with `${…}` left as it is. */
function unquoted(literal: string): string {
  return literal.slice(1, -1).replaceAll(/\\(.)/g, '$1');
}
