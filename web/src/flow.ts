// Sent and received of one adapter, by one of the ways its bytes are cut; rekeys are marked.
import { Chart, type Line } from './chart';
import { h, Keyed, setText, show, type Row } from './dom';
import { clock, rateText } from './format';
import { growthTimes, series, type Track } from './history';
import { chartActions } from './parts';
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
    const tell = (): void => {
      const pointed = this.pointed !== null && this.pointed < x.length ? this.pointed : null;
      const at = pointed ?? x.length - 1;
      const rows = flows.map((flow, color) => ({
        flow,
        color,
        rates: SIDES.map((side) => rateText(rate(flow, side, at), 'bytes')),
      }));
      this.table.set(pointed === null ? 'now' : clock(x[pointed]!), rows);
    };
    this.again = tell;
    tell();
    const said = flows.map((flow) => {
      const [received, sent] = SIDES.map((side) => {
        const now = rate(flow, side, x.length - 1);
        return now === null ? 'unknown' : rateText(now, 'bytes');
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
        const found = series(track, counter, true, from, to);
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
