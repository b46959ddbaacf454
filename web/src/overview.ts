// The verdict first; then what flows, and what goes wrong.
import { text, type Instance } from './api';
import { Chart, type Line } from './chart';
import { h, Keyed, link, linkCell, setAttribute, setText, show, Table, type Row } from './dom';
import type { Sheet } from './export';
import { adapterLabel, duration, grouped, plural, rateText, UNKNOWN } from './format';
import { growth, series } from './history';
import { COUNTERS } from './names';
import {
  ageText,
  isOld,
  chartActions,
  diskText,
  FlowChart,
  filterBox,
  Legend,
  matches,
  protectionBadge,
  protectionWord,
} from './parts';
import { samplesSheet } from './samples';
import { placeText, routeText } from './route';
import { counters, flows, grows, isError, words, type Flow } from './schema';
import { verdictOf, type Session } from './sessions';
import type { App, View } from './view';

const MOST_CARDS = 24; // charts; the table below them lists all
const FILTER_FROM = 7; // adapters: fewer need no filter
const TONE_WORD = { good: 'Protected', bad: 'In the clear', warn: 'Not certain' };

class Offender implements Row {
  readonly element = h('li', { class: 'offender' });
  private said = '';
  update(app: App, session: Session): void {
    const { properties, name, age_ms } = session.instance;
    const why = session.stale
      ? `sampled ${duration(age_ms / 1000)} ago, which says nothing about now`
      : text(properties['Reason']);
    const disks = session.disks.map(diskText);
    const said = JSON.stringify([session.protection, properties, why, disks, placeText(app.route)]);
    if (said === this.said) return;
    this.said = said;
    this.element.replaceChildren(
      h(
        'p',
        { class: 'head' },
        protectionBadge(session.protection),
        ' ',
        link(placeText(app.route, 'session', name), text(properties['Target']) || name),
      ),
      h(
        'dl',
        {},
        h('dt', {}, 'disks'),
        h(
          'dd',
          { class: 'strong' },
          ...(disks.length > 0 ? disks.map((one) => h('div', {}, one)) : ['none']),
        ),
        h('dt', {}, 'portal'),
        h('dd', {}, text(properties['Portal']) || UNKNOWN),
        h('dt', {}, 'why'),
        h('dd', {}, why || UNKNOWN),
        ...(text(properties['Advice']) === ''
          ? []
          : [h('dt', {}, 'to do'), h('dd', {}, text(properties['Advice']))]),
      ),
    );
  }
}

class VerdictPart {
  readonly element: HTMLElement;
  private readonly mark = h('span', { class: 'verdict-mark', 'aria-hidden': 'true' });
  private readonly tone = h('p', { class: 'eyebrow' });
  private readonly sentence = h('h1', { tabindex: -1 });
  private readonly counts = h('p', { class: 'counts' });
  private readonly list = h('ul', { class: 'offenders' });
  private readonly rows: Keyed<Session, Offender>;
  constructor(private readonly app: App) {
    this.rows = new Keyed(
      this.list,
      () => new Offender(),
      (row, session) => row.update(app, session),
    );
    const words = h('div', { role: 'status' }, this.tone, this.sentence, this.counts);
    this.element = h(
      'section',
      { class: 'verdict', 'aria-label': 'Verdict' },
      this.mark,
      words,
      this.list,
    );
  }
  update(): void {
    const { model } = this.app;
    const sessions = model.sessions();
    const verdict = verdictOf(sessions, model.sessionProviders());
    setAttribute(this.element, 'data-tone', model.loaded ? verdict.tone : 'none');
    setText(this.tone, model.loaded ? TONE_WORD[verdict.tone] : 'One moment');
    setText(this.sentence, model.loaded ? verdict.sentence : 'Asking the service …');
    const said = verdict.counts
      .filter((one) => one.count > 0)
      .map((one) => `${one.count} ${protectionWord(one.protection)}`);
    show(this.counts, sessions.length > 0);
    setText(this.counts, said.join(' · '));
    const bad = sessions.filter(
      (one) => one.protection === 'unprotected' || one.protection === 'unknown',
    );
    bad.sort((a, b) =>
      a.protection === b.protection ? 0 : a.protection === 'unprotected' ? -1 : 1,
    );
    this.rows.set(bad.slice(0, 50).map((item) => ({ key: item.instance.name, item })));
  }
}

class Card implements Row {
  readonly element: HTMLElement;
  private readonly title = h('a', {});
  private readonly name = h('p', { class: 'below' });
  private readonly sessions = h('p', { class: 'card-sessions' });
  private readonly gauges = h('dl', { class: 'gauges' });
  private readonly idle = h('p', { class: 'chart-empty still' });
  private readonly age = h('p', { class: 'old' });
  private readonly chart: FlowChart;
  private readonly facts: Keyed<{ term: string; value: string }, Row & { value: HTMLElement }>;
  constructor(private readonly app: App) {
    this.chart = new FlowChart(app, 170);
    this.element = h(
      'article',
      { class: 'card' },
      h('header', {}, h('div', {}, h('h3', {}, this.title), this.name), this.sessions),
      this.age,
      this.gauges,
      this.chart.element,
      this.idle,
    );
    this.facts = new Keyed(
      this.gauges,
      (item) => {
        const value = h('dd', {});
        return { element: h('div', {}, h('dt', {}, item.term), value), value };
      },
      (row, item) => setText(row.value, item.value),
    );
  }
  update(instance: Instance, cut: Flow[], sessions: Session[]): void {
    const { model, route } = this.app;
    const label = adapterLabel(instance.name, instance.caption);
    setText(this.title, label);
    setAttribute(this.title, 'href', placeText(route, 'instance', COUNTERS, instance.name));
    setText(this.name, instance.name);
    const clear = sessions.filter((one) => one.protection === 'unprotected').length;
    const many = sessions.length;
    const list = clear > 0 ? `${clear} of ${many} in the clear` : plural(many, 'session');
    setText(this.sessions, model.sessionProviders() === 0 ? '' : list);
    this.sessions.classList.toggle('bad', clear > 0);
    const old = isOld(this.app, instance);
    show(this.age, old);
    if (old) setText(this.age, `${ageText(this.app, instance)}: its provider says nothing new`);
    show(this.idle, !instance.active);
    show(this.chart.element, instance.active);
    show(this.gauges, instance.active);
    const doubt = Object.values(instance.quality)[0]?.text;
    setText(this.idle, `It supplies no data${doubt ? `: ${doubt}` : ''}.`);
    if (!instance.active) return;
    const track = model.history.track(COUNTERS, instance.name);
    const info = model.info(COUNTERS);
    const { from, to } = this.app.window();
    const all = info ? counters(info) : [];
    const value = (name: string): string => valueOf(instance, name);
    const facts = all
      .filter((one) => !grows(one))
      .map((one) => ({ term: words(one.name), value: value(one.name) }));
    const errors = all
      .filter(isError)
      .map((one) => (track ? growth(track, one.name, from, to) : null));
    const known = errors.filter((one) => one !== null);
    const sum = known.reduce((a, b) => a + b, 0n);
    const some = known.length < errors.length && known.length > 0 ? '≥ ' : '';
    facts.push({
      term: 'Errors in range',
      value: known.length === 0 ? UNKNOWN : `${some}${grouped(sum)}`,
    });
    this.facts.set(facts.map((item) => ({ key: item.term, item })));
    this.chart.update(COUNTERS, track, cut, label);
  }
  destroy(): void {
    this.chart.destroy();
  }
}

function valueOf(instance: Instance, name: string): string {
  const value = instance.properties[name];
  return value === null || value === undefined
    ? UNKNOWN
    : grouped(String(value) as unknown as bigint);
}

interface ErrorRow {
  instance: Instance;
  cells: Map<string, string>;
}

// Errors a second over all adapters, a line a counter.
class ErrorPart {
  readonly element: HTMLElement;
  private readonly chart: Chart;
  private readonly legend = new Legend();
  private readonly table: Table<ErrorRow> | null = null;
  constructor(private readonly app: App) {
    this.chart = new Chart({
      height: 130,
      unit: '/s',
      ...chartActions(app),
      pointed: () => undefined,
    });
    const info = app.model.info(COUNTERS);
    this.element = h('div', {}, this.legend.element, this.chart.element);
    if (!info) return;
    this.table = new Table<ErrorRow>('Errors by adapter', [
      {
        title: 'Adapter',
        cell: ({ instance }) =>
          linkCell(
            placeText(app.route, 'instance', COUNTERS, instance.name),
            adapterLabel(instance.name, instance.caption),
          ),
      },
      ...counters(info)
        .filter(isError)
        .map((one) => ({
          title: words(one.name),
          kind: 'number' as const,
          hint: one.description ?? '',
          cell: ({ cells }: ErrorRow) => cells.get(one.name) ?? UNKNOWN,
        })),
    ]);
    this.element.append(this.table.element);
  }
  update(adapters: Instance[]): void {
    const { history } = this.app.model;
    const info = this.app.model.info(COUNTERS);
    const { from, to } = this.app.window();
    if (!info) return;
    const errors = counters(info).filter(isError);
    const tracks = adapters
      .map((one) => history.track(COUNTERS, one.name))
      .filter((one) => one !== undefined);
    const first = tracks[0];
    const x = first ? series(first, errors[0]?.name ?? '', true, from, to).boot_s : [];
    const lines: Line[] = [];
    const legend = errors.map((property, color) => {
      let unknown = 0;
      const sum = x.map(() => 0);
      for (const track of tracks) {
        const { boot_s, values } = series(track, property.name, true, from, to);
        if (values.at(-1) === null || values.length === 0) unknown += 1;
        boot_s.forEach((time, at) => {
          const place = boot_s.length === x.length ? at : x.indexOf(time);
          if (place >= 0) sum[place] = (sum[place] ?? 0) + (values[at] ?? 0);
        });
      }
      lines.push({ label: property.name, color, values: sum });
      const now =
        unknown === tracks.length
          ? UNKNOWN
          : `${unknown > 0 ? '≥ ' : ''}${rateText(sum.at(-1) ?? null, 'packets')}`;
      return { label: words(property.name), color, values: [now] };
    });
    this.legend.set(legend);
    const said = legend.map((one) => `${one.label} ${one.values[0]}`);
    this.chart.draw({
      x: x.map((one) => history.unixOf(one)),
      lines,
      marks: [],
      from: history.unixOf(from),
      to: history.unixOf(to),
      summary: `Errors of all adapters: ${said.join('; ')}`,
    });
    this.table?.set(
      adapters.map((instance) => ({
        key: instance.name,
        item: { instance, cells: this.cells(instance) },
      })),
    );
  }
  private cells(instance: Instance): Map<string, string> {
    const info = this.app.model.info(COUNTERS);
    const { from, to } = this.app.window();
    const track = this.app.model.history.track(COUNTERS, instance.name);
    const cells = new Map<string, string>();
    for (const one of info ? counters(info).filter(isError) : []) {
      const total = valueOf(instance, one.name);
      const grown = track ? growth(track, one.name, from, to) : null;
      cells.set(
        one.name,
        total === UNKNOWN || grown === null || grown === 0n
          ? total
          : `${total} (+${grouped(grown)})`,
      );
    }
    return cells;
  }
  destroy(): void {
    this.chart.destroy();
  }
}

export class Overview implements View {
  readonly element: HTMLElement;
  private readonly verdict: VerdictPart;
  private readonly cuts = h('div', {
    class: 'segments',
    role: 'group',
    'aria-label': 'Throughput by',
  });
  private readonly grid = h('div', { class: 'cards' });
  private readonly more = h('p', { class: 'note' });
  private readonly empty: HTMLElement;
  private readonly adapters: HTMLElement;
  private readonly problems: HTMLElement;
  private readonly filter: HTMLInputElement;
  private readonly cards: Keyed<{ instance: Instance; cut: Flow[]; sessions: Session[] }, Card>;
  private errors: ErrorPart | null = null;
  private cutNames = '';

  constructor(private readonly app: App) {
    this.verdict = new VerdictPart(app);
    this.filter = filterBox(app, 'Filter adapters');
    this.empty = h(
      'section',
      { class: 'empty' },
      h('h2', {}, 'No adapter yet'),
      h(
        'p',
        {},
        'No provider has registered an adapter with this service. The collector does: ',
        h('code', {}, 'systemctl start quickmode-collect'),
        '. To see made-up adapters: ',
        h('code', {}, 'quickmode-sim-provider'),
        '.',
      ),
    );
    this.cards = new Keyed(
      this.grid,
      () => new Card(app),
      (card, item) => card.update(item.instance, item.cut, item.sessions),
      (card) => card.destroy(),
    );
    const tools = h('div', { class: 'tools' }, this.filter, this.cuts);
    this.adapters = h(
      'section',
      { 'aria-labelledby': 'throughput' },
      h(
        'div',
        { class: 'section-head' },
        h('h2', { id: 'throughput' }, 'Throughput by adapter'),
        h('p', { class: 'note' }, '↑ received above the line, ↓ sent below it'),
        tools,
      ),
      this.grid,
      this.more,
    );
    this.problems = h(
      'section',
      { 'aria-labelledby': 'errors' },
      h('div', { class: 'section-head' }, h('h2', { id: 'errors' }, 'Errors')),
    );
    this.element = h('div', {}, this.verdict.element, this.empty, this.adapters, this.problems);
  }

  title(): string {
    const verdict = verdictOf(this.app.model.sessions(), this.app.model.sessionProviders());
    return this.app.model.loaded ? verdict.sentence.replace(/\.$/, '') : 'Overview';
  }

  update(): void {
    const { model, route } = this.app;
    this.verdict.update();
    const info = model.info(COUNTERS);
    const all = model.adapters();
    show(this.empty, model.loaded && all.length === 0);
    show(this.adapters, all.length > 0);
    show(this.problems, all.length > 0);
    if (!info || all.length === 0) return;
    const found = flows(info, model.infos);
    const names = [...new Set(found.map((one) => one.cut))];
    const chosen = names.includes(route.cut) ? route.cut : (names[0] ?? '');
    this.showCuts(names, chosen);
    show(this.filter, all.length >= FILTER_FROM || route.filter !== '');
    const shown = all.filter((one) => matches(route.filter, one.name, one.caption));
    const sessions = new Map<string, Session[]>();
    for (const one of model.sessions()) {
      const adapter = text(one.instance.properties['Adapter']);
      sessions.set(adapter, [...(sessions.get(adapter) ?? []), one]);
    }
    const cut = found.filter((one) => one.cut === chosen);
    this.cards.set(
      shown.slice(0, MOST_CARDS).map((instance) => ({
        key: instance.name,
        item: { instance, cut, sessions: sessions.get(instance.name) ?? [] },
      })),
    );
    show(this.more, shown.length > MOST_CARDS);
    setText(
      this.more,
      `Charts of ${MOST_CARDS} of ${shown.length} adapters; the filter chooses others.`,
    );
    if (!this.errors) this.problems.append((this.errors = new ErrorPart(this.app)).element);
    this.errors.update(shown);
  }

  sheet(): Sheet {
    const { model, route } = this.app;
    const shown = model.adapters().filter((one) => matches(route.filter, one.name, one.caption));
    return samplesSheet(
      this.app,
      'quickmode',
      COUNTERS,
      shown.map((one) => one.name),
    );
  }

  destroy(): void {
    for (const card of this.cards.all()) card.destroy();
    this.errors?.destroy();
  }

  private showCuts(names: string[], chosen: string): void {
    const said = `${names.join('\n')} ${chosen} ${routeText(this.app.route)}`;
    if (said === this.cutNames) return;
    this.cutNames = said;
    const focused = this.cuts.contains(document.activeElement);
    const links = names.map((cut) =>
      h(
        'a',
        {
          href: routeText({ ...this.app.route, cut }),
          ...(cut === chosen ? { 'aria-current': 'true' } : {}),
        },
        `by ${words(cut).toLowerCase()}`,
      ),
    );
    this.cuts.replaceChildren(...links);
    if (focused) links[names.indexOf(chosen)]?.focus();
  }
}
