import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClassInfo, Instances, Property } from './api';
import {
  at,
  growth,
  growthTimes,
  History,
  MOST_POINTS,
  MOST_TRACKS,
  newestRate,
  series,
  stepOf,
} from './history';

const property: Property = {
  name: 'N',
  type: 'uint64',
  array: false,
  key: false,
  inherited: false,
  description: null,
  data_id: 1,
  counter_type: 65_792,
  semantics: { kind: 'counter', unit: 'bytes', direction: 'sent', group: 'bytes', definition: '' },
};
const infos = new Map<string, ClassInfo>([
  ['C', { name: 'C', description: null, properties: [property] }],
]);

function sample(
  boot_s: number,
  value: string | null,
  unix_s = 1_800_000_000 + boot_s,
): Instances[] {
  const times = { boot_ns: boot_s * 1e9, filetime_100ns: (unix_s + 11_644_473_600) * 1e7 };
  const instance = {
    name: 'a',
    caption: '',
    driver: '',
    active: true,
    age_ms: 0,
    sample: times,
    properties: { N: value },
    quality: {},
  };
  return [
    {
      class: 'C',
      refreshed: true,
      taken_boot_ns: boot_s * 1e9,
      providers: 1,
      instances: [instance],
    },
  ];
}

function held(...samples: Instances[][]): History {
  const history = new History();
  for (const one of samples) history.add(one, infos);
  return history;
}
const rate = (...samples: Instances[][]): number | null =>
  newestRate(held(...samples).track('C', 'a')!, 'N');

test('a rate is the growth a second, exact beyond 2^53', () => {
  assert.equal(rate(sample(1, '100'), sample(3, '500')), 200);
  assert.equal(rate(sample(1, '9007199254740993'), sample(2, '9007199254740994')), 1);
});

test('no rate: one sample, one twice, unknown, a counter or a clock that went back, a gap', () => {
  assert.equal(rate(sample(1, '100')), null);
  assert.equal(rate(sample(1, '100'), sample(1, '100')), null);
  assert.equal(rate(sample(1, null), sample(2, '100')), null);
  assert.equal(rate(sample(1, '100'), sample(2, null)), null);
  assert.equal(rate(sample(1, '100'), sample(2, '99')), null);
  assert.equal(rate(sample(1, '100'), sample(2, '200', 1_799_999_000)), null);
  assert.equal(rate(sample(1, '100'), sample(60, '200')), null);
});

test('of samples in quick succession one stays, and no rate is made of two', () => {
  const history = held(sample(1, '1'), sample(1.01, '900'));
  assert.equal(newestRate(history.track('C', 'a')!, 'N'), null);
  history.add(sample(2, '1001'), infos);
  assert.deepEqual(history.track('C', 'a')!.boot_s, [1, 2]);
  assert.equal(newestRate(history.track('C', 'a')!, 'N'), 1000);
});

test('a clock that steps back moves the labels and loses nothing', () => {
  const history = held(
    sample(1, '1'),
    sample(2, '2'),
    sample(3, '3', 1_700_000_000),
    sample(4, '4', 1_700_000_001),
  );
  assert.deepEqual(series(history.track('C', 'a')!, 'N', true, 0, 10), {
    boot_s: [1, 2, 3, 4],
    values: [null, 1, null, 1],
  });
  assert.equal(history.unixOf(4), 1_700_000_001);
});

test('a host that has booted since begins anew', () => {
  const history = held(sample(1_000, '5'));
  assert.equal(history.add(sample(20, '1'), infos), true);
  assert.deepEqual(history.track('C', 'a')!.boot_s, [20]);
});

test('growth leaves out what fell, and is unknown where nothing is known', () => {
  const track = held(sample(1, '5'), sample(2, '7'), sample(3, '1'), sample(4, '4')).track(
    'C',
    'a',
  )!;
  assert.equal(growth(track, 'N', 0, 10), 5n);
  assert.deepEqual(growthTimes(track, 'N', 0, 10), [2, 4]);
  assert.equal(growth(held(sample(1, null)).track('C', 'a')!, 'N', 0, 10), null);
});

test('what is held is bounded', () => {
  const history = new History();
  for (let at = 1; at <= MOST_POINTS + 1; at += 1) history.add(sample(at, String(at)), infos);
  const { boot_s } = history.track('C', 'a')!;
  assert.ok(boot_s.length <= MOST_POINTS && boot_s.length > MOST_POINTS / 2);
  assert.equal(boot_s.at(-1), MOST_POINTS + 1);
});

const UNIX_S = 1_800_000_000;
function past(boot_ns: (string | number)[], values: (string | number | null)[]) {
  const filetime = (BigInt(UNIX_S) + 11_644_473_600n) * 10_000_000n;
  const first = filetime + BigInt(boot_ns[0]!) / 100n;
  const filetime_100ns = [String(first), ...boot_ns.slice(1).map((one) => Number(one) / 100)];
  const track = { name: 'a', driver: '', boot_ns, filetime_100ns, values: [values] };
  return [{ class: 'C', counters: ['N'], tracks: [track] }];
}

test('what the service kept goes before and between what is held, exactly', () => {
  const history = held(sample(3, '9007199254740999'), sample(6, '9007199254741002'));
  const boot_ns = ['1000000000', 1e9, 1.1e9, 1e9, 1e9]; // 1, 2, 3.1, 4.1, 5.1
  history.addPast(past(boot_ns, ['9007199254740993', 2, null, 6, -1]), infos);
  const track = history.track('C', 'a')!;
  assert.deepEqual(track.boot_s, [1, 2, 3, 4.1, 5.1, 6], 'one in quick succession is left out');
  assert.deepEqual(track.values.get('N'), [
    9007199254740993n,
    9007199254740995n,
    9007199254740999n,
    9007199254741001n,
    9007199254741000n,
    9007199254741002n,
  ]);
  const unix_s = track.unix_s.map((one) => Number((one - UNIX_S).toFixed(3)));
  assert.deepEqual(unix_s, [1, 2, 3, 4.1, 5.1, 6]);
  history.addPast(past(boot_ns, ['9007199254740993', 2, null, 6, -1]), infos);
  assert.equal(history.track('C', 'a')!.boot_s.length, 6, 'told twice, held once');
});

test('what was before lengthens what is held before anybody looks, and is there after more', () => {
  const history = held(sample(3, '3'));
  history.addPast(past(['1000000000', 1e9], ['1', 1]), infos);
  assert.equal(history.oldest(), 1);
  history.add(sample(4, '4'), infos);
  history.addPast(past(['500000000', 1e9], ['0', 1]), infos);
  assert.deepEqual(history.track('C', 'a')!.boot_s, [0.5, 1, 1.5, 2, 3, 4]);
});

test('of what was before alone there is a newest moment, and what is unknown then is a gap', () => {
  const history = new History();
  history.addPast(past(['1000000000', 1e9, 1e9], [null, '5', 2]), infos);
  assert.equal(history.newest(), 3);
  assert.equal(history.unixOf(3), UNIX_S + 3);
  assert.deepEqual(series(history.track('C', 'a')!, 'N', true, 0, 10).values, [null, null, 2]);
});

function many(boot_s: number, names: string[]): Instances[] {
  const [one] = sample(boot_s, String(boot_s));
  const instances = names.map((name) => ({ ...one!.instances[0]!, name }));
  return [{ ...one!, instances }];
}

test('of too many those stay that are held, and who is looked at finds room', () => {
  const names = Array.from({ length: 2 * MOST_TRACKS }, (_, index) => `n${index}`);
  const history = new History();
  history.add(many(1, names), infos);
  history.add(many(2, names), infos);
  assert.equal(newestRate(history.track('C', 'n0')!, 'N'), 1);
  assert.equal(history.track('C', names.at(-1)!), undefined);
  history.watch('C', [names.at(-1)!]);
  history.add(many(3, names), infos);
  history.add(many(4, names), infos);
  assert.equal(newestRate(history.track('C', names.at(-1)!)!, 'N'), 1);
  assert.equal(history.track('C', 'n0'), undefined, 'it made room');
  history.add(many(5, ['new', ...names.slice(2)]), infos);
  assert.equal(history.track('C', 'n1'), undefined, 'it is gone');
  assert.ok(history.track('C', 'new'));
});

test('asked for seldom, rates are told over longer times', () => {
  const history = held(sample(1, '100'), sample(21, '300'));
  assert.equal(newestRate(history.track('C', 'a')!, 'N'), null);
  history.setPace(20);
  assert.equal(newestRate(history.track('C', 'a')!, 'N'), 10);
});

test('a sample from the future moves nobody’s times', () => {
  const history = held(sample(1, '1'));
  const [one] = sample(1_000, '2');
  history.add([{ ...one!, taken_boot_ns: 2e9 }], infos);
  assert.equal(history.newest(), 1);
});

test('several providers’ series stand at one’s times', () => {
  const of = { boot_s: [0.5, 1.5, 9], values: [1, null, 3] };
  assert.deepEqual(at([0, 1.1, 2, 5, 8.5], of), [1, null, null, null, 3]);
  assert.deepEqual(at([0, 1], { boot_s: [], values: [] }), [null, null]);
});

test('a point for several samples: the average of a rate, the highest of a gauge', () => {
  const values = [0, 0, 10, 10, 10, 20, 20, 20, 26];
  const history = held(...values.map((value, at) => sample(10 + at, String(value))));
  const track = history.track('C', 'a')!;
  assert.deepEqual(series(track, 'N', true, 0, 100, 5), {
    boot_s: [14, 18],
    values: [null, 4],
  });
  assert.deepEqual(series(track, 'N', false, 0, 100, 5).values, [10, 26]);
  history.add(sample(20, '30'), infos);
  history.add(sample(20.3, '90'), infos);
  assert.deepEqual(series(track, 'N', true, 12, 100, 5).boot_s, [14, 18, 20.3]);
  assert.equal(stepOf(60, 90), 1);
  assert.equal(stepOf(90, 90), 1);
  assert.equal(stepOf(91, 90), 2);
  assert.equal(stepOf(300, 90), 5);
  assert.equal(stepOf(1e9, 90), 60);
});
