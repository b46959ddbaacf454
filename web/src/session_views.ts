// Sessions and SAs: what is protected by what.
import { integer, text, type Instance, type Value } from './api';
import { h, linkCell, setText, show, Table } from './dom';
import type { Sheet } from './export';
import {
  adapterLabel,
  duration,
  grouped,
  rateText,
  size,
  spiText,
  unixTime,
  UNKNOWN,
} from './format';
import { newestRate } from './history';
import { COUNTERS, DISK, SA, SESSION, SESSION_SA, SPI } from './names';
import {
  ageText,
  crumb,
  diskText,
  fact,
  filterBox,
  matches,
  protectionBadge,
  protectionWord,
  valueText,
} from './parts';
import { placeText } from './route';
import { isData, words } from './schema';
import type { Session } from './sessions';
import type { App, View } from './view';

export function instancesSheet(app: App, name: string, className: string): Sheet {
  const properties = (app.model.info(className)?.properties ?? []).filter(isData);
  return {
    name,
    header: ['InstanceName', ...properties.map((one) => one.name)],
    rows: app.model
      .instances(className)
      .map((instance) => [
        instance.name,
        ...properties.map((one) => cellOf(instance.properties[one.name])),
      ]),
  };
}

function cellOf(value: Value | undefined): string | number | boolean | null {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : (value ?? null);
}

// Seconds since the SA was added, by the clock of its sample; null when that can't be told.
function ageOf(sa: Instance): number | null {
  const added = unixTime(sa.properties['AddedTime']);
  const sampled = sa.sample.filetime_100ns / 1e7 - 11_644_473_600;
  return added === null || added > sampled ? null : sampled - added;
}

function leftOf(sa: Instance, limit: string): string {
  const after = integer(sa.properties[limit]);
  if (after === null) return UNKNOWN;
  if (after === 0n) return 'no limit';
  const age = ageOf(sa);
  if (age === null) return UNKNOWN;
  const left = Number(after) - age;
  return left > 0 ? `in ${duration(left)}` : 'due';
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

export function saTable(app: App, label: string): Table<Instance> {
  const named = (sa: Instance, name: string): string =>
    valueText(
      app.model.info(SA)?.properties.find((one) => one.name === name),
      sa.properties[name],
    );
  const track = (sa: Instance) => app.model.history.track(SA, sa.name);
  return new Table<Instance>(label, [
    {
      title: 'SPI',
      kind: 'mono',
      cell: (sa) =>
        linkCell(
          placeText(app.route, 'instance', SA, sa.name),
          spi(sa),
          String(integer(sa.properties[SPI]) ?? ''),
        ),
    },
    { title: 'Direction', kind: 'short', cell: (sa) => named(sa, 'Direction') },
    {
      title: 'Protocol',
      kind: 'short',
      cell: (sa) => `${named(sa, 'Protocol')} ${named(sa, 'Mode')}`,
    },
    { title: 'From', kind: 'mono', cell: (sa) => text(sa.properties['Source']) || UNKNOWN },
    { title: 'To', kind: 'mono', cell: (sa) => text(sa.properties['Destination']) || UNKNOWN },
    { title: 'Algorithms', kind: 'mono', cell: algorithms },
    {
      title: 'Policy',
      hint: 'request id, interface id, mark',
      kind: 'short',
      cell: (sa) => policyText(sa),
    },
    { title: 'Age', kind: 'number', cell: (sa) => duration(ageOf(sa)) },
    {
      title: 'Rekey',
      kind: 'number',
      hint:
        app.model.info(SA)?.properties.find((one) => one.name === 'RekeyAfterSeconds')
          ?.description ?? '',
      cell: (sa) => leftOf(sa, 'RekeyAfterSeconds'),
    },
    { title: 'Expiry', kind: 'number', cell: (sa) => leftOf(sa, 'ExpiresAfterSeconds') },
    { title: 'Bytes', kind: 'number', cell: (sa) => grouped(integer(sa.properties['Bytes'])) },
    {
      title: 'Rate',
      kind: 'number',
      cell: (sa) => {
        const held = track(sa);
        return rateText(held ? newestRate(held, 'Bytes') : null, 'bytes');
      },
    },
  ]);
}

export class SessionsView implements View {
  readonly element: HTMLElement;
  private readonly table: Table<Session>;
  private readonly empty = h('p', { class: 'notice', role: 'status' });
  constructor(private readonly app: App) {
    this.table = new Table<Session>('iSCSI sessions', [
      {
        title: 'Target',
        cell: (one) =>
          linkCell(
            placeText(app.route, 'session', one.instance.name),
            text(one.instance.properties['Target']) || one.instance.name,
          ),
      },
      {
        title: 'Protection',
        kind: 'short',
        cell: (one) => ({
          text: one.protection,
          fill: (cell) => cell.append(protectionBadge(one.protection)),
        }),
      },
      { title: 'Disks', cell: (one) => one.disks.map(diskText).join('; ') || 'none' },
      {
        title: 'Adapter',
        cell: (one) => {
          const name = text(one.instance.properties['Adapter']);
          const caption = app.model.instance(COUNTERS, name)?.caption ?? '';
          return name === ''
            ? UNKNOWN
            : linkCell(
                placeText(app.route, 'instance', COUNTERS, name),
                adapterLabel(name, caption),
              );
        },
      },
      {
        title: 'Portal',
        kind: 'mono',
        cell: (one) => text(one.instance.properties['Portal']) || UNKNOWN,
      },
      { title: 'SAs', kind: 'number', cell: (one) => String(one.sas.length) },
      {
        title: 'State',
        kind: 'short',
        cell: (one) => text(one.instance.properties['State']) || UNKNOWN,
      },
      { title: 'Why', cell: (one) => text(one.instance.properties['Reason']) || UNKNOWN },
    ]);
    const head = h(
      'div',
      { class: 'page-head section-head' },
      h('h1', { tabindex: -1 }, 'Sessions'),
      filterBox(app, 'Filter sessions'),
    );
    this.element = h('div', {}, head, this.empty, this.table.element);
  }
  title(): string {
    return 'Sessions';
  }
  update(): void {
    const { model, route } = this.app;
    const all = model.sessions();
    const shown = all.filter((one) => {
      const { name, properties } = one.instance;
      return matches(
        route.filter,
        name,
        text(properties['Target']),
        text(properties['Portal']),
        protectionWord(one.protection),
      );
    });
    show(this.empty, model.loaded && shown.length === 0);
    const none =
      model.sessionProviders() === 0
        ? 'Nothing tells of iSCSI sessions: is quickmode-collect running?'
        : 'There is no iSCSI session.';
    setText(this.empty, all.length === 0 ? none : 'No session matches the filter.');
    show(this.table.element, shown.length > 0);
    this.table.set(shown.map((item) => ({ key: item.instance.name, item })));
  }
  sheet(): Sheet {
    return instancesSheet(this.app, 'sessions', SESSION);
  }
  destroy(): void {}
}

export class SessionView implements View {
  readonly element: HTMLElement;
  private readonly heading = h('h1', { tabindex: -1 });
  private readonly badge = h('p', {});
  private readonly why = h('div', { class: 'prose' });
  private readonly facts = h('dl', { class: 'facts' });
  private readonly gone = h('p', { class: 'notice', role: 'status' });
  private readonly disks: Table<Instance>;
  private readonly sas: Table<Instance>;
  private readonly noSas = h('p', { class: 'note' }, 'No SA carries it.');
  private said = '';
  constructor(
    private readonly app: App,
    private readonly name: string,
  ) {
    const property = (disk: Instance, name: string): string => text(disk.properties[name]);
    this.disks = new Table<Instance>('Disks', [
      { title: 'Disk', kind: 'mono', cell: (disk) => property(disk, 'Device') },
      { title: 'Map', kind: 'mono', cell: (disk) => property(disk, 'Map') || 'none' },
      {
        title: 'Mounted on',
        kind: 'mono',
        cell: (disk) => property(disk, 'MountPoint') || 'not mounted',
      },
      {
        title: 'Size',
        kind: 'number',
        cell: (disk) => size(integer(disk.properties['SizeBytes'])),
      },
    ]);
    this.sas = saTable(app, 'SAs that carry it');
    const head = h(
      'div',
      { class: 'page-head' },
      crumb(app, ['Sessions', 'sessions']),
      this.heading,
      this.badge,
    );
    this.element = h(
      'div',
      {},
      head,
      this.gone,
      this.why,
      this.facts,
      h('h2', {}, 'Disks'),
      this.disks.element,
      h('h2', {}, 'SAs'),
      this.noSas,
      this.sas.element,
    );
  }
  title(): string {
    return this.heading.textContent || this.name;
  }
  update(): void {
    const session = this.app.model.sessions().find((one) => one.instance.name === this.name);
    show(this.gone, this.app.model.loaded && !session);
    setText(this.gone, 'There is no session of this name now.');
    if (!session) return setText(this.heading, this.name);
    const { instance } = session;
    setText(this.heading, text(instance.properties['Target']) || this.name);
    const info = this.app.model.info(SESSION);
    const rows: [string, string][] = (info?.properties ?? [])
      .filter(
        (one) => isData(one) && !['Target', 'Protection', 'Reason', 'Advice'].includes(one.name),
      )
      .map((one) => [words(one.name), valueText(one, instance.properties[one.name])]);
    rows.push(['Sample', ageText(this.app, instance)]);
    const said = JSON.stringify([rows, session.protection, session.stale, instance.properties]);
    if (said !== this.said) {
      this.said = said;
      const stale = session.stale ? ' too old to say anything about now' : '';
      const advice = text(instance.properties['Advice']);
      this.badge.replaceChildren(protectionBadge(session.protection), stale);
      this.why.replaceChildren(
        h('p', {}, text(instance.properties['Reason'])),
        ...(advice === '' ? [] : [h('p', {}, h('strong', {}, 'To do: '), advice)]),
      );
      this.facts.replaceChildren(...rows.map(([term, value]) => fact(term, value)));
    }
    this.disks.set(session.disks.map((item) => ({ key: item.name, item })));
    show(this.noSas, session.sas.length === 0);
    show(this.sas.element, session.sas.length > 0);
    this.sas.set(session.sas.map((item) => ({ key: item.name, item })));
  }
  sheet(): Sheet {
    const only = (sheet: Sheet, owner: string): Sheet => {
      const at = sheet.header.indexOf(owner);
      return { ...sheet, rows: sheet.rows.filter((row) => row[at] === this.name) };
    };
    return only(instancesSheet(this.app, 'session-disks', DISK), 'Session');
  }
  destroy(): void {}
}

export class SasView implements View {
  readonly element: HTMLElement;
  private readonly table: Table<Instance>;
  private readonly empty = h('p', { class: 'notice', role: 'status' });
  constructor(private readonly app: App) {
    this.table = saTable(app, 'Security associations that serve iSCSI');
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
    const { model, route } = this.app;
    const all = model.instances(SA);
    const targets = new Map<string, string>();
    for (const one of model.instances(SESSION_SA)) {
      const session = model.instance(SESSION, text(one.properties['Session']));
      targets.set(text(one.properties['SA']), text(session?.properties['Target']));
    }
    const shown = all.filter((sa) =>
      matches(
        route.filter,
        sa.name,
        spi(sa),
        text(sa.properties['Source']),
        text(sa.properties['Destination']),
        algorithms(sa),
        targets.get(sa.name) ?? '',
      ),
    );
    show(this.empty, model.loaded && shown.length === 0);
    setText(
      this.empty,
      all.length === 0
        ? 'No security association serves iSCSI here, or nothing tells of them.'
        : 'No SA matches the filter.',
    );
    show(this.table.element, shown.length > 0);
    this.table.set(shown.map((item) => ({ key: item.name, item })));
  }
  sheet(): Sheet {
    return instancesSheet(this.app, 'sas', SA);
  }
  destroy(): void {}
}
