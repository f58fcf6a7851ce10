import { describe, expect, it } from 'vitest';
import { UNKNOWN } from '../../../../src/config/profiles/shell-expansion.js';
import { readShell } from '../../../../src/config/profiles/shell-reader.js';

describe('words of commands', () => {
  it.each<readonly [string, string, readonly (readonly string[])[]]>([
    ['blanks and newlines', 'a  b\nc', [['a', 'b'], ['c']]],
    ['a line that goes on', 'a \\\n  b', [['a', 'b']]],
    ['comments', '# no\na # b\nc#d', [['a'], ['c#d']]],
    ['quotes', `a 'b "c' "d 'e"f`, [['a', 'b "c', "d 'ef"]]],
    ['backslashes', 'a\\ b "c\\"d\\n"', [['a b', 'c"d\\n']]],
    ['lists and pipes', 'a && b | c; d &', [['a'], ['b'], ['c'], ['d']]],
    ['groups', '(a; b) { c; }', [['a'], ['b'], ['c']]],
    ['a variable', 'X=1\na $X ${X}2 "$X"', [['X=1'], ['a', '1', '12', '1']]],
    ['a list in a variable', 'X="a\n  b"\ni $X "$X"', [['X=a\n  b'], ['i', 'a', 'b', 'a\n  b']]],
    ['a default', 'a ${X:-b} ${Y-c}', [['a', 'b', 'c']]],
    [
      'exported',
      'export X=1 Y=2\na $Y',
      [
        ['export', 'X=1', 'Y=2'],
        ['a', '2'],
      ],
    ],
    ['what is not known', 'a $X "b$(c "d" (e))f" `g` $1', [['a', UNKNOWN, `b${UNKNOWN}f`, UNKNOWN, UNKNOWN]]],
    ['a quote that stays open', "a 'b", [['a', 'b']]],
    ['a bracket that stays open', 'a $(b', [['a', UNKNOWN]]],
  ])('%s', (_name, source, commands) => {
    expect(readShell(source).commands).toEqual(commands);
  });

  it('variables from outside', () => {
    expect(readShell('a $X', { X: '1' }).commands).toEqual([['a', '1']]);
    // What the definition asks its settings for is what was given; what it computes itself is not known.
    expect(readShell('X="$(setting X)"\na $X', { X: '1' }).commands.at(-1)).toEqual(['a', '1']);
    expect(readShell('X="$(setting X)"\na $X').commands.at(-1)).toEqual(['a', '\ufffd']);
  });
});

describe('here-documents', () => {
  it.each<readonly [string, string, readonly string[]]>([
    ['filled in', 'X=1\ncat <<EOF\na $X $Y\nEOF\nb', [`a 1 ${UNKNOWN}`]],
    ['as they are', "cat <<'EOF' > x\na $X\nEOF", ['a $X']],
    ['with tabs', 'cat <<-EOF\n\ta\n\tEOF', ['a']],
    ['two of one line', 'a <<A <<B\n1\nA\n2\nB', ['1', '2']],
    ['escapes', 'cat <<EOF\n\\$X \\\\ \\n\nEOF', ['$X \\ \\n']],
    ['one that does not end', 'cat <<EOF\na', ['a']],
    ['a word after <<<', 'cat <<<EOF', []],
  ])('%s', (_name, source, documents) => {
    expect(readShell(source).documents).toEqual(documents);
  });

  it('the commands go on below', () => {
    expect(readShell('cat <<EOF > x\nno\nEOF\nb').commands).toEqual([['cat', '>', 'x'], ['b']]);
  });
});
