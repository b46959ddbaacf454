import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClassInfo, Instances, Property } from './api';
import { growth, growthTimes, History, MOST_POINTS, newestRate, series } from './history';

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
