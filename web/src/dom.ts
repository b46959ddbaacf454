// Elements made and kept up to date. All text goes in as text: names may be hostile.

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

export interface Column<T> {
  title: string;
  kind?: 'number' | 'text' | 'mono' | 'short'; // of a short one no line breaks
  hint?: string;
  // Text, or what fills the cell anew when its text() has changed.
  cell: (item: T) => string | { text: string; fill: (cell: HTMLElement) => void };
}

const MOST_ROWS = 200; // beyond it the filter is the way: a browser lays out no more in time

// A table whose rows stay while their items do. Scrolls in itself, by keyboard too.
export class Table<T> {
  readonly element: HTMLElement;
  private readonly body = h('tbody');
  private readonly more = h('p', { class: 'note' });
  private readonly rows: Keyed<T, { element: HTMLElement; cells: HTMLElement[] }>;

  constructor(
    label: string,
    private readonly columns: Column<T>[],
  ) {
    const head = columns.map((one) =>
      h(
        'th',
        { scope: 'col', class: one.kind ?? 'text', ...(one.hint ? { title: one.hint } : {}) },
        one.title,
      ),
    );
    const table = h(
      'table',
      {},
      h('caption', { class: 'unseen' }, label),
      h('thead', {}, h('tr', {}, ...head)),
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
    this.rows.set(items.slice(0, MOST_ROWS));
    const left = items.length - MOST_ROWS;
    show(this.more, left > 0);
    if (left > 0) setText(this.more, `${left} more are not shown; the filter narrows the list.`);
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
export function linkCell(
  href: string,
  text: string,
  below = '',
): { text: string; fill: (cell: HTMLElement) => void } {
  return {
    text: `${href}\n${text}\n${below}`,
    fill: (cell) =>
      append(cell, [link(href, text), below !== '' && h('span', { class: 'below' }, below)]),
  };
}
