// Pieces that several views are made of.
import type { Doubt, Instance, Property } from './api';
import { Chart, type Line } from './chart';
import { h, Keyed, setAttribute, setText, show } from './dom';
import { duration, grouped, rateText, spiText, UNKNOWN, unitSign } from './format';
import { growthTimes, series, type Track } from './history';
import { SPI } from './names';
import { placeText } from './route';
import { marks, words, type Flow } from './schema';
import type { Protection } from './sessions';
import type { App } from './view';

const PROTECTION_TONE: Record<Protection, string> = {
  protected: 'good',
  'integrity only': 'good',
  unprotected: 'bad',
  unknown: 'warn',
};
const PROTECTION_WORD: Record<Protection, string> = {
  protected: 'protected',
  'integrity only': 'integrity only',
  unprotected: 'in the clear',
  unknown: 'unknown',
};

export function protectionWord(protection: Protection): string {
  return PROTECTION_WORD[protection];
}

export function protectionBadge(protection: Protection): HTMLElement {
  return h('span', { class: `badge ${PROTECTION_TONE[protection]}` }, PROTECTION_WORD[protection]);
}

export function qualityText(doubt: Doubt | undefined, instance: Instance): string {
  if (!instance.active) return 'unavailable';
  return doubt?.quality ?? 'exact';
}

export function qualityBadge(doubt: Doubt | undefined, instance: Instance): HTMLElement {
  const quality = qualityText(doubt, instance);
  return h(
    'span',
    {
      class: `quality ${quality === 'exact' ? 'exact' : 'doubt'}`,
      ...(doubt ? { title: doubt.text } : {}),
    },
    quality,
  );
}

// A value as its class names it: enumerations by their names, numbers grouped, nothing as "–".
export function valueText(property: Property | undefined, value: unknown): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (Array.isArray(value)) return value.map((one) => valueText(property, one)).join(', ');
  const named = property?.values?.[String(value)];
  if (named !== undefined) return named;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'object') return JSON.stringify(value);
  if (property?.name === SPI) return `${spiText(BigInt(String(value)))} (${String(value)})`;
  if (property !== undefined && /^[us]int/.test(property.type))
    return grouped(String(value) as unknown as bigint);
  return value === '' ? 'none' : String(value);
}

export function fact(term: string, value: string | HTMLElement): HTMLElement {
  return h('div', { class: 'fact' }, h('dt', {}, term), h('dd', {}, value));
}

// A filter box that lives in the address, so that what it shows can be shared.
export function filterBox(app: App, label: string): HTMLInputElement {
  const input = h('input', {
    type: 'search',
    'aria-label': label,
    placeholder: label,
  }) as HTMLInputElement;
  input.value = app.route.filter;
  input.addEventListener('input', () => app.go({ ...app.route, filter: input.value }));
  return input;
}

export function matches(filter: string, ...texts: string[]): boolean {
  const wanted = filter.toLowerCase();
  return wanted === '' || texts.some((one) => one.toLowerCase().includes(wanted));
}

interface LegendRow {
  element: HTMLElement;
  values: HTMLElement[];
}

// Names and numbers of a chart's lines: the newest, or those under the pointer.
export class Legend {
  readonly element = h('ul', { class: 'legend' });
  private readonly rows = new Keyed<{ label: string; color: number; values: string[] }, LegendRow>(
    this.element,
    (item) => {
      const values = item.values.map(() => h('span', { class: 'number' }));
      const element = h(
        'li',
        {},
        h('span', { class: `swatch c${item.color}` }),
        h('span', {}, item.label),
        ...values,
      );
      return { element, values };
    },
    (row, item) => item.values.forEach((one, at) => setText(row.values[at]!, one)),
  );
  set(items: { label: string; color: number; values: string[] }[]): void {
    this.rows.set(items.map((item) => ({ key: `${item.color} ${item.label}`, item })));
  }
}

export function chartActions(app: App): {
  zoom: (from: number, to: number) => void;
  unzoom: () => void;
} {
  return {
    zoom: (from, to) => {
      if (to - from >= 1) app.go({ ...app.route, from, to });
    },
    unzoom: () => app.go({ ...app.route, from: null, to: null }),
  };
}

// Sent and received of one adapter, by one of the ways its bytes are cut; rekeys are marked.
export class FlowChart {
  readonly element: HTMLElement;
  private readonly chart: Chart;
  private readonly legend = new Legend();
  private readonly note = h('p', { class: 'note' });
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
    this.element = h('div', { class: 'flow' }, this.legend.element, this.chart.element, this.note);
  }

  update(className: string, track: Track | undefined, flows: Flow[], label: string): void {
    const { model } = this.app;
    const { from, to } = this.app.window();
    const info = model.info(className);
    const x: number[] = [];
    const lines: (Line & { flow: Flow; sent: boolean })[] = [];
    flows.forEach((flow, color) => {
      for (const side of ['received', 'sent'] as const) {
        const counter = flow[side];
        if (!track || counter === undefined) continue;
        const found = series(track, counter, true, from, to);
        if (x.length === 0) x.push(...found.boot_s.map((one) => model.history.unixOf(one)));
        const values =
          side === 'sent' ? found.values.map((one) => (one === null ? null : -one)) : found.values;
        lines.push({ label: `${flow.label} ${side}`, color, values, flow, sent: side === 'sent' });
      }
    });
    const names = info ? marks(info) : [];
    const times = track ? names.flatMap((one) => growthTimes(track, one.name, from, to)) : [];
    const drawing = {
      x,
      lines: lines.filter((one) => one.values.some((value) => value !== null && value !== 0)),
      marks: times.map((one) => model.history.unixOf(one)),
      from: model.history.unixOf(from),
      to: model.history.unixOf(to),
      summary: '',
    };
    const tell = (): void => {
      const at = this.pointed ?? x.length - 1;
      const value = (flow: Flow, sent: boolean): string => {
        const line = lines.find((one) => one.flow === flow && one.sent === sent);
        const found = line?.values[at] ?? null;
        const size = found === null ? null : Math.abs(found);
        return `${sent ? '↓' : '↑'} ${rateText(size, 'bytes')}`;
      };
      this.legend.set(
        flows.map((flow, color) => ({
          label: flow.label,
          color,
          values: [value(flow, false), value(flow, true)],
        })),
      );
    };
    this.again = tell;
    tell();
    const said = flows.map((flow) => {
      const [received, sent] = [false, true].map((side) => this.newest(lines, flow, side));
      return `${flow.label} received ${received}, sent ${sent}`;
    });
    const marked = names.map((one) => words(one.name)).join(', ');
    said.push(`${times.length} marked ${marked}`);
    drawing.summary = `Throughput of ${label}: ${said.join('; ')}`;
    this.chart.draw(drawing);
    show(this.note, times.length > 0);
    if (times.length > 0) setText(this.note, `◆ ${marked}: ${times.length} in range`);
  }

  destroy(): void {
    this.chart.destroy();
  }

  private newest(
    lines: { flow: Flow; sent: boolean; values: (number | null)[] }[],
    flow: Flow,
    sent: boolean,
  ): string {
    const value =
      lines.find((one) => one.flow === flow && one.sent === sent)?.values.at(-1) ?? null;
    return value === null ? 'unknown' : rateText(Math.abs(value), 'bytes');
  }
}

// One counter alone: its rate where it grows, else its value.
export class CounterChart {
  readonly element: HTMLElement;
  private readonly chart: Chart;
  private readonly legend = new Legend();
  constructor(
    private readonly app: App,
    private readonly property: Property,
    private readonly rate: boolean,
  ) {
    const unit = `${unitSign(property.semantics?.unit)}${rate ? '/s' : ''}`;
    this.chart = new Chart({ height: 220, unit, ...chartActions(app), pointed: () => undefined });
    this.element = h('div', { class: 'flow' }, this.legend.element, this.chart.element);
  }
  update(track: Track | undefined): void {
    const { history } = this.app.model;
    const { from, to } = this.app.window();
    const found = track
      ? series(track, this.property.name, this.rate, from, to)
      : { boot_s: [], values: [] };
    const newest = found.values.at(-1) ?? null;
    const text = this.rate ? rateText(newest, this.property.semantics?.unit) : grouped(newest);
    const label = `${words(this.property.name)}${this.rate ? ', per second' : ''}`;
    this.legend.set([{ label, color: 0, values: [text] }]);
    this.chart.draw({
      x: found.boot_s.map((one) => history.unixOf(one)),
      lines: [{ label, color: 0, values: found.values }],
      marks: [],
      from: history.unixOf(from),
      to: history.unixOf(to),
      summary: `${label}: now ${newest === null ? 'unknown' : text}`,
    });
  }
  destroy(): void {
    this.chart.destroy();
  }
}

const OLD_S = 5;

function age_s_of(app: App, instance: Instance): number {
  return (instance.age_ms + (app.model.paused ? 0 : app.model.late_ms())) / 1000;
}

// Older than a provider that lives would let it grow, and than the page's own pace explains.
export function isOld(app: App, instance: Instance): boolean {
  return age_s_of(app, instance) > OLD_S + app.model.pace_ms / 1000;
}

// How old an instance's sample is, said when it is old.
export function ageText(app: App, instance: Instance): string {
  const age_s = age_s_of(app, instance);
  return age_s > OLD_S ? `sampled ${duration(age_s)} ago` : 'sampled now';
}

// Disks of a session in words: "sda → mpatha on /srv".
export function diskText(disk: Instance): string {
  const part = (name: string): string => {
    const value = disk.properties[name];
    return typeof value === 'string' ? value : '';
  };
  const map = part('Map') === '' ? '' : ` → ${part('Map')}`;
  const mount = part('MountPoint') === '' ? ', not mounted' : ` on ${part('MountPoint')}`;
  return `${part('Device')}${map}${mount}`;
}

export function crumb(app: App, ...steps: [string, ...string[]][]): HTMLElement {
  const links = steps.map(([text, ...path]) =>
    h('li', {}, h('a', { href: placeText(app.route, ...path) }, text)),
  );
  return h('nav', { class: 'crumbs', 'aria-label': 'Where you are' }, h('ol', {}, ...links));
}

// Links keep the times that are shown.
export function keepLink(element: Element, href: string): void {
  setAttribute(element, 'href', href);
}
