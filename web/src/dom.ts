// Elements made and kept up to date. All text goes in as text: names may be hostile.

import { grouped } from './format';

type Attributes = Record<string, string | number | boolean | ((event: Event) => void)>;
type Child = Node | string | null | undefined | false;

export function h(tag: string, attributes: Attributes = {}, ...children: Child[]): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false) element.setAttribute(name, String(value));
  }
  append(element, children);
  return element;
}

export function append(element: Element, children: Child[]): void {
  for (const child of children) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

// Touches the document only where something changed: selection and screen readers stay calm.
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: Element, name: string, value: string | null): void {
  if (element.getAttribute(name) === value) return;
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

export function show(element: HTMLElement, shown: boolean): void {
  if (element.hidden === shown) element.hidden = !shown;
}

// Once what was drawn can be seen; nobody sees a hidden page.
export function afterPaint(act: () => void): void {
  if (document.hidden) setTimeout(act);
  else requestAnimationFrame(() => setTimeout(act));
}

export interface Row {
  element: HTMLElement;
}

// Children of parent, one an item, in the items' order; those of items that stay, stay.
export class Keyed<T, R extends Row> {
  private readonly rows = new Map<string, R>();
  constructor(
    private readonly parent: HTMLElement,
    private readonly make: (item: T) => R,
    private readonly update: (row: R, item: T) => void,
    private readonly gone: (row: R) => void = () => undefined,
  ) {}

  set(items: { key: string; item: T }[]): void {
    const wanted = new Set(items.map((one) => one.key));
    for (const [key, row] of this.rows) {
      if (wanted.has(key)) continue;
      row.element.remove();
      this.gone(row);
      this.rows.delete(key);
    }
    let before: Element | null = this.parent.firstElementChild;
    for (const { key, item } of items) {
      let row = this.rows.get(key);
      if (!row) this.rows.set(key, (row = this.make(item)));
      if (row.element === before) before = before.nextElementSibling;
      else this.parent.insertBefore(row.element, before);
      this.update(row, item);
    }
  }
  all(): Iterable<R> {
    return this.rows.values();
  }
}

type Sortable = bigint | number | string | null;

// Text, or what fills the cell anew when its text has changed.
export interface Filled {
  text: string;
  fill: (cell: HTMLElement) => void;
}
export type Cell = string | Filled;

export interface Column<T> {
  title: string;
  kind?: 'number' | 'text' | 'mono' | 'short' | 'prose'; // of a short one no line breaks
  hint?: string;
  cell: (item: T) => Cell;
  // What it is sorted by; else by its text. null comes last, either way.
  order?: (item: T) => Sortable;
}

const MOST_ROWS = 200; // beyond it the filter is the way: a browser lays out no more in time
let collator: Intl.Collator | null = null; // slow to make, and seldom needed

function compare(a: Sortable, b: Sortable): number {
  collator ??= new Intl.Collator(undefined, { numeric: true });
  if (typeof a === 'string' && typeof b === 'string') return collator.compare(a, b);
  return a! < b! ? -1 : a! > b! ? 1 : 0;
}

// "Age": by that column, upwards; "-Age": downwards; "": as the items come.
export interface Sorting {
  get: () => string;
  set: (by: string) => void;
}

// A table whose rows stay while their items do. Scrolls in itself, by keyboard too; a click on a
// column's head sorts by it, another one the other way, a third as it was.
export class Table<T> {
  readonly element: HTMLElement;
  private readonly body = h('tbody');
  private readonly more = h('p', { class: 'note' });
  private readonly rows: Keyed<T, { element: HTMLElement; cells: HTMLElement[] }>;
  private readonly heads: HTMLElement[];
  private by = '';
  private items: { key: string; item: T }[] = [];

  constructor(
    label: string,
    private readonly columns: Column<T>[],
    private readonly sorting: Sorting = {
      get: () => this.by,
      set: (by) => {
        this.by = by;
        this.set(this.items);
      },
    },
    private readonly mostRows = MOST_ROWS,
  ) {
    this.heads = columns.map((one) =>
      h(
        'th',
        { scope: 'col', class: one.kind ?? 'text', ...(one.hint ? { title: one.hint } : {}) },
        h('button', { type: 'button', class: 'sort', click: () => this.turn(one) }, one.title),
      ),
    );
    const table = h(
      'table',
      {},
      h('caption', { class: 'unseen' }, label),
      h('thead', {}, h('tr', {}, ...this.heads)),
      this.body,
    );
    const scroll = h(
      'div',
      { class: 'scroll', role: 'region', 'aria-label': label, tabindex: 0 },
      table,
    );
    this.element = h('div', {}, scroll, this.more);
    this.rows = new Keyed(
      this.body,
      () => {
        const cells = columns.map((one, at) =>
          at === 0
            ? h('th', { scope: 'row', class: one.kind ?? 'text' })
            : h('td', { class: one.kind ?? 'text' }),
        );
        return { element: h('tr', {}, ...cells), cells };
      },
      (row, item) => this.fill(row.cells, item),
    );
  }

  set(items: { key: string; item: T }[]): void {
    this.items = items;
    this.rows.set(this.sorted(items).slice(0, this.mostRows));
    const left = items.length - this.mostRows;
    show(this.more, left > 0);
    if (left > 0)
      setText(this.more, `${grouped(left)} more are not shown: sort the table, or filter it.`);
  }

  // Numbers are looked at from the largest, words from the first.
  private turn(column: Column<T>): void {
    const { title } = column;
    const first = column.kind === 'number' ? `-${title}` : title;
    const second = first === title ? `-${title}` : title;
    const now = this.sorting.get();
    this.sorting.set(now === first ? second : now === second ? '' : first);
  }

  private sorted(items: { key: string; item: T }[]): { key: string; item: T }[] {
    const by = this.sorting.get();
    const down = by.startsWith('-');
    const title = down ? by.slice(1) : by;
    this.columns.forEach((one, at) => {
      const order = one.title !== title ? null : down ? 'descending' : 'ascending';
      setAttribute(this.heads[at]!, 'aria-sort', order);
    });
    const column = this.columns.find((one) => one.title === title);
    if (!column) return items;
    const keyed = items.map((one) => ({ one, order: this.orderOf(column, one.item) }));
    const known = keyed.filter((one) => one.order !== null);
    known.sort((a, b) => (down ? compare(b.order, a.order) : compare(a.order, b.order)));
    const unknown = keyed.filter((one) => one.order === null);
    return [...known, ...unknown].map(({ one }) => one);
  }

  private orderOf(column: Column<T>, item: T): Sortable {
    if (column.order) return column.order(item);
    const made = column.cell(item);
    return typeof made === 'string' ? made : made.text.replace(/^#.*\n/, '');
  }

  private fill(cells: HTMLElement[], item: T): void {
    this.columns.forEach((column, at) => {
      const cell = cells[at]!;
      const made = column.cell(item);
      if (typeof made === 'string') return setText(cell, made);
      if (cell.dataset['shown'] === made.text) return;
      cell.dataset['shown'] = made.text;
      cell.replaceChildren();
      made.fill(cell);
    });
  }
}

export function link(href: string, text: string): HTMLElement {
  return h('a', { href }, text);
}

// A cell that is a link, made anew only when it changes.
export function linkCell(href: string, text: string, below = ''): Filled {
  return {
    text: `${href}\n${text}\n${below}`,
    fill: (cell) =>
      append(cell, [link(href, text), below !== '' && h('span', { class: 'below' }, below)]),
  };
}
