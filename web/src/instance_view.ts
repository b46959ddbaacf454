// One instance of any class: what it is, and its counters with all that is known of them.
import type { ClassInfo, Instance, Property } from './api';
import { sparkline } from './chart';
import { h, Keyed, linkCell, setText, show, Table, type Row } from './dom';
import type { Sheet } from './export';
import { CutChoice, FlowChart } from './flow';
import { adapterLabel, rateText, UNKNOWN } from './format';
import { newestRate, series, stepOf, type Track } from './history';
import { COUNTERS, SA } from './names';
import {
  ageText,
  crumb,
  fact,
  qualityBadge,
  qualityText,
  valueText,
} from './parts';
import { placeText } from './route';
import { samplesSheet } from './samples';
import { counters, flows, grows, groups, isCounter, isData, words } from './schema';
import { sessionColumns } from './session_views';
import type { Session } from './sessions';
import type { App, View } from './view';

const MOST_POINTS = 300; // of the large chart
const MOST_SPARK_POINTS = 66;

interface Shown {
  property: Property;
  instance: Instance;
  track: Track | undefined;
}

class CounterRow implements Row {
  readonly element: HTMLElement;
  // On a phone a row is laid out as a block, which would cost it its meaning: so that is said.
  private readonly value = h('td', { role: 'cell', class: 'number strong' });
  private readonly rate = h('td', { role: 'cell', class: 'number rate' });
  private readonly quality = h('td', { role: 'cell', class: 'quality-cell' });
  private readonly name = h('th', { role: 'rowheader', scope: 'row' });
  private readonly spark = h('canvas', {
    width: 132,
    height: 26,
    'aria-hidden': 'true',
  }) as HTMLCanvasElement;
  private said = '';
  constructor() {
    this.element = h(
      'tr',
      { role: 'row' },
      this.name,
      this.value,
      this.rate,
      this.quality,
      h('td', { role: 'cell', class: 'spark' }, this.spark),
    );
  }
  update(app: App, className: string, shown: Shown): void {
    const { property, instance, track } = shown;
    const href = placeText(app.route, 'instance', className, instance.name, property.name);
    const name = linkCell(href, words(property.name), property.description ?? '');
    if (this.name.dataset['shown'] !== name.text) {
      this.name.dataset['shown'] = name.text;
      this.name.replaceChildren();
      name.fill(this.name);
    }
    setText(this.value, valueText(property, instance.properties[property.name]));
    const rate = grows(property)
      ? rateText(track ? newestRate(track, property.name) : null, property.semantics?.unit)
      : '';
    setText(this.rate, rate);
    const doubt = instance.quality[property.name];
    const said = `${qualityText(doubt, instance)} ${doubt?.text ?? ''}`;
    if (said !== this.said) {
      this.said = said;
      this.quality.replaceChildren(
        qualityBadge(doubt, instance),
        h('span', { class: 'below' }, doubt?.text ?? ''),
      );
    }
    const { from, to } = app.window();
    const line = track
      ? series(
          track,
          property.name,
          grows(property),
          from,
          to,
          stepOf(to - from, MOST_SPARK_POINTS),
        )
      : { boot_s: [], values: [] };
    sparkline(this.spark, line.boot_s, line.values, from, to);
  }
}

// What the words in the column mean.
function qualityLegend(): HTMLElement {
  const terms: [string, string][] = [
    ['exact', 'every event was counted, and belongs here'],
    ['at least', 'so much is certain; some may have been missed, or belongs to nobody for sure'],
    ['inferred', 'concluded from something else that was counted; the reason says from what'],
    ['unavailable', 'not known here; no zero is shown for it'],
  ];
  return h(
    'section',
    { 'aria-label': 'What the qualities mean' },
    h(
      'dl',
      { class: 'terms' },
      ...terms.map(([term, text]) => h('div', {}, h('dt', {}, term), h('dd', {}, text))),
    ),
  );
}

const HEADS: [string, string][] = [
  ['Counter', ''],
  ['Value', 'number'],
  ['Rate', 'number'],
  ['Quality', ''],
  ['Trend', 'spark'],
];

export class InstanceView implements View {
  readonly element: HTMLElement;
  private readonly heading = h('h1', { tabindex: -1 });
  private readonly below = h('p', { class: 'below' });
  private readonly facts = h('dl', { class: 'facts' });
  private readonly gone = h('p', { class: 'notice', role: 'status' });
  private readonly tables = h('div', {});
  private readonly legend = qualityLegend();
  private readonly flow: FlowChart;
  private readonly flowPart: HTMLElement;
  private readonly cuts: CutChoice;
  private readonly sessions: Table<Session>;
  private readonly sessionPart = h('section', { 'aria-label': 'Sessions' });
  private rows = new Map<string, Keyed<Shown, CounterRow>>();
  private factText = '';
  private last: Instance | undefined;

  constructor(
    private readonly app: App,
    private readonly className: string,
    private readonly name: string,
  ) {
    this.flow = new FlowChart(app, 240, MOST_POINTS);
    this.cuts = new CutChoice(app);
    const { target, protection, disks, why } = sessionColumns(app);
    this.sessions = new Table<Session>('Sessions of this adapter', [
      target,
      protection,
      disks,
      why,
    ]);
    this.flowPart = h(
      'section',
      { 'aria-label': 'Throughput' },
      h(
        'div',
        { class: 'section-head' },
        h('h2', {}, 'Throughput'),
        h('p', { class: 'note' }, 'received above the line, sent below it'),
        this.cuts.element,
      ),
      this.flow.element,
    );
    const first: [string, ...string[]] =
      className === COUNTERS
        ? ['Overview']
        : className === SA
          ? ['SAs', 'sas']
          : [className, 'class', className];
    const head = h('div', { class: 'page-head' }, crumb(app, first), this.heading, this.below);
    this.sessionPart.append(h('h2', {}, 'Sessions'), this.sessions.element);
    this.element = h(
      'div',
      {},
      head,
      this.gone,
      this.facts,
      this.sessionPart,
      this.flowPart,
      this.tables,
      this.legend,
    );
  }

  title(): string {
    return this.last ? adapterLabel(this.last.name, this.last.caption) : this.name;
  }

  update(): void {
    const { model } = this.app;
    const info = model.info(this.className);
    const now = model.instance(this.className, this.name);
    if (now) this.last = now;
    const instance = this.last;
    model.history.watch(this.className, [this.name]);
    setText(this.heading, this.title());
    setText(this.below, this.name);
    const was = instance ? '; what is shown is what it was last' : '';
    show(this.gone, model.loaded && (!now || !now.active));
    setText(
      this.gone,
      !now
        ? `There is no ${this.className} of this name now${was}.`
        : 'It supplies no data: all that could be counted is unknown.',
    );
    if (!info || !instance) return;
    this.showFacts(info, instance);
    const sessions =
      this.className === COUNTERS
        ? model.sessions().filter((one) => one.instance.properties['Adapter'] === this.name)
        : [];
    show(this.sessionPart, sessions.length > 0);
    this.sessions.set(sessions.map((item) => ({ key: item.instance.name, item })));
    const track = model.history.track(this.className, this.name);
    const cut = flows(info, model.infos);
    show(this.flowPart, cut.length > 0 && instance.active);
    if (cut.length > 0 && instance.active) {
      this.flow.update(this.className, track, this.cuts.choose(cut), this.title());
    }
    show(this.legend, counters(info).length > 0);
    for (const group of groups(info)) {
      let rows = this.rows.get(group.name);
      if (!rows) this.rows.set(group.name, (rows = this.makeTable(group.name)));
      rows.set(
        group.counters.map((property) => ({
          key: property.name,
          item: { property, instance, track },
        })),
      );
    }
  }

  sheet(): Sheet {
    return samplesSheet(this.app, this.name, this.className, [this.name]);
  }
  destroy(): void {
    this.flow.destroy();
  }

  private makeTable(group: string): Keyed<Shown, CounterRow> {
    const body = h('tbody', { role: 'rowgroup' });
    const heads = HEADS.map(([text, kind]) =>
      h('th', { role: 'columnheader', scope: 'col', class: kind }, text),
    );
    const label = group === 'keys' ? 'Keys' : words(group.charAt(0).toUpperCase() + group.slice(1));
    const table = h(
      'table',
      { role: 'table', class: 'counters', 'aria-label': label },
      h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, ...heads)),
      body,
    );
    const scroll = h(
      'div',
      { class: 'scroll', role: 'region', tabindex: 0, 'aria-label': label },
      table,
    );
    this.tables.append(h('section', {}, h('h2', {}, label), scroll));
    return new Keyed(
      body,
      () => new CounterRow(),
      (row, item) => row.update(this.app, this.className, item),
    );
  }

  private showFacts(info: ClassInfo, instance: Instance): void {
    const plain = info.properties.filter((one) => isData(one) && !isCounter(one));
    const rows: [string, string][] = plain.map((one) => [
      words(one.name),
      valueText(one, instance.properties[one.name]),
    ]);
    rows.push(['Provider', instance.driver], ['Sample', ageText(this.app, instance)]);
    const said = JSON.stringify(rows);
    if (said === this.factText) return;
    this.factText = said;
    this.facts.replaceChildren(...rows.map(([term, value]) => fact(term, value || UNKNOWN)));
  }
}
