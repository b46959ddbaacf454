// Errors a second over all adapters, a line a counter; and each adapter's, as numbers.
import { integer, type Instance } from './api';
import { errorsInRange, valueOf } from './card';
import { Chart, type Line } from './chart';
import { h, linkCell, setText, show, Table, type Column } from './dom';
import { adapterLabel, grouped, rateText, UNKNOWN } from './format';
import { at, growth, series } from './history';
import { COUNTERS } from './names';
import { chartActions, Legend } from './parts';
import { placeText } from './route';
import { counters, isError, words } from './schema';
import type { App } from './view';

const MOST_QUIET = 24; // adapters that are listed even without errors
const MOST_ROWS = 50;

function hasErrors(app: App, instance: Instance): boolean {
  return (errorsInRange(app, instance).known ?? 0n) > 0n;
}

interface ErrorRow {
  instance: Instance;
  cells: Map<string, string>;
}

export class ErrorPart {
  readonly element: HTMLElement;
  private readonly chart: Chart;
  private readonly legend = new Legend();
  private readonly quiet = h('p', { class: 'note' });
  private readonly table: Table<ErrorRow> | null = null;

  constructor(private readonly app: App) {
    this.chart = new Chart({
      height: 140,
      unit: '/s',
      ...chartActions(app),
      pointed: () => undefined,
    });
    const info = app.model.info(COUNTERS);
    this.element = h('div', {}, this.legend.element, this.chart.element);
    if (!info) return;
    const columns: Column<ErrorRow>[] = [
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
          order: ({ instance }: ErrorRow) => integer(instance.properties[one.name]),
        })),
    ];
    this.table = new Table<ErrorRow>('Errors by adapter', columns, undefined, MOST_ROWS);
    this.element.append(this.table.element, this.quiet);
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
    const times = tracks.map((one) => series(one, errors[0]?.name ?? '', true, from, to).boot_s);
    const x = times.reduce((most, one) => (one.length > most.length ? one : most), []);
    const lines: Line[] = [];
    const legend = errors.map((property, color) => {
      let unknown = 0;
      const sum = x.map((): number | null => null); // of those that are known; else nothing
      for (const track of tracks) {
        const rates = at(x, series(track, property.name, true, from, to));
        if ((rates.at(-1) ?? null) === null) unknown += 1;
        rates.forEach((rate, place) => {
          if (rate !== null) sum[place] = (sum[place] ?? 0) + rate;
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
    // Of many, those that have something to say.
    const many = adapters.length > MOST_QUIET;
    const shown = many ? adapters.filter((one) => hasErrors(this.app, one)) : adapters;
    if (this.table) show(this.table.element, shown.length > 0);
    this.table?.set(
      shown.map((instance) => ({
        key: instance.name,
        item: { instance, cells: this.cells(instance) },
      })),
    );
    show(this.quiet, many);
    setText(
      this.quiet,
      `${grouped(adapters.length - shown.length)} adapters had no error in range.`,
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
