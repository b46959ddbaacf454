// iSCSI sessions: which are protected, by what, and which disks they carry.
import { integer, text, type Instance } from './api';
import { h, link, linkCell, setText, show, Table, type Column } from './dom';
import type { Sheet } from './export';
import { adapterLabel, size, UNKNOWN } from './format';
import { COUNTERS, SA, SESSION } from './names';
import {
  ageText,
  crumb,
  diskText,
  fact,
  filterBox,
  instancesSheet,
  matches,
  protectionBadge,
  protectionWord,
  sharedSorting,
  valueText,
} from './parts';
import { placeText } from './route';
import { saTable } from './sa_views';
import { isData, words } from './schema';
import { trouble, whyText, type Session } from './sessions';
import type { App, View } from './view';

// What every table of sessions says of one.
export function sessionColumns(
  app: App,
): Record<'target' | 'protection' | 'disks' | 'why', Column<Session>> {
  return {
    target: {
      title: 'Target',
      cell: (one) =>
        linkCell(
          placeText(app.route, 'session', one.instance.name),
          text(one.instance.properties['Target']) || one.instance.name,
        ),
    },
    protection: {
      title: 'Protection',
      kind: 'short',
      cell: (one) => ({
        text: one.protection,
        fill: (cell) => cell.append(protectionBadge(one.protection)),
      }),
      order: (one) => trouble(one.protection),
    },
    disks: { title: 'Disks', cell: (one) => one.disks.map(diskText).join('; ') || 'none' },
    why: { title: 'Why', kind: 'prose', cell: (one) => whyText(one) || UNKNOWN },
  };
}

export class SessionsView implements View {
  readonly element: HTMLElement;
  private readonly table: Table<Session>;
  private readonly empty = h('p', { class: 'notice', role: 'status' });
  constructor(private readonly app: App) {
    const known = sessionColumns(app);
    this.table = new Table<Session>(
      'iSCSI sessions',
      [
        known.target,
        known.protection,
        known.disks,
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
        {
          title: 'SAs',
          kind: 'number',
          cell: (one) => String(one.sas.length),
          order: (one) => one.sas.length,
        },
        {
          title: 'State',
          kind: 'short',
          cell: (one) => text(one.instance.properties['State']) || UNKNOWN,
        },
        known.why,
      ],
      sharedSorting(app),
    );
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
    const { model } = this.app;
    const shown = this.shown();
    show(this.empty, model.loaded && shown.length === 0);
    const none =
      model.sessionProviders() === 0
        ? 'Nothing tells of iSCSI sessions: is quickmode-collect running?'
        : 'There is no iSCSI session.';
    setText(this.empty, model.sessions().length === 0 ? none : 'No session matches the filter.');
    show(this.table.element, shown.length > 0);
    this.table.set(shown.map((item) => ({ key: item.instance.name, item })));
  }
  sheet(): Sheet {
    const shown = this.shown();
    const sheet = instancesSheet(
      this.app,
      'sessions',
      SESSION,
      shown.map((one) => one.instance),
    );
    const protection = sheet.header.indexOf('Protection');
    sheet.rows.forEach((row, at) => {
      if (protection >= 0) row[protection] = shown[at]!.protection; // what is too old is unknown
      row.push(shown[at]!.disks.map(diskText).join('; '));
    });
    return { ...sheet, header: [...sheet.header, 'Disks'] };
  }
  destroy(): void {}

  // Those that the filter leaves, the worst first.
  private shown(): Session[] {
    const { model, route } = this.app;
    return model
      .sessions()
      .filter((one) => {
        const { name, properties } = one.instance;
        return matches(
          route.filter,
          name,
          text(properties['Target']),
          text(properties['Portal']),
          protectionWord(one.protection),
          one.disks.map(diskText).join('; '),
        );
      })
      .sort((a, b) => trouble(a.protection) - trouble(b.protection));
  }
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
        order: (disk) => integer(disk.properties['SizeBytes']),
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
    const apart = ['Adapter', 'Target', 'Protection', 'Reason', 'Advice'];
    const rows: [string, string][] = (info?.properties ?? [])
      .filter((one) => isData(one) && !apart.includes(one.name))
      .map((one) => [words(one.name), valueText(one, instance.properties[one.name])]);
    rows.push(['Sample', ageText(this.app, instance)]);
    const said = JSON.stringify([
      rows,
      placeText(this.app.route),
      session.protection,
      whyText(session),
      instance.properties,
    ]);
    if (said !== this.said) {
      this.said = said;
      const advice = text(instance.properties['Advice']);
      this.badge.replaceChildren(protectionBadge(session.protection));
      this.why.replaceChildren(
        h('p', {}, whyText(session)),
        ...(advice === '' ? [] : [h('p', {}, h('strong', {}, 'To do: '), advice)]),
      );
      this.facts.replaceChildren(
        ...this.adapterFact(instance),
        ...rows.map(([term, value]) => fact(term, value)),
      );
    }
    this.disks.set(session.disks.map((item) => ({ key: item.name, item })));
    show(this.noSas, session.sas.length === 0);
    show(this.sas.element, session.sas.length > 0);
    this.sas.set(session.sas.map((item) => ({ key: item.name, item })));
  }
  private adapterFact(instance: Instance): HTMLElement[] {
    const name = text(instance.properties['Adapter']);
    if (name === '') return [];
    const caption = this.app.model.instance(COUNTERS, name)?.caption ?? '';
    const href = placeText(this.app.route, 'instance', COUNTERS, name);
    return [fact('Adapter', link(href, adapterLabel(name, caption)))];
  }
  sheet(): Sheet {
    const session = this.app.model.sessions().find((one) => one.instance.name === this.name);
    return instancesSheet(this.app, 'session-sas', SA, session?.sas ?? []);
  }
  destroy(): void {}
}
