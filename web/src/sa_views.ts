// Security associations: what each is, for which session, how old, and until when.
import { integer, text, type Instance } from './api';
import { append, h, link, linkCell, setText, show, Table, type Cell, type Sorting } from './dom';
import type { Sheet } from './export';
import { duration, grouped, rateText, spiText, unixTime, UNKNOWN } from './format';
import { newestRate } from './history';
import { SA, SESSION, SESSION_SA, SPI } from './names';
import { filterBox, instancesSheet, matches, sharedSorting, valueText } from './parts';
import { placeText } from './route';
import type { App, View } from './view';

// Seconds since the SA was added, by the clock of its sample; null when that can't be told.
function ageOf(sa: Instance): number | null {
  const added = unixTime(sa.properties['AddedTime']);
  const sampled = sa.sample.filetime_100ns / 1e7 - 11_644_473_600;
  return added === null || added > sampled ? null : sampled - added;
}

// Infinity: there is no limit; null: not known.
function leftOf(sa: Instance, limit: string): number | null {
  const after = integer(sa.properties[limit]);
  if (after === 0n) return Infinity;
  const age = ageOf(sa);
  return after === null || age === null ? null : Number(after) - age;
}

function leftText(left: number | null): string {
  if (left === null) return UNKNOWN;
  if (left === Infinity) return 'no limit';
  return left > 0 ? `in ${duration(left)}` : 'due';
}

// Two lines: what one looks for, and what belongs to it.
function twoLines(first: string, second: string): Cell {
  return {
    text: `${first}\n${second}`,
    fill: (cell) => append(cell, [first, h('span', { class: 'below' }, second)]),
  };
}

// The sessions that an SA serves, by its name.
type Served = Map<string, { name: string; target: string }[]>;

export function served(app: App): Served {
  const { model } = app;
  const all: Served = new Map();
  for (const one of model.instances(SESSION_SA)) {
    const name = text(one.properties['Session']);
    const target = text(model.instance(SESSION, name)?.properties['Target']) || name;
    const sa = text(one.properties['SA']);
    all.set(sa, [...(all.get(sa) ?? []), { name, target }]);
  }
  return all;
}

function algorithms(sa: Instance): string {
  const bits = (name: string): string =>
    integer(sa.properties[name]) ? ` ${grouped(integer(sa.properties[name]))}` : '';
  const encryption = text(sa.properties['Encryption']);
  const integrity = text(sa.properties['Authentication']);
  const said = [
    encryption && `${encryption}${bits('EncryptionKeyBits')}`,
    integrity && `${integrity}${bits('IntegrityBits')}`,
  ];
  return said.filter((one) => one !== '').join(', ') || 'none';
}

function spi(sa: Instance): string {
  const number = integer(sa.properties[SPI]);
  return number === null ? UNKNOWN : spiText(number);
}

// How the policy's template finds it; what is 0 was not given.
function policyText(sa: Instance): string {
  const said = [
    ['reqid', 'ReqId'],
    ['if', 'IfId'],
    ['mark', 'Mark'],
  ].flatMap(([word, name]) => {
    const number = integer(sa.properties[name!]);
    return number === null || number === 0n ? [] : [`${word} ${number}`];
  });
  return said.join(', ') || 'no id';
}

// serves: where the table stands for more than one session.
export function saTable(
  app: App,
  label: string,
  sorting?: Sorting,
  serves?: (sa: Instance) => { name: string; target: string }[],
): Table<Instance> {
  const named = (sa: Instance, name: string): string =>
    valueText(
      app.model.info(SA)?.properties.find((one) => one.name === name),
      sa.properties[name],
    );
  const rate = (sa: Instance): number | null => {
    const held = app.model.history.track(SA, sa.name);
    return held ? newestRate(held, 'Bytes') : null;
  };
  return new Table<Instance>(
    label,
    [
      {
        title: 'SPI',
        kind: 'mono',
        cell: (sa) =>
          linkCell(
            placeText(app.route, 'instance', SA, sa.name),
            spi(sa),
            String(integer(sa.properties[SPI]) ?? ''),
          ),
        order: (sa) => integer(sa.properties[SPI]),
      },
      { title: 'Direction', kind: 'short', cell: (sa) => named(sa, 'Direction') },
      {
        title: 'Protocol',
        kind: 'short',
        cell: (sa) => `${named(sa, 'Protocol')} ${named(sa, 'Mode')}`,
      },
      {
        title: 'From, to',
        kind: 'mono',
        cell: (sa) =>
          twoLines(
            text(sa.properties['Source']) || UNKNOWN,
            `→ ${text(sa.properties['Destination']) || UNKNOWN}`,
          ),
      },
      ...(serves
        ? [
            {
              title: 'Serves',
              cell: (sa: Instance) => {
                const all = serves(sa);
                return {
                  text: JSON.stringify([all, placeText(app.route)]),
                  fill: (cell: HTMLElement) =>
                    append(
                      cell,
                      all.map((one) =>
                        h('div', {}, link(placeText(app.route, 'session', one.name), one.target)),
                      ),
                    ),
                };
              },
              order: (sa: Instance) => serves(sa)[0]?.target ?? null,
            },
          ]
        : []),
      { title: 'Algorithms', kind: 'mono', cell: algorithms },
      {
        title: 'Policy',
        hint: 'request id, interface id, mark',
        kind: 'short',
        cell: (sa) => policyText(sa),
      },
      { title: 'Age', kind: 'number', cell: (sa) => duration(ageOf(sa)), order: ageOf },
      {
        title: 'Rekey',
        kind: 'number',
        hint:
          app.model.info(SA)?.properties.find((one) => one.name === 'RekeyAfterSeconds')
            ?.description ?? '',
        cell: (sa) =>
          twoLines(
            leftText(leftOf(sa, 'RekeyAfterSeconds')),
            `expires ${leftText(leftOf(sa, 'ExpiresAfterSeconds'))}`,
          ),
        order: (sa) => leftOf(sa, 'RekeyAfterSeconds'),
      },
      {
        title: 'Bytes',
        kind: 'number',
        cell: (sa) => grouped(integer(sa.properties['Bytes'])),
        order: (sa) => integer(sa.properties['Bytes']),
      },
      {
        title: 'Rate',
        kind: 'number',
        cell: (sa) => rateText(rate(sa), 'bytes'),
        order: rate,
      },
    ],
    sorting,
  );
}

export class SasView implements View {
  readonly element: HTMLElement;
  private readonly table: Table<Instance>;
  private readonly empty = h('p', { class: 'notice', role: 'status' });
  private served: Served = new Map();
  constructor(private readonly app: App) {
    this.table = saTable(
      app,
      'Security associations that serve iSCSI',
      sharedSorting(app),
      (sa) => this.served.get(sa.name) ?? [],
    );
    const head = h(
      'div',
      { class: 'page-head section-head' },
      h('h1', { tabindex: -1 }, 'Security associations'),
      filterBox(app, 'Filter SAs'),
    );
    this.element = h('div', {}, head, this.empty, this.table.element);
  }
  title(): string {
    return 'Security associations';
  }
  update(): void {
    const { model } = this.app;
    this.served = served(this.app);
    const shown = this.shown();
    show(this.empty, model.loaded && shown.length === 0);
    setText(
      this.empty,
      model.instances(SA).length === 0
        ? 'No security association serves iSCSI here, or nothing tells of them.'
        : 'No SA matches the filter.',
    );
    show(this.table.element, shown.length > 0);
    this.table.set(shown.map((item) => ({ key: item.name, item })));
  }
  sheet(): Sheet {
    return instancesSheet(this.app, 'sas', SA, this.shown());
  }
  destroy(): void {}

  private shown(): Instance[] {
    const { model, route } = this.app;
    return model
      .instances(SA)
      .filter((sa) =>
        matches(
          route.filter,
          sa.name,
          spi(sa),
          text(sa.properties['Source']),
          text(sa.properties['Destination']),
          algorithms(sa),
          policyText(sa),
          ...(this.served.get(sa.name) ?? []).map((one) => one.target),
        ),
      );
  }
}
