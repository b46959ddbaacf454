// Every class that the service has, and the instances of one: also a vendor's.
import { integer, type ClassRow, type Instance, type Property } from './api';
import { h, linkCell, setText, show, Table } from './dom';
import type { Sheet } from './export';
import { adapterLabel, grouped, UNKNOWN } from './format';
import { crumb, filterBox, instancesSheet, matches, sharedSorting, valueText } from './parts';
import { placeText } from './route';
import { isData, words } from './schema';
import type { App, View } from './view';

const MOST_COLUMNS = 24;

function orderOf(property: Property): { order?: (one: Instance) => bigint | null } {
  if (!/int/.test(property.type) || property.array || property.values) return {};
  return { order: (one) => integer(one.properties[property.name]) };
}

export class ClassesView implements View {
  readonly element: HTMLElement;
  private readonly table: Table<ClassRow>;
  constructor(private readonly app: App) {
    this.table = new Table<ClassRow>(
      'Classes',
      [
        {
          title: 'Class',
          cell: (row) =>
            row.abstract
              ? row.name
              : linkCell(placeText(app.route, 'class', row.name), row.name, row.description ?? ''),
        },
        {
          title: 'Instances',
          kind: 'number',
          cell: (row) => (row.providers === 0 ? UNKNOWN : grouped(row.instances)),
          order: (row) => (row.providers === 0 ? null : row.instances),
        },
        {
          title: 'Providers',
          kind: 'number',
          cell: (row) => String(row.providers),
          order: (row) => row.providers,
        },
      ],
      sharedSorting(app),
    );
    const head = h(
      'div',
      { class: 'page-head section-head' },
      h('h1', { tabindex: -1 }, 'Classes'),
      filterBox(app, 'Filter classes'),
    );
    this.element = h('div', {}, head, this.table.element);
  }
  title(): string {
    return 'Classes';
  }
  update(): void {
    const { model, route } = this.app;
    const shown = model.rows.filter((row) =>
      matches(route.filter, row.name, row.description ?? ''),
    );
    const served = (row: ClassRow): number => (row.providers > 0 ? 0 : 1);
    shown.sort((a, b) => served(a) - served(b));
    this.table.set(shown.map((item) => ({ key: item.name, item })));
  }
  sheet(): Sheet {
    const rows = this.app.model.rows.map((row) => [
      row.name,
      row.description,
      row.instances,
      row.providers,
    ]);
    return { name: 'classes', header: ['Class', 'Description', 'Instances', 'Providers'], rows };
  }
  destroy(): void {}
}

export class ClassView implements View {
  readonly element: HTMLElement;
  private readonly body = h('div', {});
  private readonly below = h('p', { class: 'prose' });
  private readonly empty = h('p', { class: 'notice', role: 'status' });
  private table: Table<Instance> | null = null;
  constructor(
    private readonly app: App,
    private readonly className: string,
  ) {
    const title = h(
      'div',
      { class: 'section-head' },
      h('h1', { tabindex: -1 }, className),
      filterBox(app, 'Filter instances'),
    );
    const head = h(
      'div',
      { class: 'page-head' },
      crumb(app, ['Classes', 'classes']),
      title,
      this.below,
    );
    this.element = h('div', {}, head, this.empty, this.body);
  }
  title(): string {
    return this.className;
  }
  update(): void {
    const { model, route } = this.app;
    const info = model.info(this.className);
    const row = model.rows.find((one) => one.name === this.className);
    setText(this.below, info?.description ?? row?.description ?? '');
    const all = model.instances(this.className);
    const shown = this.shown();
    show(this.empty, model.loaded && shown.length === 0);
    const none =
      row === undefined
        ? 'There is no such class.'
        : row.instances > 0 && !model.latest.has(this.className)
          ? 'One moment …'
          : 'Nobody supplies an instance of it now.';
    setText(this.empty, all.length === 0 ? none : 'No instance matches the filter.');
    if (!info) return;
    if (!this.table) {
      const properties = info.properties.filter(isData).slice(0, MOST_COLUMNS);
      this.table = new Table<Instance>(
        `Instances of ${this.className}`,
        [
          {
            title: 'Instance',
            cell: (one) =>
              linkCell(
                placeText(route, 'instance', this.className, one.name),
                adapterLabel(one.name, one.caption),
                one.name,
              ),
          },
          ...properties.map((property) => ({
            title: words(property.name),
            hint: property.description ?? '',
            kind:
              /int/.test(property.type) && !property.values
                ? ('number' as const)
                : ('text' as const),
            cell: (one: Instance) => valueText(property, one.properties[property.name]),
            ...orderOf(property),
          })),
        ],
        sharedSorting(this.app),
      );
      this.body.append(this.table.element);
    }
    show(this.body, shown.length > 0);
    this.table.set(shown.map((item) => ({ key: item.name, item })));
  }
  private shown(): Instance[] {
    const { model, route } = this.app;
    return model
      .instances(this.className)
      .filter((one) => matches(route.filter, one.name, one.caption));
  }
  sheet(): Sheet {
    return instancesSheet(this.app, this.className, this.className, this.shown());
  }
  destroy(): void {}
}
