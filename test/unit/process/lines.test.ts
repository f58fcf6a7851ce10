import { describe, expect, it } from 'vitest';
import { LineSplitter, Tail } from '../../../src/process/lines.js';

function split(...chunks: readonly (Buffer | string)[]): readonly string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.push(Buffer.from(chunk));
  splitter.end();
  return lines;
}

describe('LineSplitter', () => {
  it.each([
    ['nothing', [''], []],
    ['one whole line', ['a\n'], ['a']],
    ['a last line without its end', ['a\nb'], ['a', 'b']],
    ['a line over several chunks', ['one', ' t', 'wo\nthree\n'], ['one two', 'three']],
    ['empty lines', ['\n\na\n\n'], ['', '', 'a', '']],
    ['line ends of DOS', ['a\r\nb\r', '\nc\r\n'], ['a', 'b', 'c']],
    ['a carriage return within', ['10%\r20%\n'], ['10%\r20%']],
  ] as const)('gives %s', (_name, chunks, lines) => {
    expect(split(...chunks)).toEqual(lines);
  });

  it('puts characters together that chunks cut apart, wherever the cut is', () => {
    const text = 'ä€𝄞源\nend';
    const bytes = Buffer.from(text);
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      expect(split(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual(text.split('\n'));
    }
    expect(split(...Array.from(bytes, (byte) => Buffer.from([byte])))).toEqual(text.split('\n'));
  });

  it('shows bytes that are no UTF-8 as replacement characters', () => {
    expect(split(Buffer.from([0x61, 0xff, 0x62, 0x0a, 0xe2, 0x82]))).toEqual(['a\ufffdb', '\ufffd']);
  });

  it('hands out a line that does not end in pieces, and loses nothing', () => {
    const lines: string[] = [];
    const splitter = new LineSplitter((line) => lines.push(line));
    for (let count = 0; count < 40; count += 1) splitter.push(Buffer.alloc(4096, 'x'));
    expect(lines.map((line) => line.length)).toEqual([65536, 65536]);
    splitter.push(Buffer.from('y\nshort\n'));
    splitter.end();
    expect(lines.map((line) => line.length)).toEqual([65536, 65536, 32769, 5]);
  });

  it('bounds a line also when its end comes in the same chunk', () => {
    const lines = split(`${'x'.repeat(200_000)}\nshort\n`);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(65536);
    expect(lines.join('')).toBe(`${'x'.repeat(200_000)}short`);
  });
});

describe('Tail', () => {
  it('keeps the last lines only', () => {
    const tail = new Tail(3);
    for (const line of ['a', 'b']) tail.push(line);
    expect(tail.lines).toEqual(['a', 'b']);
    for (const line of ['c', 'd', 'e']) tail.push(line);
    expect(tail.lines).toEqual(['c', 'd', 'e']);
  });
});
