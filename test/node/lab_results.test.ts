// SPDX-License-Identifier: Apache-2.0
/** What the comparison lab tells of results: verdicts, and files and addresses to share them by. */
import { deflateRawSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { type LabResults, toCsv, toJson } from '../../examples/compare/export';
import { DEFAULT_PLAN } from '../../examples/compare/plan';
import { fromAddress, inAddress, merged, named, parseRun, sideBySide } from '../../examples/compare/runs';
import { type LabRow, cellsOf, sentence, verdictOn } from '../../examples/compare/verdict';

describe('the verdict', () => {
  const row = (contender: string, ms: number, more: Partial<LabRow> = {}): LabRow => ({
    backend: 'cpu',
    workload: 'hand',
    pass: 'forward',
    contender,
    ms,
    runs: 9,
    interval: [0.9 * ms, 1.1 * ms],
    note: '',
    gflops: 1,
    error: 0.5,
    ...more,
  });
  const verdicts = (rows: readonly LabRow[]): string[] =>
    cellsOf(rows).flatMap((cell) => cell.rows.map((one) => verdictOn(one, cell).text));

  it('names the fastest, and who won by how much on what', () => {
    const rows = [row('auto', 10, { took: 'matmul' }), row('matmul', 8), row('stock', 40)];
    expect(verdicts(rows)).toEqual(['', 'fastest', '']);
    expect(sentence(rows)).toBe("Forward, 'auto' is 4 times as fast as stock on cpu (hand). Fastest: matmul on cpu.");
  });

  it('tells nobody from whom it cannot be told', () => {
    const rows = [row('auto', 8.4), row('matmul', 8), row('stock', 8.2)];
    expect(verdicts(rows)[1]).toBe('fastest, 2 level');
    expect(verdicts(rows)[0]).toBe('level');
    expect(sentence(rows)).toContain("'auto' is level with stock on cpu");
  });

  it('is not given on fewer than five samples, however fast', () => {
    const rows = [row('auto', 10), row('matmul', 12), row('stock', 1, { runs: 1, interval: undefined })];
    expect(verdicts(rows)).toEqual(['', '', '1 sample: no verdict']);
    expect(cellsOf(rows)[0].why).toBe('too few samples of stock');
    expect(sentence(rows)).toBe('No verdict on 1 of 1 comparison: too few samples. Give more seconds.');
    // Slow enough not to matter: the others are judged, it is not.
    const slow = [row('auto', 10), row('matmul', 15), row('stock', 99, { runs: 4, interval: undefined })];
    expect(verdicts(slow)).toEqual(['fastest', '', '4 samples: no verdict']);
    expect(sentence(slow)).toBe('Fastest: auto on cpu.');
  });

  it('is nothing that wrong results, or who cannot run, have a part in', () => {
    const rows = [row('auto', 10), row('stock', 1, { error: 7 }), row('dilate', NaN, { reason: 'cannot', runs: 0 })];
    expect(verdicts(rows)).toEqual(['', 'WRONG', 'cannot']);
    expect(sentence(rows)).toBe('');
  });

  it('has a mean over layers, backend by backend, pass by pass', () => {
    const on = (backend: string, workload: string, ratio: number): LabRow[] =>
      [row('auto', 10), row('stock', 10 * ratio)].map((one) => ({ ...one, backend, workload }));
    const gradient = [row('ours', 1), row('stock', 3)].map((one) => ({ ...one, pass: 'input gradient' as const }));
    expect(sentence([...on('cpu', 'a', 2), ...on('cpu', 'b', 8), ...on('wasm', 'a', 0.5), ...gradient])).toBe(
      "Forward, 'auto' is 4 times as fast as stock on cpu and 0.5 on wasm (geometric mean over up to 2 layers). " +
        'Input gradient, ours is 3 times as fast as stock on cpu (hand). ' +
        'Fastest: auto on cpu (2 of 3 times); stock on wasm.',
    );
  });
});

describe('export', () => {
  const measured = {
    ms: 1.5,
    interval: [1, 2] as const,
    runs: 5,
    note: '',
    gflops: 2,
    ratio: 1,
    error: 0.25,
    firstMs: 4,
  };
  const nothing = { ms: NaN, runs: 0, note: '', gflops: NaN, reason: 'why not' };
  const cell = { pass: 'forward' as const };
  const row = { ...cell, backend: 'cpu', workload: 'own, "quoted"', contender: 'stock', ...measured };
  const unable = { ...cell, backend: 'wasm', workload: 'own', contender: 'scatter', ...nothing };
  const results: LabResults = {
    name: 'Anna',
    date: '2026-01-01',
    userAgent: 'Browser',
    devices: { cpu: 'one thread' },
    tfjs: '4',
    plan: DEFAULT_PLAN,
    rows: [row, unable],
  };

  it('as JSON has all of it', () => {
    const back = JSON.parse(toJson(results)) as LabResults;
    expect(back.rows).toEqual([row, { ...unable, ms: undefined, gflops: undefined }]);
    expect(back.plan).toEqual(DEFAULT_PLAN);
  });

  it('comes back from its file, and from an address; what is wrong stays wrong', async () => {
    const wrong = { ...row, contender: 'matmul', error: NaN };
    const all = { ...results, rows: [row, unable, wrong] };
    const run = { name: 'Anna', date: '2026-01-01', machine: 'cpu: one thread · Browser', rows: all.rows };
    expect(parseRun(toJson(all), 'file')).toEqual(run);
    expect(parseRun(toJson({ ...all, name: '' }), 'file').name).toBe('file');
    const address = (await inAddress({ ...all, plan: undefined }))!;
    expect(address.length).toBeLessThan(1000);
    expect(await fromAddress(address)).toEqual(run);
    expect(await fromAddress('#other')).toBeUndefined();
    const many = Array.from({ length: 2000 }, (_, n) => ({ ...row, ms: n + Math.sqrt(n), workload: `${n}` }));
    expect(await inAddress({ ...all, rows: many })).toBeUndefined();
  });

  it('may be what npm start wrote', () => {
    const start = { date: '2026-01-01', machine: 'Node', skipped: [], rows: [{ ...row, error: null }], models: [] };
    const { name, machine, rows } = parseRun(JSON.stringify(start), 'compare');
    expect([name, machine, rows[0].error]).toEqual(['compare', 'Node', NaN]);
  });

  it('that is broken or hostile is an error that says what was expected', async () => {
    const withRow = (change: object): string => JSON.stringify({ rows: [{ ...row, ...change }] });
    const cases: readonly (readonly [text: string, expected: string])[] = [
      ['{', 'Results are JSON, but this is none'],
      ['[]', 'the file must be an object, but is []'],
      ['{"modelTopology":{}}', "Results have 'rows'"],
      [`{"rows":[${'1,'.repeat(5000)}1]}`, 'at most 5000 rows'],
      ['{"rows":[null]}', 'rows[0] must be an object, but is null'],
      [withRow({ backend: { length: 3 } }), 'rows[0].backend must be a text'],
      [withRow({ workload: 'x'.repeat(1e5) }), 'rows[0].workload must be a text of at most 400 letters'],
      [withRow({ pass: 'backward' }), 'rows[0].pass must be one of forward, input gradient'],
      [withRow({ ms: '1' }), 'rows[0].ms must be a number, 0 or more, but is "1"'],
      [withRow({ ms: -1 }), 'rows[0].ms must be a number, 0 or more, but is -1'],
      [withRow({ runs: undefined }), 'rows[0].runs must be a number, 0 or more, but is missing'],
      [withRow({ interval: [1] }), 'rows[0].interval must be two numbers'],
      ['{"rows":[],"devices":{"cpu":{}}}', 'devices.cpu must be a text'],
      [' '.repeat(5e6 + 1), 'at most 5 MB'],
    ];
    for (const [text, expected] of cases) expect(() => parseRun(text, 'file')).toThrow(expected);
    await expect(fromAddress('#run=%%%')).rejects.toThrow('The results in the address are broken');
    await expect(fromAddress('#run=AAAA')).rejects.toThrow('The results in the address are broken');
    // A short address that unpacks to ten megabytes.
    const bomb = deflateRawSync(Buffer.alloc(1e7)).toString('base64url');
    await expect(fromAddress(`#run=${bomb}`)).rejects.toThrow('The results in the address are broken');
  });

  it('of several devices stand side by side', () => {
    const anna = parseRun(toJson(results), '');
    const other = named(
      {
        ...anna,
        rows: [
          { ...row, ms: 3 },
          { ...row, pass: 'input gradient' },
        ],
      },
      [anna],
    );
    expect(other.name).toBe('Anna 2');
    expect(merged([anna])).toBe(anna.rows);
    expect(merged([anna, other]).map(({ backend }) => backend)).toEqual([
      'cpu (Anna)',
      'wasm (Anna)',
      'cpu (Anna 2)',
      'cpu (Anna 2)',
    ]);
    const times = sideBySide([anna, other]).map(({ cell, rows }) => [
      cell.split(' · ')[2],
      ...rows.map((one) => one?.ms),
    ]);
    expect(times).toEqual([
      ['forward', 1.5, 3],
      ['forward', NaN, undefined],
      ['input gradient', undefined, 1.5],
    ]);
  });

  it('as CSV has a line for each row, quoted where it must be', () => {
    const [head, first, second] = toCsv(results).trim().split('\n');
    expect(head).toBe(
      'backend,layer,pass,contender,took,ms,ms_from,ms_to,samples,gflops,times_stock,error_over_bound,right,' +
        'first_call_ms,memory_bytes,note,device,user_agent,date',
    );
    expect(first).toBe(
      'cpu,"own, ""quoted""",forward,stock,,1.5,1,2,5,2,1,0.25,true,4,,,one thread,Browser,2026-01-01',
    );
    expect(second).toBe('wasm,own,forward,scatter,,,,,0,,,,,,,why not,,Browser,2026-01-01');
  });
});
