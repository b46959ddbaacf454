// Sent and received of one adapter, by one of the ways its bytes are cut; rekeys are marked.
import { Chart, type Line } from './chart';
import { h, Keyed, setText, show, type Row } from './dom';
import { clock, rateText } from './format';
import { growthTimes, newestRate, series, stepOf, type Track } from './history';
import { chartActions } from './parts';
import { routeText } from './route';
import { marks, words, type Flow } from './schema';
import type { App } from './view';

const SIDES = ['received', 'sent'] as const;
type Side = (typeof SIDES)[number];
type FlowLine = Line & { flow: Flow; side: Side };

interface FlowRow extends Row {
  cells: HTMLElement[];
}

// What flows now, or did under the pointer: a row a line of the chart.
class FlowTable {
  readonly element: HTMLElement;
  private readonly when = h('th', { scope: 'col', class: 'when' });
  private readonly rows: Keyed<{ flow: Flow; color: number; rates: string[] }, FlowRow>;
  constructor() {
    const body = h('tbody');
    const heads = SIDES.map((side) => h('th', { scope: 'col', class: 'number' }, side));
    this.element = h(
      'table',
      { class: 'flow-table' },
      h('caption', { class: 'unseen' }, 'Throughput'),
      h('thead', {}, h('tr', {}, this.when, ...heads)),
      body,
    );
    this.rows = new Keyed(
      body,
      ({ flow, color }) => {
        const cells = SIDES.map(() => h('td', { class: 'number' }));
        const name = h(
          'th',
          { scope: 'row' },
          h('span', { class: `swatch c${color}` }),
          flow.label,
        );
        return { element: h('tr', {}, name, ...cells), cells };
      },
      (row, { rates }) => {
        rates.forEach((rate, at) => setText(row.cells[at]!, rate));
        row.element.classList.toggle(
          'idle',
          rates.every((rate) => rate === '0'),
        );
      },
    );
  }
  set(when: string, rows: { flow: Flow; color: number; rates: string[] }[]): void {
    setText(this.when, when);
    this.rows.set(rows.map((item) => ({ key: `${item.color} ${item.flow.label}`, item })));
  }
}

// By what throughput is cut, where there is more than one way; it lives in the address.
export class CutChoice {
  readonly element = h('div', { class: 'segments', role: 'group', 'aria-label': 'Throughput by' });
  private said = '';
  constructor(private readonly app: App) {}

  // Those of the chosen cut.
  choose(all: Flow[]): Flow[] {
    const { route } = this.app;
    const names = [...new Set(all.map((one) => one.cut))];
    const chosen = names.includes(route.cut) ? route.cut : (names[0] ?? '');
    const said = `${names.join('\n')} ${chosen} ${routeText(route)}`;
    if (said !== this.said) this.draw(names, chosen);
    this.said = said;
    return all.filter((one) => one.cut === chosen);
  }

  private draw(names: string[], chosen: string): void {
    const focused = this.element.contains(document.activeElement);
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
    this.element.replaceChildren(...links);
    show(this.element, names.length > 1);
    if (focused) links[names.indexOf(chosen)]?.focus();
  }
}

export class FlowChart {
  readonly element: HTMLElement;
  private readonly chart: Chart;
  private readonly table = new FlowTable();
  private readonly markText = h('span', {});
  private readonly note = h(
    'p',
    { class: 'note' },
    h('span', { class: 'mark', 'aria-hidden': 'true' }, '◆'),
    ' ',
    this.markText,
  );
  private pointed: number | null = null;
  private again: () => void = () => undefined;

  constructor(
    private readonly app: App,
    height: number,
    private readonly mostPoints: number,
  ) {
    this.chart = new Chart({
      height,
      unit: 'B/s',
      ...chartActions(app),
      pointed: (at) => {
        this.pointed = at;
        this.again();
      },
    });
    this.element = h('div', { class: 'flow' }, this.table.element, this.chart.element, this.note);
  }

  update(className: string, track: Track | undefined, flows: Flow[], label: string): void {
    const { model } = this.app;
    const { from, to } = this.app.window();
    const info = model.info(className);
    const { x, lines } = this.linesOf(track, flows, from, to);
    const names = info ? marks(info) : [];
    const times = track ? names.flatMap((one) => growthTimes(track, one.name, from, to)) : [];
    const rate = (flow: Flow, side: Side, at: number): number | null => {
      const line = lines.find((one) => one.flow === flow && one.side === side);
      const found = line?.values[at] ?? null;
      return found === null ? null : Math.abs(found);
    };
    const now = (flow: Flow, side: Side): number | null => {
      const counter = flow[side];
      return track && counter !== undefined ? newestRate(track, counter) : null;
    };
    const tell = (): void => {
      const pointed = this.pointed !== null && this.pointed < x.length ? this.pointed : null;
      const rows = flows.map((flow, color) => ({
        flow,
        color,
        rates: SIDES.map((side) =>
          rateText(pointed === null ? now(flow, side) : rate(flow, side, pointed), 'bytes'),
        ),
      }));
      this.table.set(pointed === null ? 'now' : clock(x[pointed]!), rows);
    };
    this.again = tell;
    tell();
    const said = flows.map((flow) => {
      const [received, sent] = SIDES.map((side) => {
        const newest = now(flow, side);
        return newest === null ? 'unknown' : rateText(newest, 'bytes');
      });
      return `${flow.label} received ${received}, sent ${sent}`;
    });
    const marked = names.map((one) => words(one.name)).join(', ');
    said.push(`${times.length} marked ${marked}`);
    this.chart.draw({
      x,
      lines: lines.filter((one) => one.values.some((value) => value !== null && value !== 0)),
      marks: times.map((one) => model.history.unixOf(one)),
      from: model.history.unixOf(from),
      to: model.history.unixOf(to),
      summary: `Throughput of ${label}: ${said.join('; ')}`,
    });
    show(this.note, names.length > 0);
    setText(this.markText, `${marked}: ${times.length} in range`);
  }

  destroy(): void {
    this.chart.destroy();
  }

  // What was sent lies below zero.
  private linesOf(
    track: Track | undefined,
    flows: Flow[],
    from: number,
    to: number,
  ): { x: number[]; lines: FlowLine[] } {
    const x: number[] = [];
    const lines: FlowLine[] = [];
    flows.forEach((flow, color) => {
      for (const side of SIDES) {
        const counter = flow[side];
        if (!track || counter === undefined) continue;
        const found = series(track, counter, true, from, to, stepOf(to - from, this.mostPoints));
        if (x.length === 0)
          x.push(...found.boot_s.map((one) => this.app.model.history.unixOf(one)));
        const values =
          side === 'sent' ? found.values.map((one) => (one === null ? null : -one)) : found.values;
        lines.push({ label: `${flow.label} ${side}`, color, values, flow, side });
      }
    });
    return { x, lines };
  }
}
