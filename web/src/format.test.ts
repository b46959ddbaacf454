import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integer } from './api';
import {
  adapterLabel,
  axisText,
  dateText,
  duration,
  grouped,
  rateText,
  short,
  unixTime,
} from './format';

test('all 64 bits of an integer are kept', () => {
  assert.equal(integer('18446744073709551615'), 18_446_744_073_709_551_615n);
  assert.equal(integer('-9223372036854775808'), -9_223_372_036_854_775_808n);
  assert.equal(
    grouped(integer('18446744073709551615')).replace(/\u202f/g, ' '),
    '18 446 744 073 709 551 615',
  );
  assert.equal(integer(2 ** 53), null); // a double that may have lost its last digits
  for (const none of [null, '', '1.5', 'x', true, undefined]) assert.equal(integer(none), null);
});

test('what is not known is a dash, never 0', () => {
  for (const text of [
    grouped(null),
    short(null),
    rateText(null, 'bytes'),
    duration(null),
    short(NaN),
  ])
    assert.equal(text, '–');
  assert.equal(grouped(0n), '0');
  assert.equal(rateText(0, 'bytes'), '0');
});

test('three digits and a prefix', () => {
  assert.equal(short(999.4), '999');
  assert.equal(short(999.6, 'B'), '1.00 kB');
  assert.equal(short(12_345_678, 'B'), '12.3 MB');
  assert.equal(short(0.071), '0.07');
  assert.equal(short(-1500), '−1.50 k');
  assert.equal(short(1.8e19, 'B'), '18.0 EB');
  assert.equal(rateText(20_300_000, 'bytes'), '20.3 MB/s');
  assert.equal(axisText(-20_000_000, 'B/s'), '20 MB/s');
  assert.equal(axisText(2_500, 'B/s'), '2.5 kB/s');
  assert.equal(axisText(100, '/s'), '100 /s');
});

test('times', () => {
  assert.equal(duration(59.9), '59 s');
  assert.equal(duration(3_661), '1 h 1 min');
  assert.equal(duration(172_800), '2 d');
  assert.equal(
    unixTime('20261123212901.500000+060'),
    Date.UTC(2026, 10, 23, 20, 29, 1) / 1000 + 0.5,
  );
  assert.equal(unixTime('133800000000000000'), 1_735_526_400);
  assert.match(dateText(1_735_526_400), /^202[45]-\d\d-\d\d \d\d:\d\d:00$/);
  for (const none of ['00000001000000.000000:000', '', null, '0'])
    assert.equal(unixTime(none), null);
});

test('an adapter is called what distinguishes it', () => {
  assert.equal(adapterLabel('ROOT\\ISCSI_TCP\\ikev1_0', ''), 'ikev1');
  assert.equal(adapterLabel('ROOT\\ISCSI_TCP\\ikev1_0', 'Storage A'), 'Storage A');
});
