import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClassInfo, Property } from './api';
import { conditionText, parseCondition } from './condition';
import { csvOf, jsonOf } from './export';
import { parseRoute, routeText } from './route';
import { flows, isError, words } from './schema';
import { joinSessions, verdictOf } from './sessions';

function bytes(name: string, direction: string, where?: string): Property {
  const source =
    where === undefined ? {} : { source: { class: 'SA', value: 'Bytes', where, owner: 'Adapter' } };
  return {
    name,
    type: 'uint64',
    array: false,
    key: false,
    inherited: false,
    description: null,
    data_id: 1,
    counter_type: 1,
    semantics: {
      kind: 'counter',
      unit: 'bytes',
      direction,
      group: 'bytes',
      definition: '',
      ...source,
    },
  };
}
const sa: ClassInfo = {
  name: 'SA',
  description: null,
  properties: [{ ...bytes('Protocol', 'none'), values: { '50': 'ESP', '51': 'AH' } }],
};

test('how bytes are cut is told by the conditions of their sources', () => {
  const info = {
    name: 'C',
    description: null,
    properties: [
      bytes('AOut', 'sent', 'Way = 2 AND Protocol = 50'),
      bytes('AIn', 'received', 'Way = 1 AND Protocol = 50'),
      bytes('BOut', 'sent', 'Way = 2 AND Protocol = 51'),
      bytes('BIn', 'received', 'Way = 1 AND Protocol = 51'),
    ],
  };
  assert.deepEqual(flows(info, new Map([['SA', sa]])), [
    { cut: 'Protocol', label: 'ESP', sent: 'AOut', received: 'AIn' },
    { cut: 'Protocol', label: 'AH', sent: 'BOut', received: 'BIn' },
  ]);
});

test('a class without sources is cut by its names', () => {
  const info = {
    name: 'C',
    description: null,
    properties: [bytes('BytesSent', 'sent'), bytes('BytesReceived', 'received')],
  };
  assert.deepEqual(flows(info, new Map()), [
    { cut: '', label: 'all', sent: 'BytesSent', received: 'BytesReceived' },
  ]);
});

test('conditions', () => {
  assert.equal(
    conditionText(parseCondition('Protocol = 50 AND Window > 0')!, sa),
    'Protocol = ESP and Window > 0',
  );
  assert.deepEqual(parseCondition(''), []);
  assert.equal(parseCondition('A = 1 OR B = 2'), null);
});

test('traffic in the group of errors is none', () => {
  const error = (counter_type: number): Property => ({
    ...bytes('N', 'received'),
    counter_type,
    semantics: {
      kind: 'counter',
      unit: 'packets',
      direction: 'received',
      group: 'errors',
      definition: '',
    },
  });
  assert.equal(isError(error(65_792)), true);
  assert.equal(isError(error(272_696_576)), false);
});

test('names for people', () => {
  assert.equal(words('ConfidentialBytesSent'), 'Confidential bytes sent');
  assert.equal(words('BadSPIPackets'), 'Bad SPI packets');
  assert.equal(words('ReKeys'), 'Rekeys');
  assert.equal(words('Spi'), 'SPI');
  assert.equal(words('ReqId'), 'Req ID');
  assert.equal(words('ActiveSA'), 'Active SA');
});

test('a file holds integers whole, and no formula', () => {
  const sheet = {
    name: 'x',
    header: ['=evil()', 'n'],
    rows: [
      ['a"b', 18_446_744_073_709_551_615n],
      ['-1+1', null],
    ],
  };
  assert.equal(csvOf(sheet), '\'=evil(),n\r\n"a""b",18446744073709551615\r\n\'-1+1,\r\n');
  assert.equal(JSON.parse(jsonOf(sheet))[0].n, '18446744073709551615');
});

test('an address means what it says, and nonsense the overview', () => {
  const hash = '#/instance/C/ROOT%5CX%2F1_0?range=60&from=10.0&to=20.0';
  assert.equal(routeText(parseRoute(hash)), hash);
  assert.deepEqual(parseRoute(hash).path, ['instance', 'C', 'ROOT\\X/1_0']);
  assert.deepEqual(parseRoute('#/%E0%A4%A/?range=7&from=2&to=1'), {
    path: [''],
    range_s: 300,
    from: null,
    to: null,
    cut: '',
    filter: '',
    sort: '',
  });
  const sorted = '#/sas?filter=a%26b&sort=-Age';
  assert.equal(routeText(parseRoute(sorted)), sorted);
});

test('the verdict: the worst first; nobody to tell is not "none"', () => {
  assert.match(verdictOf([], 0).sentence, /can’t be told/);
  assert.match(verdictOf([], 1).sentence, /There is no iSCSI session/);
  const one = (protection: number, age_ms = 0) => ({
    name: `s${protection}${age_ms}`,
    caption: '',
    driver: '',
    active: true,
    age_ms,
    sample: { boot_ns: 0, filetime_100ns: 0 },
    properties: { Protection: protection },
    quality: {},
  });
  const of = (...instances: ReturnType<typeof one>[]) => {
    const classes = new Map([
      [
        'Quickmode_Session',
        { class: 'Quickmode_Session', refreshed: true, taken_boot_ns: 0, providers: 1, instances },
      ],
    ]);
    return verdictOf(joinSessions(classes, 0), 1);
  };
  assert.equal(of(one(1), one(2)).sentence, 'All 2 iSCSI sessions are protected by IPsec.');
  assert.equal(of(one(1), one(0), one(3)).sentence, '1 of 3 iSCSI sessions runs in the clear.');
  assert.equal(of(one(1, 60_001)).tone, 'warn'); // too old to say anything about now
  assert.equal(of(one(1, 60_000)).tone, 'good');
  assert.equal(of(one(9)).tone, 'warn');
});
