// Where a number comes from: its definition, its quality, and the instances it is a sum of.
import { integer, type Instance, type Property } from './api';
import { conditionText, holds, parseCondition, type Term } from './condition';
import { h, linkCell, setText, show, Table } from './dom';
import type { Sheet } from './export';
import { adapterLabel, grouped, rateText, short, size, UNKNOWN } from './format';
import { newestRate } from './history';
import { COUNTERS } from './names';
import { CounterChart, crumb, fact, qualityText, valueText } from './parts';
import { placeText } from './route';
import { samplesSheet } from './samples';
import { grows, isData, words } from './schema';
import type { App, View } from './view';

interface Share {
  instance: Instance;
  value: bigint | null;
  percent: string;
}

const SHOWN_FACTS = 9; // of the source's properties, in the class's order

export class ExplainView implements View {
  readonly element: HTMLElement;
  private readonly heading = h('h1', { tabindex: -1 });
  private readonly big = h('p', { class: 'big number' });
  private readonly facts = h('dl', { class: 'facts' });
  private readonly definition = h('p', { class: 'prose' });
  private readonly sumText = h('p', { class: 'prose' });
  private readonly total = h('p', { class: 'prose strong', role: 'status' });
  private readonly shares = h(
    'section',
    { 'aria-label': 'Shares' },
    h('h2', {}, 'Where it comes from'),
  );
  private readonly parts: HTMLElement;
  private chart: CounterChart | null = null;
  private table: Table<Share> | null = null;
  private factText = '';

  constructor(
    private readonly app: App,
    private readonly className: string,
    private readonly name: string,
    private readonly counter: string,
  ) {
    const instance = app.model.instance(className, name);
    const label = adapterLabel(name, instance?.caption ?? '');
    const steps: [string, ...string[]][] = [[label, 'instance', className, name]];
    if (className === COUNTERS) steps.unshift(['Overview']);
    this.parts = h('div', {});
    this.shares.append(this.definition, this.sumText, this.parts, this.total);
    const head = h('div', { class: 'page-head' }, crumb(app, ...steps), this.heading, this.big);
    this.element = h('div', { class: 'explain' }, head, this.facts, this.shares);
  }

  title(): string {
    return words(this.counter);
  }

  update(): void {
    const { model } = this.app;
    const info = model.info(this.className);
    const property = info?.properties.find((one) => one.name === this.counter);
    const instance = model.instance(this.className, this.name);
    setText(this.heading, this.title());
    if (!property || !instance) {
      setText(this.big, UNKNOWN);
      setText(this.total, model.loaded ? 'There is no such counter or instance now.' : '');
      return;
    }
    setText(this.big, valueText(property, instance.properties[this.counter]));
    model.history.watch(this.className, [this.name]);
    const track = model.history.track(this.className, this.name);
    const rate = grows(property);
    if (!this.chart) {
      this.chart = new CounterChart(this.app, property, rate);
      this.shares.before(h('section', { 'aria-label': 'Over time' }, this.chart.element));
    }
    this.chart.update(track);
    const doubt = instance.quality[this.counter];
    const rows: [string, string][] = [
      ['Unit', property.semantics?.unit ?? UNKNOWN],
      ['Kind', rate ? 'counter' : 'gauge'],
      ['Quality', `${qualityText(doubt, instance)}${doubt ? `: ${doubt.text}` : ''}`],
    ];
    const exact = integer(instance.properties[this.counter]);
    if (property.semantics?.unit === 'bytes' && exact !== null && exact >= 1000n)
      rows.push(['In short', size(exact)]);
    if (rate)
      rows.push([
        'Rate',
        rateText(track ? newestRate(track, this.counter) : null, property.semantics?.unit),
      ]);
    this.showFacts(rows);
    setText(this.definition, property.semantics?.definition ?? property.description ?? '');
    this.showShares(property, instance);
  }

  sheet(): Sheet {
    const all = samplesSheet(this.app, `${this.name} ${this.counter}`, this.className, [this.name]);
    const at = all.header.indexOf(this.counter);
    const pick = <T>(row: T[]): T[] => [row[0]!, row[1]!, row[at]!];
    return { ...all, header: pick(all.header), rows: all.rows.map(pick) };
  }
  destroy(): void {
    this.chart?.destroy();
  }

  private showFacts(rows: [string, string][]): void {
    const said = JSON.stringify(rows);
    if (said === this.factText) return;
    this.factText = said;
    this.facts.replaceChildren(...rows.map(([term, value]) => fact(term, value)));
  }

  private showShares(property: Property, instance: Instance): void {
    const source = property.semantics?.source;
    const value = integer(instance.properties[this.counter]);
    show(this.sumText, source !== undefined);
    show(this.parts, source !== undefined);
    if (!source) {
      setText(
        this.total,
        'It is counted where it happens, not summed from other things that are shown here.',
      );
      return;
    }
    const terms = parseCondition(source.where);
    if (!terms) {
      setText(this.total, 'Which instances are summed can’t be told by this page.');
      return;
    }
    const from = this.app.model.info(source.class);
    const what = source.value === '1' ? 'The number of' : `The sum of ${words(source.value)} over`;
    const rest = grows(property) ? ', those that have ended included' : '';
    setText(
      this.sumText,
      `${what} ${source.class} where ${conditionText(terms, from) || 'any'}${rest}.`,
    );
    const found = this.sharesOf(source.class, source.value, source.owner, terms);
    const live = found.reduce((sum, one) => sum + (one.value ?? 0n), 0n);
    if (!this.table && found.length > 0) {
      const sample = found.map((one) => one.instance);
      this.table = this.makeTable(source.class, terms, source.value, sample);
      this.parts.append(this.table.element);
    }
    const shown = found.map((one) => ({ ...one, percent: percentOf(one.value, value) }));
    this.table?.set(shown.map((item) => ({ key: item.instance.name, item })));
    setText(this.total, totalText(property, value, live, found));
  }

  private sharesOf(className: string, valueName: string, owner: string, terms: Term[]): Share[] {
    const all = this.app.model
      .instances(className)
      .filter((one) => one.properties[owner] === this.name);
    const found = all
      .filter((one) => holds(terms, one))
      .map((instance): Share => {
        const value = valueName === '1' ? 1n : integer(instance.properties[valueName]);
        return { instance, value, percent: '' };
      });
    return found.sort((a, b) => ((b.value ?? 0n) > (a.value ?? 0n) ? 1 : -1));
  }

  // Of what else is known of them, that which says something of one of them at least.
  private makeTable(
    className: string,
    terms: Term[],
    valueName: string,
    sample: Instance[],
  ): Table<Share> {
    const info = this.app.model.info(className);
    const fixed = new Set([...terms.map((one) => one.property), valueName]);
    const others = (info?.properties ?? []).filter(
      (one) =>
        isData(one) &&
        !fixed.has(one.name) &&
        one.type !== 'datetime' &&
        sample.some((each) => saysSomething(one, each)),
    );
    return new Table<Share>(`Instances of ${className} that are summed`, [
      {
        title: className.replace(/^.*_/, ''),
        cell: ({ instance }) =>
          linkCell(placeText(this.app.route, 'instance', className, instance.name), instance.name),
      },
      {
        title: valueName === '1' ? 'Counts' : words(valueName),
        kind: 'number',
        cell: ({ value }) => grouped(value),
        order: ({ value }) => value,
      },
      {
        title: 'Share',
        kind: 'number',
        cell: ({ percent }) => percent,
        order: ({ value }) => value,
      },
      ...others.slice(1, SHOWN_FACTS).map((one) => ({
        title: words(one.name),
        hint: one.description ?? '',
        cell: ({ instance }: Share) => valueText(one, instance.properties[one.name]),
      })),
    ]);
  }
}

// Neither nothing, nor a number that stands for nothing.
function saysSomething(property: Property, instance: Instance): boolean {
  const value = instance.properties[property.name];
  if (value === null || value === undefined || value === '') return false;
  return property.values !== undefined || (value !== 0 && value !== '0');
}

function percentOf(part: bigint | null, whole: bigint | null): string {
  if (part === null || whole === null || whole === 0n || part > whole) return UNKNOWN;
  return `${short(Number((part * 100_000n) / whole) / 1000)} %`;
}

function totalText(property: Property, value: bigint | null, live: bigint, found: Share[]): string {
  if (value === null) return 'Its value is not known.';
  const times = new Set(found.map((one) => one.instance.sample.boot_ns));
  const sum = `${grouped(live)} of live ones`;
  if (found.some((one) => one.value === null) || times.size > 1 || live > value) {
    return `${sum}; with those that have ended ${grouped(value)}.`;
  }
  if (grows(property))
    return `${sum} + ${grouped(value - live)} of those that have ended = ${grouped(value)}`;
  return `${grouped(live)} here; the counter says ${grouped(value)}.`;
}
