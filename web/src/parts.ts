// Pieces that several views are made of.
import type { Doubt, Instance, Property, Value } from './api';
import { Chart } from './chart';
import { h, Keyed, setText, type Sorting } from './dom';
import type { Sheet } from './export';
import { duration, grouped, rateText, spiText, UNKNOWN, unitSign } from './format';
import { series, type Track } from './history';
import { SPI } from './names';
import { placeText } from './route';
import { isData, words } from './schema';
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

// The same of how its table is sorted.
export function sharedSorting(app: App): Sorting {
  return { get: () => app.route.sort, set: (sort) => app.go({ ...app.route, sort }) };
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

// Instances of a class as a table for a file; of all, or of these.
export function instancesSheet(
  app: App,
  name: string,
  className: string,
  shown: Instance[] = app.model.instances(className),
): Sheet {
  const properties = (app.model.info(className)?.properties ?? []).filter(isData);
  return {
    name,
    header: ['InstanceName', ...properties.map((one) => one.name)],
    rows: shown.map((instance) => [
      instance.name,
      ...properties.map((one) => cellOf(one, instance.properties[one.name])),
    ]),
  };
}

// As the class names it; else as it is.
function cellOf(property: Property, value: Value | undefined): string | number | boolean | null {
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return property.values?.[String(value)] ?? value ?? null;
}
