// One adapter on the overview: its sessions, its gauges, what flows.
import type { Instance } from './api';
import { h, Keyed, setAttribute, setText, show, type Row } from './dom';
import { FlowChart } from './flow';
import { adapterLabel, grouped, plural, UNKNOWN } from './format';
import { growth } from './history';
import { COUNTERS } from './names';
import { ageText, isOld } from './parts';
import { placeText } from './route';
import { counters, grows, isError, words, type Flow } from './schema';
import type { Session } from './sessions';
import type { App } from './view';

export interface CardItem {
  instance: Instance;
  cut: Flow[];
  sessions: Session[];
}

export function valueOf(instance: Instance, name: string): string {
  const value = instance.properties[name];
  return value === null || value === undefined ? UNKNOWN : grouped(String(value));
}

// Errors of all kinds within the times shown; "≥" where one kind is not known.
export function errorsInRange(
  app: App,
  instance: Instance,
): { text: string; known: bigint | null } {
  const track = app.model.history.track(COUNTERS, instance.name);
  const info = app.model.info(COUNTERS);
  const { from, to } = app.window();
  const all = (info ? counters(info) : []).filter(isError);
  const grown = all.map((one) => (track ? growth(track, one.name, from, to) : null));
  const known = grown.filter((one) => one !== null);
  if (known.length === 0) return { text: UNKNOWN, known: null };
  const sum = known.reduce((a, b) => a + b, 0n);
  return { text: `${known.length < all.length ? '≥ ' : ''}${grouped(sum)}`, known: sum };
}

export function sessionsText(sessions: Session[]): { text: string; bad: boolean } {
  const clear = sessions.filter((one) => one.protection === 'unprotected').length;
  const unknown = sessions.filter((one) => one.protection === 'unknown').length;
  const many = sessions.length;
  if (clear > 0)
    return { text: many === 1 ? 'in the clear' : `${clear} of ${many} in the clear`, bad: true };
  if (unknown > 0)
    return { text: many === 1 ? 'unknown' : `${unknown} of ${many} unknown`, bad: false };
  return { text: many === 0 ? 'no session' : `${plural(many, 'session')}, protected`, bad: false };
}

export class Card implements Row {
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
    this.chart = new FlowChart(app, 160);
    this.element = h(
      'article',
      { class: 'card' },
      h('header', {}, h('div', {}, h('h3', {}, this.title), this.name), this.sessions),
      this.age,
      this.chart.element,
      this.idle,
      this.gauges,
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

  update({ instance, cut, sessions }: CardItem): void {
    const { model, route } = this.app;
    const label = adapterLabel(instance.name, instance.caption);
    setText(this.title, label);
    setAttribute(this.title, 'href', placeText(route, 'instance', COUNTERS, instance.name));
    setText(this.name, instance.name);
    const said = sessionsText(sessions);
    setText(this.sessions, model.sessionProviders() === 0 ? '' : said.text);
    this.sessions.classList.toggle('bad', said.bad);
    const old = isOld(this.app, instance);
    show(this.age, old);
    if (old) setText(this.age, `${ageText(this.app, instance)}: its provider says nothing new`);
    show(this.idle, !instance.active);
    show(this.chart.element, instance.active);
    show(this.gauges, instance.active);
    const doubt = Object.values(instance.quality)[0]?.text;
    setText(this.idle, `It supplies no data${doubt ? `: ${doubt}` : ''}.`);
    if (!instance.active) return;
    const info = model.info(COUNTERS);
    const facts = (info ? counters(info) : [])
      .filter((one) => !grows(one))
      .map((one) => ({ term: words(one.name), value: valueOf(instance, one.name) }));
    facts.push({ term: 'Errors in range', value: errorsInRange(this.app, instance).text });
    this.facts.set(facts.map((item) => ({ key: item.term, item })));
    this.chart.update(COUNTERS, model.history.track(COUNTERS, instance.name), cut, label);
  }

  destroy(): void {
    this.chart.destroy();
  }
}
