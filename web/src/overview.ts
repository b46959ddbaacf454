// The verdict first; then what flows, and what goes wrong.
import { text, type Instance } from './api';
import { AdapterTable } from './adapter_table';
import { Card, type CardItem } from './card';
import { h, Keyed, setText, show } from './dom';
import { ErrorPart } from './errors';
import type { Sheet } from './export';
import { CutChoice } from './flow';
import { grouped } from './format';
import { COUNTERS } from './names';
import { filterBox, matches } from './parts';
import { samplesSheet } from './samples';
import { flows, type Flow } from './schema';
import { trouble, verdictOf, type Session } from './sessions';
import { hints, VerdictPart } from './verdict';
import type { App, View } from './view';

const MOST_CARDS = 24; // charts; beyond it a table has all
const MOST_WATCHED = 200;
// What is drawn at first, so that it is seen while the rest is made.
const FIRST_CARDS = 1;
const FILTER_FROM = 7; // adapters: fewer need no filter

export class Overview implements View {
  readonly element: HTMLElement;
  private readonly verdict: VerdictPart;
  private readonly cuts: CutChoice;
  private readonly grid = h('div', { class: 'cards' });
  private readonly more = h('p', { class: 'note' });
  private readonly none = h(
    'p',
    { class: 'notice', role: 'status' },
    'No adapter matches the filter.',
  );
  private readonly emptyText = h('p', {});
  private readonly emptyHints = h('ul', { class: 'hints' });
  private readonly empty = h(
    'section',
    { class: 'empty' },
    h('h2', {}, 'No adapter'),
    this.emptyText,
    this.emptyHints,
  );
  private readonly adapters: HTMLElement;
  private readonly all = h('section', { 'aria-labelledby': 'all-adapters' });
  private readonly problems: HTMLElement;
  private readonly filter: HTMLInputElement;
  private readonly cards: Keyed<CardItem, Card>;
  private errors: ErrorPart | null = null;
  private table: AdapterTable | null = null;
  private hinted = '';
  private begun = false;

  constructor(private readonly app: App) {
    this.verdict = new VerdictPart(app);
    this.cuts = new CutChoice(app);
    this.filter = filterBox(app, 'Filter adapters');
    this.cards = new Keyed(
      this.grid,
      () => new Card(app),
      (card, item) => card.update(item),
      (card) => card.destroy(),
    );
    const tools = h('div', { class: 'tools' }, this.filter, this.cuts.element);
    this.adapters = h(
      'section',
      { 'aria-labelledby': 'throughput' },
      h(
        'div',
        { class: 'section-head' },
        h('h2', { id: 'throughput' }, 'Throughput by adapter'),
        h('p', { class: 'note' }, 'received above the line, sent below it'),
        tools,
      ),
      this.grid,
      this.more,
      this.none,
    );
    this.all.append(h('h2', { id: 'all-adapters' }, 'All adapters'));
    this.problems = h(
      'section',
      { 'aria-labelledby': 'errors' },
      h(
        'div',
        { class: 'section-head' },
        h('h2', { id: 'errors' }, 'Errors'),
        h(
          'p',
          { class: 'note' },
          'of all adapters, per second; and each one’s, in all (+ in range)',
        ),
      ),
    );
    this.element = h(
      'div',
      {},
      this.verdict.element,
      this.empty,
      this.adapters,
      this.all,
      this.problems,
    );
  }

  title(): string {
    const verdict = verdictOf(this.app.model.sessions(), this.app.model.sessionProviders());
    return this.app.model.loaded ? verdict.sentence.replace(/\.$/, '') : 'Overview';
  }

  update(): boolean {
    const { model, route } = this.app;
    this.verdict.update();
    const info = model.info(COUNTERS);
    const all = model.adapters();
    this.showEmpty(model.loaded && all.length === 0);
    show(this.adapters, all.length > 0);
    show(this.problems, all.length > 0 && this.begun);
    show(this.all, all.length > MOST_CARDS && this.begun);
    if (!info || all.length === 0) return false;
    const cut = this.cuts.choose(flows(info, model.infos));
    show(this.filter, all.length >= FILTER_FROM || route.filter !== '');
    const shown = this.items(all, cut);
    const most = this.begun ? MOST_CARDS : FIRST_CARDS;
    this.cards.set(shown.slice(0, most).map((item) => ({ key: item.instance.name, item })));
    model.history.watch(
      COUNTERS,
      shown.slice(0, MOST_WATCHED).map((item) => item.instance.name),
    );
    show(this.none, shown.length === 0);
    show(this.more, shown.length > MOST_CARDS);
    setText(
      this.more,
      `Charts of ${MOST_CARDS} of ${grouped(shown.length)} adapters, those in trouble first; ` +
        'the filter chooses others, the table has all.',
    );
    if (!this.begun) {
      this.begun = true;
      return true;
    }
    if (all.length > MOST_CARDS) {
      if (!this.table) this.all.append((this.table = new AdapterTable(this.app)).element);
      this.table.update(shown);
    }
    if (!this.errors) this.problems.append((this.errors = new ErrorPart(this.app)).element);
    this.errors.update(shown.map((one) => one.instance));
    return false;
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

  // Those that the filter leaves; those whose sessions are in trouble first, else as they come.
  private items(all: Instance[], cut: Flow[]): CardItem[] {
    const { model, route } = this.app;
    const sessions = new Map<string, Session[]>();
    for (const one of model.sessions()) {
      const adapter = text(one.instance.properties['Adapter']);
      const there = sessions.get(adapter);
      if (there) there.push(one);
      else sessions.set(adapter, [one]);
    }
    const worst = ({ sessions: of }: CardItem): number =>
      Math.min(2, ...of.map((one) => trouble(one.protection)));
    return all
      .filter((one) => matches(route.filter, one.name, one.caption))
      .map((instance) => ({ instance, cut, sessions: sessions.get(instance.name) ?? [] }))
      .sort((a, b) => worst(a) - worst(b));
  }

  private showEmpty(wanted: boolean): void {
    show(this.empty, wanted);
    if (!wanted) return;
    const { model } = this.app;
    const nobody = (model.latest.get(COUNTERS)?.providers ?? 0) === 0;
    setText(
      this.emptyText,
      nobody
        ? 'No provider has registered an adapter with this service.'
        : 'This host has no iSCSI adapter: no HBA, and no session of the software initiator yet.',
    );
    // The verdict has said it where there is no session either.
    const lines = model.sessions().length > 0 ? hints(this.app) : [];
    if (nobody)
      lines.push(
        h('li', {}, 'To try this page without hardware: ', h('code', {}, 'quickmode-sim-provider')),
      );
    const said = lines.map((one) => one.textContent).join('\n');
    if (said !== this.hinted) this.emptyHints.replaceChildren(...lines);
    this.hinted = said;
  }
}
