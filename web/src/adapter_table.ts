// All adapters as rows, where they are too many for a chart each.
import { integer } from './api';
import { errorsInRange, sessionsText, valueOf, type CardItem } from './card';
import { h, linkCell, Table, type Column } from './dom';
import { adapterLabel, rateText } from './format';
import { newestRate } from './history';
import { COUNTERS } from './names';
import { placeText } from './route';
import { counters, grows, words } from './schema';
import { trouble } from './sessions';
import { sharedSorting } from './parts';
import type { App } from './view';

const MOST_ROWS = 100;

export class AdapterTable {
  readonly element: HTMLElement;
  private readonly table: Table<CardItem>;

  constructor(private readonly app: App) {
    const info = app.model.info(COUNTERS);
    const gauges = (info ? counters(info) : []).filter((one) => !grows(one));
    const flow = (side: 'received' | 'sent'): Column<CardItem> => ({
      title: `${words(side.charAt(0).toUpperCase() + side.slice(1))} now`,
      kind: 'number',
      cell: (item) => rateText(this.rate(item, side), 'bytes'),
      order: (item) => this.rate(item, side),
    });
    this.table = new Table<CardItem>(
      'All adapters',
      [
        {
          title: 'Adapter',
          cell: ({ instance }) =>
            linkCell(
              placeText(app.route, 'instance', COUNTERS, instance.name),
              adapterLabel(instance.name, instance.caption),
              instance.name,
            ),
          order: ({ instance }) => adapterLabel(instance.name, instance.caption),
        },
        {
          title: 'Sessions',
          kind: 'short',
          cell: ({ sessions }) => {
            const said = sessionsText(sessions);
            return {
              text: said.text,
              fill: (cell) =>
                cell.append(h('span', { class: said.bad ? 'card-sessions bad' : '' }, said.text)),
            };
          },
          order: ({ sessions }) =>
            BigInt(Math.min(4, ...sessions.map((one) => trouble(one.protection)))),
        },
        ...gauges.map((one) => ({
          title: words(one.name),
          kind: 'number' as const,
          hint: one.description ?? '',
          cell: ({ instance }: CardItem) => valueOf(instance, one.name),
          order: ({ instance }: CardItem) => integer(instance.properties[one.name]),
        })),
        flow('received'),
        flow('sent'),
        {
          title: 'Errors in range',
          kind: 'number',
          cell: ({ instance }) => errorsInRange(app, instance).text,
          order: ({ instance }) => errorsInRange(app, instance).known,
        },
      ],
      sharedSorting(app),
      MOST_ROWS,
    );
    this.element = this.table.element;
  }

  update(items: CardItem[]): void {
    this.table.set(items.map((item) => ({ key: item.instance.name, item })));
  }

  // Of all that one way of cutting the bytes tells apart, together; null where a part is not known.
  private rate({ instance, cut }: CardItem, side: 'received' | 'sent'): number | null {
    const track = this.app.model.history.track(COUNTERS, instance.name);
    if (!track) return null;
    let sum = 0;
    for (const flow of cut) {
      const counter = flow[side];
      if (counter === undefined) continue;
      const rate = newestRate(track, counter);
      if (rate === null) return null;
      sum += rate;
    }
    return sum;
  }
}
